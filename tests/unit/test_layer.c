/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>

#include "common/base/file.h"
#include "rebuilder/judge/layer.h"

#define NEWEST 1700000000
#define TAR_MAX (1024 * 1024)
#define LONG_PART "0123456789012345678901234567890123456789012345678901234567"

enum kind { END, FIL, DIR_, SYM, HARD, CHR, FIFO };

struct member {
	enum kind kind;
	const char *name, *link; /* link: text of a file */
	unsigned int mode;
	long id, mtime;
};

#define F(name, text) { FIL, name, text, 0644, 0, 0 }
#define D(name) { DIR_, name, NULL, 0755, 0, 0 }
#define S(name, to) { SYM, name, to, 0777, 0, 0 }
#define H(name, to) { HARD, name, to, 0644, 0, 0 }
#define DONE { END, NULL, NULL, 0, 0, 0 }

/* A tar as libarchive makes it: another program's idea of the format. */
static struct buf
make(const struct member *m, int (*format)(struct archive *))
{
	static const unsigned int types[] = { 0, AE_IFREG, AE_IFDIR, AE_IFLNK,
		AE_IFREG, AE_IFCHR, AE_IFIFO };
	struct archive *a = archive_write_new();
	struct buf out = BUF_INIT;
	size_t used = 0, len;

	assert_int_equal(buf_reserve(&out, TAR_MAX), RB_OK);
	assert_int_equal(format(a), ARCHIVE_OK);
	assert_int_equal(archive_write_add_filter_none(a), ARCHIVE_OK);
	assert_int_equal(archive_write_open_memory(a, out.p, TAR_MAX, &used),
	    ARCHIVE_OK);
	for (; m->kind != END; m++) {
		struct archive_entry *e = archive_entry_new();

		len = m->kind == FIL && m->link != NULL ? strlen(m->link) : 0;
		archive_entry_set_pathname(e, m->name);
		archive_entry_set_filetype(e, types[m->kind]);
		archive_entry_set_perm(e, (mode_t)m->mode);
		archive_entry_set_uid(e, m->id);
		archive_entry_set_gid(e, m->id);
		archive_entry_set_uname(e, "someone");
		archive_entry_set_mtime(e, m->mtime, 5);
		archive_entry_set_size(e, (la_int64_t)len);
		if (m->kind == SYM)
			archive_entry_set_symlink(e, m->link);
		if (m->kind == HARD)
			archive_entry_set_hardlink(e, m->link);
		assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
		if (len != 0)
			assert_int_equal(archive_write_data(a, m->link, len),
			    len);
		archive_entry_free(e);
	}
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	(void)archive_write_free(a);
	out.len = used;
	return out;
}

static enum rb_err
write_again(struct span in, struct buf *out, struct fault *why)
{
	int from = -1, to = memfd_create("layer", MFD_CLOEXEC);
	struct digest said, is;
	uint64_t size;
	enum rb_err rc;

	assert_true(to >= 0);
	assert_int_equal(memory_file("tar", in, &from), RB_OK);
	rc = layer_write(from, 0, in.len, NEWEST, to, &size, &said, why);
	if (rc == RB_OK) {
		assert_int_equal(lseek(to, 0, SEEK_SET), 0);
		assert_int_equal(file_read_fd(to, TAR_MAX, out), RB_OK);
		assert_int_equal(size, out->len);
		assert_int_equal(digest_of(buf_span(out), &is), RB_OK);
		assert_true(digest_equal(&said, &is));
	}
	fd_close(&from);
	fd_close(&to);
	return rc;
}

