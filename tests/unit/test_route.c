/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "httpd/route.h"

#define ok(call) assert_int_equal(call, RB_OK)

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct sample {
	const char *why;
	const char *path;
	enum rb_err rc;
};

static void
check(const struct sample *s, size_t n)
{
	struct route r;
	struct fault why;
	enum rb_err rc;
	size_t i;

	for (i = 0; i < n; i++) {
		why.text[0] = '\0';
		rc = route_parse(span_of_str(s[i].path), &r, &why);
		if (rc != s[i].rc)
			fail_msg("%s: %s: %s", s[i].why, s[i].path,
			    err_name(rc));
		if (rc != RB_OK && why.text[0] == '\0')
			fail_msg("%s: no sentence", s[i].why);
	}
}

#define CHECK(table) check(table, sizeof(table) / sizeof(table[0]))

static void
does_not_know_other_paths(void **state)
{
	static const struct sample table[] = {
		{ "empty", "", RB_ENOTFOUND },
		{ "no slash", "metrics", RB_ENOTFOUND },
		{ "absolute address", "http://a/metrics", RB_ENOTFOUND },
		{ "two slashes", "//", RB_ENOTFOUND },
		{ "slash behind", "/metrics/", RB_ENOTFOUND },
		{ "capitals", "/Metrics", RB_ENOTFOUND },
		{ "encoded literal", "/metric%73", RB_ENOTFOUND },
		{ "traversal", "/../../etc/passwd", RB_ENOTFOUND },
		{ "traversal below", "/log/../../etc", RB_ENOTFOUND },
		{ "part of a path", "/inputs/sha256", RB_ENOTFOUND },
		{ "more than a path", "/inputs/sha256/" HEX "/x",
		    RB_ENOTFOUND },
		{ "no tile", "/log/tile/0", RB_ENOTFOUND },
		{ "three texts", "/package/a/b/c", RB_ENOTFOUND },
		{ "five texts", "/package/a/b/c/d/e", RB_ENOTFOUND },
		{ "text with a slash", "/package/a/b/c/d/", RB_ENOTFOUND },
	};

	(void)state;
	CHECK(table);
}

static void
refuses_wrong_values(void **state)
{
	static const struct sample table[] = {
		{ "query", "/?page=1", RB_EFORMAT },
		{ "empty query", "/metrics?", RB_EFORMAT },
		{ "index empty", "/builds/", RB_EFORMAT },
		{ "index signed", "/builds/+1", RB_EFORMAT },
		{ "index negative", "/builds/-1", RB_EFORMAT },
		{ "index with zeros", "/builds/01", RB_EFORMAT },
		{ "index too large", "/builds/9223372036854775808",
		    RB_EFORMAT },
		{ "index encoded", "/builds/%31", RB_EFORMAT },
		{ "digest short", "/evidence/sha256/00", RB_EFORMAT },
		{ "digest capital",
		    "/evidence/sha256/ABCDEF6789abcdef0123456789abcdef"
		    "0123456789abcdef0123456789abcdef",
		    RB_EFORMAT },
		{ "prefix empty", "/evidence/prefix/", RB_EFORMAT },
		{ "prefix capital", "/evidence/prefix/A", RB_EFORMAT },
		{ "prefix not hex", "/evidence/prefix/g", RB_EFORMAT },
		{ "prefix long", "/evidence/prefix/012345678", RB_EFORMAT },
		{ "package prefix long", "/evidence/package-prefix/012345678",
		    RB_EFORMAT },
		{ "text empty", "/package/a//1/all", RB_EFORMAT },
		{ "half an escape", "/package/a/b/1%/all", RB_EFORMAT },
		{ "escape at the end", "/package/a/b/1/al%6", RB_EFORMAT },
		{ "escape not hex", "/package/a/b/%zz/all", RB_EFORMAT },
		{ "zero byte", "/package/a/b%00/1/all", RB_EFORMAT },
		{ "line feed", "/package/a/b%0a/1/all", RB_EFORMAT },
		{ "not ASCII", "/package/a/b%c3%a4/1/all", RB_EFORMAT },
		{ "raw byte", "/package/a/b\xff/1/all", RB_EFORMAT },
		{ "dot", "/package/a/./1/all", RB_EFORMAT },
		{ "encoded dots", "/package/a/%2e%2E/1/all", RB_EFORMAT },
		{ "level", "/log/tile/6/000", RB_EFORMAT },
		{ "level with zeros", "/log/tile/00/000", RB_EFORMAT },
		{ "level empty", "/log/tile//000", RB_EFORMAT },
	};

	(void)state;
	CHECK(table);
}

