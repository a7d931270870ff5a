/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole node whose node.yml is wrong: it says so, once, and nothing runs. */
#include "tests/flow/archive_world.h"

static struct said
serve_with(const char *deed)
{
	char whole[512];

	(void)snprintf(whole, sizeof(whole), "cp node.yml node/node.yml; %s",
	    deed);
	archive_do(whole);
	/* One that is not refused would run for ever. */
	return archive_ask("exec 2>&1; timeout 60 '%s/qubes-rebuilder' serve "
			   "-c %s/node/node.yml",
	    getenv("RB_BIN"), archive_world.directory);
}

static void
says_what_is_wrong_and_starts_nothing(void **state)
{
	static const struct {
		const char *deed, *where, *way_out;
	} cases[] = {
		{ "edit_conf \"s/^  suite:.*/&\\n  colour: red/\"",
		    "node/node.yml, line 15: unknown key 'colour'",
		    "known: name uri suite" },
		{ "edit_conf \"s/^httpd:/httpx:/\"", "unknown section 'httpx'",
		    "known: node users" },
		{ "edit_conf \"s/refresh: 0/refresh: soon/\"",
		    "key 'refresh' wants a time", "such as 90, 90s" },
		{ "edit_conf \"s/^  suite:.*/  suite: [a, b]/\"",
		    "node/node.yml, line 14: key 'suite' wants a text", "" },
		{ "edit_conf \"s/^  suite:.*/&\\n&/\"",
		    "line 15: key 'suite' is given twice", "remove one" },
		{ "edit_conf \"\\$a node:\\n  name: a\\n  directory: /a\"",
		    "section 'node' is given twice", "" },
		{ "edit_conf \"/^archive:/,/^  keyring/d\"",
		    "key 'name' of section 'archive' is missing",
		    "it wants a text" },
		{ "edit_conf \"/^httpd:/,/listen/d\"",
		    "key 'listen' of section 'httpd' is missing",
		    "it wants a text" },
		{ "edit_conf \"/^  uri:/d\"",
		    "key 'uri' of section 'archive' is missing",
		    "it wants a text" },
		{ "edit_conf \"s|uri: http:|uri: ftp:|\"",
		    "node/node.yml: archive.uri: ",
		    "neither http:// nor https://" },
		{ "edit_conf \"s|^  uri: .*|  uri: http://127.0.0.1|\"",
		    "node/node.yml: archive.uri: ", "must end in a slash" },
		{ "edit_conf \"s|keyring: .*|keyring: keyring.gpg|\"",
		    "node/node.yml: archive.keyring: \"keyring.gpg\"",
		    "must be an absolute path" },
		{ "edit_conf \"s|keyring: .*|keyring: /nonexistent.gpg|\"",
		    "node/node.yml: archive.keyring: /nonexistent.gpg: No such "
		    "file",
		    "name the keyring of who signs it, such as" },
		{ "edit_conf \"s|^  suite:.*|&\\n  mirrors: [ftp://a/]|\"",
		    "node/node.yml: archive.mirrors: ",
		    "neither http:// nor https://" },
		{ "edit_conf "
		  "\"s|^  suite:.*|&\\n  old: [http://a/, http://a]|\"",
		    "node/node.yml: archive.old: ", "must end in a slash" },
		{ "edit_conf \"s|^  suite:.*|&\\n  old: [http://a/ b c]|\"",
		    "node/node.yml: archive.old: \"http://a/ b c\"",
		    "a blank and a suite" },
		{ "edit_conf \"\\$a published:\\n  name: a\"",
		    "key 'uri' of section 'published' is missing", "in full" },
		{ "edit_conf "
		  "\"\\$a published:\\n  name: a\\n  uri: http://a/\\n"
		  "  component: main\\n  keyring: /k.gpg\\n"
		  "  suffixes: [/../x]\"",
		    "node/node.yml: published.suffixes: \"/../x\"",
		    "like -testing" },
		{ "edit_conf "
		  "\"\\$a published:\\n  name: a\\n  uri: http://a/\\n"
		  "  component: main\\n  keyring: /nonexistent.gpg\"",
		    "published.keyring: /nonexistent.gpg: No such file",
		    "name the keyring" },
		{ "edit_conf \"\\$a release:\\n  file: /r.yml\\n  keys: /k\"",
		    "node/node.yml: section release needs section published",
		    "where is this release published?" },
		/* Names would be resolved here, not behind the proxy. */
		{ "edit_conf \"\\$a fetch:\\n  proxy: http://127.0.0.1:9\"",
		    "node/node.yml: fetch.proxy: ",
		    "is not socks5h://HOST:PORT" },
		{ "edit_conf \"\\$a machine:\\n  kind: none\"",
		    "node/node.yml: machine.kind: \"none\"", "use namespace" },
		{ "edit_conf \"s|listen: .*|listen: here|\"",
		    "httpd.listen: \"here\"", "ADDRESS:PORT" },
		{ "edit_conf \"\\$a users:\\n  net: nobody-of-that-name\"",
		    "user 'nobody-of-that-name' does not exist",
		    "create it with 'useradd" },
		{ "edit_conf \"s|^  directory:.*|  directory: $PWD/none|\"",
		    "/none is no node", "make one with qubes-rebuilder init" },
		{ "mkdir -p empty; "
		  "edit_conf \"s|^  directory:.*|  directory: $PWD/empty|\"",
		    "/empty is no node", "make one with qubes-rebuilder init" },
		{ "edit_conf \"0,/name:/s|name: .*|name: other.example/log|\"",
		    "node.name: \"other.example/log\", but the log",
		    "put that back" },
		{ "edit_conf \"s|architecture: .*|architecture: alpha|\"",
		    "archive.architecture: this computer", "for alpha; write" },
		{ "edit_conf \"\\$a machine:\\n  kind: qemu\\n  image: /none\"",
		    "machine.image: /none: No such file", "scripts/image" },
		{ ": >node/node.yml", "node/node.yml", "" },
		{ "head -c 2000 /dev/urandom >node/node.yml", "node/node.yml",
		    "" },
		{ "head -c 300000 node.yml /dev/zero >node/node.yml",
		    "node/node.yml", "too long" },
		{ "rm node/node.yml", "node/node.yml: no such file",
		    "make a node with qubes-rebuilder init" },
	};
	struct said said;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		said = serve_with(cases[i].deed);
		if (said.status != 1 && said.status != 2)
			fail_msg("%s: status %d: %s", cases[i].deed,
			    said.status, said.text);
		if (strstr(said.text, cases[i].where) == NULL ||
		    strstr(said.text, cases[i].way_out) == NULL)
			fail_msg("%s: %s", cases[i].deed, said.text);
		/* One line, and no daemon's. */
		if (strchr(said.text, '\n') !=
			said.text + strlen(said.text) - 1 ||
		    strncmp(said.text, "qubes-rebuilder: serve: ", 24) != 0)
			fail_msg("%s: not one sentence: %s", cases[i].deed,
			    said.text);
	}
}

