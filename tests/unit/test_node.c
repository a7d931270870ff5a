/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/process/jail.h"
#include "common/process/node.h"
#include "tests/unit/test_nobody.h"

static char dir_name[] = "/tmp/rb-node-XXXXXX";
static char conf_name[64];
static int dir = -1;

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(dir_name) == NULL)
		return -1;
	(void)snprintf(conf_name, sizeof(conf_name), "%s/node.yml", dir_name);
	dir = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -1 : mkdirat(dir, "run", 0700);
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlinkat(dir, "node.yml", 0);
	(void)unlinkat(dir, "run/x.sock", 0);
	(void)unlinkat(dir, "run", AT_REMOVEDIR);
	fd_close(&dir);
	return rmdir(dir_name);
}

static enum rb_err
read_yaml(const char *yaml, struct node *node, struct fault *why)
{
	assert_int_equal(file_replace_at(dir, "node.yml", span_of_str(yaml),
			     0600),
	    RB_OK);
	return node_read(conf_name, node, NULL, 0, why);
}

#define GOOD "node:\n  name: n.example/log\n  directory: /srv/node\n"

static void
refuses_what_no_node_can_be(void **state)
{
	static const struct {
		const char *yaml, *says;
	} cases[] = {
		{ "", "key 'name' of section 'node' is missing" },
		{ "node:\n  name: a\n", "key 'directory'" },
		{ "node:\n  directory: /a\n", "key 'name'" },
		{ "node:\n  name: a\n  directory: a\n", "absolute path" },
		{ "node:\n  name: a\n  directory: ./a\n", "absolute path" },
		{ "node:\n  name: a\n  directory: \"\"\n", "absolute path" },
		{ "node:\n  name: \"\"\n  directory: /a\n", "node.name" },
		{ "node:\n  name: a b\n  directory: /a\n", "node.name" },
		{ "node:\n  name: a+b\n  directory: /a\n", "node.name" },
		{ "node:\n  name: a\"b\n  directory: /a\n", "node.name" },
		{ "node:\n  name: a\\b\n  directory: /a\n", "node.name" },
		{ "node:\n  name: caf\xc3\xa9\n  directory: /a\n",
		    "node.name" },
		{ GOOD "  port: 1\n", "unknown key 'port'" },
		{ GOOD "users:\n  root: a\n", "unknown key 'root'" },
		{ GOOD "updater: {}\n",
		    "unknown section 'updater'; known: "
		    "node users archive published rebuilder fetch machine "
		    "attestor httpd" },
	};
	struct node node = NODE_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault why = FAULT_INIT;

		assert_int_equal(read_yaml(cases[i].yaml, &node, &why),
		    RB_EFORMAT);
		if (strstr(why.text, cases[i].says) == NULL)
			fail_msg("says: %s; should: %s", why.text,
			    cases[i].says);
		assert_non_null(strstr(why.text, "node.yml"));
		assert_null(node.name);
	}
}

static void
a_name_has_a_limit(void **state)
{
	struct node node = NODE_INIT;
	struct buf yaml = BUF_INIT;
	char name[257];
	char *text = NULL;
	size_t len;

	(void)state;
	for (len = 255; len <= 256; len++) {
		memset(name, 'n', len);
		name[len] = '\0';
		buf_reset(&yaml);
		assert_int_equal(buf_printf(&yaml,
				     "node:\n  name: %s\n  directory: /a\n",
				     name),
		    RB_OK);
		assert_int_equal(str_dup_span(buf_span(&yaml), &text), RB_OK);
		assert_int_equal(read_yaml(text, &node, NULL),
		    len == 255 ? RB_OK : RB_EFORMAT);
		free(text);
	}
	node_clear(&node);
	buf_clear(&yaml);
}

static void
says_which_file_cannot_be_read(void **state)
{
	struct node node = NODE_INIT;
	struct fault why = FAULT_INIT;

	(void)state;
	assert_int_equal(node_read("/nonexistent/node.yml", &node, NULL, 0,
			     &why),
	    RB_ENOTFOUND);
	assert_non_null(strstr(why.text, "/nonexistent/node.yml"));
	assert_non_null(strstr(why.text, "No such file"));
}

static void
reads_names_and_fills_in_users(void **state)
{
	struct node node = NODE_INIT;
	struct fault why = FAULT_INIT;

	(void)state;
	assert_int_equal(read_yaml(GOOD "  operator: Jane\nusers:\n"
					"  signer: jane-signer\n",
			     &node, &why),
	    RB_OK);
	assert_string_equal(node.name, "n.example/log");
	assert_string_equal(node.operator_, "Jane");
	assert_string_equal(node.directory, "/srv/node");
	assert_string_equal(node.user_rebuilder, "qubes-rebuilder");
	assert_string_equal(node.user_net, "qubes-rebuilder-net");
	assert_string_equal(node.user_attestor, "qubes-attestor");
	assert_string_equal(node.user_signer, "jane-signer");
	assert_string_equal(node.user_httpd, "qubes-httpd");
	node_clear(&node);
	assert_null(node.name);
	node_clear(&node);
}