static void
refuses_every_other_spelling_of_a_tile(void **state)
{
	static const struct sample table[] = {
		{ "empty", "/log/tile/0/", RB_EFORMAT },
		{ "two digits", "/log/tile/0/00", RB_EFORMAT },
		{ "four digits", "/log/tile/0/0000", RB_EFORMAT },
		{ "no x", "/log/tile/0/001/234", RB_EFORMAT },
		{ "x at the end", "/log/tile/0/x001", RB_EFORMAT },
		{ "x alone", "/log/tile/0/x", RB_EFORMAT },
		{ "group of zeros in front", "/log/tile/0/x000/001",
		    RB_EFORMAT },
		{ "width 0", "/log/tile/0/000.p/0", RB_EFORMAT },
		{ "width 256", "/log/tile/0/000.p/256", RB_EFORMAT },
		{ "width with zeros", "/log/tile/0/000.p/08", RB_EFORMAT },
		{ "no width", "/log/tile/0/000.p", RB_EFORMAT },
		{ "empty width", "/log/tile/0/000.p/", RB_EFORMAT },
		{ "behind the width", "/log/tile/0/000.p/8/9", RB_EFORMAT },
		{ "other suffix", "/log/tile/0/000.q/8", RB_EFORMAT },
		{ "slash behind", "/log/tile/0/000/", RB_EFORMAT },
		{ "last hash without a number",
		    "/log/tile/0/x072/x057/x594/x037/x927/935", RB_EFORMAT },
		{ "too large", "/log/tile/0/x999/x999/x999/x999/x999/x999/999",
		    RB_EFORMAT },
		{ "entries, x at the end", "/log/tile/entries/x001",
		    RB_EFORMAT },
	};

	(void)state;
	CHECK(table);
}

static void
refuses_what_is_too_long(void **state)
{
	static char path[ROUTE_PATH_MAX + 2];
	char text[64 + ROUTE_TEXT_MAX];
	struct route r;

	(void)state;
	memset(path, '/', sizeof(path));
	assert_int_equal(route_parse(span_of(path, ROUTE_PATH_MAX + 1), &r,
			     NULL),
	    RB_ELIMIT);

	memset(text, 'a', sizeof(text));
	memcpy(text, "/package/", 9);
	memcpy(text + 9 + ROUTE_TEXT_MAX, "/b/c/d", 7);
	ok(route_parse(span_of_str(text), &r, NULL));
	memcpy(text + 9 + ROUTE_TEXT_MAX, "a/b/c/d", 8);
	assert_int_equal(route_parse(span_of_str(text), &r, NULL), RB_EFORMAT);
}

static void
writes_the_path_that_it_read(void **state)
{
	static const struct {
		const char *path;
		enum route_kind kind;
	} table[] = {
		{ "/", ROUTE_DASHBOARD },
		{ "/builds/before/50", ROUTE_BEFORE },
		{ "/package/debian/base-files/12.4+deb12u15/amd64",
		    ROUTE_PACKAGE },
		{ "/package/debian/kexec-tools/1:2.0.25-3~1/amd64",
		    ROUTE_PACKAGE },
		{ "/package/a%2Fb/c%20d/e%26f%3C/all", ROUTE_PACKAGE },
		{ "/builds/0", ROUTE_BUILD },
		{ "/builds/9223372036854775807", ROUTE_BUILD },
		{ "/builds/7/log", ROUTE_BUILD_LOG },
		{ "/builds/7/difference", ROUTE_BUILD_DIFFERENCE },
		{ "/builds/7/envelope", ROUTE_BUILD_ENVELOPE },
		{ "/builds/7/proof", ROUTE_BUILD_PROOF },
		{ "/inputs/sha256/" HEX, ROUTE_INPUTS },
		{ "/node.json", ROUTE_NODE },
		{ "/evidence", ROUTE_EVIDENCE_BATCH },
		{ "/evidence/sha256/" HEX, ROUTE_EVIDENCE_FILE },
		{ "/evidence/prefix/0", ROUTE_EVIDENCE_PREFIX },
		{ "/evidence/prefix/01234567", ROUTE_EVIDENCE_PREFIX },
		{ "/evidence/package/debian/a/1/all", ROUTE_EVIDENCE_PACKAGE },
		{ "/evidence/package-prefix/abc",
		    ROUTE_EVIDENCE_PACKAGE_PREFIX },
		{ "/log/checkpoint", ROUTE_CHECKPOINT },
		{ "/log/tile/0/000", ROUTE_TILE },
		{ "/log/tile/5/x001/x234/067", ROUTE_TILE },
		{ "/log/tile/1/x001/000.p/255", ROUTE_TILE },
		{ "/log/tile/0/x072/x057/x594/x037/x927/934", ROUTE_TILE },
		{ "/log/tile/entries/000.p/1", ROUTE_ENTRIES },
		{ "/log/tile/entries/x001/234", ROUTE_ENTRIES },
		{ "/metrics", ROUTE_METRICS },
		{ "/style.css", ROUTE_STYLE },
	};
	struct buf out = BUF_INIT;
	struct route r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		buf_reset(&out);
		if (route_parse(span_of_str(table[i].path), &r, NULL) != RB_OK)
			fail_msg("%s", table[i].path);
		assert_int_equal(r.kind, table[i].kind);
		ok(route_write(&r, &out));
		if (!span_equal_str(buf_span(&out), table[i].path))
			fail_msg("%s became %.*s", table[i].path, (int)out.len,
			    (const char *)out.p);
	}
	buf_clear(&out);
}

