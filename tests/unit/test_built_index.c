/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/judge/built_index.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define A \
	"File: a_1.0-1_amd64.deb\nPackage: a\nSource: b\n" \
	"Version: 2:1.0-1\n" \
	"Architecture: amd64\n"
#define B "File: b_1_all.deb\nPackage: b\nVersion: 1\nArchitecture: all\n"

static enum rb_err
write_with(const char *control, struct buf *out, struct buf *left_out,
    struct fault *why)
{
	struct checksum files[2] = {
		{ SPAN("a_1.0-1_amd64.deb"), 7, DIGEST_INIT },
		{ SPAN("b_1_all.deb"), 8, DIGEST_INIT },
	};
	size_t i;

	for (i = 0; i < 2; i++)
		assert_int_equal(digest_of((struct span)SPAN_INIT,
				     &files[i].digest),
		    RB_OK);
	return built_index_write(span_of_str(control), SPAN("b"), files, 2, out,
	    left_out, why);
}

static enum rb_err
write(const char *control, struct buf *out, struct fault *why)
{
	struct buf left_out = BUF_INIT;
	enum rb_err rc = write_with(control, out, &left_out, why);

	assert_int_equal(left_out.len, 0);
	buf_clear(&left_out);
	return rc;
}

static void
refuses_what_does_not_fit_the_files(void **state)
{
	static const struct {
		const char *why, *in;
	} cases[] = {
		{ "nothing", "" },
		{ "one of two", A },
		{ "one twice", A "\n" A },
		{ "a third",
		    A "\n" B "\nFile: c_1_all.deb\nPackage: c\n"
		      "Version: 1\nArchitecture: all\n" },
		{ "no file", "Package: a\nVersion: 1\nArchitecture: all\n" },
		{ "another name",
		    B "\nFile: a_1.0-1_amd64.deb\nPackage: gcc-12\n"
		      "Version: 1.0-1\nArchitecture: amd64\n" },
		{ "another version",
		    B "\nFile: a_1.0-1_amd64.deb\nPackage: a\n"
		      "Version: 1.0-2\nArchitecture: amd64\n" },
		{ "another architecture",
		    B "\nFile: a_1.0-1_amd64.deb\nPackage: a\n"
		      "Version: 1.0-1\nArchitecture: all\n" },
		{ "another's source package",
		    B "\nFile: a_1.0-1_amd64.deb\nPackage: a\nSource: xen\n"
		      "Version: 2:1.0-1\nArchitecture: amd64\n" },
		{ "a source package of its own",
		    B "\nFile: a_1.0-1_amd64.deb\nPackage: a\n"
		      "Version: 2:1.0-1\nArchitecture: amd64\n" },
		{ "a name that is none",
		    B "\nFile: a_1.0-1_amd64.deb\nPackage: ../a\n"
		      "Version: 1.0-1\nArchitecture: amd64\n" },
	};
	struct buf out = BUF_INIT;
	struct fault why = FAULT_INIT;
	enum rb_err rc;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rc = write(cases[i].in, &out, &why);
		if ((rc != RB_EREFUSED && rc != RB_EFORMAT) || out.len != 0)
			fail_msg("%s: %s", cases[i].why, why.text);
	}
}

