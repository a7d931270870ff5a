/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/explained.h"

static const struct deb_member control[] = {
	{ .name = "./", .mode = 0755 },
	{ .name = "./control", .content = "Package: x\nDepends: y (>= 1)\n" },
	{ .name = "./md5sums", .content = "0123  usr/bin/x\n" },
};
static const struct deb_member data[] = {
	{ .name = "./usr/bin/x",
	    .content = "abcdefgh\0ijklmnop",
	    .len = 17,
	    .mode = 0755,
	    .mtime = 1700000000 },
	{ .name = "./usr/bin/y", .link = "/etc/alternatives/y" },
	{ .name = "./usr/bin/z", .link = "./usr/bin/x", .hard = true },
	{ .name = "./usr/share/doc/x", .content = "one\ntwo\nthree\n" },
};
#define NCONTROL (sizeof(control) / sizeof(control[0]))
#define NDATA (sizeof(data) / sizeof(data[0]))

/* The honest package against one with member `at` of the data replaced. */
static void
assert_data(size_t at, struct deb_member m, const char *expected,
    const char *says)
{
	struct deb_member changed[NDATA];
	struct deb a = DEB(control, NCONTROL, changed, NDATA, NULL);
	struct deb b = DEB(control, NCONTROL, data, NDATA, NULL);

	memcpy(changed, data, sizeof(data));
	changed[at] = m;
	assert_explained(&a, &b, expected, says);
}

static void
assert_control(size_t at, struct deb_member m, const char *expected,
    const char *says)
{
	struct deb_member changed[NCONTROL];
	struct deb a = DEB(changed, NCONTROL, data, NDATA, NULL);
	struct deb b = DEB(control, NCONTROL, data, NDATA, NULL);

	memcpy(changed, control, sizeof(control));
	changed[at] = m;
	assert_explained(&a, &b, expected, says);
}

static void
equal_files_have_nothing_to_explain(void **state)
{
	struct deb a = DEB(control, NCONTROL, data, NDATA, NULL);
	struct buf bytes = deb_make(&a);

	(void)state;
	assert_int_equal(explain_spans(buf_span(&bytes), buf_span(&bytes),
			     "x_1_all.deb"),
	    RB_EREFUSED);
	buf_clear(&bytes);
}

static void
names_that_leave_the_package_are_refused(void **state)
{
	static const char *const names[] = { "/etc/passwd", "../x", "./../x",
		"./usr/..", "./usr/../../x", "..", "./a//../x" };
	struct deb_member m = { .content = "x" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		m.name = names[i];
		assert_data(3, m, "unreadable", "rebuilt package: the name");
	}
	m = data[2];
	m.link = "../../etc/passwd";
	assert_data(2, m, "unreadable", "leaves the package");
}

static void
names_with_dots_that_stay_are_fine(void **state)
{
	struct deb_member m = data[3];

	(void)state;
	m.name = "./usr/share/..doc..";
	assert_data(3, m, "member-set", "..doc..");
	m = data[1];
	m.link = "../../usr/lib/y"; /* the kernel resolves it, not we */
	assert_data(1, m, "metadata", ", \"../../usr/lib/y\" rebuilt");
}

static void
a_name_twice_is_refused(void **state)
{
	struct deb_member m = data[3];

	(void)state;
	m.name = data[0].name;
	assert_data(3, m, "unreadable", "two members have the name");
}

static void
a_name_too_long_is_refused(void **state)
{
	char name[READER_NAME_MAX + 2];
	struct deb_member m = data[3];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[0] = '.';
	name[1] = '/';
	name[sizeof(name) - 1] = '\0';
	m.name = name;
	assert_data(3, m, "unreadable", "longer than 4096 bytes");
}

static void
an_unknown_compression_is_refused(void **state)
{
	struct deb a = DEB(control, NCONTROL, data, NDATA, NULL);
	struct deb b = DEB(control, NCONTROL, data, NDATA, NULL);
	struct deb_member other[NCONTROL];

	(void)state;
	a.control_name = "control.tar.lzma";
	memcpy(other, control, sizeof(control));
	other[1].content = "Package: y\n";
	b.control = other;
	assert_explained(&a, &b, "unreadable", "known: gz, xz, zst");
}

