/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole runs of rebuilder-machine with its namespace driver, seen from
 * rebuilder's side: the contract, and whether its walls hold.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "tests/machine/trial.h"

#define LOG_MAX (1024 * 1024)
#define NOBODY 65534
#define PART_LEN 1000000

static void
shows_the_recipe_what_the_contract_says(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	run_to_end(&r, &trial.small,
	    "set -eu\n"
	    "test \"$(id -u)\" = 0\n"
	    "test \"$(cat)\" = ''\n"
	    "test \"$(cat \"$INPUTS/files/one\")\" = one\n"
	    "test \"$(cat \"$ROOT/etc/marker\")\" = honest\n"
	    "test -z \"$(ls -A \"$SCRATCH\")\"\n"
	    "test -c \"$ROOT/dev/null\" -a -e \"$ROOT/proc/self\"\n"
	    "echo x >\"$ROOT/etc/new\"\n"
	    "printf 22 >\"$OUTPUT/b\"\n"
	    "printf 1 >\"$OUTPUT/a\"\n"
	    ": >\"$OUTPUT/Z+.~_-\"\n"
	    ": >\"$OUTPUT/.hidden\"\n"
	    ": >\"$OUTPUT/with space\"\n"
	    "ln -s a \"$OUTPUT/link\"\n"
	    "mkfifo \"$OUTPUT/pipe\"\n"
	    "mkdir \"$OUTPUT/dir\"\n"
	    "echo said\n"
	    "exit 7\n",
	    MACHINE_DONE);
	expect_output(&r,
	    "output 1\nfile Z+.~_- 0\nfile a 1\n1file b 2\n22"
	    "end 7\n");
	assert_non_null(strstr((const char *)r.text.p, "said\n"));
	assert_string_equal(r.answer.kind, "namespace");
	assert_string_equal(r.answer.clock, "host");
	run_clear(&r);
}

static void
gives_an_empty_root_without_a_layer(void **state)
{
	struct description d = trial.small;
	struct run r;

	(void)state;
	d.has_layer = false;
	run_init(&r);
	run_to_end(&r, &d,
	    "ls -A \"$ROOT\" >\"$OUTPUT/names\"\n"
	    "test ! -e /layer\n",
	    MACHINE_DONE);
	expect_output(&r, "output 1\nfile names 9\ndev\nproc\nend 0\n");
	run_clear(&r);
}

/* A socket without a file, in sight of all of the host's network. */
static int
listen_abstract(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(trial.mark);
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* A zero comes first. */
	memcpy(address.sun_path + 1, trial.mark, len);
	len += offsetof(struct sockaddr_un, sun_path) + 1;
	assert_int_equal(bind(sock, (struct sockaddr *)&address,
			     (socklen_t)len),
	    0);
	assert_int_equal(listen(sock, 1), 0);
	return sock;
}

static void
keeps_a_hostile_recipe_inside(void **state)
{
	struct buf recipe = BUF_INIT;
	char path[TRIAL_PATH_LEN];
	int fd, sock;
	struct run r;

	(void)state;
	snprintf(path, sizeof(path), "%s/../flow/machine/hostile",
	    getenv("RB_DATA"));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(file_read_fd(fd, LOG_MAX, &recipe), RB_OK);
	fd_close(&fd);
	assert_int_equal(buf_put_byte(&recipe, 0), RB_OK);
	put_file("secret", "secret\n");
	sock = listen_abstract();

	run_init(&r);
	run_to_end(&r, &trial.small, (const char *)recipe.p, MACHINE_DONE);
	if (strstr((const char *)r.text.p, "ESCAPED") != NULL)
		fail_msg("%s", (const char *)r.text.p);
	/* It came to its end, so that everything was tried. */
	expect_output(&r,
	    "output 1\nfile marker 8\nhostile\n"
	    "file tried 6\ntried\nend 0\n");
	run_clear(&r);

	/* The next one finds the layer as it was. */
	run_init(&r);
	run_to_end(&r, &trial.small,
	    "cp /layer/etc/marker \"$OUTPUT/\"\n"
	    "ls -A /layer >\"$OUTPUT/names\"\n",
	    MACHINE_DONE);
	expect_output(&r,
	    "output 1\nfile marker 7\nhonest\n"
	    "file names 4\netc\nend 0\n");
	run_clear(&r);
	fd_close(&sock);
	buf_clear(&recipe);
}

static void
refuses_a_layer_that_is_not_what_was_said(void **state)
{
	(void)state;
	trial_refuse_layers();
}

static void
unpacks_a_layer_once(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	assert_int_equal(lseek(trial.layer, 0, SEEK_SET), 0);
	run_to_end(&r, &trial.small, "true\n", MACHINE_DONE);
	assert_true(trial_has_layer(&trial.small.layer, "root"));
	run_clear(&r);

	/* At its end the descriptor has nothing more to give. */
	run_init(&r);
	assert_true(lseek(trial.layer, 0, SEEK_END) > 0);
	run_to_end(&r, &trial.small, "cp \"$ROOT/etc/marker\" \"$OUTPUT/\"\n",
	    MACHINE_DONE);
	expect_output(&r, "output 1\nfile marker 7\nhonest\nend 0\n");
	run_clear(&r);
}

