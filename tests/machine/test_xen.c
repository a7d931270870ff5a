/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole runs of rebuilder-machine with its xen driver, in dom0 of a real
 * Xen: the laboratory's (scripts/test-machine).  $RB_IMAGE is the guest
 * image; files go to /tmp.
 */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/enc.h"
#include "common/base/file.h"
#include "tests/machine/trial.h"

#define GUEST_MEMORY (320 * MIB)
#define LIFECYCLES 10
#define BUILD_MEMORY (768 * MIB)
#define BUILD_DISK (1024 * MIB)
#define BUILD_SECONDS 600
#define BUILD_PROCESSES 1024
#define HELLO "echo hello\necho result >\"$OUTPUT/file\"\n"
#define HELLO_OUTPUT "output 1\nfile file 7\nresult\nend 0\n"
#define CLOCK UINT64_C(1234567890)
#define YEAR_2020 UINT64_C(1577836800)
#define YEAR_2100 UINT64_C(4102444800)

/* What a domain leaves in xenstore, and what belongs to dom0 alone. */
#define STATE \
	"xl list | tail -n +2 | sed 's/ .*//'; losetup -a; " \
	"xenstore-ls -f | grep -vE '^/tool|^/local/domain/0/memory'; " \
	"ls -A /var/lib/xen /run/xen /tmp"

static struct description plain;

static void
use(const char *type, const char *image)
{
	char text[4 * TRIAL_PATH_LEN];

	snprintf(text, sizeof(text),
	    "node:\n  name: test.machine/log\n"
	    "  directory: %s/node\nusers:\n  rebuilder: root\n"
	    "machine:\n  kind: xen\n  xen-type: %s\n  image: %s\n",
	    trial.dir, type, image);
	put_file("node.yml", text);
}

static void
use_pvh(void)
{
	use("pvh", getenv("RB_IMAGE"));
}

/* What must be as it was before, whatever happened. */
static void
expect_nothing_left(void)
{
	shell("{ " STATE "; } >%s/after; diff %s/before %s/after", trial.dir,
	    trial.dir, trial.dir);
	shell("test \"$(ls -A %s/node/machine/xen)\" = lock", trial.dir);
}

/* It may take a moment, when nobody waited for it. */
static void
await_nothing_left(void)
{
	shell("n=0; until { " STATE "; } >%s/after; cmp -s %s/before %s/after; "
	      "do n=$((n + 1)); test $n -lt 60 || exit 1; sleep 0.5; done",
	    trial.dir, trial.dir, trial.dir);
	expect_nothing_left();
}

static void
say(const struct run *r, const char *what)
{
	printf("# %s: %s in %u ms%s%s\n", what, machine_end_name(r->answer.end),
	    (unsigned int)r->answer.milliseconds,
	    r->answer.detail[0] != '\0' ? ": " : "", r->answer.detail);
	fflush(stdout);
}

/* One run to its end, of which nothing must be left. */
static void
run_one(struct run *r, const struct description *d, const char *what,
    const char *recipe, enum machine_end end)
{
	run_init(r);
	run_start(r, d, recipe);
	run_finish(r);
	say(r, what);
	expect_end(r, end);
	expect_nothing_left();
}

static void
runs_a_recipe(void **state)
{
	struct description d = plain;
	struct run r;

	(void)state;
	d.has_clock = true;
	d.clock = CLOCK;
	run_one(&r, &d, "recipe",
	    "set -eu\n"
	    "test \"$(id -u)\" = 0\n"
	    "test \"$(cat)\" = ''\n"
	    "test \"$(cat \"$INPUTS/files/one\")\" = one\n"
	    "test $(($(date +%s) - 1234567890)) -lt 300\n"
	    "ls /sys/class/net 2>/dev/null && exit 9\n"
	    "test \"$(tail -n +3 /proc/net/dev | grep -cv ' lo:')\" = 0\n"
	    "test ! -t 1 -a ! -t 2\n"
	    "cat /proc/partitions\n"
	    "echo hello\necho result >\"$OUTPUT/file\"\nexit 7\n",
	    MACHINE_DONE);
	expect_output(&r, "output 1\nfile file 7\nresult\nend 7\n");
	assert_non_null(strstr((const char *)r.text.p, "hello"));
	assert_string_equal(r.answer.kind, "xen");
	assert_string_equal(r.answer.clock, "2009-02-13T23:31:30Z");
	run_clear(&r);
}