static void
more_parts_than_a_package_has_are_refused(void **state)
{
	const char *names[READER_PARTS_MAX + 1];
	char text[READER_PARTS_MAX + 1][16];
	struct span contents[READER_PARTS_MAX + 1];
	struct buf a, b;
	size_t i;

	(void)state;
	for (i = 0; i <= READER_PARTS_MAX; i++) {
		snprintf(text[i], sizeof(text[i]), "part%zu", i);
		names[i] = text[i];
		contents[i] = SPAN("x");
	}
	a = deb_ar(names, contents, READER_PARTS_MAX + 1);
	b = deb_ar(names, contents, READER_PARTS_MAX);
	assert_int_equal(explain_spans(buf_span(&a), buf_span(&b), "x.deb"),
	    RB_OK);
	assert_string_equal(reason, "unreadable");
	assert_non_null(strstr(words(), "more than 16 parts"));
	buf_clear(&a);
	buf_clear(&b);
}

/* A ustar header that promises `size` bytes (octal digits), and no more. */
static struct buf
promise(const char *size)
{
	uint8_t header[512];
	struct buf out = BUF_INIT;
	unsigned int sum = 0;
	size_t i;

	memset(header, 0, sizeof(header));
	memcpy(header, "./big", 5);
	memcpy(header + 100, "0000644", 7);
	memcpy(header + 108, "0000000", 7);
	memcpy(header + 116, "0000000", 7);
	memcpy(header + 124, size, strlen(size));
	memcpy(header + 136, "00000000000", 11);
	memset(header + 148, ' ', 8);
	header[156] = '0';
	memcpy(header + 257, "ustar\00000", 8);
	for (i = 0; i < sizeof(header); i++)
		sum += header[i];
	snprintf((char *)header + 148, 8, "%06o", sum);
	assert_int_equal(buf_put(&out, span_of(header, sizeof(header))), RB_OK);
	return out;
}

static void
a_bomb_is_refused_before_it_goes_off(void **state)
{
	static const char *const names[] = { "debian-binary", "data.tar" };
	struct buf tar = promise("77777777777"); /* 8 GiB */
	struct span contents[2] = { SPAN("2.0\n"), buf_span(&tar) };
	struct buf a = deb_ar(names, contents, 2), b;

	(void)state;
	contents[1] = SPAN("");
	b = deb_ar(names, contents, 2);
	assert_int_equal(explain_spans(buf_span(&a), buf_span(&b), "x.deb"),
	    RB_OK);
	assert_string_equal(reason, "unreadable");
	assert_non_null(strstr(words(), "1000 times"));
	buf_clear(&tar);
	buf_clear(&a);
	buf_clear(&b);
}

static void
a_package_cut_off_anywhere_is_survived(void **state)
{
	struct deb deb = DEB(control, NCONTROL, data, NDATA, "gz");
	struct buf whole = deb_make(&deb);
	size_t len, nunreadable = 0;

	(void)state;
	for (len = 0; len < whole.len; len++) {
		assert_int_equal(explain_spans(span_of(whole.p, len),
				     buf_span(&whole), "x.deb"),
		    RB_OK);
		/* Between parts, and in a header, the rest is just missing. */
		if (strcmp(reason, "member-set") != 0) {
			assert_string_equal(reason, "unreadable");
			nunreadable++;
		}
	}
	assert_true(nunreadable > whole.len / 2);
	buf_clear(&whole);
}

static void
bytes_behind_the_last_part_are_told(void **state)
{
	struct deb deb = DEB(control, NCONTROL, data, NDATA, "gz");
	struct buf whole = deb_make(&deb), more = BUF_INIT;

	(void)state;
	assert_int_equal(buf_put(&more, buf_span(&whole)), RB_OK);
	assert_int_equal(buf_put_str(&more, "hidden"), RB_OK);
	assert_int_equal(explain_spans(buf_span(&more), buf_span(&whole),
			     "x.deb"),
	    RB_OK);
	assert_string_equal(reason, "size");
	buf_clear(&whole);
	buf_clear(&more);
}

static void
a_package_changed_anywhere_is_survived(void **state)
{
	struct deb deb = DEB(control, NCONTROL, data, NDATA, "");
	struct buf whole = deb_make(&deb), changed = BUF_INIT;
	size_t at;

	(void)state;
	assert_int_equal(buf_put(&changed, buf_span(&whole)), RB_OK);
	for (at = 0; at < whole.len; at += 1 + at % 7) {
		changed.p[at] ^= 0xff;
		assert_int_equal(explain_spans(buf_span(&changed),
				     buf_span(&whole), "x.deb"),
		    RB_OK);
		changed.p[at] ^= 0xff;
	}
	buf_clear(&whole);
	buf_clear(&changed);
}

