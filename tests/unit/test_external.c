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

#include "common/base/enc.h"
#include "common/base/file.h"
#include "rebuilder/judge/external.h"
#include "rebuilder/judge/tree_file.h"

#define EMPTY_256 \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC_256 \
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
/* FIPS 180-2, C.1 */
#define ABC_512 \
	"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" \
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"

static void
takes_a_checksum_and_nothing_else(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		enum rb_err rc;
	} cases[] = {
		{ "", 32, RB_EFORMAT },
		{ "\n", 32, RB_EFORMAT },
		{ ABC_256 "  x.tar.gz\n", 32, RB_EFORMAT },
		{ ABC_256 "\n" ABC_256 "\n", 32, RB_EFORMAT },
		{ " " ABC_256, 32, RB_EFORMAT },
		{ ABC_256, 64, RB_EFORMAT },
		{ ABC_512, 32, RB_EFORMAT },
		{ "x" EMPTY_256, 32, RB_EFORMAT },
		{ "g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b785"
		  "2b855",
		    32, RB_EFORMAT },
		{ ABC_256, 32, RB_OK },
		{ ABC_256 "\n\n", 32, RB_OK },
		{ "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20"
		  "015AD\n",
		    32, RB_OK },
		{ ABC_512 "\n", 64, RB_OK },
	};
	uint8_t sum[EXTERNAL_SUM_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (external_sum_parse(span_of_str(cases[i].in), cases[i].len,
			sum) != cases[i].rc)
			fail_msg("%s", cases[i].in);
}

static void
holds_a_file_against_its_checksum(void **state)
{
	static const struct {
		const char *in, *sum;
		enum rb_err rc;
	} cases[] = {
		{ "abd", ABC_256, RB_EDIGEST },
		{ "abd", ABC_512, RB_EDIGEST },
		{ "", ABC_256, RB_EDIGEST },
		{ "abcd", ABC_256, RB_EDIGEST },
		{ "abc", ABC_256, RB_OK },
		{ "abc", ABC_512, RB_OK },
		{ "", EMPTY_256, RB_OK },
	};
	uint8_t sum[EXTERNAL_SUM_MAX];
	struct fault why;
	size_t i, len;
	int fd = -1;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		len = strlen(cases[i].sum) / 2;
		assert_int_equal(external_sum_parse(span_of_str(cases[i].sum),
				     len, sum),
		    RB_OK);
		assert_int_equal(memory_file("x", span_of_str(cases[i].in),
				     &fd),
		    RB_OK);
		assert_int_equal(external_check(fd, strlen(cases[i].in),
				     span_of(sum, len), &why),
		    cases[i].rc);
		fd_close(&fd);
	}
}

/* `text` packed by libarchive's own writer. */
static void
pack(const char *text, bool is_gzip, struct buf *out)
{
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	char room[4096];
	size_t used = 0;

	assert_non_null(a);
	assert_non_null(entry);
	assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
	assert_int_equal(is_gzip ? archive_write_add_filter_gzip(a) :
				   archive_write_add_filter_xz(a),
	    ARCHIVE_OK);
	assert_int_equal(archive_write_set_bytes_in_last_block(a, 1),
	    ARCHIVE_OK);
	assert_int_equal(archive_write_open_memory(a, room, sizeof(room),
			     &used),
	    ARCHIVE_OK);
	archive_entry_set_filetype(entry, AE_IFREG);
	assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(a, text, strlen(text)),
	    strlen(text));
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	assert_int_equal(buf_put(out, span_of(room, used)), RB_OK);
	archive_entry_free(entry);
	assert_int_equal(archive_write_free(a), ARCHIVE_OK);
}

static enum rb_err
unpack(struct span in, enum external_packing packing, uint64_t max,
    struct buf *out)
{
	int fd = memfd_create("out", MFD_CLOEXEC);
	struct fault why;
	enum rb_err rc;

	assert_int_not_equal(fd, -1);
	rc = external_unpack(in, packing, max, fd, &why);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(file_read_fd(fd, 4096, out), RB_OK);
	fd_close(&fd);
	return rc;
}

static void
decompresses_what_it_was_told_and_no_more(void **state)
{
	struct buf gzip = BUF_INIT, xz = BUF_INIT, out = BUF_INIT;

	(void)state;
	pack("some text", true, &gzip);
	pack("some text", false, &xz);
	assert_int_equal(unpack(buf_span(&gzip), PACKED_XZ, 100, &out),
	    RB_EFORMAT);
	assert_int_equal(unpack(buf_span(&xz), PACKED_GZIP, 100, &out),
	    RB_EFORMAT);
	assert_int_equal(unpack(SPAN("some text"), PACKED_GZIP, 100, &out),
	    RB_EFORMAT);
	assert_int_equal(unpack(SPAN(""), PACKED_XZ, 100, &out), RB_EFORMAT);
	assert_int_equal(unpack(span_of(gzip.p, gzip.len / 2), PACKED_GZIP, 100,
			     &out),
	    RB_EFORMAT);
	buf_reset(&out);
	assert_int_equal(unpack(buf_span(&gzip), PACKED_GZIP, 8, &out),
	    RB_ELIMIT);
	assert_int_equal(out.len, 0);
	assert_int_equal(unpack(buf_span(&gzip), PACKED_GZIP, 9, &out), RB_OK);
	assert_true(span_equal_str(buf_span(&out), "some text"));
	buf_reset(&out);
	assert_int_equal(unpack(buf_span(&xz), PACKED_XZ, 100, &out), RB_OK);
	assert_true(span_equal_str(buf_span(&out), "some text"));
	buf_clear(&gzip);
	buf_clear(&xz);
	buf_clear(&out);
}

static void
finds_only_regular_files_of_a_tree(void **state)
{
	struct buf tar = BUF_INIT, out = BUF_INIT;
	FILE *f;

	(void)state;
	f = popen("d=$(mktemp -d); cd \"$d\"; mkdir a; echo one >a/file; "
		  "ln -s a/file link; ln a/file z; "
		  "tar -c -f - a link z; rm -r \"$d\"",
	    "re");
	assert_non_null(f);
	assert_int_equal(file_read_fd(fileno(f), 1 << 20, &tar), RB_OK);
	assert_int_equal(pclose(f), 0);
	assert_int_equal(tree_file_read(buf_span(&tar), SPAN("a"), 9, &out),
	    RB_ENOTFOUND);
	assert_int_equal(tree_file_read(buf_span(&tar), SPAN("link"), 9, &out),
	    RB_ENOTFOUND);
	assert_int_equal(tree_file_read(buf_span(&tar), SPAN("z"), 9, &out),
	    RB_ENOTFOUND);
	assert_int_equal(tree_file_read(buf_span(&tar), SPAN("b"), 9, &out),
	    RB_ENOTFOUND);
	assert_int_equal(tree_file_read(buf_span(&tar), SPAN("a/file"), 3,
			     &out),
	    RB_ELIMIT);
	assert_int_equal(tree_file_read(SPAN("no tar at all"), SPAN("a"), 9,
			     &out),
	    RB_EFORMAT);
	assert_int_equal(out.len, 0);
	assert_int_equal(tree_file_read(buf_span(&tar), SPAN("a/file"), 4,
			     &out),
	    RB_OK);
	assert_true(span_equal_str(buf_span(&out), "one\n"));
	buf_clear(&tar);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_checksum_and_nothing_else),
		cmocka_unit_test(holds_a_file_against_its_checksum),
		cmocka_unit_test(decompresses_what_it_was_told_and_no_more),
		cmocka_unit_test(finds_only_regular_files_of_a_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