static void
runs_above_a_layer(void **state)
{
	struct description d = trial.small;
	struct run r;

	(void)state;
	d.memory = GUEST_MEMORY;
	run_one(&r, &d, "layer",
	    "set -eu\ntest \"$(cat \"$ROOT/etc/marker\")\" = honest\n"
	    "echo x >\"$ROOT/etc/marker\"\n"
	    "! echo x >/layer/etc/marker\n",
	    MACHINE_DONE);
	expect_output(&r, "output 1\nend 0\n");
	run_clear(&r);
}

static void
runs_in_a_pv_domain(void **state)
{
	struct run r;

	(void)state;
	use("pv", getenv("RB_IMAGE"));
	run_one(&r, &plain, "pv", HELLO, MACHINE_DONE);
	expect_output(&r, HELLO_OUTPUT);
	run_clear(&r);
	use_pvh();
}

static void
ends_a_guest_that_hangs(void **state)
{
	struct description d = plain;
	struct run r;

	(void)state;
	d.seconds = 25;
	run_one(&r, &d, "hang", "echo begun\nsleep 100000\n", MACHINE_TIMEOUT);
	assert_non_null(strstr((const char *)r.text.p, "begun"));
	run_clear(&r);
}

static void
ends_a_guest_that_prints_for_ever(void **state)
{
	struct description d = plain;
	struct run r;

	(void)state;
	d.log = 20000;
	run_one(&r, &d, "flood", "while :; do echo it goes on; done\n",
	    MACHINE_LOG_LIMIT);
	assert_int_equal(r.text.len, d.log + 1);
	run_clear(&r);
}

static void
bounds_disk_and_output(void **state)
{
	struct description d = plain;
	struct run r;

	(void)state;
	run_one(&r, &d, "full disk",
	    "dd if=/dev/zero of=\"$SCRATCH/big\" bs=1M && exit 1\n"
	    "rm \"$SCRATCH/big\"\necho it was full >\"$OUTPUT/file\"\n",
	    MACHINE_DONE);
	expect_output(&r, "output 1\nfile file 12\nit was full\nend 0\n");
	run_clear(&r);
	d.output = 100000;
	run_one(&r, &d, "much output",
	    "head -c 200000 /dev/urandom >\"$OUTPUT/file\"\n",
	    MACHINE_OUTPUT_LIMIT);
	run_clear(&r);
}

/* In the node's directory: an image whose manifest is right. */
static void
make_image(char path[TRIAL_PATH_LEN], const char *change)
{
	snprintf(path, TRIAL_PATH_LEN, "%s/image", trial.dir);
	shell("rm -rf %s && mkdir %s && cd %s && cp $RB_IMAGE/* . && %s && "
	      "{ echo image 1; for f in kernel initramfs system; do "
	      "s=$(sha256sum $f); echo $f ${s%%%% *} $(stat -c %%s $f); "
	      "done; } >m && mv m manifest",
	    path, path, path, change);
}

/* A guest that lets its recipe do what a broken kernel could. */
static void
tells_a_crash_from_a_reboot(void **state)
{
	char image[TRIAL_PATH_LEN];
	struct run r;

	(void)state;
	make_image(image,
	    "mkdir c && sed '/for name in acpi/,/done/d' $RB_DATA/boot >c/init "
	    "&& chmod 755 c/init && (cd c && echo init | "
	    "busybox cpio -o -H newc) >>initramfs && rm -r c");
	use("pvh", image);
	run_one(&r, &plain, "crash", "echo c >/proc/sysrq-trigger\nsleep 100\n",
	    MACHINE_CRASHED);
	assert_non_null(strstr(r.answer.detail, "crashed"));
	run_clear(&r);
	run_one(&r, &plain, "reboot",
	    "echo b >/proc/sysrq-trigger\nsleep 100\n", MACHINE_CRASHED);
	assert_non_null(strstr(r.answer.detail, "rebooted"));
	run_clear(&r);
	use_pvh();
	shell("rm -rf %s/image", trial.dir);
}

