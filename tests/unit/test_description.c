/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/machine/description.h"

#define HEX \
	"00112233445566778899aabbccddeeff" \
	"00112233445566778899aabbccddeeff"
#define NUMBERS \
	"memory 4\ndisk 5\noutput 6\nlog 7\nprocesses 8\ncpus 9\nseconds 10\n"
#define GOOD "machine 1\nlayer none\n" NUMBERS "clock host\n"

struct sample {
	const char *what;
	struct span text;
	enum rb_err expected;
};

static void
refuses_every_other_spelling(void **state)
{
	static const struct sample samples[] = {
		{ "nothing", SPAN_INIT, RB_EFORMAT },
		{ "another version",
		    SPAN("machine 2\nlayer none\n" NUMBERS "clock host\n"),
		    RB_EFORMAT },
		{ "a version in other words",
		    SPAN("machine 01\nlayer none\n" NUMBERS "clock host\n"),
		    RB_EFORMAT },
		{ "no layer line", SPAN("machine 1\n" NUMBERS "clock host\n"),
		    RB_EFORMAT },
		{ "a layer without a size",
		    SPAN("machine 1\nlayer " HEX "\n" NUMBERS "clock host\n"),
		    RB_EFORMAT },
		{ "a layer in capitals",
		    SPAN("machine 1\nlayer "
			 "AA112233445566778899aabbccddeeff"
			 "00112233445566778899aabbccddeeff 1\n" NUMBERS
			 "clock host\n"),
		    RB_EFORMAT },
		{ "a short digest",
		    SPAN("machine 1\nlayer 0011 1\n" NUMBERS "clock host\n"),
		    RB_EFORMAT },
		{ "a path for a layer",
		    SPAN("machine 1\nlayer ../x 1\n" NUMBERS "clock host\n"),
		    RB_EFORMAT },
		{ "two spaces",
		    SPAN(
			"machine 1\nlayer " HEX "  1\n" NUMBERS "clock host\n"),
		    RB_EFORMAT },
		{ "a word behind the size",
		    SPAN("machine 1\nlayer " HEX " 1 2\n" NUMBERS
			 "clock host\n"),
		    RB_EFORMAT },
		{ "a leading zero",
		    SPAN("machine 1\nlayer none\n"
			 "memory 04\ndisk 5\noutput 6\nlog 7\nprocesses 8\n"
			 "cpus 9\nseconds 10\nclock host\n"),
		    RB_EFORMAT },
		{ "a sign",
		    SPAN("machine 1\nlayer none\n"
			 "memory +4\ndisk 5\noutput 6\nlog 7\nprocesses 8\n"
			 "cpus 9\nseconds 10\nclock host\n"),
		    RB_EFORMAT },
		{ "no seconds at all",
		    SPAN("machine 1\nlayer none\n"
			 "memory 4\ndisk 5\noutput 6\nlog 7\nprocesses 8\n"
			 "cpus 9\nseconds 0\nclock host\n"),
		    RB_EFORMAT },
		{ "another order",
		    SPAN("machine 1\nlayer none\n"
			 "disk 5\nmemory 4\noutput 6\nlog 7\nprocesses 8\n"
			 "cpus 9\nseconds 10\nclock host\n"),
		    RB_EFORMAT },
		{ "a line twice",
		    SPAN("machine 1\nlayer none\nlayer none\n" NUMBERS
			 "clock host\n"),
		    RB_EFORMAT },
		{ "a clock in words",
		    SPAN("machine 1\nlayer none\n" NUMBERS "clock now\n"),
		    RB_EFORMAT },
		{ "a last line without its end",
		    SPAN("machine 1\n"
			 "layer none\n" NUMBERS "clock host"),
		    RB_EFORMAT },
		{ "CR LF",
		    SPAN(
			"machine 1\r\nlayer none\r\n" NUMBERS "clock host\r\n"),
		    RB_EFORMAT },
		{ "more behind the end", SPAN(GOOD "\n"), RB_EFORMAT },
		{ "a memory of 2^51",
		    SPAN("machine 1\nlayer none\n"
			 "memory 2251799813685248\ndisk 5\noutput 6\nlog 7\n"
			 "processes 8\ncpus 9\nseconds 10\nclock host\n"),
		    RB_ELIMIT },
		{ "a number over 64 bits",
		    SPAN(
			"machine 1\nlayer none\n"
			"memory 4\ndisk 18446744073709551616\noutput 6\nlog 7\n"
			"processes 8\ncpus 9\nseconds 10\nclock host\n"),
		    RB_ELIMIT },
		{ "a year of seconds and more",
		    SPAN("machine 1\n"
			 "layer none\nmemory 4\ndisk 5\noutput 6\nlog 7\n"
			 "processes 8\ncpus 9\nseconds 31622401\nclock host\n"),
		    RB_ELIMIT },
		{ "the year 10000",
		    SPAN("machine 1\nlayer none\n" NUMBERS
			 "clock 253402300800\n"),
		    RB_ELIMIT },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct description d = { .memory = 42 };
		struct fault why = FAULT_INIT;
		enum rb_err rc;

		rc = description_parse(samples[i].text, &d, &why);
		if (rc != samples[i].expected)
			fail_msg("%s: %s, not %s", samples[i].what,
			    err_name(rc), err_name(samples[i].expected));
		assert_int_equal(d.memory, 42);
		assert_string_not_equal(why.text, "");
	}
}

