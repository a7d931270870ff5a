/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include <cmocka.h>

#include "rebuilder/command/inputs_diff.h"
#include "rebuilder/command/showing.h"

#define ok(call) assert_int_equal(call, RB_OK)

static void
add(struct inputs *l, const char *name, const char *version, uint8_t byte,
    const char *origin)
{
	const struct digest d = { { byte } };

	ok(inputs_add(l, "deb", name, version, "amd64", origin, 10, &d));
}

static enum rb_err
write_change(void *self, enum inputs_change change, const struct input *a,
    const struct input *b)
{
	static const char signs[] = "-+vbo";

	return buf_printf(self, "%c%s %s %s;", signs[change],
	    a != NULL ? a->name : b->name, a != NULL ? a->version : "",
	    b != NULL ? b->version : "");
}

static void
says(struct inputs *a, struct inputs *b, const char *expected)
{
	struct buf said = BUF_INIT;

	ok(inputs_compare(a, b, write_change, &said));
	ok(buf_put_byte(&said, 0));
	assert_string_equal((const char *)said.p, expected);
	buf_clear(&said);
	inputs_clear(a);
	inputs_clear(b);
}

static void
equal_lists_differ_in_nothing(void **state)
{
	struct inputs a = INPUTS_INIT, b = INPUTS_INIT;

	(void)state;
	says(&a, &b, "");
	add(&a, "gcc", "1", 1, "x");
	add(&a, "bash", "1", 2, "x");
	add(&b, "bash", "1", 2, "x");
	add(&b, "gcc", "1", 1, "x");
	says(&a, &b, "");
}

static void
names_every_way_to_differ_once(void **state)
{
	struct inputs a = INPUTS_INIT, b = INPUTS_INIT;

	(void)state;
	add(&a, "gone", "1", 1, "x");
	add(&a, "newer", "1", 2, "x");
	add(&a, "other-bytes", "1", 3, "x");
	add(&a, "elsewhere", "1", 4, "x");
	add(&a, "same", "1", 5, "x");
	add(&b, "came", "1", 1, "x");
	add(&b, "newer", "2", 6, "x");
	add(&b, "other-bytes", "1", 7, "x");
	add(&b, "elsewhere", "1", 4, "y");
	add(&b, "same", "1", 5, "x");
	says(&a, &b,
	    "+came  1;oelsewhere 1 1;-gone 1 ;vnewer 1 2;bother-bytes 1 1;");
}

static void
pairs_a_package_in_several_versions(void **state)
{
	struct inputs a = INPUTS_INIT, b = INPUTS_INIT;

	(void)state;
	add(&a, "linux", "1", 1, "x");
	add(&a, "linux", "2", 2, "x");
	add(&b, "linux", "2", 2, "x");
	add(&b, "linux", "3", 3, "x");
	add(&b, "linux", "4", 4, "x");
	says(&a, &b, "vlinux 1 3;+linux  4;");
	add(&a, "linux", "1", 1, "x");
	says(&a, &b, "-linux 1 ;");
}

static enum rb_err
stop(void *self, enum inputs_change change, const struct input *a,
    const struct input *b)
{
	(void)change;
	(void)a;
	(void)b;
	++*(int *)self;
	return RB_EIO;
}

static void
stops_where_it_is_told_to(void **state)
{
	struct inputs a = INPUTS_INIT, b = INPUTS_INIT;
	int calls = 0;

	(void)state;
	add(&a, "x", "1", 1, "x");
	add(&a, "y", "1", 1, "x");
	assert_int_equal(inputs_compare(&a, &b, stop, &calls), RB_EIO);
	assert_int_equal(calls, 1);
	inputs_clear(&a);
}

static void
shown(struct span bytes, bool is_terminal, const char *expected, size_t len)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	ok(show_bulk(f, bytes, is_terminal));
	(void)fclose(f);
	assert_int_equal(n, len);
	assert_memory_equal(text, expected, len);
	free(text);
}

static void
what_a_build_printed_drives_no_terminal(void **state)
{
	static const char hostile[] = "a\33]0;x\7\33[2Jb\r\nc\rd\xc2\x9b"
				      "m\0e\tf\n";
	static const char safe[] = "a\\x1b]0;x\\x07\\x1b[2Jb\nc\\x0dd\\xc2\\x9b"
				   "m\\x00e\tf\n";
	char line[64] = "";
	FILE *f = fmemopen(line, sizeof(line), "w");

	(void)state;
	shown(span_of(hostile, sizeof(hostile) - 1), true, safe,
	    sizeof(safe) - 1);
	shown(span_of(hostile, sizeof(hostile) - 1), false, hostile,
	    sizeof(hostile) - 1);
	shown(SPAN(""), true, "", 0);
	assert_non_null(f);
	show_text(f, "x\ny\33");
	(void)fclose(f);
	assert_string_equal(line, "x\\x0ay\\x1b");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_lists_differ_in_nothing),
		cmocka_unit_test(names_every_way_to_differ_once),
		cmocka_unit_test(pairs_a_package_in_several_versions),
		cmocka_unit_test(stops_where_it_is_told_to),
		cmocka_unit_test(what_a_build_printed_drives_no_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