static void
reads_the_values(void **state)
{
	struct route r;

	(void)state;
	ok(route_parse(SPAN("/log/tile/2/x001/x234/067.p/8"), &r, NULL));
	assert_int_equal(r.level, 2);
	assert_int_equal(r.index, 1234067);
	assert_int_equal(r.width, 8);

	ok(route_parse(SPAN("/log/tile/entries/000"), &r, NULL));
	assert_int_equal(r.index, 0);
	assert_int_equal(r.width, 256);

	ok(route_parse(SPAN("/evidence/prefix/abc"), &r, NULL));
	assert_int_equal(r.bits, 12);
	assert_int_equal(r.digest.b[0], 0xab);
	assert_int_equal(r.digest.b[1], 0xc0);
	assert_int_equal(r.digest.b[2], 0);
}

/* apt writes %3a, browsers %3A, people a colon: the package is the same. */
static void
finds_a_text_however_it_is_encoded(void **state)
{
	static const char *const paths[] = {
		"/package/debian/g++/1:2~rc1+b1/amd64",
		"/package/debian/g%2b%2b/1%3a2~rc1+b1/amd64",
		"/package/d%65bian/g%2B+/1%3A2%7erc1%2Bb1/amd64",
	};
	struct route r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		ok(route_parse(span_of_str(paths[i]), &r, NULL));
		assert_string_equal(r.repository, "debian");
		assert_string_equal(r.name, "g++");
		assert_string_equal(r.version, "1:2~rc1+b1");
		assert_string_equal(r.arch, "amd64");
	}
}

static void
writes_no_path_that_it_would_refuse(void **state)
{
	struct buf out = BUF_INIT;
	struct route r;

	(void)state;
	ok(buf_put_str(&out, "kept"));
	memset(&r, 0, sizeof(r));
	r.kind = ROUTE_PACKAGE;
	strcpy(r.repository, "debian");
	strcpy(r.name, "..");
	strcpy(r.version, "1");
	strcpy(r.arch, "all");
	assert_int_equal(route_write(&r, &out), RB_EFORMAT);
	strcpy(r.name, "a\n");
	assert_int_equal(route_write(&r, &out), RB_EFORMAT);
	strcpy(r.name, "");
	assert_int_equal(route_write(&r, &out), RB_EFORMAT);

	memset(&r, 0, sizeof(r));
	r.kind = ROUTE_TILE;
	assert_int_equal(route_write(&r, &out), RB_EFORMAT);
	r.width = 257;
	assert_int_equal(route_write(&r, &out), RB_EFORMAT);
	r.width = 256;
	r.index = ROUTE_TILE_MAX + 1;
	assert_int_equal(route_write(&r, &out), RB_EFORMAT);

	assert_true(span_equal_str(buf_span(&out), "kept"));
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(does_not_know_other_paths),
		cmocka_unit_test(refuses_wrong_values),
		cmocka_unit_test(refuses_every_other_spelling_of_a_tile),
		cmocka_unit_test(refuses_what_is_too_long),
		cmocka_unit_test(writes_the_path_that_it_read),
		cmocka_unit_test(reads_the_values),
		cmocka_unit_test(finds_a_text_however_it_is_encoded),
		cmocka_unit_test(writes_no_path_that_it_would_refuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
