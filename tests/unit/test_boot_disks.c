/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disks of a machine with a kernel of its own: what comes back is
 * whatever a guest wrote, and only two things may be read from it, the last
 * byte that is not zero and the mark.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "rebuilder/machine/boot_disks.h"
#include "rebuilder/machine/relay.h"

#define MIB (UINT64_C(1) << 20)
#define BLOCK 4096
#define SECONDS_MS 60000
#define FIXED_WORDS \
	"quiet panic=-1 mitigations=off init_on_alloc=0 cryptomgr.notests " \
	"no_timer_check rcupdate.rcu_expedited=1"

static char dir[] = "/var/tmp/test_boot_disks.XXXXXX";

struct world {
	struct description d;
	struct machine_run run;
	struct boot_disks disks;
	struct fault why;
	int watch[2];
};

static int
open_unnamed(void)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_int_not_equal(fd, -1);
	return fd;
}

/* A run whose inputs are `inputs`, from their beginning. */
static void
begin(struct world *w, uint64_t limit, const char *inputs)
{
	memset(w, 0, sizeof(*w));
	w->d.output = limit;
	w->d.disk = 20 * MIB + 5;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, w->watch), 0);
	w->run = (struct machine_run){ .description = &w->d,
		.inputs = open_unnamed(),
		.output = open_unnamed(),
		.log = -1,
		.layer = -1,
		.watch = w->watch[0],
		.deadline = clock_now() + SECONDS_MS };
	assert_int_equal(file_write_fd(w->run.inputs, span_of_str(inputs)),
	    RB_OK);
	assert_int_equal(lseek(w->run.inputs, 0, SEEK_SET), 0);
	assert_int_equal(boot_disks_make(&w->run, dir, &w->disks, &w->why),
	    RB_OK);
	assert_int_equal(w->run.inputs, -1);
}

static void
end(struct world *w)
{
	boot_disks_clear(&w->disks);
	fd_close(&w->run.inputs);
	fd_close(&w->run.output);
	fd_close(&w->watch[0]);
	fd_close(&w->watch[1]);
}

static uint64_t
size_of(int fd)
{
	uint64_t size = 0;

	assert_int_equal(file_size(fd, &size), RB_OK);
	return size;
}

static void
put(int fd, uint64_t at, const char *text, size_t len)
{
	assert_int_equal(pwrite(fd, text, len, (off_t)at), len);
}

static void
put_mark(struct world *w, char mark)
{
	put(w->disks.output, size_of(w->disks.output) - BLOCK, &mark, 1);
}