static void
says_why_an_image_does_not_boot(void **state)
{
	struct description d = plain;
	char image[TRIAL_PATH_LEN];
	struct run r;

	(void)state;
	d.seconds = 40;
	make_image(image, "rm kernel && head -c 1000000 /dev/urandom >kernel");
	use("pvh", image);
	run_one(&r, &d, "no kernel", HELLO, MACHINE_UNAVAILABLE);
	run_clear(&r);
	make_image(image,
	    "rm initramfs && head -c 1024 /dev/urandom >initramfs");
	use("pvh", image);
	run_one(&r, &d, "no initramfs", HELLO, MACHINE_UNAVAILABLE);
	assert_non_null(strstr(r.answer.detail, "before"));
	run_clear(&r);
	make_image(image, "rm system && head -c 4096 /dev/urandom >system");
	use("pvh", image);
	run_one(&r, &d, "no system", HELLO, MACHINE_UNAVAILABLE);
	run_clear(&r);
	use_pvh();
	shell("rm -rf %s/image", trial.dir);
}

static void
says_that_memory_is_short(void **state)
{
	struct description d = plain;
	struct run r;

	(void)state;
	d.memory = UINT64_C(1) << 40;
	run_one(&r, &d, "too much memory", HELLO, MACHINE_UNAVAILABLE);
	assert_non_null(strstr(r.answer.detail, "not enough memory"));
	run_clear(&r);
	d.memory = 8 * MIB;
	d.seconds = 40;
	run_one(&r, &d, "too little memory", HELLO, MACHINE_UNAVAILABLE);
	run_clear(&r);
}

/* Returns when the guest says that it has begun. */
static void
start_lingering(struct run *r)
{
	char text[4096];
	size_t len = 0;
	int log;

	run_init(r);
	log = open_pipe_log(r);
	run_start(r, &plain, "echo begun\nsleep 100000\n");
	fd_close(&r->log);
	do {
		ssize_t got = read(log, text + len, sizeof(text) - 1 - len);

		assert_true(got > 0);
		len += (size_t)got;
		text[len] = '\0';
	} while (strstr(text, "begun") == NULL);
	fd_close(&log);
}

static void
ends_with_the_connection(void **state)
{
	struct run r;

	(void)state;
	start_lingering(&r);
	assert_int_equal(machine_client_end(&r.client), 0);
	run_clear(&r);
	expect_nothing_left();
}

static void
clears_up_after_one_that_was_killed(void **state)
{
	struct run r;

	(void)state;
	/* Alone: the process that speaks with Xen sees it, and ends. */
	start_lingering(&r);
	assert_int_equal(kill(r.client.pid, SIGKILL), 0);
	run_clear(&r);
	await_nothing_left();
	/* Both: nobody is left to do so, but the next one. */
	start_lingering(&r);
	shell("kill -KILL $(cat /proc/%d/task/%d/children) %d",
	    (int)r.client.pid, (int)r.client.pid, (int)r.client.pid);
	run_clear(&r);
	shell("xl list | grep -q '^rebuilder-'");
	run_one(&r, &plain, "after a kill", HELLO, MACHINE_DONE);
	expect_output(&r, HELLO_OUTPUT);
	run_clear(&r);
}

static void
outlives_the_process_that_speaks_with_xen(void **state)
{
	struct run r;

	(void)state;
	start_lingering(&r);
	shell("kill -KILL $(cat /proc/%d/task/%d/children)", (int)r.client.pid,
	    (int)r.client.pid);
	assert_int_equal(machine_client_hear(&r.client, &r.answer), RB_OK);
	assert_int_equal(r.answer.end, MACHINE_UNAVAILABLE);
	say(&r, "killed helper");
	run_clear(&r);
	expect_nothing_left();
}

static void
is_told_when_somebody_else_destroys_the_domain(void **state)
{
	struct run r;

	(void)state;
	start_lingering(&r);
	shell("xl list | sed -n 's/^\\(rebuilder-[^ ]*\\).*/\\1/p' | "
	      "xargs xl destroy");
	assert_int_equal(machine_client_hear(&r.client, &r.answer), RB_OK);
	assert_int_equal(r.answer.end, MACHINE_UNAVAILABLE);
	say(&r, "destroyed");
	run_clear(&r);
	expect_nothing_left();
}