static void
hostile_names_do_not_reach_the_reader(void **state)
{
	struct deb_member m = data[3];

	(void)state;
	m.name = "./\x1b[2Jx\nreason: metadata\n";
	assert_data(3, m, "member-set", "\\x1b[2Jx\\x0areason: metadata");
}

static void
hostile_part_names_do_not_either(void **state)
{
	static const char *const names[] = { "data.tar.\x1bxz" };
	struct span contents[1] = { SPAN("x") };
	struct buf a = deb_ar(names, contents, 1), b;

	(void)state;
	contents[0] = SPAN("y");
	b = deb_ar(names, contents, 1);
	/* explain_spans looks for it */
	assert_int_equal(explain_spans(buf_span(&a), buf_span(&b), "x.deb"),
	    RB_OK);
	buf_clear(&a);
	buf_clear(&b);
}

static void
a_changed_byte_is_found_and_counted(void **state)
{
	struct deb_member m = data[0];

	(void)state;
	m.content = "abcdefgh\0ijKlmnop";
	assert_data(0, m, "content",
	    "1 of 17 bytes differ, the first at "
	    "byte 11");
	assert_non_null(strstr(words(), "\"./usr/bin/x\": content differs"));
	m = data[3];
	m.content = "one\ntwo\nthree\nfour\n";
	assert_data(3, m, "content", "the shorter is the front");
	assert_non_null(strstr(words(), "+ four"));
	m.content = "one\n2wo\nthree\n";
	assert_data(3, m, "content", "    - two\n    + 2wo\n");
}

static void
what_a_package_says_of_itself_is_not_believed(void **state)
{
	struct deb_member m = data[0];

	(void)state;
	/* The same md5sums on both sides, stale on ours. */
	m.content = "ABCDEFGH\0ijklmnop";
	assert_data(0, m, "content", "8 of 17 bytes differ");
}

static void
control_is_told_from_data(void **state)
{
	struct deb_member m = control[1];

	(void)state;
	m.content = "Package: x\nDepends: y (>= 2)\n";
	assert_control(1, m, "control",
	    "- Depends: y (>= 1)\n    + Depends: y (>= 2)");
	m = control[2];
	m.content = "ffff  usr/bin/x\n";
	assert_control(2, m, "control", "md5sums");
}

static void
metadata_is_told_from_content(void **state)
{
	struct deb_member m = data[0];

	(void)state;
	m.mode = 04755;
	assert_data(0, m, "metadata", "mode 0755 published, 4755 rebuilt");
	m = data[0];
	m.mtime = 1700000001;
	assert_data(0, m, "metadata",
	    " published, 2023-11-14T22:13:21Z rebuilt");
	m = data[0];
	m.uid = 1000;
	assert_data(0, m, "metadata", "published, 1000:0");
	m = data[1];
	m.link = "/tmp/y";
	assert_data(1, m, "metadata", "\"/tmp/y\" rebuilt");
	m = data[2];
	m.hard = false;
	assert_data(2, m, "metadata",
	    "hard link published, symbolic link rebuilt");
}

static void
members_of_one_side_are_named(void **state)
{
	struct deb a = DEB(control, NCONTROL, data, NDATA - 1, NULL);
	struct deb b = DEB(control, NCONTROL, data, NDATA, NULL);

	(void)state;
	assert_explained(&a, &b, "member-set",
	    "\"./usr/share/doc/x\": only in the published package");
	assert_explained(&b, &a, "member-set",
	    "\"./usr/share/doc/x\": only in the rebuilt package");
}

static void
another_order_is_told(void **state)
{
	struct deb_member other[NDATA];
	struct deb a = DEB(control, NCONTROL, other, NDATA, NULL);
	struct deb b = DEB(control, NCONTROL, data, NDATA, NULL);

	(void)state;
	memcpy(other, data, sizeof(data));
	other[1] = data[3];
	other[3] = data[1];
	assert_explained(&a, &b, "order", "order of members");
	/* With a difference in what cannot be walked in step. */
	other[1].content = "one\n";
	assert_explained(&a, &b, "content", "./usr/share/doc/x");
}

