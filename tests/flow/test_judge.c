/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real rebuilder-judge, in its jail: one question, one answer, the end. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "tests/flow/run_role.h"

#define OUT_MAX (1024 * 1024)
#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DATE_SECONDS 1783764997

static const char packages[] =
    "Package: a\nVersion: 1+b2\nArchitecture: amd64\nSource: src (1)\n"
    "Filename: pool/a.deb\nSize: 7\nSHA256: " HEX "\n\n"
    "Package: b\nVersion: 2\nArchitecture: all\n"
    "Filename: pool/b.deb\nSize: 8\nSHA256: " HEX "\n";

static const char sources[] =
    "Package: src\nVersion: 1\nDirectory: pool/src\nChecksums-Sha256:\n " HEX
    " 9 src_1.dsc\n";

static int
file_of(struct span s)
{
	int fd = -1;

	assert_int_equal(memory_file("input", s, &fd), RB_OK);
	return fd;
}

static int
file_at(const char *name)
{
	char path[4096];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", getenv("RB_DATA"), name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static int
output(void)
{
	int fd = memfd_create("output", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* The message takes a copy of the descriptor. */
static void
add(struct msg *m, int fd)
{
	assert_int_equal(msg_add_fd(m, dup(fd)), RB_OK);
}

static struct buf
content(int *fd)
{
	struct buf b = BUF_INIT;

	assert_int_equal(lseek(*fd, 0, SEEK_SET), 0);
	assert_int_equal(file_read_fd(*fd, OUT_MAX, &b), RB_OK);
	fd_close(fd);
	return b;
}

/* Asks in a fresh process; the process ends well when we hang up. */
static struct span
ask(struct msg *question, uint16_t expected, struct msg *answer)
{
	struct run_role judge;

	run_role_start(&judge, "rebuilder-judge", NULL);
	msg_init(answer, 0);
	assert_int_equal(msg_call(judge.sock, question, answer), RB_OK);
	assert_int_equal(run_role_end(&judge), 0);
	assert_int_equal(answer->type, expected);
	assert_int_equal(answer->nfds, 0);
	msg_clear(question);
	return buf_span(&answer->body);
}

static void
expect_text(struct span *in, const char *want)
{
	char *text = NULL;

	assert_int_equal(take_text(in, 1024, &text), RB_OK);
	assert_string_equal(text, want);
	free(text);
}

static void
expect_u64(struct span *in, uint64_t want)
{
	uint64_t v = 0;

	assert_int_equal(take_u64(in, &v), RB_OK);
	assert_int_equal(v, want);
}

static void
expect_u32(struct span *in, uint32_t want)
{
	uint32_t v = 0;

	assert_int_equal(take_u32(in, &v), RB_OK);
	assert_int_equal(v, want);
}

static void
expect_u8(struct span *in, uint8_t want)
{
	uint8_t v = 0;

	assert_int_equal(take_u8(in, &v), RB_OK);
	assert_int_equal(v, want);
}

static void
skip_digest(struct span *in)
{
	struct digest d;

	assert_int_equal(take_digest(in, &d), RB_OK);
}

enum { RULE, ABSENT, STALE, SIGNATURE, DIGEST };

static void
expect_refusal(struct msg *question, uint8_t how, const char *sentence)
{
	struct msg answer;
	struct span in = ask(question, JUDGE_REFUSED, &answer);
	char *text = NULL;

	expect_u8(&in, how);
	assert_int_equal(take_text(&in, 1024, &text), RB_OK);
	if (strstr(text, sentence) == NULL)
		fail_msg("'%s' instead of '%s'", text, sentence);
	free(text);
	msg_clear(&answer);
}

#define RELEASE_TEXT \
	"Codename: bookworm\nSuite: oldstable\n" \
	"Date: Sat, 11 Jul 2026 10:16:37 UTC\nAcquire-By-Hash: yes\n" \
	"SHA256:\n " HEX " 5 main/P.xz\n " HEX " 50 main/P\n " HEX \
	" 6 main/S.xz\n " HEX " 7 main/T\n"

#define ARMOUR(text) \
	"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n" text \
	"-----BEGIN PGP SIGNATURE-----\n\n=Fo80\n" \
	"-----END PGP SIGNATURE-----\n"

static struct msg
armoured_question(const char *armoured, const char *status,
    uint32_t exit_status, const char *suite, uint64_t newest, const char *path)
{
	int whole = file_of(span_of_str(armoured));
	int text = file_of(span_of_str(RELEASE_TEXT)), said = file_at(status);
	struct msg m;

	msg_init(&m, JUDGE_RELEASE);
	assert_int_equal(put_u32(&m.body, exit_status), RB_OK);
	assert_int_equal(put_text(&m.body, suite), RB_OK);
	assert_int_equal(put_u64(&m.body, DATE_SECONDS + 100), RB_OK);
	assert_int_equal(put_u64(&m.body, newest), RB_OK);
	assert_int_equal(put_u8(&m.body, 0), RB_OK);
	assert_int_equal(put_u8(&m.body, 1), RB_OK);
	assert_int_equal(put_text(&m.body, path), RB_OK);
	add(&m, whole);
	add(&m, text);
	add(&m, said);
	fd_close(&whole);
	fd_close(&text);
	fd_close(&said);
	return m;
}

static struct msg
release_question(const char *status, uint32_t exit_status, const char *suite,
    uint64_t newest, const char *path)
{
	return armoured_question(ARMOUR(RELEASE_TEXT), status, exit_status,
	    suite, newest, path);
}

static void
judges_a_release(void **state)
{
	struct msg q, a;
	char *fingerprint = NULL;
	struct span in;

	(void)state;
	q = release_question("gpgv/good.status", 0, "bookworm", 0, "main/P.xz");
	in = ask(&q, JUDGE_RELEASE_IS, &a);
	expect_u64(&in, DATE_SECONDS);
	expect_u64(&in, 0);
	expect_u8(&in, 1);
	expect_text(&in, "bookworm");
	expect_text(&in, "oldstable");
	expect_u8(&in, 1);
	assert_int_equal(take_text(&in, 64, &fingerprint), RB_OK);
	assert_int_equal(strlen(fingerprint), 40);
	free(fingerprint);
	expect_u8(&in, 1);
	expect_text(&in, "main/P.xz");
	expect_u64(&in, 5);
	skip_digest(&in);
	expect_u64(&in, 50);
	skip_digest(&in);
	assert_int_equal(take_end(in), RB_OK);
	msg_clear(&a);
}

/* As reprepro writes it by default, without .xz. */
static void
takes_an_index_that_is_not_compressed(void **state)
{
	/* path, size and digest, twice: the end of the answer. */
	const size_t len = 4 + 6 + 2 * (8 + DIGEST_LEN);
	struct msg q, a;
	struct span in;

	(void)state;
	q = release_question("gpgv/good.status", 0, "bookworm", 0, "main/T.xz");
	in = ask(&q, JUDGE_RELEASE_IS, &a);
	in = span_of(in.p + in.len - len, len);
	expect_text(&in, "main/T");
	expect_u64(&in, 7);
	skip_digest(&in);
	expect_u64(&in, 7);
	msg_clear(&a);
}

static void
refuses_a_release(void **state)
{
	struct msg q;

	(void)state;
	q = release_question("gpgv/changed-text.status", 1, "bookworm", 0,
	    "main/P.xz");
	expect_refusal(&q, SIGNATURE, "BADSIG");
	q = release_question("gpgv/unknown.status", 2, "bookworm", 0,
	    "main/P.xz");
	expect_refusal(&q, SIGNATURE, "none of 1 signatures");
	q = release_question("gpgv/good.status", 1, "bookworm", 0, "main/P.xz");
	expect_refusal(&q, SIGNATURE, "ended with status 1");
	q = release_question("gpgv/good.status", 0, "sid", 0, "main/P.xz");
	expect_refusal(&q, RULE, "not of 'sid'");
	q = release_question("gpgv/good.status", 0, "bookworm",
	    DATE_SECONDS + 1, "main/P.xz");
	expect_refusal(&q, STALE, "older than one seen before");
	q = release_question("gpgv/good.status", 0, "bookworm", 0, "main/Q.xz");
	expect_refusal(&q, ABSENT, "does not list what 'main/Q.xz' holds");
	/* Listed compressed, but not decompressed. */
	q = release_question("gpgv/good.status", 0, "bookworm", 0, "main/S.xz");
	expect_refusal(&q, ABSENT, "'main/S.xz'");
	/* gpgv passes over what stands around the signed text. */
	q = armoured_question("Origin: me\n" ARMOUR(RELEASE_TEXT),
	    "gpgv/good-with-garbage-around.status", 0, "bookworm", 0,
	    "main/P.xz");
	expect_refusal(&q, RULE, "before");
	q = armoured_question(ARMOUR(RELEASE_TEXT) "Origin: me\n",
	    "gpgv/good-with-garbage-around.status", 0, "bookworm", 0,
	    "main/P.xz");
	expect_refusal(&q, RULE, "behind");
	q = armoured_question(ARMOUR("Codename: bookworm\n"),
	    "gpgv/good.status", 0, "bookworm", 0, "main/P.xz");
	expect_refusal(&q, RULE, "not, byte for byte, the one that gpgv read");
}

static size_t
compress(struct span plain, uint8_t *out, size_t cap)
{
	struct archive *a = archive_write_new();
	struct archive_entry *e = archive_entry_new();
	size_t used = 0;

	assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
	assert_int_equal(archive_write_add_filter_xz(a), ARCHIVE_OK);
	assert_int_equal(archive_write_set_bytes_per_block(a, 0), ARCHIVE_OK);
	assert_int_equal(archive_write_open_memory(a, out, cap, &used),
	    ARCHIVE_OK);
	archive_entry_set_filetype(e, AE_IFREG);
	assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
	assert_int_equal(archive_write_data(a, plain.p, plain.len), plain.len);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_entry_free(e);
	(void)archive_write_free(a);
	return used;
}

static void
put_claim(struct buf *body, struct span s)
{
	struct digest d;

	assert_int_equal(digest_of(s, &d), RB_OK);
	assert_int_equal(put_u64(body, s.len), RB_OK);
	assert_int_equal(put_digest(body, &d), RB_OK);
}

static void
decompresses_an_index(void **state)
{
	struct span plain = span_of_str(packages), packed, in;
	uint8_t xz[4096];
	struct buf got;
	struct msg q, a;
	int from, to = output();

	(void)state;
	packed = span_of(xz, compress(plain, xz, sizeof(xz)));
	from = file_of(packed);
	msg_init(&q, JUDGE_INDEX);
	put_claim(&q.body, packed);
	put_claim(&q.body, plain);
	add(&q, from);
	add(&q, to);
	in = ask(&q, JUDGE_OK, &a);
	expect_u64(&in, plain.len);
	skip_digest(&in);
	assert_int_equal(take_end(in), RB_OK);
	msg_clear(&a);
	got = content(&to);
	assert_true(span_equal(buf_span(&got), plain));
	buf_clear(&got);

	to = output();
	msg_init(&q, JUDGE_INDEX);
	put_claim(&q.body, packed);
	put_claim(&q.body, span_of(plain.p, plain.len - 1));
	add(&q, from);
	add(&q, to);
	expect_refusal(&q, DIGEST, "larger than");
	fd_close(&from);
	fd_close(&to);
}

/* The record of the first of `packages`, and the end. */
static void
expect_package_a(struct span in)
{
	expect_text(&in, "a");
	expect_text(&in, "1+b2");
	expect_text(&in, "amd64");
	expect_text(&in, "pool/a.deb");
	expect_u64(&in, 7);
	skip_digest(&in);
	expect_u8(&in, 1);
	assert_int_equal(take_end(in), RB_OK);
}

static void
finds_a_source_and_its_binaries(void **state)
{
	int s = file_of(span_of_str(sources)),
	    p = file_of(span_of_str(packages));
	int records = output(), stanza = output();
	struct msg q, a;
	struct buf b;
	struct span in;

	(void)state;
	msg_init(&q, JUDGE_SOURCE);
	assert_int_equal(put_text(&q.body, "src"), RB_OK);
	assert_int_equal(put_text(&q.body, ""), RB_OK);
	assert_int_equal(put_text(&q.body, "amd64"), RB_OK);
	add(&q, s);
	add(&q, p);
	add(&q, records);
	add(&q, stanza);
	in = ask(&q, JUDGE_SOURCE_IS, &a);
	expect_text(&in, "1");
	expect_text(&in, "pool/src");
	expect_text(&in, "src_1.dsc");
	expect_u32(&in, 1);
	expect_u32(&in, 1);
	assert_int_equal(take_end(in), RB_OK);
	msg_clear(&a);
	b = content(&records);
	in = buf_span(&b);
	expect_text(&in, "src_1.dsc");
	expect_u64(&in, 9);
	skip_digest(&in);
	expect_package_a(in);
	buf_clear(&b);
	b = content(&stanza);
	assert_true(span_equal_str(buf_span(&b), sources));
	buf_clear(&b);
	fd_close(&s);
	fd_close(&p);
}

static void
finds_what_is_published_of_a_source(void **state)
{
	int p = file_of(span_of_str(packages)), records = output();
	struct msg q, a;
	struct buf b;
	struct span in;

	(void)state;
	msg_init(&q, JUDGE_PUBLISHED);
	assert_int_equal(put_text(&q.body, "src"), RB_OK);
	assert_int_equal(put_text(&q.body, "1"), RB_OK);
	assert_int_equal(put_text(&q.body, "amd64"), RB_OK);
	add(&q, p);
	add(&q, records);
	in = ask(&q, JUDGE_PUBLISHED_IS, &a);
	expect_u32(&in, 1);
	assert_int_equal(take_end(in), RB_OK);
	msg_clear(&a);
	b = content(&records);
	in = buf_span(&b);
	expect_package_a(in);
	buf_clear(&b);
	fd_close(&p);
}

#define RESOLUTION "base a 1+b2 amd64\nbuild b 2 all\n"
static const char stream[] = "output 1\nfile resolution 32\n" RESOLUTION
			     "end 3\n";

static void
finds_outputs_and_resolves_what_they_ask(void **state)
{
	int from = file_of(span_of_str(stream)), records = output();
	int p = file_of(span_of_str(packages)), base = output();
	int build = output();
	uint64_t offset, len;
	struct msg q, a;
	struct buf b;
	struct span in;

	(void)state;
	msg_init(&q, JUDGE_OUTPUTS);
	assert_int_equal(put_u64(&q.body, strlen(stream)), RB_OK);
	add(&q, from);
	add(&q, records);
	in = ask(&q, JUDGE_OUTPUTS_ARE, &a);
	expect_u32(&in, 3);
	expect_u32(&in, 1);
	msg_clear(&a);
	b = content(&records);
	in = buf_span(&b);
	expect_text(&in, "resolution");
	assert_int_equal(take_u64(&in, &offset), RB_OK);
	assert_int_equal(take_u64(&in, &len), RB_OK);
	assert_int_equal(len, strlen(RESOLUTION));
	assert_memory_equal(stream + offset, RESOLUTION, len);
	buf_clear(&b);

	records = output();
	msg_init(&q, JUDGE_RESOLUTION);
	assert_int_equal(put_u64(&q.body, offset), RB_OK);
	assert_int_equal(put_u64(&q.body, len), RB_OK);
	add(&q, from);
	add(&q, records);
	add(&q, base);
	add(&q, build);
	add(&q, p);
	in = ask(&q, JUDGE_RESOLUTION_IS, &a);
	expect_u32(&in, 2);
	msg_clear(&a);
	b = content(&base);
	assert_true(span_starts(buf_span(&b), SPAN("Package: a\n")));
	buf_clear(&b);
	b = content(&build);
	assert_true(span_starts(buf_span(&b), SPAN("Package: b\n")));
	buf_clear(&b);
	fd_close(&from);
	fd_close(&records);
	fd_close(&p);
}

static void
writes_a_layer_from_within_a_stream(void **state)
{
	int from = file_at("fuzz/fuzz_layer/gnu"), to = output();
	struct msg q, a;
	struct digest said, is;
	struct buf b;
	struct span in;
	uint64_t size;

	(void)state;
	assert_int_equal(file_size(from, &size), RB_OK);
	msg_init(&q, JUDGE_LAYER);
	assert_int_equal(put_u64(&q.body, 0), RB_OK);
	assert_int_equal(put_u64(&q.body, size), RB_OK);
	assert_int_equal(put_u64(&q.body, 1700000000), RB_OK);
	add(&q, from);
	add(&q, to);
	in = ask(&q, JUDGE_OK, &a);
	assert_int_equal(take_u64(&in, &size), RB_OK);
	assert_int_equal(take_digest(&in, &said), RB_OK);
	msg_clear(&a);
	b = content(&to);
	assert_int_equal(b.len, size);
	assert_int_equal(digest_of(buf_span(&b), &is), RB_OK);
	assert_true(digest_equal(&said, &is));
	buf_clear(&b);
	fd_close(&from);
}

/* What only a broken or captured parent would send. */
static void
ends_at_a_frame_that_is_wrong(void **state)
{
	static const uint16_t types[] = { JUDGE_RELEASE, JUDGE_INDEX,
		JUDGE_SOURCE, JUDGE_RESOLUTION, JUDGE_OUTPUTS, JUDGE_LAYER,
		JUDGE_PUBLISHED, JUDGE_BUILDINFO, JUDGE_PINS, JUDGE_ENVIRONMENT,
		JUDGE_BUILT, JUDGE_OVERRIDES, NET_SETUP };
	struct run_role judge;
	struct msg q, a;
	int status;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		run_role_start(&judge, "rebuilder-judge", NULL);
		msg_init(&q, types[i]);
		msg_init(&a, 0);
		assert_int_equal(put_u8(&q.body, 1), RB_OK);
		assert_int_equal(msg_call(judge.sock, &q, &a), RB_EPEER);
		status = run_role_end(&judge);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
		msg_clear(&q);
	}
}

static void
answers_one_question_only(void **state)
{
	int from = file_of(span_of_str(stream)), records = output();
	struct run_role judge;
	struct msg q, a;
	int status;

	(void)state;
	run_role_start(&judge, "rebuilder-judge", NULL);
	msg_init(&q, JUDGE_OUTPUTS);
	msg_init(&a, 0);
	assert_int_equal(put_u64(&q.body, strlen(stream)), RB_OK);
	add(&q, from);
	add(&q, records);
	assert_int_equal(msg_call(judge.sock, &q, &a), RB_OK);
	msg_clear(&a);
	assert_int_equal(msg_call(judge.sock, &q, &a), RB_EPEER);
	status = run_role_end(&judge);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	msg_clear(&q);
	fd_close(&from);
	fd_close(&records);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_an_index_that_is_not_compressed),
		cmocka_unit_test(refuses_a_release),
		cmocka_unit_test(judges_a_release),
		cmocka_unit_test(decompresses_an_index),
		cmocka_unit_test(finds_a_source_and_its_binaries),
		cmocka_unit_test(finds_what_is_published_of_a_source),
		cmocka_unit_test(finds_outputs_and_resolves_what_they_ask),
		cmocka_unit_test(writes_a_layer_from_within_a_stream),
		cmocka_unit_test(ends_at_a_frame_that_is_wrong),
		cmocka_unit_test(answers_one_question_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