static void
refuses_what_no_layer_may_hold(void **state)
{
	static const struct {
		const char *why;
		struct member members[5];
	} cases[] = {
		{ "nothing", { DONE } },
		{ "absolute name", { F("/etc", "x") } },
		{ "name that climbs", { F("../x", "x") } },
		{ "name that climbs inside", { D("a"), F("a/../../x", "x") } },
		{ "name with a dot inside", { D("a"), F("a/./x", "x") } },
		{ "name with an empty part", { D("a"), F("a//x", "x") } },
		{ "file as the root", { F(".", "x") } },
		{ "name twice", { F("a", "x"), F("a", "y") } },
		{ "name twice in two spellings",
		    { F("a", "x"), F("./a", "y") } },
		{ "file over a directory", { D("a"), F("a", "x") } },
		{ "names falling", { F("b", "x"), F("a", "y") } },
		{ "bytewise but not a walk",
		    { D("a"), F("a-b", "x"), F("a/b", "y") } },
		{ "root not first", { F("a", "x"), D("./") } },
		{ "no directory above", { F("a/b", "x") } },
		{ "below a file", { F("a", "x"), F("a/b", "x") } },
		{ "below a symbolic link",
		    { S("a", "/etc"), F("a/passwd", "x") } },
		{ "below a prefix of the directory",
		    { D("ab"), F("abc/d", "x") } },
		{ "hard link to nothing", { F("a", "x"), H("b", "c") } },
		{ "hard link to a later file", { H("a", "b"), F("b", "x") } },
		{ "hard link to itself", { H("a", "a") } },
		{ "hard link out of the tree",
		    { F("a", "x"), H("b", "../a") } },
		{ "hard link to an absolute name",
		    { F("a", "x"), H("b", "/a") } },
		{ "hard link to a symbolic link",
		    { S("a", "/x"), H("b", "a") } },
		{ "hard link to a directory", { D("a"), H("b", "a") } },
		{ "hard link to a hard link",
		    { F("a", "x"), H("b", "a"), H("c", "b") } },
		{ "device", { { CHR, "null", NULL, 0600, 0, 0 } } },
		{ "pipe", { { FIFO, "pipe", NULL, 0600, 0, 0 } } },
		{ "user above the mapped ones",
		    { { FIL, "a", "x", 0644, 65536, 0 } } },
	};
	struct buf out = BUF_INIT, tar;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault why = FAULT_INIT;

		tar = make(cases[i].members, archive_write_set_format_gnutar);
		if (write_again(buf_span(&tar), &out, &why) != RB_EREFUSED)
			fail_msg("accepted: %s", cases[i].why);
		assert_string_not_equal(why.text, "");
		buf_clear(&tar);
	}
}

static const struct member tree[] = {
	{ DIR_, "./", NULL, 0755, 0, NEWEST },
	{ DIR_, "./bin", NULL, 0755, 0, NEWEST - 7 },
	{ FIL, "./bin/a", "text of a", 04755, 0, NEWEST + 100 },
	{ HARD, "./bin/b", "./bin/a", 0600, 3, 0 },
	{ FIL, "./bin-x", NULL, 0644, 65535, 0 },
	{ FIL, "./cafe\xcc\x81", "composed", 0644, 0, 0 },
	{ FIL, "./caf\xc3\xa9", "utf-8", 0644, 0, 0 },
	{ FIL, "./caf\xe9", "latin-1", 0644, 0, 0 },
	{ DIR_, "./d" LONG_PART, NULL, 01777, 1, 1 },
	{ FIL, "./d" LONG_PART "/" LONG_PART, "deep", 0644, 0, 1 },
	{ SYM, "./e", "/" LONG_PART "/" LONG_PART, 0644, 0, 1 },
	DONE,
};

/* What every kind of tar can hold. */
static const struct member small[] = { D("./"), D("./bin"),
	F("./bin/a", "text of a"), DONE };

static void
one_tree_has_one_spelling(void **state)
{
	int (*formats[])(struct archive *) = { archive_write_set_format_ustar,
		archive_write_set_format_gnutar };
	struct buf out[2] = { BUF_INIT, BUF_INIT };
	struct buf again = BUF_INIT, tar;
	struct fault why = FAULT_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		tar = make(small, formats[i]);
		if (write_again(buf_span(&tar), &out[i], &why) != RB_OK)
			fail_msg("%s", why.text);
		assert_true(span_equal(buf_span(&out[0]), buf_span(&out[i])));
		buf_clear(&tar);
	}
	assert_int_equal(write_again(buf_span(&out[0]), &again, &why), RB_OK);
	assert_true(span_equal(buf_span(&out[0]), buf_span(&again)));
	for (i = 0; i < 2; i++)
		buf_clear(&out[i]);
	buf_clear(&again);
}