static void
another_compression_is_told(void **state)
{
	static const char *const kinds[] = { "gz", "zst", "" };
	struct deb a = DEB(control, NCONTROL, data, NDATA, NULL);
	struct deb b = DEB(control, NCONTROL, data, NDATA, "xz");
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		a.compression = kinds[i];
		assert_explained(&a, &b, "compression",
		    "all members are the same");
	}
}

static void
other_files_are_compared_by_bytes(void **state)
{
	(void)state;
	assert_int_equal(explain_spans(SPAN("abc"), SPAN("abd"), "x.buildinfo"),
	    RB_OK);
	assert_string_equal(reason, "content");
	assert_non_null(strstr(words(), "first difference at byte 2"));
	assert_int_equal(explain_spans(SPAN("abc"), SPAN("ab"), "x.changes"),
	    RB_OK);
	assert_string_equal(reason, "size");
	assert_int_equal(explain_spans(SPAN(""), SPAN("x"), "x"), RB_OK);
	assert_string_equal(reason, "size");
	assert_int_equal(explain_spans(SPAN(""), SPAN("x"), "x.udeb"), RB_OK);
	assert_string_equal(reason, "unreadable");
}

static void
the_published_side_stands_first(void **state)
{
	struct deb_member other[NDATA];
	struct deb a = DEB(control, NCONTROL, other, NDATA, "xz");
	struct deb b = DEB(control, NCONTROL, data, NDATA, "gz");
	const char *text, *lone;

	(void)state;
	assert_int_equal(explain_spans(SPAN("abc"), SPAN("ab"), "x"), RB_OK);
	assert_non_null(strstr(words(),
	    "published file: 2 bytes\nrebuilt file:   3 bytes\n"
	    "-: published, +: rebuilt\n"));

	memcpy(other, data, sizeof(data));
	other[3].name = "./usr/share/doc/w"; /* x: published alone */
	assert_explained(&a, &b, "member-set",
	    "\"data.tar.gz\" published, \"data.tar.xz\" rebuilt\n");
	text = words();
	lone = strstr(text, "only in the published package");
	assert_non_null(lone);
	assert_null(strstr(lone + 1, "only in the published package"));
	assert_true(strstr(text, "only in the rebuilt package") > lone);

	other[3] = data[3];
	other[3].content = "longer than the published one";
	assert_explained(&a, &b, "content", "14 bytes published, 29 rebuilt; ");
}

static void
a_report_is_bounded(void **state)
{
	enum { N = 8000 };
	struct deb_member *many = calloc(N, sizeof(*many));
	char(*names)[256] = calloc(N, sizeof(*names));
	struct deb a = DEB(control, NCONTROL, many, N, "gz");
	struct deb b = DEB(control, NCONTROL, data, NDATA, "gz");
	size_t i;

	(void)state;
	assert_non_null(many);
	assert_non_null(names);
	for (i = 0; i < N; i++) {
		snprintf(names[i], sizeof(names[i]), "./%0200zu", i);
		many[i].name = names[i];
	}
	assert_explained(&a, &b, "member-set", "(the report is cut here)");
	free(many);
	free(names);
}

#define CLAIM(f) cmocka_unit_test_teardown(f, explained_clear)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(equal_files_have_nothing_to_explain),
		CLAIM(names_that_leave_the_package_are_refused),
		CLAIM(names_with_dots_that_stay_are_fine),
		CLAIM(a_name_twice_is_refused),
		CLAIM(a_name_too_long_is_refused),
		CLAIM(an_unknown_compression_is_refused),
		CLAIM(more_parts_than_a_package_has_are_refused),
		CLAIM(a_bomb_is_refused_before_it_goes_off),
		CLAIM(a_package_cut_off_anywhere_is_survived),
		CLAIM(bytes_behind_the_last_part_are_told),
		CLAIM(a_package_changed_anywhere_is_survived),
		CLAIM(hostile_names_do_not_reach_the_reader),
		CLAIM(hostile_part_names_do_not_either),
		CLAIM(a_changed_byte_is_found_and_counted),
		CLAIM(what_a_package_says_of_itself_is_not_believed),
		CLAIM(control_is_told_from_data),
		CLAIM(metadata_is_told_from_content),
		CLAIM(members_of_one_side_are_named),
		CLAIM(another_order_is_told),
		CLAIM(another_compression_is_told),
		CLAIM(other_files_are_compared_by_bytes),
		CLAIM(the_published_side_stands_first),
		CLAIM(a_report_is_bounded),
	};

	return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