/* Not so much as a directory. */
static void
makes_nothing_where_no_node_is(void **state)
{
	struct said said;

	(void)state;
	said = serve_with("mkdir -p bare; edit_conf "
			  "\"s|^  directory:.*|  directory: $PWD/bare|\"");
	assert_int_equal(said.status, 1);
	archive_do("rmdir bare");
}

static void
makes_no_node_that_could_not_listen(void **state)
{
	static const char *const wrong[] = { "here", "127.0.0.1:99999",
		"127.0.0.1:0", "127.0.0.1:080" };
	struct said said;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		said = archive_ask(
		    "exec 2>&1; cd %s; '%s/qubes-rebuilder' init -l %s "
		    "deaf; status=$?; ! [ -e deaf ] && exit $status",
		    archive_world.directory, getenv("RB_BIN"), wrong[i]);
		assert_int_equal(said.status, 2);
		assert_non_null(strstr(said.text,
		    "is not ADDRESS:PORT with a numeric address"));
	}
}

static void
says_what_is_missing_above(void **state)
{
	struct said said;

	(void)state;
	said = archive_ask("exec 2>&1; '%s/qubes-rebuilder' init %s/no/deep",
	    getenv("RB_BIN"), archive_world.directory);
	assert_int_equal(said.status, 2);
	assert_non_null(strstr(said.text, "above it does not exist"));
}

/* Both say that nothing but a backup helps this node. */
static void
a_lost_key_ends_the_log(void **state)
{
	struct said said;

	(void)state;
	archive_do("mv node/keys/signing.key kept.key");
	said = serve_with(":");
	assert_int_equal(said.status, 1);
	assert_non_null(strstr(said.text, "from a backup"));
	said = archive_ask("exec 2>&1; '%s/qubes-rebuilder' init %s/node",
	    getenv("RB_BIN"), archive_world.directory);
	assert_int_equal(said.status, 2);
	assert_non_null(strstr(said.text, "from a backup"));
	archive_do("mv kept.key node/keys/signing.key");
}

static void
changes_no_node_that_is_there(void **state)
{
	struct said said;

	(void)state;
	archive_do("cp node.yml node/node.yml; sha256sum node/node.yml "
		   "node/keys/* >sums");
	said = archive_ask("exec 2>&1; '%s/qubes-rebuilder' init %s/node",
	    getenv("RB_BIN"), archive_world.directory);
	assert_int_equal(said.status, 2);
	assert_non_null(strstr(said.text, "is a node already"));
	archive_do("sha256sum --quiet -c sums");
}

/* All these nodes were one, and it is still whole. */
static void
runs_when_its_configuration_is_right_again(void **state)
{
	(void)state;
	archive_do("cp node.yml node/node.yml");
	archive_serve();
	archive_is_well();
	archive_serve_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(says_what_is_wrong_and_starts_nothing,
		    archive_world_check),
		cmocka_unit_test_setup(makes_nothing_where_no_node_is,
		    archive_world_check),
		cmocka_unit_test_setup(makes_no_node_that_could_not_listen,
		    archive_world_check),
		cmocka_unit_test_setup(says_what_is_missing_above,
		    archive_world_check),
		cmocka_unit_test_setup(a_lost_key_ends_the_log,
		    archive_world_check),
		cmocka_unit_test_setup(changes_no_node_that_is_there,
		    archive_world_check),
		cmocka_unit_test_setup(
		    runs_when_its_configuration_is_right_again,
		    archive_world_check),
	};

	return cmocka_run_group_tests(tests, archive_world_make,
	    archive_world_stop);
}