/* Read again by libarchive: what a machine will unpack. */
static void
keeps_the_tree_and_normalises_the_rest(void **state)
{
	static const struct {
		const char *name, *link;
		unsigned int mode;
		long id, mtime, size;
	} want[] = {
		{ "./", NULL, 0755, 0, NEWEST, 0 },
		{ "bin/", NULL, 0755, 0, NEWEST - 7, 0 },
		{ "bin/a", NULL, 04755, 0, NEWEST, 9 },
		{ "bin/b", "bin/a", 04755, 0, NEWEST, 0 },
		{ "bin-x", NULL, 0644, 65535, 0, 0 },
		{ "cafe\xcc\x81", NULL, 0644, 0, 0, 8 },
		{ "caf\xc3\xa9", NULL, 0644, 0, 0, 5 },
		{ "caf\xe9", NULL, 0644, 0, 0, 7 },
		{ "d" LONG_PART "/", NULL, 01777, 1, 1, 0 },
		{ "d" LONG_PART "/" LONG_PART, NULL, 0644, 0, 1, 4 },
		{ "e", "/" LONG_PART "/" LONG_PART, 0777, 0, 1, 0 },
	};
	struct buf tar = make(tree, archive_write_set_format_gnutar);
	struct buf out = BUF_INIT;
	struct archive *a = archive_read_new();
	struct archive_entry *e;
	const char *link;
	size_t i;

	(void)state;
	assert_int_equal(write_again(buf_span(&tar), &out, NULL), RB_OK);
	assert_int_equal(archive_read_support_format_tar(a), ARCHIVE_OK);
	assert_int_equal(archive_read_open_memory(a, out.p, out.len),
	    ARCHIVE_OK);
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(archive_read_next_header(a, &e), ARCHIVE_OK);
		assert_string_equal(archive_entry_pathname(e), want[i].name);
		link = archive_entry_hardlink(e) != NULL ?
		    archive_entry_hardlink(e) :
		    archive_entry_symlink(e);
		if (want[i].link == NULL)
			assert_null(link);
		else
			assert_string_equal(link, want[i].link);
		assert_int_equal(archive_entry_perm(e), want[i].mode);
		assert_int_equal(archive_entry_uid(e), want[i].id);
		assert_int_equal(archive_entry_gid(e), want[i].id);
		assert_int_equal(archive_entry_mtime(e), want[i].mtime);
		assert_int_equal(archive_entry_size(e), want[i].size);
		link = archive_entry_uname(e);
		assert_true(link == NULL || link[0] == '\0');
	}
	assert_int_equal(archive_read_next_header(a, &e), ARCHIVE_EOF);
	(void)archive_read_free(a);
	buf_clear(&tar);
	buf_clear(&out);
}

static void
refuses_a_tar_cut_anywhere_in_a_member(void **state)
{
	struct buf tar = make(small, archive_write_set_format_ustar);
	struct buf out = BUF_INIT;
	size_t cut;

	(void)state;
	/* 512 bytes of "./", of "bin", of "bin/a", then its bytes. */
	for (cut = 1; cut < 4 * 512; cut += 73) {
		if (cut % 512 == 0)
			continue;
		if (write_again(span_of(tar.p, cut), &out, NULL) == RB_OK)
			fail_msg("accepted %zu bytes", cut);
	}
	buf_clear(&tar);
	buf_clear(&out);
}

static void
refuses_a_pax_archive(void **state)
{
	struct fault why = FAULT_INIT;
	struct buf out = BUF_INIT, tar;

	(void)state;
	tar = make(small, archive_write_set_format_pax);
	assert_int_equal(write_again(buf_span(&tar), &out, &why), RB_EREFUSED);
	assert_non_null(strstr(why.text, "--format=gnu"));
	buf_clear(&tar);
}

static void
refuses_what_is_no_tar(void **state)
{
	struct buf out = BUF_INIT, tar;

	(void)state;
	assert_int_equal(write_again(SPAN(""), &out, NULL), RB_EREFUSED);
	assert_int_equal(write_again(SPAN("#!/bin/sh\n"), &out, NULL),
	    RB_EREFUSED);
	/* Other archives that libarchive knows are not asked for. */
	tar = make(small, archive_write_set_format_cpio_newc);
	assert_int_equal(write_again(buf_span(&tar), &out, NULL), RB_EREFUSED);
	buf_clear(&tar);
}

static void
refuses_a_header_with_a_wrong_sum(void **state)
{
	struct buf tar = make(small, archive_write_set_format_ustar);
	struct buf out = BUF_INIT;

	(void)state;
	tar.p[512] ^= 1;
	assert_int_equal(write_again(buf_span(&tar), &out, NULL), RB_EREFUSED);
	buf_clear(&tar);
}

static void
refuses_places_beyond_any_file(void **state)
{
	struct digest d;
	uint64_t size;

	(void)state;
	assert_int_equal(layer_write(-1, UINT64_MAX, 1, 0, -1, &size, &d, NULL),
	    RB_EREFUSED);
	assert_int_equal(layer_write(-1, 1, INT64_MAX, 0, -1, &size, &d, NULL),
	    RB_EREFUSED);
	assert_int_equal(layer_write(-1, 0, 1, UINT64_MAX, -1, &size, &d, NULL),
	    RB_EREFUSED);
	/* This machine's fault is not the tar's. */
	assert_int_equal(layer_write(-1, 0, 512, 0, -1, &size, &d, NULL),
	    RB_EIO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_no_layer_may_hold),
		cmocka_unit_test(one_tree_has_one_spelling),
		cmocka_unit_test(keeps_the_tree_and_normalises_the_rest),
		cmocka_unit_test(refuses_a_tar_cut_anywhere_in_a_member),
		cmocka_unit_test(refuses_a_pax_archive),
		cmocka_unit_test(refuses_what_is_no_tar),
		cmocka_unit_test(refuses_a_header_with_a_wrong_sum),
		cmocka_unit_test(refuses_places_beyond_any_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
