/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/process/msg.h"
#include "rebuilder/judge/packages.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define FILE_OF(path) "Filename: " path "\nSize: 7\nSHA256: " HEX "\n"
#define STANZA(name, version, arch, more) \
	"Package: " name "\nVersion: " version "\nArchitecture: " arch \
	"\n" more FILE_OF("pool/main/x/x.deb")

static void
refuses_a_malformed_stanza(void **state)
{
	static const struct {
		const char *why, *in;
	} cases[] = {
		{ "no name",
		    "Version: 1\nArchitecture: all\n" FILE_OF("pool/x") },
		{ "no version",
		    "Package: a\nArchitecture: all\n" FILE_OF("pool/x") },
		{ "no architecture",
		    "Package: a\nVersion: 1\n" FILE_OF("pool/x") },
		{ "name with a slash", STANZA("a/b", "1", "all", "") },
		{ "version that is none", STANZA("a", "x1", "all", "") },
		{ "architecture with a blank", STANZA("a", "1", "all b", "") },
		{ "source version not closed",
		    STANZA("a", "1", "all", "Source: b (1\n") },
		{ "source version empty",
		    STANZA("a", "1", "all", "Source: b ()\n") },
		{ "source version without blank",
		    STANZA("a", "1", "all", "Source: b(1)\n") },
		{ "source with two blanks",
		    STANZA("a", "1", "all", "Source: b  (1)\n") },
		{ "source empty", STANZA("a", "1", "all", "Source:\n") },
		{ "source with a third word",
		    STANZA("a", "1", "all", "Source: b (1) (2)\n") },
		{ "no file", "Package: a\nVersion: 1\nArchitecture: all\n" },
		{ "path outside pool",
		    "Package: a\nVersion: 1\n"
		    "Architecture: all\n" FILE_OF("dists/x") },
		{ "path that climbs",
		    "Package: a\nVersion: 1\n"
		    "Architecture: all\n" FILE_OF("pool/../../x") },
		{ "size that is none",
		    "Package: a\nVersion: 1\n"
		    "Architecture: all\nFilename: pool/x\nSize: 07\n"
		    "SHA256: " HEX "\n" },
		{ "only a weak digest",
		    "Package: a\nVersion: 1\n"
		    "Architecture: all\nFilename: pool/x\nSize: 7\n"
		    "MD5sum: d41d8cd98f00b204e9800998ecf8427e\n" },
	};
	struct deb822 s;
	struct package p;
	struct span in;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault why = FAULT_INIT;

		in = span_of_str(cases[i].in);
		assert_int_equal(deb822_take(&in, "Packages", &s, NULL), RB_OK);
		if (package_read(&s, &p, &why) != RB_EFORMAT)
			fail_msg("accepted: %s", cases[i].why);
		assert_string_not_equal(why.text, "");
	}
}

static const char index_text[] = STANZA("hello", "2.10-3", "amd64",
    "") "\n" STANZA("hello-doc", "2.10-3", "all",
    "Source: hello\n") "\n" STANZA("libhello", "2.10-3+b1", "amd64",
    "Source: hello (2.10-3)\n") "\n" STANZA("hello-extra", "5.0", "all",
    "Source: hello (2.10-3)\n") "\n" STANZA("hello-cross", "2.10-3", "arm64",
    "Source: hello\n") "\n" STANZA("hello-old", "2.10-2", "amd64",
    "Source: hello\n") "\n" STANZA("hellosome", "2.10-3", "amd64",
    "") "\n" STANZA("other", "2.10-3", "amd64", "Source: hellosome\n");

struct record {
	char *name, *version, *architecture, *path; /* owned */
	uint64_t size;
	struct digest digest;
	uint8_t is_binnmu;
};

static void
take_record(struct span *in, const char *name, const char *version,
    const char *architecture, bool is_binnmu)
{
	struct record r;

	assert_int_equal(take_text(in, 256, &r.name), RB_OK);
	assert_int_equal(take_text(in, 256, &r.version), RB_OK);
	assert_int_equal(take_text(in, 256, &r.architecture), RB_OK);
	assert_int_equal(take_text(in, 1024, &r.path), RB_OK);
	assert_int_equal(take_u64(in, &r.size), RB_OK);
	assert_int_equal(take_digest(in, &r.digest), RB_OK);
	assert_int_equal(take_u8(in, &r.is_binnmu), RB_OK);
	assert_string_equal(r.name, name);
	assert_string_equal(r.version, version);
	assert_string_equal(r.architecture, architecture);
	assert_string_equal(r.path, "pool/main/x/x.deb");
	assert_int_equal(r.size, 7);
	assert_int_equal(r.is_binnmu, is_binnmu);
	free(r.name);
	free(r.version);
	free(r.architecture);
	free(r.path);
}

static void
finds_what_a_source_published(void **state)
{
	struct buf records = BUF_INIT;
	struct fault why = FAULT_INIT;
	struct span in;
	uint32_t n = 0;

	(void)state;
	assert_int_equal(packages_of_source(span_of_str(index_text),
			     SPAN("hello"), SPAN("2.10-3"), SPAN("amd64"),
			     &records, &n, &why),
	    RB_OK);
	assert_int_equal(n, 4);
	in = buf_span(&records);
	take_record(&in, "hello", "2.10-3", "amd64", false);
	take_record(&in, "hello-doc", "2.10-3", "all", false);
	take_record(&in, "libhello", "2.10-3+b1", "amd64", true);
	take_record(&in, "hello-extra", "5.0", "all", false);
	assert_int_equal(in.len, 0);
	buf_clear(&records);
}

static void
finds_nothing_without_an_error(void **state)
{
	struct buf records = BUF_INIT;
	uint32_t n = 99;

	(void)state;
	assert_int_equal(packages_of_source(span_of_str(index_text),
			     SPAN("hell"), SPAN("2.10-3"), SPAN("amd64"),
			     &records, &n, NULL),
	    RB_OK);
	assert_int_equal(n, 0);
	assert_int_equal(records.len, 0);
}

static void
refuses_a_package_listed_twice(void **state)
{
	struct buf index = BUF_INIT, records = BUF_INIT;
	struct fault why = FAULT_INIT;
	uint32_t n = 99;

	(void)state;
	assert_int_equal(buf_put_str(&index, index_text), RB_OK);
	assert_int_equal(buf_put_str(&index,
			     "\n" STANZA("hello", "2.10-3", "amd64", "")),
	    RB_OK);
	assert_int_equal(packages_of_source(buf_span(&index), SPAN("hello"),
			     SPAN("2.10-3"), SPAN("amd64"), &records, &n, &why),
	    RB_EFORMAT);
	assert_non_null(strstr(why.text, "'hello' 2.10-3 twice"));
	assert_int_equal(n, 99);
	assert_int_equal(records.len, 0);
	buf_clear(&index);
	buf_clear(&records);
}

static void
refuses_an_index_that_was_cut_short(void **state)
{
	struct buf records = BUF_INIT;
	uint32_t n = 99;

	(void)state;
	assert_int_equal(packages_of_source(span_of(index_text,
						sizeof(index_text) - 2),
			     SPAN("hello"), SPAN("2.10-3"), SPAN("amd64"),
			     &records, &n, NULL),
	    RB_EFORMAT);
	assert_int_equal(n, 99);
	buf_clear(&records);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_a_malformed_stanza),
		cmocka_unit_test(finds_what_a_source_published),
		cmocka_unit_test(finds_nothing_without_an_error),
		cmocka_unit_test(refuses_a_package_listed_twice),
		cmocka_unit_test(refuses_an_index_that_was_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
