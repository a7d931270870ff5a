/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/judge/git/delta.h"
#include "tests/unit/packed.h"

#define BASE SPAN("0123456789")
#define MAX 1000

static void
refuses_what_is_no_delta(void **state)
{
	static const struct {
		const char *why;
		struct span delta;
		enum rb_err rc;
	} cases[] = {
		{ "nothing", SPAN(""), RB_EFORMAT },
		{ "only a base size", SPAN("\x0a"), RB_EFORMAT },
		{ "a size without end", SPAN("\x8a\x80\x80"), RB_EFORMAT },
		{ "a size of too many bytes",
		    SPAN("\x8a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00\x01"),
		    RB_EFORMAT },
		{ "a size with a byte too many", SPAN("\x8a\x00\x01\x01x"),
		    RB_EFORMAT },
		{ "of a shorter base", SPAN("\x09\x01\x01x"), RB_EFORMAT },
		{ "of a longer base", SPAN("\x0b\x01\x01x"), RB_EFORMAT },
		{ "the reserved instruction", SPAN("\x0a\x01\x00"),
		    RB_EFORMAT },
		{ "less than announced", SPAN("\x0a\x02\x01x"), RB_EFORMAT },
		{ "more than announced", SPAN("\x0a\x01\x02xy"), RB_EFORMAT },
		{ "an insertion that is cut off", SPAN("\x0a\x05\x05xy"),
		    RB_EFORMAT },
		{ "a copy without its offset", SPAN("\x0a\x01\x91"),
		    RB_EFORMAT },
		{ "a copy without its size", SPAN("\x0a\x01\x91\x00"),
		    RB_EFORMAT },
		{ "a copy from behind the base", SPAN("\x0a\x01\x91\x0a\x01"),
		    RB_EFORMAT },
		{ "a copy over the end", SPAN("\x0a\x02\x91\x09\x02"),
		    RB_EFORMAT },
		{ "a copy from far behind",
		    SPAN("\x0a\x01\x9f\xff\xff\xff\xff\x01"), RB_EFORMAT },
		{ "a copy of 65536 bytes that are not there",
		    SPAN("\x0a\x80\x80\x04\x80"), RB_ELIMIT },
		{ "a bomb", SPAN("\x0a\xff\xff\xff\xff\xff\x0f"), RB_ELIMIT },
	};
	struct buf out = BUF_INIT;
	size_t i;

	(void)state;
	assert_int_equal(buf_put_str(&out, "before"), RB_OK);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (delta_apply(BASE, cases[i].delta, MAX, &out) != cases[i].rc)
			fail_msg("wrong about: %s", cases[i].why);
		assert_true(span_equal_str(buf_span(&out), "before"));
	}
	buf_clear(&out);
}

static void
copies_and_inserts(void **state)
{
	static const struct {
		struct span delta;
		const char *result;
	} cases[] = {
		{ SPAN("\x0a\x00"), "" },
		{ SPAN("\x0a\x01\x01x"), "x" },
		{ SPAN("\x0a\x0a\x90\x0a"), "0123456789" },
		{ SPAN("\x0a\x03\x91\x07\x03"), "789" },
		{ SPAN("\x0a\x05\x91\x08\x02\x01-\x90\x02"), "89-01" },
	};
	struct buf out = BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&out);
		assert_int_equal(delta_apply(BASE, cases[i].delta, MAX, &out),
		    RB_OK);
		assert_true(span_equal_str(buf_span(&out), cases[i].result));
	}
	buf_clear(&out);
}

static void
the_limit_is_exact(void **state)
{
	struct buf out = BUF_INIT, delta = delta_copy(10, 0, 10);

	(void)state;
	assert_int_equal(delta_apply(BASE, buf_span(&delta), 9, &out),
	    RB_ELIMIT);
	assert_int_equal(delta_apply(BASE, buf_span(&delta), 10, &out), RB_OK);
	buf_clear(&delta);
	buf_clear(&out);
}

/* A copy whose size is given as zero is one of 64 KiB. */
static void
no_size_means_65536(void **state)
{
	static uint8_t base[65536 + 5];
	struct buf out = BUF_INIT;

	(void)state;
	memset(base, 'b', sizeof(base));
	assert_int_equal(delta_apply(span_of(base, sizeof(base)),
			     SPAN("\x85\x80\x04\x80\x80\x04\x81\x05"), 65536,
			     &out),
	    RB_OK);
	assert_int_equal(out.len, 65536);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_delta),
		cmocka_unit_test(copies_and_inserts),
		cmocka_unit_test(the_limit_is_exact),
		cmocka_unit_test(no_size_means_65536),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