static void
runs_two_at_once(void **state)
{
	struct run a, b;

	(void)state;
	run_init(&a);
	run_init(&b);
	run_start(&a, &plain, HELLO);
	run_start(&b, &plain, HELLO);
	run_finish(&a);
	run_finish(&b);
	say(&a, "one of two");
	say(&b, "the other");
	expect_end(&a, MACHINE_DONE);
	expect_end(&b, MACHINE_DONE);
	expect_output(&a, HELLO_OUTPUT);
	expect_output(&b, HELLO_OUTPUT);
	run_clear(&a);
	run_clear(&b);
	expect_nothing_left();
}

static void
makes_ten_domains_in_a_row(void **state)
{
	struct run r;
	int i;

	(void)state;
	for (i = 0; i < LIFECYCLES; i++) {
		const char *type = i % 2 == 0 ? "pvh" : "pv";

		use(type, getenv("RB_IMAGE"));
		run_one(&r, &plain, type, HELLO, MACHINE_DONE);
		expect_output(&r, HELLO_OUTPUT);
		run_clear(&r);
	}
	use_pvh();
}

/* $RB_DATA/same is what scripts/lab.d/same made. */
static void
run_same(struct run *r, const struct description *d, const char *inputs)
{
	run_init(r);
	r->inputs = open_data(inputs);
	assert_int_equal(lseek(trial.layer, 0, SEEK_SET), 0);
	run_start(r, d, NULL);
	run_finish(r);
	say(r, inputs);
	expect_end(r, MACHINE_DONE);
	expect_nothing_left();
}

static void
gives_the_same_bytes_as_every_other_driver(void **state)
{
	struct description d = plain;
	struct buf other = BUF_INIT;
	struct run r;

	(void)state;
	d.memory = BUILD_MEMORY;
	trial_use_layer(open_data("same/layer"), &d);
	read_data("same/plain.output", &other);
	run_same(&r, &d, "same/plain.inputs");
	assert_true(other.len > 8000);
	assert_true(span_equal(buf_span(&r.out), buf_span(&other)));
	run_clear(&r);
	buf_clear(&other);

	/* And what embeds the day, of the clock that it was given. */
	d.has_clock = true;
	d.clock = YEAR_2020;
	read_data("same/dated.output", &other);
	run_same(&r, &d, "same/dated.inputs");
	assert_non_null(strstr((const char *)r.text.p, "year Jan  1 2020\n"));
	assert_true(other.len > 8000);
	assert_true(span_equal(buf_span(&r.out), buf_span(&other)));
	run_clear(&r);
	d.clock = YEAR_2100;
	run_same(&r, &d, "same/dated.inputs");
	assert_non_null(strstr((const char *)r.text.p, "year Jan  1 2100\n"));
	assert_false(span_equal(buf_span(&r.out), buf_span(&other)));
	run_clear(&r);
	buf_clear(&other);
}

/* The digest of a file in an output stream. */
static void
digest_of_output(const struct buf *out, const char *name, struct digest *digest)
{
	struct span in = span_of(out->p, out->len - 1);
	struct span line = SPAN_INIT, word = SPAN_INIT, bytes = SPAN_INIT;
	uint64_t size = 0;
	bool is_it;

	assert_int_equal(span_take_line(&in, &line), RB_OK);
	do {
		assert_int_equal(span_take_line(&in, &line), RB_OK);
		assert_int_equal(span_take_until(&line, ' ', &word), RB_OK);
		if (!span_equal_str(word, "file"))
			fail_msg("%s is not among the outputs", name);
		assert_int_equal(span_take_until(&line, ' ', &word), RB_OK);
		is_it = span_equal_str(word, name);
		assert_int_equal(dec_parse(line, in.len, &size), RB_OK);
		assert_int_equal(span_take(&in, (size_t)size, &bytes), RB_OK);
	} while (!is_it);
	assert_int_equal(digest_of(bytes, digest), RB_OK);
}

