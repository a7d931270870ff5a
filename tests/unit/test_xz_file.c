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
#include "rebuilder/judge/xz_file.h"

#define PLAIN_LEN (512u * 1024)

static struct fixture {
	uint8_t *plain;  /* owned */
	uint8_t *packed; /* owned */
	size_t len;
	struct file_claim of_plain, of_packed;
} fix;

/* Compresses into fix.packed by one of libarchive's filters. */
static void
pack(int (*add_filter)(struct archive *))
{
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();

	assert_non_null(a);
	assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
	assert_int_equal(add_filter(a), ARCHIVE_OK);
	assert_int_equal(archive_write_set_bytes_per_block(a, 0), ARCHIVE_OK);
	assert_int_equal(archive_write_open_memory(a, fix.packed, PLAIN_LEN * 2,
			     &fix.len),
	    ARCHIVE_OK);
	archive_entry_set_filetype(entry, AE_IFREG);
	assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(a, fix.plain, PLAIN_LEN),
	    PLAIN_LEN);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_entry_free(entry);
	(void)archive_write_free(a);
	fix.of_packed.size = fix.len;
	assert_int_equal(digest_of(span_of(fix.packed, fix.len),
			     &fix.of_packed.digest),
	    RB_OK);
}

static int
set_up(void **state)
{
	size_t i;

	(void)state;
	fix.plain = malloc(PLAIN_LEN);
	fix.packed = malloc((size_t)PLAIN_LEN * 2);
	if (fix.plain == NULL || fix.packed == NULL)
		return -1;
	for (i = 0; i < PLAIN_LEN; i++)
		fix.plain[i] = (uint8_t)(i * i / 1000);
	fix.of_plain.size = PLAIN_LEN;
	assert_int_equal(digest_of(span_of(fix.plain, PLAIN_LEN),
			     &fix.of_plain.digest),
	    RB_OK);
	pack(archive_write_add_filter_xz);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	free(fix.plain);
	free(fix.packed);
	return 0;
}

/* Returns the code; `written` is how much came out. */
static enum rb_err
unpack(uint64_t *written)
{
	struct fault why = FAULT_INIT;
	int in = -1, out;
	enum rb_err rc;

	assert_int_equal(memory_file("packed", span_of(fix.packed, fix.len),
			     &in),
	    RB_OK);
	out = memfd_create("plain", MFD_CLOEXEC);
	assert_true(out >= 0);
	rc = xz_file_unpack(in, &fix.of_packed, out, &fix.of_plain, &why);
	assert_int_equal(why.text[0] == '\0', rc == RB_OK);
	assert_int_equal(file_size(out, written), RB_OK);
	fd_close(&in);
	fd_close(&out);
	return rc;
}

static void
refuses_other_compressed_bytes_unread(void **state)
{
	uint64_t n;

	(void)state;
	fix.packed[fix.len / 2] ^= 1;
	assert_int_equal(unpack(&n), RB_EDIGEST);
	assert_int_equal(n, 0);
}

static void
refuses_another_compressed_size(void **state)
{
	uint64_t n;

	(void)state;
	fix.len--;
	assert_int_equal(unpack(&n), RB_EDIGEST);
	assert_int_equal(n, 0);
	fix.len += 2;
	fix.packed[fix.len - 1] = 0;
	assert_int_equal(unpack(&n), RB_EDIGEST);
	assert_int_equal(n, 0);
}

static void
never_writes_more_than_the_claim(void **state)
{
	uint64_t n;

	(void)state;
	fix.of_plain.size = PLAIN_LEN / 2;
	assert_int_equal(unpack(&n), RB_EDIGEST);
	assert_true(n <= PLAIN_LEN / 2);
}

static void
refuses_less_than_the_claim(void **state)
{
	uint64_t n;

	(void)state;
	fix.of_plain.size = PLAIN_LEN + 1;
	assert_int_equal(unpack(&n), RB_EDIGEST);
}

static void
refuses_other_plain_bytes(void **state)
{
	uint64_t n;

	(void)state;
	fix.of_plain.digest.b[0] ^= 1;
	assert_int_equal(unpack(&n), RB_EDIGEST);
}

static void
refuses_signed_bytes_that_are_no_xz(void **state)
{
	uint64_t n;

	(void)state;
	pack(archive_write_add_filter_none);
	assert_int_equal(unpack(&n), RB_EFORMAT);
	pack(archive_write_add_filter_gzip);
	assert_int_equal(unpack(&n), RB_EFORMAT);
	pack(archive_write_add_filter_xz);
	fix.len /= 2;
	fix.of_packed.size = fix.len;
	assert_int_equal(digest_of(span_of(fix.packed, fix.len),
			     &fix.of_packed.digest),
	    RB_OK);
	assert_int_equal(unpack(&n), RB_EFORMAT);
}

static void
gives_the_plain_bytes(void **state)
{
	uint64_t n;

	(void)state;
	assert_int_equal(unpack(&n), RB_OK);
	assert_int_equal(n, PLAIN_LEN);
}

/* What xz(1) makes of nothing: the index of a suite without packages. */
static void
takes_an_index_of_nothing(void **state)
{
	static const uint8_t nothing[] = { 0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00,
		0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x00, 0x00, 0x00, 0x00,
		0x1c, 0xdf, 0x44, 0x21, 0x1f, 0xb6, 0xf3, 0x7d, 0x01, 0x00,
		0x00, 0x00, 0x00, 0x04, 0x59, 0x5a };
	struct file_claim packed = { .size = sizeof(nothing) }, plain = { 0 };
	struct fault why = FAULT_INIT;
	uint64_t size = 1;
	int in = -1, out = memfd_create("out", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(digest_of(span_of(nothing, sizeof(nothing)),
			     &packed.digest),
	    RB_OK);
	assert_int_equal(digest_of(SPAN(""), &plain.digest), RB_OK);
	assert_int_equal(memory_file("in", span_of(nothing, sizeof(nothing)),
			     &in),
	    RB_OK);
	assert_int_equal(xz_file_unpack(in, &packed, out, &plain, &why), RB_OK);
	assert_int_equal(file_size(out, &size), RB_OK);
	assert_int_equal(size, 0);
	/* And nothing is not something. */
	plain.size = 1;
	assert_int_equal(xz_file_unpack(in, &packed, out, &plain, &why),
	    RB_EDIGEST);
	fd_close(&in);
	fd_close(&out);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(refuses_other_compressed_bytes_unread),
		CASE(refuses_another_compressed_size),
		CASE(never_writes_more_than_the_claim),
		CASE(refuses_less_than_the_claim),
		CASE(refuses_other_plain_bytes),
		CASE(refuses_signed_bytes_that_are_no_xz),
		CASE(gives_the_plain_bytes),
		cmocka_unit_test(takes_an_index_of_nothing),
	};
#undef CASE

	return cmocka_run_group_tests(tests, NULL, NULL);
}
