/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine on the other side of a stream: rebuilder-machine with its far
 * driver, and another one with --stream, which makes it of namespaces.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "tests/machine/trial.h"

/* Who faces a stream must not be root. */
#define FAR_USER "nobody"

/* What connects the two, as shell text. */
static void
connect_by(const char *text)
{
	char script[4 * TRIAL_PATH_LEN];

	snprintf(script, sizeof(script), "#!/bin/sh\n%s\n", text);
	put_file("connect", script);
	shell("chmod 755 %s/connect", trial.dir);
}

static void
connect_well(void)
{
	char text[3 * TRIAL_PATH_LEN];

	snprintf(text, sizeof(text), "exec %s -c %s/far.yml --stream",
	    trial.program, trial.dir);
	connect_by(text);
}

static void
passes_streams_both_ways(void **state)
{
	struct run r;

	(void)state;
	connect_well();
	run_init(&r);
	run_to_end(&r, &trial.small,
	    "test \"$(cat \"$INPUTS/files/one\")\" = one || exit 1\n"
	    "test \"$(cat \"$ROOT/etc/marker\")\" = honest || exit 2\n"
	    "printf 22 >\"$OUTPUT/b\"\necho said\nexit 7\n",
	    MACHINE_DONE);
	expect_output(&r, "output 1\nfile b 2\n22end 7\n");
	assert_string_equal((const char *)r.text.p, "said\n");
	/* The kind that the machine is of, not the way to it. */
	assert_string_equal(r.answer.kind, "namespace");
	run_clear(&r);
}

static void
wants_a_layer_once(void **state)
{
	int layer = trial.layer;
	struct run r;

	(void)state;
	connect_well();
	trial.layer = open("/dev/null", O_RDONLY | O_CLOEXEC);
	run_init(&r);
	run_to_end(&r, &trial.small, "cat \"$ROOT/etc/marker\"\n",
	    MACHINE_DONE);
	assert_string_equal((const char *)r.text.p, "honest\n");
	run_clear(&r);
	fd_close(&trial.layer);
	trial.layer = layer;
}

static void
moves_much_in_both_directions_at_once(void **state)
{
	struct description d = trial.small;
	struct run r;

	(void)state;
	connect_well();
	d.has_layer = false;
	d.output = 32 * MIB;
	run_init(&r);
	/* More than all pipes and frames hold. */
	shell("mkdir -p %s/in/files && head -c 9000001 /dev/urandom "
	      ">%s/in/files/big && cp %s/in/files/big %s/big && "
	      "echo 'cp \"$INPUTS/files/big\" \"$OUTPUT/big\"; "
	      "head -c 900000 /dev/zero | tr \"\\\\0\" x' >%s/in/recipe && "
	      ": >%s/in/parameters && tar -c --format=ustar --owner=0 "
	      "--group=0 -f %s/big.tar -C %s/in recipe parameters files/big && "
	      "rm %s/in/files/big",
	    trial.dir, trial.dir, trial.dir, trial.dir, trial.dir, trial.dir,
	    trial.dir, trial.dir, trial.dir);
	r.inputs = open_in_dir("big.tar", O_RDONLY);
	r.output = open_in_dir("big.out", O_RDWR | O_CREAT);
	run_start(&r, &d, NULL);
	assert_int_equal(machine_client_hear(&r.client, &r.answer), RB_OK);
	assert_int_equal(r.answer.end, MACHINE_DONE);
	shell("{ printf 'output 1\\nfile big 9000001\\n'; cat %s/big; "
	      "printf 'end 0\\n'; } | cmp - %s/big.out",
	    trial.dir, trial.dir);
	run_clear(&r);
}

/* Whoever unpacks the layer does not read inputs yet. */
static void
lets_no_inputs_stand_before_the_layer(void **state)
{
	struct description d = trial.small;
	int layer = trial.layer;
	struct run r;

	(void)state;
	connect_well();
	shell("mkdir -p %s/much/etc %s/in/files && "
	      "head -c 1000000 /dev/urandom >%s/much/etc/bytes && "
	      "tar -c --format=ustar --owner=0 --group=0 -f %s/much.tar "
	      "-C %s/much . && cp %s/much/etc/bytes %s/in/files/bytes && "
	      "echo 'cmp \"$INPUTS/files/bytes\" \"$ROOT/etc/bytes\"' "
	      ">%s/in/recipe && : >%s/in/parameters && "
	      "tar -c --format=ustar --owner=0 --group=0 -f %s/bytes.tar "
	      "-C %s/in recipe parameters files/bytes",
	    trial.dir, trial.dir, trial.dir, trial.dir, trial.dir, trial.dir,
	    trial.dir, trial.dir, trial.dir, trial.dir, trial.dir);
	trial.layer = -1;
	trial_use_layer(open_in_dir("much.tar", O_RDONLY), &d);
	d.seconds = 30;
	run_init(&r);
	r.inputs = open_in_dir("bytes.tar", O_RDONLY);
	run_to_end(&r, &d, NULL, MACHINE_DONE);
	expect_output(&r, "output 1\nend 0\n");
	run_clear(&r);
	fd_close(&trial.layer);
	trial.layer = layer;
}