/* "<name> SP <sha256> LF": what the archive ships. */
static void
read_published(struct buf *name, struct digest *digest)
{
	struct buf text = BUF_INIT;
	struct span in, line = SPAN_INIT, word = SPAN_INIT;

	read_data("rebuild/published", &text);
	in = buf_span(&text);
	assert_int_equal(span_take_line(&in, &line), RB_OK);
	assert_int_equal(span_take_until(&line, ' ', &word), RB_OK);
	assert_int_equal(digest_parse(line, digest), RB_OK);
	assert_int_equal(buf_put(name, word), RB_OK);
	assert_int_equal(buf_put_byte(name, 0), RB_OK);
	buf_clear(&text);
}

/* $RB_DATA/rebuild is what scripts/lab.d/rebuild made. */
static void
rebuilds_a_published_package(void **state)
{
	struct description d = plain;
	struct digest published = DIGEST_INIT, rebuilt = DIGEST_INIT;
	struct buf name = BUF_INIT;
	struct run r;

	(void)state;
	read_published(&name, &published);
	trial_use_layer(open_data("rebuild/layer"), &d);
	d.memory = BUILD_MEMORY;
	d.disk = BUILD_DISK;
	d.processes = BUILD_PROCESSES;
	d.seconds = BUILD_SECONDS;
	run_init(&r);
	r.inputs = open_data("rebuild/inputs");
	run_start(&r, &d, NULL);
	run_finish(&r);
	say(&r, (const char *)name.p);
	fputs((const char *)r.text.p, stdout);
	expect_end(&r, MACHINE_DONE);
	digest_of_output(&r.out, (const char *)name.p, &rebuilt);
	assert_true(digest_equal(&rebuilt, &published));
	run_clear(&r);
	buf_clear(&name);
	expect_nothing_left();
}

static int
set_up(void **state)
{
	struct run r;

	if (getenv("RB_IMAGE") == NULL || trial_set_up(state) != 0)
		return -1;
	use_pvh();
	plain = trial.small;
	plain.has_layer = false;
	plain.memory = GUEST_MEMORY;
	plain.seconds = 120;
	/* The first one may make directories that stay. */
	run_init(&r);
	run_start(&r, &plain, HELLO);
	run_finish(&r);
	say(&r, "first");
	if (r.answer.end != MACHINE_DONE)
		fputs((const char *)r.text.p, stderr);
	run_clear(&r);
	shell("{ " STATE "; } >%s/before; cat %s/before", trial.dir, trial.dir);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_a_recipe),
		cmocka_unit_test(runs_in_a_pv_domain),
		cmocka_unit_test(runs_above_a_layer),
		cmocka_unit_test(says_that_memory_is_short),
		cmocka_unit_test(says_why_an_image_does_not_boot),
		cmocka_unit_test(ends_a_guest_that_hangs),
		cmocka_unit_test(ends_a_guest_that_prints_for_ever),
		cmocka_unit_test(bounds_disk_and_output),
		cmocka_unit_test(tells_a_crash_from_a_reboot),
		cmocka_unit_test(ends_with_the_connection),
		cmocka_unit_test(clears_up_after_one_that_was_killed),
		cmocka_unit_test(outlives_the_process_that_speaks_with_xen),
		cmocka_unit_test(
		    is_told_when_somebody_else_destroys_the_domain),
		cmocka_unit_test(runs_two_at_once),
		cmocka_unit_test(gives_the_same_bytes_as_every_other_driver),
	};
	const struct CMUnitTest many[] = {
		cmocka_unit_test(makes_ten_domains_in_a_row),
	};
	const struct CMUnitTest rebuild[] = {
		cmocka_unit_test(rebuilds_a_published_package),
	};

	if (argc == 2 && strcmp(argv[1], "many") == 0)
		return cmocka_run_group_tests(many, set_up, trial_tear_down);
	if (argc == 2 && strcmp(argv[1], "rebuild") == 0)
		return cmocka_run_group_tests(rebuild, set_up, trial_tear_down);
	if (argc == 3 && strcmp(argv[1], "contract") == 0)
		cmocka_set_test_filter(argv[2]);
	return cmocka_run_group_tests(tests, set_up, trial_tear_down);
}