static void
makes_disks_of_the_sizes_that_the_contract_says(void **state)
{
	struct world w;
	struct stat st;
	char text[16] = "";

	(void)state;
	begin(&w, 3 * MIB + 1, "abc");
	assert_int_equal(size_of(w.disks.output), 5 * MIB);
	assert_int_equal(size_of(w.disks.scratch), 20 * MIB);
	/* Sparse, and without a name. */
	assert_int_equal(fstat(w.disks.scratch, &st), 0);
	assert_int_equal(st.st_blocks, 0);
	assert_int_equal(st.st_nlink, 0);
	/* Whole sectors, and nothing that could write to them. */
	assert_int_equal(size_of(w.disks.inputs), 512);
	assert_int_equal(fcntl(w.disks.inputs, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(pread(w.disks.inputs, text, sizeof(text), 0), 16);
	assert_string_equal(text, "abc");
	end(&w);
}

static void
takes_inputs_from_a_pipe(void **state)
{
	struct world w;
	int pipes[2];
	char text[4] = "";

	(void)state;
	begin(&w, MIB, "");
	boot_disks_clear(&w.disks);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(write(pipes[1], "xyz", 3), 3);
	fd_close(&pipes[1]);
	w.run.inputs = pipes[0];
	assert_int_equal(boot_disks_make(&w.run, dir, &w.disks, &w.why), RB_OK);
	assert_int_equal(pread(w.disks.inputs, text, 3, 0), 3);
	assert_string_equal(text, "xyz");
	boot_disks_clear(&w.disks);

	/* Nobody waits for inputs longer than for rebuilder. */
	assert_int_equal(pipe(pipes), 0);
	w.run.inputs = pipes[0];
	fd_close(&w.watch[1]);
	assert_int_equal(boot_disks_make(&w.run, dir, &w.disks, &w.why),
	    RB_EPEER);
	fd_close(&pipes[1]);
	end(&w);
}

static void
says_so_when_no_file_can_be_made(void **state)
{
	struct world w;

	(void)state;
	begin(&w, MIB, "");
	boot_disks_clear(&w.disks);
	w.run.inputs = open_unnamed();
	assert_int_equal(boot_disks_make(&w.run, "/proc", &w.disks, &w.why),
	    RB_EIO);
	assert_non_null(strstr(w.why.text, "/proc"));
	end(&w);
}

static void
measures_up_to_the_last_byte_that_is_not_zero(void **state)
{
	static const struct {
		uint64_t at;
		size_t len;
		uint64_t expected;
	} cases[] = {
		{ 0, 0, 0 },
		{ 0, 1, 1 },
		{ 0, 4096, 4096 },
		{ 4095, 1, 4096 },
		{ 4096, 1, 4097 },
		{ MIB - 1, 1, MIB },
		{ MIB, 1, MIB + 1 },
		{ 2 * MIB - 1, 1, 2 * MIB },
	};
	struct boot_output o;
	char ones[4096];
	size_t i;

	(void)state;
	memset(ones, 1, sizeof(ones));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w;

		begin(&w, 2 * MIB, "");
		put_mark(&w, 'd');
		put(w.disks.output, cases[i].at, ones, cases[i].len);
		/* Zeros that were written are no part of the stream. */
		put(w.disks.output, 2 * MIB - 8192, "\0\0\0", 3);
		assert_int_equal(boot_output_measure(w.disks.output, 2 * MIB,
				     &o),
		    RB_OK);
		assert_int_equal(o.mark, BOOT_DONE);
		assert_false(o.is_over);
		assert_int_equal(o.len, cases[i].expected);
		end(&w);
	}
}

static void
sees_too_much_even_when_it_is_zeros(void **state)
{
	static const char zeros[65536];
	struct boot_output o;
	struct world w;
	uint64_t at;

	(void)state;
	begin(&w, 100000, "");
	put(w.disks.output, 0, "output 1\n", 9);
	for (at = 4096; at < 2 * MIB; at += sizeof(zeros))
		put(w.disks.output, at, zeros,
		    at + sizeof(zeros) > 2 * MIB ? (size_t)(2 * MIB - at) :
						   sizeof(zeros));
	assert_int_equal(boot_output_measure(w.disks.output, 100000, &o),
	    RB_OK);
	assert_true(o.is_over);
	end(&w);

	begin(&w, 100000, "");
	put(w.disks.output, 100000, "x", 1);
	assert_int_equal(boot_output_measure(w.disks.output, 100000, &o),
	    RB_OK);
	assert_true(o.is_over);
	assert_int_equal(o.len, 100001);
	end(&w);
}

static void
names_the_end_by_the_mark(void **state)
{
	static const struct {
		char mark;
		enum machine_end end;
	} cases[] = {
		{ 0, MACHINE_UNAVAILABLE },
		{ 'b', MACHINE_CRASHED },
		{ 'd', MACHINE_DONE },
		{ 'u', MACHINE_UNAVAILABLE },
		{ 'x', MACHINE_CRASHED },
		{ 'D', MACHINE_CRASHED },
		{ (char)255, MACHINE_CRASHED },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct machine_result m = { .end = MACHINE_DONE };
		struct buf out = BUF_INIT;
		struct world w;
		int output;

		begin(&w, MIB, "");
		put(w.disks.output, 0, "output 1\nend 0\n", 15);
		put_mark(&w, cases[i].mark);
		output = dup(w.run.output);
		assert_int_equal(boot_output_take(&w.run, &w.disks, &m), RB_OK);
		assert_int_equal(m.end, cases[i].end);
		assert_int_equal(m.detail.text[0] == '\0',
		    m.end == MACHINE_DONE);
		assert_int_equal(lseek(output, 0, SEEK_SET), 0);
		assert_int_equal(file_read_fd(output, MIB, &out), RB_OK);
		assert_true(span_equal(buf_span(&out),
		    m.end == MACHINE_DONE ? SPAN("output 1\nend 0\n") :
					    SPAN("")));
		buf_clear(&out);
		fd_close(&output);
		end(&w);
	}
}

static void
cuts_what_is_too_long(void **state)
{
	struct machine_result m = { .end = MACHINE_DONE };
	struct world w;
	int output;

	(void)state;
	begin(&w, 100000, "");
	put(w.disks.output, 200000, "x", 1);
	put_mark(&w, 'd');
	output = dup(w.run.output);
	assert_int_equal(boot_output_take(&w.run, &w.disks, &m), RB_OK);
	assert_int_equal(m.end, MACHINE_OUTPUT_LIMIT);
	assert_int_equal(size_of(output), 100000);
	fd_close(&output);
	end(&w);

	/* Nowhere to put it. */
	begin(&w, 100000, "");
	put(w.disks.output, 0, "x", 1);
	put_mark(&w, 'd');
	fd_close(&w.run.output);
	w.run.output = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_int_equal(boot_output_take(&w.run, &w.disks, &m), RB_OK);
	assert_int_equal(m.end, MACHINE_UNAVAILABLE);
	end(&w);
}

static void
writes_the_words_of_the_command_line(void **state)
{
	struct description d = { .processes = 7 };
	struct buf out = BUF_INIT;
	char clock[UTC_LEN + 1];

	(void)state;
	assert_int_equal(boot_words(&d, "vd", "hvc0", &out), RB_OK);
	assert_true(span_equal(buf_span(&out),
	    SPAN(FIXED_WORDS
		" machine.disk=vd machine.layer=none machine.log=hvc0 "
		"machine.processes=7 machine.clock=host")));
	assert_int_equal(boot_clock(&d, clock), RB_OK);
	assert_string_equal(clock, "host");
	buf_reset(&out);
	d.has_layer = d.has_clock = true;
	d.clock = 86400;
	assert_int_equal(boot_words(&d, "xvd", "hvc0", &out), RB_OK);
	assert_true(span_equal(buf_span(&out),
	    SPAN(FIXED_WORDS
		" machine.disk=xvd machine.layer=disk machine.log=hvc0 "
		"machine.processes=7 machine.clock=86400")));
	assert_int_equal(boot_clock(&d, clock), RB_OK);
	assert_string_equal(clock, "1970-01-02T00:00:00Z");
	buf_clear(&out);
}

static int
set_up(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL ? -1 : 0;
}

/* Nothing was left in it. */
static int
tear_down(void **state)
{
	(void)state;
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    makes_disks_of_the_sizes_that_the_contract_says),
		cmocka_unit_test(takes_inputs_from_a_pipe),
		cmocka_unit_test(says_so_when_no_file_can_be_made),
		cmocka_unit_test(measures_up_to_the_last_byte_that_is_not_zero),
		cmocka_unit_test(sees_too_much_even_when_it_is_zeros),
		cmocka_unit_test(names_the_end_by_the_mark),
		cmocka_unit_test(cuts_what_is_too_long),
		cmocka_unit_test(writes_the_words_of_the_command_line),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