static void
passes_on_how_it_ended(void **state)
{
	struct description d = trial.small;
	struct run r;

	(void)state;
	connect_well();
	d.log = 100000;
	run_init(&r);
	run_to_end(&r, &d, "while :; do echo it goes on; done\n",
	    MACHINE_LOG_LIMIT);
	assert_int_equal(r.text.len, d.log + 1);
	run_clear(&r);
	d = trial.small;
	d.output = 1000;
	run_to_end(&r, &d, "head -c 2000 /dev/zero >\"$OUTPUT/a\"\n",
	    MACHINE_OUTPUT_LIMIT);
	run_clear(&r);
	d = trial.small;
	d.seconds = 3;
	run_to_end(&r, &d, LINGER, MACHINE_TIMEOUT);
	run_clear(&r);
	d = trial.small;
	d.has_clock = true;
	d.clock = 1;
	run_to_end(&r, &d, "exit 0\n", MACHINE_UNAVAILABLE);
	assert_non_null(strstr(r.answer.detail, "clock"));
	run_clear(&r);
	expect_no_process();
}

static void
ends_with_the_connection(void **state)
{
	struct run r;
	char c;
	int log;

	(void)state;
	connect_well();
	run_init(&r);
	log = open_pipe_log(&r);
	run_start(&r, &trial.small, LINGER);
	fd_close(&r.log);
	assert_int_equal(read(log, &c, 1), 1);
	assert_int_equal(machine_client_end(&r.client), 0);
	fd_close(&log);
	run_clear(&r);
	shell("n=0; while grep -qs '[m]%s' /proc/[0-9]*/cmdline; do "
	      "n=$((n + 1)); test $n -lt 300 || exit 1; sleep 0.1; done",
	    trial.mark + 1);
	expect_no_process();
}

static void
believes_no_other_side_that_talks_nonsense(void **state)
{
	static const struct {
		const char *script, *says;
	} sides[] = {
		{ "exit 0", "ended too early" },
		{ "exit 1", "ended too early" },
		{ "echo hello; cat >/dev/null", "not what" },
		/* A log that is longer than a frame may be. */
		{ "printf '\\005\\377\\377\\377\\377'; cat >/dev/null",
		    "not what" },
		/* A channel that is ours, one that is none. */
		{ "printf '\\003\\0\\0\\0\\0'; cat >/dev/null", "not what" },
		{ "printf '\\0\\0\\0\\0\\0'; cat >/dev/null", "not what" },
		/* It wants a layer that there is not, with a body. */
		{ "printf '\\004\\0\\0\\0\\001x'; cat >/dev/null", "not what" },
		/* The log goes on after its end. */
		{ "printf '\\005\\0\\0\\0\\0\\005\\0\\0\\0\\001x'; "
		  "cat >/dev/null",
		    "not what" },
		/* An end of no kind. */
		{ "printf '\\007\\0\\0\\0\\001\\011'; cat >/dev/null",
		    "not what" },
	};
	struct run r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
		connect_by(sides[i].script);
		run_init(&r);
		run_to_end(&r, &trial.small, "exit 0\n", MACHINE_UNAVAILABLE);
		if (strstr(r.answer.detail, sides[i].says) == NULL)
			fail_msg("%s: %s", sides[i].script, r.answer.detail);
		run_clear(&r);
	}
	shell("rm %s/connect", trial.dir);
	run_init(&r);
	run_to_end(&r, &trial.small, "exit 0\n", MACHINE_UNAVAILABLE);
	run_clear(&r);
}

static void
makes_no_machine_for_nonsense(void **state)
{
	static const char *const questions[] = {
		"",
		"hello",
		"\\001\\377\\377\\377\\377",
		/* Inputs before a description; an empty one; a wrong one. */
		"\\003\\0\\0\\0\\001x",
		"\\001\\0\\0\\0\\0",
		"\\001\\0\\0\\0\\012machine 2\\012",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		shell("printf '%s' | timeout 60 %s -c %s/far.yml --stream "
		      ">%s/answer && exit 1; test $? -lt 100 && "
		      "test ! -s %s/answer",
		    questions[i], trial.program, trial.dir, trial.dir,
		    trial.dir);
}

static int
set_up(void **state)
{
	char text[2 * TRIAL_PATH_LEN];

	if (trial_set_up(state) != 0)
		return -1;
	snprintf(text, sizeof(text),
	    "node:\n  name: test.machine/log\n"
	    "  directory: %s/node\nusers:\n  rebuilder: " FAR_USER "\n",
	    trial.dir);
	put_file("far.yml", text);
	snprintf(text, sizeof(text),
	    "node:\n  name: test.machine/log\n"
	    "  directory: %s/near\nusers:\n  rebuilder: root\n"
	    "machine:\n  kind: far\n  connect: %s/connect\n",
	    trial.dir, trial.dir);
	put_file("node.yml", text);
	/* The ids that are lent to root serve its user as well. */
	shell("for f in /etc/subuid /etc/subgid; do "
	      "sed -n 's/^root:/" FAR_USER ":/p' $f >%s/ids && "
	      "cat %s/ids >>$f; done",
	    trial.dir, trial.dir);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(believes_no_other_side_that_talks_nonsense),
		cmocka_unit_test(makes_no_machine_for_nonsense),
		cmocka_unit_test(passes_streams_both_ways),
		cmocka_unit_test(wants_a_layer_once),
		cmocka_unit_test(moves_much_in_both_directions_at_once),
		cmocka_unit_test(lets_no_inputs_stand_before_the_layer),
		cmocka_unit_test(passes_on_how_it_ended),
		cmocka_unit_test(ends_with_the_connection),
	};

	return cmocka_run_group_tests(tests, set_up, trial_tear_down);
}
