/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds in a domain of a real Xen leave the bytes that others left: other
 * drivers of the same sources, the archive of its package.
 */
#include <setjmp.h>
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
#include "tests/machine/xen_trial.h"

#define BUILD_MEMORY (768 * MIB)
#define BUILD_DISK (1024 * MIB)
#define BUILD_SECONDS 3000 /* the laboratory ends before */
#define BUILD_PROCESSES 1024
#define YEAR_2020 UINT64_C(1577836800)
#define YEAR_2100 UINT64_C(4102444800)

/* $RB_DATA/same is what scripts/lab.d/same made. */
static void
run_same(struct run *r, const struct description *d, const char *inputs)
{
	run_init(r);
	r->inputs = open_data(inputs);
	assert_int_equal(lseek(trial.layer, 0, SEEK_SET), 0);
	run_start(r, d, NULL);
	run_finish(r);
	xen_say(r, inputs);
	expect_end(r, MACHINE_DONE);
	xen_expect_nothing_left();
}

static void
gives_the_same_bytes_as_every_other_driver(void **state)
{
	struct description d = xen_plain;
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

/* A line "<name> SP <sha256>" of what the archive ships. */
static void
expect_published(const struct buf *out, struct span line)
{
	struct digest published = DIGEST_INIT, rebuilt = DIGEST_INIT;
	struct buf name = BUF_INIT;
	struct span word = SPAN_INIT;

	assert_int_equal(span_take_until(&line, ' ', &word), RB_OK);
	assert_int_equal(digest_parse(line, &published), RB_OK);
	assert_int_equal(buf_put(&name, word), RB_OK);
	assert_int_equal(buf_put_byte(&name, 0), RB_OK);
	digest_of_output(out, (const char *)name.p, &rebuilt);
	printf("%s: %s\n", (const char *)name.p,
	    digest_equal(&rebuilt, &published) ? "as published" : "differs");
	assert_true(digest_equal(&rebuilt, &published));
	buf_clear(&name);
}

/* $RB_DATA/rebuild is what scripts/lab.d/rebuild made. */
static void
rebuilds_a_published_package(void **state)
{
	struct description d = xen_plain;
	struct buf published = BUF_INIT;
	struct span lines, line = SPAN_INIT;
	struct run r;

	(void)state;
	trial_use_layer(open_data("rebuild/layer"), &d);
	d.memory = BUILD_MEMORY;
	d.disk = BUILD_DISK;
	d.processes = BUILD_PROCESSES;
	d.seconds = BUILD_SECONDS;
	run_init(&r);
	r.inputs = open_data("rebuild/inputs");
	run_start(&r, &d, NULL);
	run_finish(&r);
	xen_say(&r, "rebuild");
	fputs((const char *)r.text.p, stdout);
	expect_end(&r, MACHINE_DONE);
	read_data("rebuild/published", &published);
	lines = span_of(published.p, published.len - 1);
	assert_true(lines.len > 0);
	while (lines.len > 0) {
		assert_int_equal(span_take_line(&lines, &line), RB_OK);
		expect_published(&r.out, line);
	}
	run_clear(&r);
	buf_clear(&published);
	xen_expect_nothing_left();
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_same_bytes_as_every_other_driver),
		cmocka_unit_test(rebuilds_a_published_package),
	};

	if (argc == 2)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, xen_set_up, trial_tear_down);
}