static void
refuses_every_shorter_text(void **state)
{
	struct span good = SPAN(GOOD);
	size_t len;

	(void)state;
	for (len = 0; len < good.len; len++) {
		struct description d = DESCRIPTION_INIT;

		assert_int_equal(description_parse(span_of(good.p, len), &d,
				     NULL),
		    RB_EFORMAT);
	}
}

static void
refuses_a_text_over_its_limit(void **state)
{
	static uint8_t text[DESCRIPTION_MAX + 1];
	struct description d = DESCRIPTION_INIT;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(description_parse(span_of(text, sizeof(text)), &d,
			     NULL),
	    RB_ELIMIT);
}

static void
reads_each_value_into_its_place(void **state)
{
	struct description d = DESCRIPTION_INIT;

	(void)state;
	assert_int_equal(description_parse(SPAN("machine 1\nlayer " HEX
						" 3\n" NUMBERS "clock 11\n"),
			     &d, NULL),
	    RB_OK);
	assert_true(d.has_layer);
	assert_int_equal(d.layer.b[1], 0x11);
	assert_int_equal(d.layer_size, 3);
	assert_int_equal(d.memory, 4);
	assert_int_equal(d.disk, 5);
	assert_int_equal(d.output, 6);
	assert_int_equal(d.log, 7);
	assert_int_equal(d.processes, 8);
	assert_int_equal(d.cpus, 9);
	assert_int_equal(d.seconds, 10);
	assert_true(d.has_clock);
	assert_int_equal(d.clock, 11);
}

static void
writes_what_it_read(void **state)
{
	static const struct span texts[] = {
		SPAN(GOOD),
		SPAN("machine 1\nlayer " HEX " 0\n" NUMBERS "clock 0\n"),
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct description d = DESCRIPTION_INIT;
		struct buf out = BUF_INIT;

		assert_int_equal(description_parse(texts[i], &d, NULL), RB_OK);
		assert_int_equal(description_write(&d, &out), RB_OK);
		assert_true(span_equal(buf_span(&out), texts[i]));
		buf_clear(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_every_other_spelling),
		cmocka_unit_test(refuses_every_shorter_text),
		cmocka_unit_test(refuses_a_text_over_its_limit),
		cmocka_unit_test(reads_each_value_into_its_place),
		cmocka_unit_test(writes_what_it_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
