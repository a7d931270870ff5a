/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole runs of rebuilder-machine with its QEMU driver: the same recipes as
 * in a namespace machine find the same, and leave the same bytes.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/enc.h"
#include "common/base/file.h"
#include "tests/machine/trial.h"

#define YEAR_2020 1577836800
#define YEAR_2100 4102444800
/* A machine boots and ends well within it, even when emulated. */
#define BOOT_SECONDS 60

static void
shows_the_recipe_what_the_contract_says(void **state)
{
	struct digest digest = DIGEST_INIT;
	char path[TRIAL_PATH_LEN];
	uint64_t size = 0;
	struct run r;
	int fd;

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
	    "test \"$(uname -n)\" = machine\n"
	    "test \"$(ls /proc/sys/net/ipv4/conf | tr '\\n' ' ')\" = "
	    "'all default lo '\n"
	    "echo x >\"$ROOT/etc/new\"\n"
	    "printf 22 >\"$OUTPUT/b\"\n"
	    "printf 1 >\"$OUTPUT/a\"\n"
	    ": >\"$OUTPUT/Z+.~_-\"\n"
	    ": >\"$OUTPUT/.hidden\"\n"
	    "mkfifo \"$OUTPUT/pipe\"\n"
	    "setsid sleep 100000 >/dev/null 2>&1 &\n"
	    "echo said\n"
	    "exit 7\n",
	    MACHINE_DONE);
	expect_output(&r,
	    "output 1\nfile Z+.~_- 0\nfile a 1\n1file b 2\n22"
	    "end 7\n");
	assert_non_null(strstr((const char *)r.text.p, "said\n"));
	assert_string_equal(r.answer.kind, "qemu");
	assert_string_equal(r.answer.clock, "host");

	/* Image and kernel are named by what they are. */
	assert_true(r.answer.has_image && r.answer.has_kernel);
	snprintf(path, sizeof(path), "%s/kernel", getenv("RB_IMAGE"));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(file_size(fd, &size), RB_OK);
	assert_int_equal(digest_of_fd(fd, 0, size, &digest), RB_OK);
	assert_true(digest_equal(&digest, &r.answer.kernel));
	fd_close(&fd);
	snprintf(path, sizeof(path), "%s/manifest", getenv("RB_IMAGE"));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(file_size(fd, &size), RB_OK);
	assert_int_equal(digest_of_fd(fd, 0, size, &digest), RB_OK);
	assert_true(digest_equal(&digest, &r.answer.image));
	fd_close(&fd);
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

/* The words that sqfstar was once given besides, as names to leave out. */
static void
leaves_nothing_of_a_layer_out(void **state)
{
	struct description d = trial.small;
	int layer = trial.layer;
	struct run r;

	(void)state;
	shell("mkdir -p %s/n/far %s/n/inputs %s/n/log %s/n/output && "
	      "tar -c --format=ustar --owner=0 --group=0 -f %s/names.tar "
	      "-C %s/n .",
	    trial.dir, trial.dir, trial.dir, trial.dir, trial.dir, trial.dir);
	trial.layer = -1;
	trial_use_layer(open_in_dir("names.tar", O_RDONLY), &d);
	run_init(&r);
	run_to_end(&r, &d, "ls -A /layer >\"$OUTPUT/names\"\n", MACHINE_DONE);
	expect_output(&r,
	    "output 1\nfile names 22\nfar\ninputs\nlog\noutput\nend 0\n");
	run_clear(&r);
	fd_close(&trial.layer);
	trial.layer = layer;
}

static void
keeps_a_hostile_recipe_from_its_own_disks(void **state)
{
	struct buf recipe = BUF_INIT;
	struct run r;

	(void)state;
	assert_int_equal(buf_put_str(&recipe, "KIND=qemu\n"), RB_OK);
	read_data("../flow/machine/hostile", &recipe);
	run_init(&r);
	run_to_end(&r, &trial.small, (const char *)recipe.p, MACHINE_DONE);
	if (strstr((const char *)r.text.p, "ESCAPED") != NULL)
		fail_msg("%s", (const char *)r.text.p);
	expect_output(&r,
	    "output 1\nfile marker 8\nhostile\n"
	    "file tried 6\ntried\nend 0\n");
	run_clear(&r);
	buf_clear(&recipe);
}