/* A killed run may leave a layer half made; nobody may take it for whole. */
static void
makes_a_half_made_layer_anew(void **state)
{
	char hex[DIGEST_HEX_LEN + 1];
	struct run r;

	(void)state;
	digest_hex(&trial.small.layer, hex);
	shell(
	    "cd %s/node/machine/layers/%s && mv root new && rm new/etc/marker",
	    trial.dir, hex);
	run_init(&r);
	assert_int_equal(lseek(trial.layer, 0, SEEK_SET), 0);
	run_to_end(&r, &trial.small, "cp \"$ROOT/etc/marker\" \"$OUTPUT/\"\n",
	    MACHINE_DONE);
	expect_output(&r, "output 1\nfile marker 7\nhonest\nend 0\n");
	run_clear(&r);
}

/* rebuilder goes away in the middle of it. */
static void
removes_a_layer_that_it_could_not_finish(void **state)
{
	struct description d = trial.small;
	int pipes[2], part, layer = trial.layer;
	struct run r;

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	d.layer.b[0] ^= 3;
	d.layer_size = 16 * MIB;
	shell("cd %s && truncate -s 8M large && tar -c --format=ustar large |"
	      " head -c %d >part",
	    trial.dir, PART_LEN);
	part = open_in_dir("part", O_RDONLY);
	trial.layer = pipes[0];
	run_init(&r);
	run_start(&r, &d, "true\n");
	trial.layer = layer;
	/* More than a pipe holds: somebody reads. */
	assert_int_equal(file_copy_range(part, 0, PART_LEN, pipes[1]), RB_OK);
	assert_int_equal(machine_client_end(&r.client), 0);
	assert_false(trial_has_layer(&d.layer, "root"));
	assert_false(trial_has_layer(&d.layer, "new"));
	run_clear(&r);
	fd_close(&part);
	fd_close(&pipes[0]);
	fd_close(&pipes[1]);
}

static void
refuses_what_is_no_description(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	r.inputs = make_inputs("true\n");
	assert_int_equal(machine_client_start(trial.program, trial.conf,
			     &r.client),
	    RB_OK);
	assert_int_equal(machine_client_ask(&r.client,
			     SPAN("machine 1\nlayer none\n"), r.inputs,
			     r.inputs, r.inputs, -1),
	    RB_OK);
	assert_int_equal(machine_client_hear(&r.client, &r.answer), RB_OK);
	assert_true(r.answer.is_refused);
	assert_non_null(strstr(r.answer.detail, "memory"));
	run_clear(&r);
}

static void
refuses_a_stranger(void **state)
{
	int socks[2] = { -1, -1 };
	struct run r;

	(void)state;
	run_init(&r);
	/* The credentials of a pair are those of who makes it. */
	assert_int_equal(seteuid(NOBODY), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			     socks),
	    0);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(machine_client_start_on(trial.program, trial.conf,
			     socks, &r.client),
	    RB_OK);
	assert_int_equal(machine_client_hear(&r.client, &r.answer), RB_EPEER);
	assert_int_equal(machine_client_end(&r.client), 1);
	run_clear(&r);
}

static void
refuses_a_clock_that_it_cannot_set(void **state)
{
	struct description d = trial.small;
	struct run r;

	(void)state;
	d.has_clock = true;
	d.clock = 1;
	run_init(&r);
	run_to_end(&r, &d, "true\n", MACHINE_UNAVAILABLE);
	run_clear(&r);
}

static void
refuses_to_run_without_control_groups(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	assert_int_equal(mount("none", "/sys/fs/cgroup", "tmpfs", 0, NULL), 0);
	run_start(&r, &trial.small, "true\n");
	run_finish(&r);
	assert_int_equal(umount("/sys/fs/cgroup"), 0);
	expect_end(&r, MACHINE_UNAVAILABLE);
	assert_non_null(strstr(r.answer.detail, "controller"));
	run_clear(&r);
}

static void
tells_a_broken_machine_from_a_broken_build(void **state)
{
	struct run r;

	(void)state;
	/* Inputs that are none. */
	run_init(&r);
	put_file("in.tar", "no tar\n");
	r.inputs = open_in_dir("in.tar", O_RDONLY);
	run_to_end(&r, &trial.small, NULL, MACHINE_UNAVAILABLE);
	run_clear(&r);

	/* Nowhere to put the output. */
	run_init(&r);
	r.output = open("/dev/full", O_RDWR | O_CLOEXEC);
	assert_int_not_equal(r.output, -1);
	run_start(&r, &trial.small, "true\n");
	assert_int_equal(machine_client_hear(&r.client, &r.answer), RB_OK);
	assert_int_equal(r.answer.end, MACHINE_UNAVAILABLE);
	assert_non_null(strstr(r.answer.detail, "No space left"));
	run_clear(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_a_layer_that_is_not_what_was_said),
		cmocka_unit_test(unpacks_a_layer_once),
		cmocka_unit_test(makes_a_half_made_layer_anew),
		cmocka_unit_test(removes_a_layer_that_it_could_not_finish),
		cmocka_unit_test(refuses_what_is_no_description),
		cmocka_unit_test(refuses_a_stranger),
		cmocka_unit_test(refuses_a_clock_that_it_cannot_set),
		cmocka_unit_test(refuses_to_run_without_control_groups),
		cmocka_unit_test(tells_a_broken_machine_from_a_broken_build),
		cmocka_unit_test(shows_the_recipe_what_the_contract_says),
		cmocka_unit_test(gives_an_empty_root_without_a_layer),
		cmocka_unit_test(keeps_a_hostile_recipe_inside),
	};

	return cmocka_run_group_tests(tests, trial_set_up, trial_tear_down);
}
