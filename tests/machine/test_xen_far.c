/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machines of a real Xen for a node in another domain: what a domain asks
 * for over a vchan, honestly or not, and what is left of it in dom0 of the
 * laboratory (scripts/test-machine far).  /work/initrd is the domain's; its
 * console takes the names of what it shall do (scripts/lab.d/far-node).
 */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "tests/machine/trial.h"

#define LINE_MAX_LEN 256
#define STEP_MS 150000
#define NOTHING_LEFT_S 10

/*
 * As in xen_trial.c, and the processes that serve a stream; without what the
 * first of all domains leaves.
 */
#define STATE \
	"xl list | tail -n +2 | sed 's/ .*//'; losetup -a; " \
	"xenstore-ls -f | grep -vE '^/tool|^/local/domain/0/memory|" \
	"^/local/domain/[0-9]+/data/|^/(vm|libxl) = \"\"$'; " \
	"ls -A /var/lib/xen /run/xen | grep -v '^domid-history$'; " \
	"ps -e -o comm= | grep -E '^(rebuilder|vchan|libxl|xl)'"

/* The node's domain, while there is one. */
static struct {
	int console; /* owned */
	pid_t server; /* far-serve */
} node = { -1, -1 };

static void
note_state(const char *name)
{
	shell("{ " STATE "; } >%s/%s; cat %s/%s", trial.dir, name, trial.dir,
	    name);
}

/* That is as it was, at the latest after some seconds. */
static void
await_state(const char *name, int seconds)
{
	shell("n=0; until { " STATE "; } >%s/now; cmp -s %s/%s %s/now; "
	      "do n=$((n + 1)); test $n -lt %d || "
	      "{ diff %s/%s %s/now; exit 1; }; sleep 1; done",
	    trial.dir, trial.dir, name, trial.dir, seconds, trial.dir, name,
	    trial.dir);
	shell("test \"$(ls -A %s/node/machine/xen)\" = lock", trial.dir);
}

/* A line of the node's console, without its end. */
static void
read_line(char line[LINE_MAX_LEN])
{
	struct pollfd fd = { node.console, POLLIN, 0 };
	size_t n = 0;
	char c = '\0';

	while (n < LINE_MAX_LEN - 1) {
		if (poll(&fd, 1, STEP_MS) != 1 ||
		    read(node.console, &c, 1) != 1)
			fail_msg("the node's domain says nothing more");
		if (c == '\n')
			break;
		if (c != '\r')
			line[n++] = c;
	}
	line[n] = '\0';
	printf("# node's domain: %s\n", line);
	fflush(stdout);
}

static void
await_line(const char *wanted)
{
	char line[LINE_MAX_LEN];

	do
		read_line(line);
	while (strncmp(line, "node: ", 6) != 0);
	if (strcmp(line, wanted) != 0)
		fail_msg("\"%s\" instead of \"%s\"", line, wanted);
}

/* Has the node's domain do something, which must succeed. */
static void
order(const char *step)
{
	char text[LINE_MAX_LEN];

	snprintf(text, sizeof(text), "%s\n", step);
	assert_int_equal(file_write_fd(node.console, span_of_str(text)), RB_OK);
	snprintf(text, sizeof(text), "node: %s ended with 0", step);
	await_line(text);
}

static void
start_server(const char *id)
{
	char conf[2 * TRIAL_PATH_LEN];

	snprintf(conf, sizeof(conf), "%s/far.yml", trial.dir);
	if ((node.server = fork()) == 0) {
		(void)execl("/lab/far-serve", "far-serve", id, conf,
		    (char *)NULL);
		_exit(127);
	}
	assert_int_not_equal(node.server, -1);
}

static void
read_word(const char *name, char *word, size_t size)
{
	struct buf text = BUF_INIT;
	int fd = open_in_dir(name, O_RDONLY);

	assert_int_equal(file_read_fd(fd, size - 1, &text), RB_OK);
	assert_int_not_equal(text.len, 0);
	memcpy(word, text.p, text.len);
	word[text.len] = '\0';
	word[strcspn(word, "\n")] = '\0';
	buf_clear(&text);
	fd_close(&fd);
}