/* Claims of a size, a digest or a place are not even looked at. */
static void
says_of_files_what_was_measured(void **state)
{
	struct buf out = BUF_INIT;
	struct fault why = FAULT_INIT;
	struct deb822 stanza;
	struct package p;
	struct span in;

	(void)state;
	assert_int_equal(write(A
			     "Depends: libc6 (>= 2.36)\nSize: 1\nSHA256: 00\n"
			     "Breaks: c(>>2 ) | d:any ,\n e (=1)\n"
			     "Filename: /etc/passwd\nEssential: yes\n"
			     "Priority: required\nDescription: one\n .\n two\n"
			     "\n" B,
			     &out, &why),
	    RB_OK);
	assert_true(span_equal_str(buf_span(&out),
	    "Package: a\nSource: b\nVersion: 2:1.0-1\n"
	    "Architecture: amd64\n"
	    "Depends: libc6 (>= 2.36)\n"
	    "Breaks: c (>> 2) | d:any, e (= 1)\n"
	    "Description: one\n .\n two\n"
	    "Priority: extra\nFilename: pool/built/" HEX
	    "/a_1.0-1_amd64.deb\nSize: 7\n"
	    "SHA256: " HEX "\n\n"
	    "Package: b\nVersion: 1\nArchitecture: all\n"
	    "Priority: extra\nFilename: pool/built/" HEX
	    "/b_1_all.deb\nSize: 8\n"
	    "SHA256: " HEX "\n"));
	/* What we write is an index that we read. */
	in = buf_span(&out);
	assert_int_equal(deb822_take(&in, "Packages", &stanza, &why), RB_OK);
	assert_int_equal(package_read(&stanza, &p, &why), RB_OK);
	assert_int_equal(p.file.size, 7);
	assert_int_equal(deb822_take(&in, "Packages", &stanza, &why), RB_OK);
	assert_int_equal(package_read(&stanza, &p, &why), RB_OK);
	assert_int_equal(in.len, 0);
	buf_clear(&out);
}

/* apt refuses a whole index for one stanza that it cannot read. */
static void
leaves_out_what_apt_might_not_read(void **state)
{
	static const char *const fields[] = { "Depends: c (1\n",
		"Pre-Depends: c,\n", "Provides: C\n", "Provides: c (>= 1)\n",
		"Provides: c | d\n", "Breaks: c (>= x)\n", "Conflicts: c d\n",
		"Replaces: c (= 1)x\n", "Depends: c\n [amd64]\n" };
	struct buf control = BUF_INIT, out = BUF_INIT, left_out = BUF_INIT;
	struct fault why = FAULT_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		assert_int_equal(buf_printf(&control, "%s%s\n%s", A, fields[i],
				     B),
		    RB_OK);
		assert_int_equal(buf_put_byte(&control, 0), RB_OK);
		assert_int_equal(write_with((const char *)control.p, &out,
				     &left_out, &why),
		    RB_OK);
		if (!span_equal_str(buf_span(&left_out), "a") ||
		    !span_starts(buf_span(&out), SPAN("Package: b\n")))
			fail_msg("%s: %.*s", fields[i], (int)out.len,
			    (char *)out.p);
		buf_reset(&control);
		buf_reset(&out);
		buf_reset(&left_out);
	}
	buf_clear(&control);
	buf_clear(&out);
	buf_clear(&left_out);
}

/* All packages of all builds share the room that names have. */
static void
leaves_out_what_provides_too_much(void **state)
{
	struct buf control = BUF_INIT, out = BUF_INIT, left_out = BUF_INIT;
	struct fault why = FAULT_INIT;
	size_t i;

	(void)state;
	assert_int_equal(buf_put_str(&control, A "Provides: x"), RB_OK);
	for (i = 0; i < BUILT_PROVIDED_MAX; i++)
		assert_int_equal(buf_put_str(&control, ", x"), RB_OK);
	assert_int_equal(buf_put_str(&control, "\n\n" B), RB_OK);
	assert_int_equal(buf_put_byte(&control, 0), RB_OK);
	assert_int_equal(write_with((const char *)control.p, &out, &left_out,
			     &why),
	    RB_OK);
	assert_true(span_equal_str(buf_span(&left_out), "a"));
	assert_true(span_starts(buf_span(&out), SPAN("Package: b\n")));
	buf_clear(&control);
	buf_clear(&out);
	buf_clear(&left_out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_does_not_fit_the_files),
		cmocka_unit_test(says_of_files_what_was_measured),
		cmocka_unit_test(leaves_out_what_apt_might_not_read),
		cmocka_unit_test(leaves_out_what_provides_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