static void
sections_of_others_pass_and_ones_own_are_read(void **state)
{
	struct {
		uint64_t port;
	} own = { 80 };
	const struct conf_key keys[] = {
		{ "port", CONF_NUMBER, 0, false, 1, 65535 },
	};
	const struct conf_section extra[] = { { "httpd", keys, 1, &own } };
	struct node node = NODE_INIT;
	struct fault why = FAULT_INIT;

	(void)state;
	assert_int_equal(read_yaml(GOOD "httpd:\n  port: 8080\nmachine:\n"
					"  any: thing\narchive:\n  list: [a]\n",
			     &node, &why),
	    RB_OK);
	node_clear(&node);
	assert_int_equal(node_read(conf_name, &node, extra, 1, &why), RB_OK);
	assert_int_equal(own.port, 8080);
	node_clear(&node);
	assert_int_equal(read_yaml(GOOD "httpd:\n  prot: 8080\n", &node, &why),
	    RB_OK);
	node_clear(&node);
	assert_int_equal(node_read(conf_name, &node, extra, 1, &why),
	    RB_EFORMAT);
}

static void
finds_users_or_says_how_to_make_them(void **state)
{
	struct user_ids ids = { 42, 42 };
	struct fault why = FAULT_INIT;

	(void)state;
	assert_int_equal(user_find("no-such-user-here", &ids, &why),
	    RB_ENOTFOUND);
	assert_non_null(strstr(why.text, "useradd"));
	assert_int_equal(ids.uid, 42);
	assert_int_equal(user_find("root", &ids, &why), RB_OK);
	assert_int_equal(ids.uid, 0);
	assert_int_equal(ids.gid, 0);
}

static void
paths_have_a_limit(void **state)
{
	struct node node = NODE_INIT;
	char directory[] = "/srv";
	char *rest, *path = NULL;

	(void)state;
	node.directory = directory;
	assert_int_equal(node_path(&node, "keys/signing.key", &path), RB_OK);
	assert_string_equal(path, "/srv/keys/signing.key");
	free(path);
	path = NULL;
	rest = malloc(PATH_MAX);
	assert_non_null(rest);
	memset(rest, 'r', PATH_MAX - 1);
	rest[PATH_MAX - 1] = '\0';
	assert_int_equal(node_path(&node, rest, &path), RB_ELIMIT);
	assert_null(path);
	free(rest);
}

/* In a jail the same question has no answer. */
static void
a_peer_is_nobody_in_a_jail(void **state)
{
	struct jail jail;
	int pair[2] = { -1, -1 };
	int status = -1;
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			     pair),
	    0);
	memset(&jail, 0, sizeof(jail));
	jail.allow = JAIL_UNIX;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		fd_close(&dir);
		/* The pair keeps the user who made it: root, or ourselves. */
		if (!be_nobody() || jail_enter(&jail, NULL) != RB_OK)
			_exit(2);
		_exit(peer_is(pair[0], NOBODY) == RB_EREFUSED &&
			    peer_is(pair[0], 0) == RB_EREFUSED ?
			0 :
			1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* Who is not root is known to a namespace of his own. */
	if (geteuid() == 0)
		assert_int_equal(status, 0);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}

static void
a_peer_is_who_the_kernel_says(void **state)
{
	int pair[2] = { -1, -1 };

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			     pair),
	    0);
	assert_int_equal(peer_is(pair[0], geteuid()), RB_OK);
	/* Root may be anybody, and is most often who runs this test. */
	assert_int_equal(peer_is(pair[0], geteuid() + 1),
	    geteuid() == 0 ? RB_OK : RB_EREFUSED);
	assert_int_equal(peer_is(-1, geteuid()), RB_EIO);
	assert_int_equal(peer_is(dir, geteuid()), RB_EIO);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}

static void
connects_or_says_what_to_do(void **state)
{
	struct node node = NODE_INIT;
	struct sockaddr_un address;
	struct fault why = FAULT_INIT;
	char long_directory[200];
	int listener, fd = -1;

	(void)state;
	node.directory = dir_name;
	assert_int_equal(node_connect(&node, "x.sock", &fd, &why), RB_EPEER);
	assert_non_null(strstr(why.text, "is the node running?"));

	memset(&address, 0, sizeof(address));
	address.sun_family = AF_UNIX;
	(void)snprintf(address.sun_path, sizeof(address.sun_path),
	    "%s/run/x.sock", dir_name);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_true(listener >= 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address,
			     sizeof(address)),
	    0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(node_connect(&node, "x.sock", &fd, &why), RB_OK);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	fd_close(&fd);
	fd_close(&listener);

	memset(long_directory, 'd', sizeof(long_directory) - 1);
	long_directory[0] = '/';
	long_directory[sizeof(long_directory) - 1] = '\0';
	node.directory = long_directory;
	assert_int_equal(node_connect(&node, "x.sock", &fd, &why), RB_ELIMIT);
	assert_non_null(strstr(why.text, "shorter node.directory"));
	assert_int_equal(fd, -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_no_node_can_be),
		cmocka_unit_test(a_name_has_a_limit),
		cmocka_unit_test(says_which_file_cannot_be_read),
		cmocka_unit_test(reads_names_and_fills_in_users),
		cmocka_unit_test(sections_of_others_pass_and_ones_own_are_read),
		cmocka_unit_test(finds_users_or_says_how_to_make_them),
		cmocka_unit_test(paths_have_a_limit),
		cmocka_unit_test(a_peer_is_who_the_kernel_says),
		cmocka_unit_test(a_peer_is_nobody_in_a_jail),
		cmocka_unit_test(connects_or_says_what_to_do),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