static void
start_node(void)
{
	char id[16], path[TRIAL_PATH_LEN];
	struct termios raw;

	shell("xl create -q -e %s/node.cfg && xl domid node >%s/id && "
	      "xenstore-read /local/domain/$(cat %s/id)/console/tty >%s/tty",
	    trial.dir, trial.dir, trial.dir, trial.dir);
	read_word("id", id, sizeof(id));
	read_word("tty", path, sizeof(path));
	node.console = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_not_equal(node.console, -1);
	assert_int_equal(tcgetattr(node.console, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(node.console, TCSANOW, &raw), 0);
	start_server(id);
	await_line("node: ready");
}

/* What serves it must notice. */
static void
end_node(void)
{
	int status = -1;

	shell("xl destroy node");
	assert_int_equal(waitpid(node.server, &status, 0), node.server);
	assert_int_equal(status, 0);
	node.server = -1;
	fd_close(&node.console);
}

static void
gives_a_domain_what_it_asked_for(void **state)
{
	(void)state;
	order("build");
	await_state("idle", NOTHING_LEFT_S);
}

static void
makes_no_machine_for_nonsense(void **state)
{
	(void)state;
	order("garbage");
	await_state("idle", NOTHING_LEFT_S);
	order("flood");
	await_state("idle", NOTHING_LEFT_S);
	order("build");
	await_state("idle", NOTHING_LEFT_S);
}

static void
does_not_wait_for_a_domain_that_says_nothing(void **state)
{
	(void)state;
	order("silence");
	await_state("idle", NOTHING_LEFT_S);
	order("build");
	await_state("idle", NOTHING_LEFT_S);
}

static void
ends_what_nobody_waits_for(void **state)
{
	(void)state;
	order("leave");
	await_state("idle", NOTHING_LEFT_S);
	order("build");
	await_state("idle", NOTHING_LEFT_S);
}

static void
ends_a_machine_whose_domain_stalls_and_goes(void **state)
{
	(void)state;
	order("stall");
	/* Its time is over, whether its log can be passed on or not. */
	shell("n=0; while xl list | grep -q rebuilder-; do n=$((n + 1)); "
	      "test $n -lt 40 || exit 1; sleep 1; done");
	end_node();
	await_state("before", NOTHING_LEFT_S);
	start_node();
	order("build");
	order("leave");
	end_node();
	await_state("before", NOTHING_LEFT_S);
}

static int
set_up(void **state)
{
	char text[4 * TRIAL_PATH_LEN];

	if (getenv("RB_IMAGE") == NULL || trial_set_up(state) != 0)
		return -1;
	/* The ids that are lent to root serve who faces the stream as well. */
	shell("for f in /etc/subuid /etc/subgid; do "
	      "sed -n 's/^root:/nobody:/p' $f >%s/ids && cat %s/ids >>$f; done",
	    trial.dir, trial.dir);
	snprintf(text, sizeof(text),
	    "node:\n  name: test.machine/log\n"
	    "  directory: %s/node\nusers:\n  rebuilder: nobody\n"
	    "machine:\n  kind: xen\n  xen-type: pv\n  image: %s\n",
	    trial.dir, getenv("RB_IMAGE"));
	put_file("far.yml", text);
	put_file("node.cfg",
	    "name = 'node'\ntype = 'pv'\nmemory = 384\nvcpus = 1\n"
	    "kernel = '/lab/vmlinux'\nramdisk = '/work/initrd'\n"
	    "cmdline = 'console=hvc0 quiet panic=-1 mitigations=off'\n");
	note_state("before");
	start_node();
	order("build");
	note_state("idle");
	return 0;
}

static int
tear_down(void **state)
{
	if (node.server != -1)
		end_node();
	return trial_tear_down(state);
}

/* Argument: a pattern of names. */
int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_a_domain_what_it_asked_for),
		cmocka_unit_test(makes_no_machine_for_nonsense),
		cmocka_unit_test(does_not_wait_for_a_domain_that_says_nothing),
		cmocka_unit_test(ends_what_nobody_waits_for),
		cmocka_unit_test(ends_a_machine_whose_domain_stalls_and_goes),
	};

	if (argc == 2)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
