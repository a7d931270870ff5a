/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <cmocka.h>

#include "httpd/unpack.h"

#define ok(call) assert_int_equal(call, RB_OK)

#define PLAIN_LEN 100000

static struct buf
packed(size_t len, int window_log)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	struct buf plain = BUF_INIT, out = BUF_INIT;
	ZSTD_outBuffer o;
	ZSTD_inBuffer in;
	size_t i;

	assert_non_null(c);
	for (i = 0; i < len; i++)
		ok(buf_put_byte(&plain, (uint8_t)(i * i >> 7)));
	assert_false(ZSTD_isError(
	    ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log)));
	ok(buf_reserve(&out, ZSTD_compressBound(len)));
	o = (ZSTD_outBuffer){ out.p, ZSTD_compressBound(len), 0 };
	in = (ZSTD_inBuffer){ plain.p, plain.len, 0 };
	/* Two steps: zstd would shrink the window to a length it knows. */
	assert_false(
	    ZSTD_isError(ZSTD_compressStream2(c, &o, &in, ZSTD_e_continue)));
	assert_int_equal(ZSTD_compressStream2(c, &o, &in, ZSTD_e_end), 0);
	out.len = o.pos;
	ZSTD_freeCCtx(c);
	buf_clear(&plain);
	return out;
}

/* Unpacks all, `step` bytes at a time; takes over `in`. */
static enum rb_err
unpack_all(struct buf *in, size_t step, size_t *total)
{
	struct unpack *u = NULL;
	uint8_t block[4096];
	size_t len;
	enum rb_err rc;

	*total = 0;
	ok(unpack_new(in, &u));
	assert_null(in->p);
	do {
		rc = unpack_take(u, block, step, &len);
		if (rc == RB_OK)
			*total += len;
	} while (rc == RB_OK && len > 0);
	unpack_free(&u);
	unpack_free(&u);
	return rc;
}

static void
refuses_what_is_not_one_whole_frame(void **state)
{
	struct buf b;
	size_t n, cut;

	(void)state;
	for (cut = 0; cut < 40; cut++) {
		b = packed(PLAIN_LEN, 17);
		b.len = cut < 20 ? cut : b.len - (cut - 19);
		assert_int_equal(unpack_all(&b, 4096, &n), RB_EFORMAT);
	}
	b = packed(PLAIN_LEN, 17);
	b.p[0] ^= 1;
	assert_int_equal(unpack_all(&b, 4096, &n), RB_EFORMAT);

	b = packed(PLAIN_LEN, 17);
	ok(buf_put_byte(&b, 0));
	assert_int_equal(unpack_all(&b, 4096, &n), RB_EFORMAT);
}

static void
refuses_a_window_that_is_too_large(void **state)
{
	struct buf b = packed(PLAIN_LEN, UNPACK_WINDOW_LOG + 1);
	size_t n;

	(void)state;
	assert_int_equal(unpack_all(&b, 4096, &n), RB_EFORMAT);
	b = packed(PLAIN_LEN, UNPACK_WINDOW_LOG);
	ok(unpack_all(&b, 4096, &n));
}

static void
unpacks_in_steps_of_any_size(void **state)
{
	static const size_t steps[] = { 1, 7, 4096 };
	struct buf b;
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		b = packed(PLAIN_LEN, 17);
		ok(unpack_all(&b, steps[i], &n));
		assert_int_equal(n, PLAIN_LEN);
	}
	b = packed(0, 17);
	ok(unpack_all(&b, 16, &n));
	assert_int_equal(n, 0);
}

/* A few hundred bytes that become more than a node may keep. */
static void
ends_a_bomb_at_the_limit(void **state)
{
	static uint8_t zeros[1 << 20];
	ZSTD_CCtx *c = ZSTD_createCCtx();
	struct buf b = BUF_INIT;
	uint64_t total = 0;
	struct unpack *u = NULL;
	ZSTD_outBuffer o;
	ZSTD_inBuffer in;
	size_t len;
	enum rb_err rc;

	(void)state;
	assert_non_null(c);
	ok(buf_reserve(&b, 1 << 20));
	o = (ZSTD_outBuffer){ b.p, 1 << 20, 0 };
	for (total = 0; total <= UNPACK_MAX; total += sizeof(zeros)) {
		in = (ZSTD_inBuffer){ zeros, sizeof(zeros), 0 };
		assert_false(ZSTD_isError(ZSTD_compressStream2(c, &o, &in,
		    total + sizeof(zeros) > UNPACK_MAX ? ZSTD_e_end :
							 ZSTD_e_continue)));
	}
	b.len = o.pos;
	ZSTD_freeCCtx(c);

	ok(unpack_new(&b, &u));
	total = 0;
	while ((rc = unpack_take(u, zeros, sizeof(zeros), &len)) == RB_OK) {
		assert_true(len > 0);
		total += len;
	}
	assert_int_equal(rc, RB_ELIMIT);
	assert_true(total <= UNPACK_MAX);
	unpack_free(&u);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_not_one_whole_frame),
		cmocka_unit_test(refuses_a_window_that_is_too_large),
		cmocka_unit_test(unpacks_in_steps_of_any_size),
		cmocka_unit_test(ends_a_bomb_at_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
