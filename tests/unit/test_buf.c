/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buf.h"

static void
refuses_sizes_that_would_wrap(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(buf_reserve(&b, SIZE_MAX), RB_ENOMEM);
	assert_int_equal(buf_put_str(&b, "kept"), RB_OK);
	assert_int_equal(buf_reserve(&b, SIZE_MAX), RB_ENOMEM);
	assert_int_equal(buf_reserve(&b, SIZE_MAX - 4), RB_ENOMEM);
	assert_int_equal(buf_reserve(&b, SIZE_MAX / 2), RB_ENOMEM);
	assert_true(span_equal_str(buf_span(&b), "kept"));
	buf_clear(&b);
}

static void
grows_and_keeps_what_it_has(void **state)
{
	struct buf b = BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < 100000; i++)
		assert_int_equal(buf_put_byte(&b, (uint8_t)i), RB_OK);
	assert_int_equal(b.len, 100000);
	for (i = 0; i < b.len; i++)
		assert_int_equal(b.p[i], (uint8_t)i);
	buf_reset(&b);
	assert_int_equal(b.len, 0);
	assert_true(b.cap >= 100000);
	buf_clear(&b);
	assert_null(b.p);
	buf_clear(&b);
	buf_wipe(&b);
}

static void
an_empty_span_adds_nothing(void **state)
{
	struct buf b = BUF_INIT;
	struct span none = SPAN_INIT;

	(void)state;
	assert_int_equal(buf_put(&b, none), RB_OK);
	assert_int_equal(buf_span(&b).len, 0);
	buf_clear(&b);
}

static void
prints_behind_what_it_has(void **state)
{
	struct buf b = BUF_INIT;
	char text[301];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(buf_put_str(&b, "a="), RB_OK);
	assert_int_equal(buf_printf(&b, "%d %s", 7, text), RB_OK);
	assert_int_equal(b.len, 2 + 2 + 300);
	assert_memory_equal(b.p, "a=7 xx", 6);
	assert_int_equal(buf_printf(&b, "%s", ""), RB_OK);
	assert_int_equal(b.len, 304);
	buf_clear(&b);
}

static void
a_text_holds_no_zero(void **state)
{
	struct span none = SPAN_INIT;
	char *text = NULL;

	(void)state;
	assert_int_equal(str_dup_span(SPAN("a\0b"), &text), RB_EFORMAT);
	assert_int_equal(str_dup_span(SPAN("\0"), &text), RB_EFORMAT);
	assert_null(text);
	assert_int_equal(str_dup_span(SPAN("ab"), &text), RB_OK);
	assert_string_equal(text, "ab");
	free(text);
	assert_int_equal(str_dup_span(none, &text), RB_OK);
	assert_string_equal(text, "");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_sizes_that_would_wrap),
		cmocka_unit_test(grows_and_keeps_what_it_has),
		cmocka_unit_test(an_empty_span_adds_nothing),
		cmocka_unit_test(prints_behind_what_it_has),
		cmocka_unit_test(a_text_holds_no_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
