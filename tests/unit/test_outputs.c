/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "rebuilder/judge/outputs.h"

#define HEAD "output 1\n"
#define END "end 0\n"

static enum rb_err
read_stream(struct span s, uint64_t len, struct outputs *out, struct fault *why)
{
	enum rb_err rc;
	int fd = -1;

	assert_int_equal(memory_file("stream", s, &fd), RB_OK);
	rc = outputs_read(fd, len, out, why);
	fd_close(&fd);
	return rc;
}

static void
refuses_every_other_stream(void **state)
{
	static const struct {
		const char *why;
		struct span in;
	} cases[] = {
		{ "nothing", SPAN("") },
		{ "no end", SPAN(HEAD) },
		{ "no head", SPAN(END) },
		{ "other version", SPAN("output 2\n" END) },
		{ "head twice", SPAN(HEAD HEAD END) },
		{ "end not ended", SPAN(HEAD "end 0") },
		{ "end without status", SPAN(HEAD "end \n") },
		{ "status too large", SPAN(HEAD "end 256\n") },
		{ "status negative", SPAN(HEAD "end -1\n") },
		{ "status with a leading zero", SPAN(HEAD "end 00\n") },
		{ "bytes behind the end", SPAN(HEAD END "\n") },
		{ "file behind the end", SPAN(HEAD END "file a 0\n") },
		{ "word nobody knows", SPAN(HEAD "link a 0\n" END) },
		{ "no length", SPAN(HEAD "file a\n" END) },
		{ "no name", SPAN(HEAD "file  0\n" END) },
		{ "length not a number", SPAN(HEAD "file a x\n" END) },
		{ "length with a leading zero", SPAN(HEAD "file a 01\nx" END) },
		{ "length past the end", SPAN(HEAD "file a 100\n" END) },
		{ "length one too many", SPAN(HEAD "file a 7\n" END) },
		{ "length over 64 bits",
		    SPAN(HEAD "file a 18446744073709551616\n" END) },
		{ "length that wraps",
		    SPAN(HEAD "file a 18446744073709551615\n" END) },
		{ "name starts with a dot", SPAN(HEAD "file .a 0\n" END) },
		{ "name with a slash", SPAN(HEAD "file a/b 0\n" END) },
		{ "name that climbs", SPAN(HEAD "file .. 0\n" END) },
		{ "name with a zero", SPAN(HEAD "file a\0b 0\n" END) },
		{ "name with a colon", SPAN(HEAD "file a:b 0\n" END) },
		{ "name twice", SPAN(HEAD "file a 0\nfile a 0\n" END) },
		{ "names falling", SPAN(HEAD "file b 0\nfile a 0\n" END) },
		{ "carriage return", SPAN("output 1\r\n" END) },
	};
	struct outputs o = OUTPUTS_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault why = FAULT_INIT;

		if (read_stream(cases[i].in, cases[i].in.len, &o, &why) !=
		    RB_EREFUSED)
			fail_msg("accepted: %s", cases[i].why);
		assert_string_not_equal(why.text, "");
		assert_null(o.files);
	}
}

static void
refuses_another_length_than_said(void **state)
{
	struct span in = SPAN(HEAD "file a 3\nabc" END);
	struct outputs o = OUTPUTS_INIT;

	(void)state;
	assert_int_equal(read_stream(in, in.len + 1, &o, NULL), RB_EREFUSED);
	assert_int_equal(read_stream(in, in.len - 1, &o, NULL), RB_EREFUSED);
	assert_int_equal(read_stream(in, UINT64_MAX, &o, NULL), RB_EREFUSED);
}

static void
refuses_long_names_and_many_files(void **state)
{
	struct outputs o = OUTPUTS_INIT;
	char name[OUTPUT_NAME_MAX + 2];
	struct buf b = BUF_INIT;
	int i, n;

	(void)state;
	memset(name, 'a', sizeof(name));
	for (i = 0; i < 2; i++) {
		name[OUTPUT_NAME_MAX + i] = '\0';
		buf_reset(&b);
		assert_int_equal(buf_printf(&b, HEAD "file %s 0\n" END, name),
		    RB_OK);
		assert_int_equal(read_stream(buf_span(&b), b.len, &o, NULL),
		    i == 0 ? RB_OK : RB_EREFUSED);
		outputs_clear(&o);
		name[OUTPUT_NAME_MAX] = 'a';
	}
	for (n = OUTPUTS_MAX; n <= OUTPUTS_MAX + 1; n++) {
		buf_reset(&b);
		assert_int_equal(buf_put_str(&b, HEAD), RB_OK);
		for (i = 0; i < n; i++)
			assert_int_equal(buf_printf(&b, "file f%04d 0\n", i),
			    RB_OK);
		assert_int_equal(buf_put_str(&b, END), RB_OK);
		assert_int_equal(read_stream(buf_span(&b), b.len, &o, NULL),
		    n == OUTPUTS_MAX ? RB_OK : RB_EREFUSED);
		outputs_clear(&o);
	}
	buf_clear(&b);
}

static void
finds_each_file_in_the_stream(void **state)
{
	struct span in = SPAN(HEAD "file a_1.0~rc1+b1-2.deb 4\nend "
				   "file b 0\nfile c 9\nfile x 1\nend 255\n");
	struct outputs o = OUTPUTS_INIT;

	(void)state;
	assert_int_equal(read_stream(in, in.len, &o, NULL), RB_OK);
	assert_int_equal(o.n, 3);
	assert_int_equal(o.status, 255);
	assert_string_equal(o.files[0].name, "a_1.0~rc1+b1-2.deb");
	assert_memory_equal(in.p + o.files[0].offset, "end ", 4);
	assert_int_equal(o.files[1].len, 0);
	/* What looks like a line within a file is the file's. */
	assert_memory_equal(in.p + o.files[2].offset, "file x 1\n", 9);
	outputs_clear(&o);
	outputs_clear(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_every_other_stream),
		cmocka_unit_test(refuses_another_length_than_said),
		cmocka_unit_test(refuses_long_names_and_many_files),
		cmocka_unit_test(finds_each_file_in_the_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