/* What a source that embeds the year makes of it. */
static void
expect_year(uint64_t clock, const char *year)
{
	struct description d = trial.small;
	char utc[UTC_LEN + 1], output[64];
	uint64_t now = 0;
	struct span in, line;
	struct run r;

	d.has_clock = true;
	d.clock = clock;
	run_init(&r);
	run_to_end(&r, &d,
	    "date -u +%Y >\"$OUTPUT/hello\"\n"
	    "date -u +%s >\"$OUTPUT/now\"\n",
	    MACHINE_DONE);
	snprintf(output, sizeof(output), "output 1\nfile hello 5\n%s\n", year);
	in = buf_span(&r.out);
	assert_true(span_starts(in, span_of_str(output)));
	assert_int_equal(utc_write((int64_t)clock, utc), RB_OK);
	assert_string_equal(r.answer.clock, utc);
	/* It goes on from there. */
	in = span_of(in.p + strlen(output), in.len - strlen(output));
	assert_int_equal(span_take_line(&in, &line), RB_OK);
	assert_int_equal(span_take_line(&in, &line), RB_OK);
	assert_int_equal(dec_parse(line, UINT64_MAX, &now), RB_OK);
	assert_in_range(now, clock, clock + BOOT_SECONDS);
	run_clear(&r);
}

static void
sets_the_clock_that_the_description_asks_for(void **state)
{
	struct description d = trial.small;
	struct run r;

	(void)state;
	expect_year(YEAR_2020, "2020");
	expect_year(YEAR_2100, "2100");

	/* Past what a kernel counts: nothing runs with another one. */
	d.has_clock = true;
	d.clock = DESCRIPTION_CLOCK_MAX;
	run_init(&r);
	run_to_end(&r, &d, "echo ran\n", MACHINE_UNAVAILABLE);
	assert_null(strstr((const char *)r.text.p, "ran"));
	run_clear(&r);
}

static void
run_same(struct run *r, const struct description *d, const char *name)
{
	struct buf recipe = BUF_INIT;

	read_data(name, &recipe);
	assert_int_equal(lseek(trial.layer, 0, SEEK_SET), 0);
	run_init(r);
	run_to_end(r, d, (const char *)recipe.p, MACHINE_DONE);
	assert_true(r->out.len > 8000);
	buf_clear(&recipe);
}

static void
expect_text(const struct run *r, const char *text)
{
	if (strstr((const char *)r->text.p, text) == NULL)
		fail_msg("%s", (const char *)r->text.p);
}

static void
gives_the_same_bytes_as_every_other_driver(void **state)
{
	struct description d = trial.small;
	struct run boxed, booted, later;

	(void)state;
	d.memory = 512 * MIB;
	shell("%s/../machine/same/layer %s/compiler.tar", getenv("RB_DATA"),
	    trial.dir);
	trial_use_layer(open_in_dir("compiler.tar", O_RDONLY), &d);

	trial_use("namespace", NULL);
	run_same(&boxed, &d, "../machine/same/recipe");
	trial_use("qemu", NULL);
	run_same(&booted, &d, "../machine/same/recipe");
	expect_text(&boxed, "36 288\n");
	expect_text(&booted, "36 288\n");
	assert_true(span_equal(buf_span(&boxed.out), buf_span(&booted.out)));
	run_clear(&boxed);
	run_clear(&booted);

	/* But for what embeds the day: of the clock that it was given. */
	d.has_clock = true;
	d.clock = YEAR_2020;
	run_same(&booted, &d, "../machine/same/dated");
	expect_text(&booted, "year Jan  1 2020\n");
	d.clock = YEAR_2100;
	run_same(&later, &d, "../machine/same/dated");
	expect_text(&later, "year Jan  1 2100\n");
	assert_false(span_equal(buf_span(&booted.out), buf_span(&later.out)));
	run_clear(&booted);
	run_clear(&later);

	/* Namespaces know the host's alone, and say so. */
	d.has_clock = false;
	trial_use("namespace", NULL);
	run_same(&boxed, &d, "../machine/same/dated");
	assert_string_equal(boxed.answer.clock, "host");
	run_clear(&boxed);
	trial_use("qemu", NULL);
}

static int
set_up(void **state)
{
	if (trial_set_up(state) != 0)
		return -1;
	trial_use("qemu", NULL);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_the_recipe_what_the_contract_says),
		cmocka_unit_test(gives_an_empty_root_without_a_layer),
		cmocka_unit_test(leaves_nothing_of_a_layer_out),
		cmocka_unit_test(keeps_a_hostile_recipe_from_its_own_disks),
		cmocka_unit_test(sets_the_clock_that_the_description_asks_for),
		cmocka_unit_test(gives_the_same_bytes_as_every_other_driver),
	};

	return cmocka_run_group_tests(tests, set_up, trial_tear_down);
}
