/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qubes-rebuilder release: what an operator sees of a release file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TEXT_MAX 16384

static char directory[64];

/* Runs a shell text in the directory; what it printed, on both. */
static int
run(const char *script, char text[TEXT_MAX])
{
	char whole[4096];
	size_t n;
	FILE *f;
	int r;

	(void)snprintf(whole, sizeof(whole), "cd %s; %s", directory, script);
	f = popen(whole, "re");
	assert_non_null(f);
	n = fread(text, 1, TEXT_MAX - 1, f);
	text[n] = '\0';
	r = pclose(f);
	assert_true(WIFEXITED(r));
	return WEXITSTATUS(r);
}

static void
deed(const char *script)
{
	char text[TEXT_MAX];

	if (run(script, text) != 0)
		fail_msg("%s: %s", script, text);
}

static int
make(void **state)
{
	(void)state;
	(void)snprintf(directory, sizeof(directory),
	    "/tmp/release-command.XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	deed("chmod 755 .; mkdir inc keys; cat >node.yml <<END\n"
	     "node:\n  name: n.example/release\n  directory: $PWD/none\n"
	     "archive:\n  name: debian\n  uri: http://h.example/\n"
	     "  suite: bookworm\n  component: main\n  architecture: amd64\n"
	     "  keyring: /k.gpg\n"
	     "release:\n  file: $PWD/r.yml\n  directory: $PWD/inc\n"
	     "  keys: $PWD/keys\n"
	     "END\n"
	     "cat >r.yml <<END\n"
	     "include: [/of/the/build/server/base.yml]\n"
	     "distributions: [vm-bookworm]\n"
	     "insecure-skip-checking: [b]\n"
	     "+components: [b]\n"
	     "END\n"
	     "cat >inc/base.yml <<END\n"
	     "qubes-release: r4.3\n"
	     "executor: {type: qubes}\n"
	     "git:\n  branch: release4.3\n  maintainers:\n"
	     "  - 0123456789ABCDEF0123456789ABCDEF01234567\n"
	     "components: [a]\n"
	     "END\n");
	return 0;
}

static int
unmake(void **state)
{
	(void)state;
	deed("rm -r node.yml r.yml inc keys; cd /; rmdir $OLDPWD");
	return 0;
}

static void
assert_says(const char *script, int status, const char *says)
{
	char text[TEXT_MAX];
	int r = run(script, text);

	if (r != status || strstr(text, says) == NULL)
		fail_msg("%s: %d: %s", script, r, text);
}

#define SHOW "\"$RB_BIN\"/qubes-rebuilder release -c node.yml"
/* And where we are is left out of it. */
#define BARE SHOW " >out; r=$?; sed \"s|$PWD||\" out; rm out; exit $r"

static void
names_the_file_that_is_wrong(void **state)
{
	(void)state;
	assert_says("mv inc/base.yml inc/other; " SHOW
		    " 2>&1; r=$?; mv inc/other inc/base.yml; exit $r",
	    2,
	    "/inc/base.yml: cannot be read (not found): included files are "
	    "looked up by base name in release.directory");
	assert_says("cp inc/base.yml keep; echo 'a: *b' >>inc/base.yml; " SHOW
		    " 2>&1; r=$?; mv keep inc/base.yml; exit $r",
	    2, "base.yml, line 8: alias 'b'");
	assert_says("cp inc/base.yml keep; head -c 300000 /dev/zero "
		    ">>inc/base.yml; " SHOW
		    " 2>&1; r=$?; mv keep inc/base.yml; exit $r",
	    2, "inc/base.yml: cannot be read (limit)");
	assert_says("cp r.yml keep; ln -sf inc/base.yml r.yml; " SHOW
		    " 2>&1; r=$?; rm r.yml; mv keep r.yml; exit $r",
	    2, "r.yml: cannot be read");
	assert_says("sed 's|^  file:.*||' node.yml >other.yml; "
		    "\"$RB_BIN\"/qubes-rebuilder release -c other.yml 2>&1; "
		    "r=$?; rm other.yml; exit $r",
	    2, "release.file is missing");
}

static void
shows_what_is_checked_and_what_is_not(void **state)
{
	(void)state;
	assert_says(BARE, 1,
	    "release: r4.3\n"
	    "distributions: vm-bookworm\n"
	    "templates:\n"
	    "components: 2, in the order in which they are built\n"
	    "a  https://github.com/QubesOS/qubes-a.git release4.3, tags of "
	    "any name\n"
	    "    1 of 0123456789ABCDEF0123456789ABCDEF01234567\n"
	    "    cannot be checked: the key of maintainer "
	    "0123456789ABCDEF0123456789ABCDEF01234567 cannot be read from "
	    "/keys/0123456789ABCDEF0123456789ABCDEF01234567.asc: not found\n"
	    "b  https://github.com/QubesOS/qubes-b.git release4.3, tags of "
	    "any name\n"
	    "    not checked: never attested\n");
	assert_says(SHOW " 2>&1 >/dev/null", 1,
	    "ignored: base.yml, line 2: 'executor' does not concern a "
	    "rebuilder\n");
	assert_says(SHOW " --json", 1,
	    "\"mode\":\"insecure-skip-checking\",\"versions_only\":false,"
	    "\"packages\":true,\"timeout\":3600,\"attested\":false}]");
	assert_says(SHOW " --json", 1,
	    "\"attested\":true,\"unchecked\":\"the key of maintainer ");
}

static void
is_content_when_every_key_is_there(void **state)
{
	char text[TEXT_MAX];

	(void)state;
	deed("k=\"$RB_DATA\"/openpgp/keyring.gpg; mkdir -m 700 gnupg; "
	     "f=$(gpg --homedir gnupg --show-keys --with-colons \"$k\" | "
	     "awk -F: '$1 == \"fpr\" { print $10; exit }'); rm -r gnupg; "
	     "cp \"$k\" keys/$f.asc; "
	     "sed -i s/0123456789ABCDEF0123456789ABCDEF01234567/$f/ "
	     "inc/base.yml");
	if (run(SHOW " 2>&1", text) != 0 || strstr(text, "    1 of ") == NULL ||
	    strstr(text, "cannot be checked") != NULL)
		fail_msg("%s", text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_the_file_that_is_wrong),
		cmocka_unit_test(shows_what_is_checked_and_what_is_not),
		cmocka_unit_test(is_content_when_every_key_is_there),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
