/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/judge/git/pack_reader.h"
#include "tests/unit/packed.h"

/* Opens, indexes, and reads every object again by its id. */
static enum rb_err
read_all(struct span bytes, size_t *n)
{
	struct pack_index index = PACK_INDEX_INIT;
	struct pack_reader *r = NULL;
	struct git_object o = GIT_OBJECT_INIT;
	struct fault why = FAULT_INIT;
	struct pack p;
	enum rb_err rc;
	size_t i;

	if ((rc = pack_open(bytes, &p, &why)) != RB_OK ||
	    (rc = pack_index_make(&p, &index, &why)) != RB_OK) {
		assert_string_not_equal(why.text, "");
		return rc;
	}
	assert_int_equal(pack_reader_new(&p, &index, &r), RB_OK);
	for (i = 0; i < index.n; i++) {
		assert_int_equal(pack_reader_get(r, &index.list[i].id, &o,
				     &why),
		    RB_OK);
		git_object_clear(&o);
	}
	if (n != NULL)
		*n = index.n;
	pack_reader_free(&r);
	pack_index_clear(&index);
	return RB_OK;
}

static struct git_id
id_of(enum git_type type, struct span bytes)
{
	struct git_id id;

	assert_int_equal(git_id_of(type, bytes, &id), RB_OK);
	return id;
}

static void
refuses_what_is_no_pack(void **state)
{
	struct packed p;
	struct span good;
	uint8_t *copy;
	size_t i;

	(void)state;
	packed_start(&p);
	(void)packed_whole(&p, GIT_BLOB, SPAN("hello"));
	good = packed_end(&p);
	assert_int_equal(read_all(good, NULL), RB_OK);
	/* Cut off anywhere. */
	for (i = 0; i < good.len; i++)
		assert_int_not_equal(read_all(span_of(good.p, i), NULL), RB_OK);
	/* Changed anywhere, be it in the trailer. */
	copy = malloc(good.len + 1);
	assert_non_null(copy);
	for (i = 0; i < good.len; i++) {
		memcpy(copy, good.p, good.len);
		copy[i] ^= 0x10;
		assert_int_not_equal(read_all(span_of(copy, good.len), NULL),
		    RB_OK);
	}
	free(copy);
	packed_clear(&p);
}

/* Packs whose trailer is right, and nothing else. */
static void
refuses_malformed_packs(void **state)
{
	static const struct {
		const char *why;
		struct span head; /* of 12 bytes */
		struct span rest;
	} cases[] = {
		{ "version 3", SPAN("PACK\0\0\0\3\0\0\0\0"), SPAN("") },
		{ "objects that are not there", SPAN("PACK\0\0\0\2\0\0\0\1"),
		    SPAN("") },
		{ "bytes behind the last object", SPAN("PACK\0\0\0\2\0\0\0\0"),
		    SPAN("x") },
		{ "four billion objects", SPAN("PACK\0\0\0\2\xff\xff\xff\xff"),
		    SPAN("") },
		{ "type 0", SPAN("PACK\0\0\0\2\0\0\0\1"), SPAN("\x01") },
		{ "type 5", SPAN("PACK\0\0\0\2\0\0\0\1"), SPAN("\x51") },
		{ "a size that never ends", SPAN("PACK\0\0\0\2\0\0\0\1"),
		    SPAN("\xb1\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01") },
		{ "a size without end", SPAN("PACK\0\0\0\2\0\0\0\1"),
		    SPAN("\xb1\x80") },
		{ "a distance before the first object",
		    SPAN("PACK\0\0\0\2\0\0\0\1"), SPAN("\x61\x0d") },
		{ "no distance", SPAN("PACK\0\0\0\2\0\0\0\1"),
		    SPAN("\x61\x00") },
		{ "a distance that never ends", SPAN("PACK\0\0\0\2\0\0\0\1"),
		    SPAN("\x61\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f") },
		{ "half an id", SPAN("PACK\0\0\0\2\0\0\0\1"),
		    SPAN("\x71"
			 "0123456789") },
		{ "no stream", SPAN("PACK\0\0\0\2\0\0\0\1"), SPAN("\x31xxx") },
	};
	struct packed p;
	uint32_t n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		packed_start(&p);
		memcpy(p.bytes.p, cases[i].head.p, 12);
		for (n = 0; n < 4; n++)
			p.n = p.n << 8 | cases[i].head.p[8 + n];
		assert_int_equal(buf_put(&p.bytes, cases[i].rest), RB_OK);
		if (read_all(packed_end(&p), NULL) == RB_OK)
			fail_msg("accepted: %s", cases[i].why);
		packed_clear(&p);
	}
}

static void
refuses_sizes_that_lie(void **state)
{
	static const struct {
		const char *why;
		uint64_t says;
		enum rb_err rc;
	} cases[] = {
		{ "less than there is", 4, RB_ELIMIT },
		{ "nothing", 0, RB_ELIMIT },
		{ "more than there is", 6, RB_EFORMAT },
		{ "more than any object", PACK_OBJECT_BYTES_MAX + 1ull,
		    RB_ELIMIT },
		{ "as much as fits", UINT64_MAX >> 4, RB_ELIMIT },
	};
	struct packed p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		packed_start(&p);
		(void)packed_head(&p, GIT_BLOB, cases[i].says);
		packed_stream(&p, SPAN("hello"));
		if (read_all(packed_end(&p), NULL) != cases[i].rc)
			fail_msg("wrong about: %s", cases[i].why);
		packed_clear(&p);
	}
}

static void
a_bomb_stops_at_what_it_announced(void **state)
{
	static uint8_t zeros[4 * 1024 * 1024];
	struct packed p;

	(void)state;
	packed_start(&p);
	(void)packed_head(&p, GIT_BLOB, 1000);
	packed_stream(&p, span_of(zeros, sizeof(zeros)));
	assert_int_equal(read_all(packed_end(&p), NULL), RB_ELIMIT);
	packed_clear(&p);
}

static void
refuses_objects_that_come_twice(void **state)
{
	struct buf delta = delta_to(5, SPAN("hello"));
	struct buf other = delta_to(5, SPAN("other"));
	struct git_id id = id_of(GIT_BLOB, SPAN("hello"));
	struct packed p;
	uint64_t base;

	(void)state;
	packed_start(&p);
	(void)packed_whole(&p, GIT_BLOB, SPAN("hello"));
	(void)packed_whole(&p, GIT_BLOB, SPAN("hello"));
	assert_int_equal(read_all(packed_end(&p), NULL), RB_EFORMAT);
	packed_clear(&p);
	/* A delta that makes its own base. */
	packed_start(&p);
	base = packed_whole(&p, GIT_BLOB, SPAN("hello"));
	(void)packed_delta(&p, base, buf_span(&delta));
	assert_int_equal(read_all(packed_end(&p), NULL), RB_EFORMAT);
	packed_clear(&p);
	/* Which of the two would a delta by id be for? */
	packed_start(&p);
	(void)packed_whole(&p, GIT_BLOB, SPAN("hello"));
	(void)packed_whole(&p, GIT_BLOB, SPAN("hello"));
	(void)packed_delta_to(&p, &id, buf_span(&other));
	assert_int_equal(read_all(packed_end(&p), NULL), RB_EFORMAT);
	packed_clear(&p);
	buf_clear(&delta);
	buf_clear(&other);
}

static void
refuses_deltas_without_a_base(void **state)
{
	struct git_id nowhere = id_of(GIT_BLOB, SPAN("nowhere"));
	struct git_id a = id_of(GIT_BLOB, SPAN("a")), b;
	struct buf to_a = delta_to(1, SPAN("a")), to_b = delta_to(1, SPAN("b"));
	struct packed p;
	uint64_t base;

	(void)state;
	b = id_of(GIT_BLOB, SPAN("b"));
	packed_start(&p);
	(void)packed_delta_to(&p, &nowhere, buf_span(&to_a));
	assert_int_equal(read_all(packed_end(&p), NULL), RB_EFORMAT);
	packed_clear(&p);
	/* Each the base of the other. */
	packed_start(&p);
	(void)packed_delta_to(&p, &b, buf_span(&to_a));
	(void)packed_delta_to(&p, &a, buf_span(&to_b));
	assert_int_equal(read_all(packed_end(&p), NULL), RB_EFORMAT);
	packed_clear(&p);
	/* Into the middle of another object. */
	packed_start(&p);
	base = packed_whole(&p, GIT_BLOB, SPAN("a"));
	(void)packed_delta(&p, base + 1, buf_span(&to_b));
	assert_int_equal(read_all(packed_end(&p), NULL), RB_EFORMAT);
	packed_clear(&p);
	buf_clear(&to_a);
	buf_clear(&to_b);
}

/* A chain of `n` deltas on one object. */
static enum rb_err
read_chain(size_t n)
{
	struct packed p;
	struct buf text = BUF_INIT, delta;
	uint64_t at;
	enum rb_err rc;
	size_t i, len = 5;

	packed_start(&p);
	at = packed_whole(&p, GIT_BLOB, SPAN("start"));
	for (i = 0; i < n; i++) {
		buf_reset(&text);
		assert_int_equal(buf_printf(&text, "%zu", i), RB_OK);
		delta = delta_to(len, buf_span(&text));
		at = packed_delta(&p, at, buf_span(&delta));
		buf_clear(&delta);
		len = text.len;
	}
	rc = read_all(packed_end(&p), NULL);
	buf_clear(&text);
	packed_clear(&p);
	return rc;
}

static void
deltas_may_stand_so_high_and_no_higher(void **state)
{
	(void)state;
	assert_int_equal(read_chain(50), RB_OK);
	assert_int_equal(read_chain(PACK_DELTAS_MAX), RB_OK);
	assert_int_equal(read_chain(PACK_DELTAS_MAX + 1), RB_ELIMIT);
}

static void
reads_objects_of_every_type_and_form(void **state)
{
	struct git_id id = id_of(GIT_TAG, SPAN("tag it"));
	struct buf near = delta_copy(6, 0, 3), far = delta_copy(6, 3, 3);
	struct buf top = delta_to(3, SPAN("topmost"));
	struct packed p;
	struct pack_index index = PACK_INDEX_INIT, again = PACK_INDEX_INIT;
	struct pack_reader *r = NULL;
	struct git_object o = GIT_OBJECT_INIT;
	struct fault why = FAULT_INIT;
	struct buf bytes = BUF_INIT;
	struct pack opened;
	uint64_t base, middle;

	(void)state;
	packed_start(&p);
	(void)packed_whole(&p, GIT_COMMIT, SPAN("c"));
	(void)packed_whole(&p, GIT_TREE, SPAN("t"));
	(void)packed_whole(&p, GIT_BLOB, SPAN(""));
	/* A delta by id may stand before its base. */
	(void)packed_delta_to(&p, &id, buf_span(&far));
	base = packed_whole(&p, GIT_TAG, SPAN("tag it"));
	middle = packed_delta(&p, base, buf_span(&near));
	(void)packed_delta(&p, middle, buf_span(&top));
	assert_int_equal(pack_open(packed_end(&p), &opened, &why), RB_OK);
	assert_int_equal(pack_index_make(&opened, &index, &why), RB_OK);
	assert_int_equal(index.n, 7);
	/* By an index that went through another process. */
	assert_int_equal(pack_index_put(&index, &bytes), RB_OK);
	assert_int_equal(pack_index_take(buf_span(&bytes), &again), RB_OK);
	assert_int_equal(pack_reader_new(&opened, &again, &r), RB_OK);
	id = id_of(GIT_TAG, SPAN("topmost"));
	assert_int_equal(pack_reader_want(r, &id, GIT_TAG, &o, &why), RB_OK);
	assert_true(span_equal_str(buf_span(&o.bytes), "topmost"));
	git_object_clear(&o);
	id = id_of(GIT_TAG, SPAN(" it"));
	assert_int_equal(pack_reader_get(r, &id, &o, &why), RB_OK);
	git_object_clear(&o);
	assert_int_equal(pack_reader_want(r, &id, GIT_BLOB, &o, &why),
	    RB_EFORMAT);
	id = id_of(GIT_BLOB, SPAN(" it"));
	assert_int_equal(pack_reader_get(r, &id, &o, &why), RB_ENOTFOUND);
	pack_reader_free(&r);
	pack_index_clear(&index);
	pack_index_clear(&again);
	buf_clear(&bytes);
	buf_clear(&near);
	buf_clear(&far);
	buf_clear(&top);
	packed_clear(&p);
}

/* An index says where to look; it can lie about nothing else. */
static void
a_false_index_gives_no_false_object(void **state)
{
	struct git_id id = id_of(GIT_BLOB, SPAN("wanted"));
	struct git_id loop = id_of(GIT_BLOB, SPAN("loop"));
	struct buf delta = delta_to(4, SPAN("loop"));
	struct pack_place places[2];
	struct pack_index index = { places, 1 };
	struct pack_reader *r = NULL;
	struct git_object o = GIT_OBJECT_INIT;
	struct fault why = FAULT_INIT;
	struct packed p;
	struct pack opened;
	uint64_t offset, i;

	(void)state;
	packed_start(&p);
	offset = packed_whole(&p, GIT_BLOB, SPAN("other"));
	places[1].offset = packed_delta_to(&p, &loop, buf_span(&delta));
	assert_int_equal(pack_open(packed_end(&p), &opened, &why), RB_OK);
	assert_int_equal(pack_reader_new(&opened, &index, &r), RB_OK);
	places[0].id = id;
	places[0].offset = offset;
	assert_int_equal(pack_reader_get(r, &id, &o, &why), RB_EDIGEST);
	for (i = 0; i < 2 * opened.bytes.len; i++) {
		places[0].offset = i;
		assert_int_not_equal(pack_reader_get(r, &id, &o, &why), RB_OK);
	}
	places[0].offset = UINT64_MAX;
	assert_int_not_equal(pack_reader_get(r, &id, &o, &why), RB_OK);
	/* A delta whose base is itself. */
	places[0].id = loop;
	places[0].offset = places[1].offset;
	assert_int_equal(pack_reader_get(r, &loop, &o, &why), RB_ELIMIT);
	pack_reader_free(&r);
	buf_clear(&delta);
	packed_clear(&p);
}

static void
refuses_what_is_no_index(void **state)
{
	struct pack_place places[] = { { GIT_ID_INIT, 12 }, { { { 1 } }, 13 } };
	struct pack_index index = { places, 2 }, out = PACK_INDEX_INIT;
	struct buf b = BUF_INIT;
	size_t i;

	(void)state;
	assert_int_equal(pack_index_put(&index, &b), RB_OK);
	for (i = 0; i < b.len; i++)
		assert_int_not_equal(pack_index_take(span_of(b.p, i), &out),
		    RB_OK);
	assert_int_equal(pack_index_take(buf_span(&b), &out), RB_OK);
	pack_index_clear(&out);
	/* Not in order, or twice. */
	places[1].id = places[0].id;
	buf_reset(&b);
	assert_int_equal(pack_index_put(&index, &b), RB_OK);
	assert_int_equal(pack_index_take(buf_span(&b), &out), RB_EFORMAT);
	places[0].id.b[0] = 2;
	buf_reset(&b);
	assert_int_equal(pack_index_put(&index, &b), RB_OK);
	assert_int_equal(pack_index_take(buf_span(&b), &out), RB_EFORMAT);
	buf_reset(&b);
	assert_int_equal(buf_put(&b, SPAN("\xff\xff\xff\xff")), RB_OK);
	assert_int_equal(pack_index_take(buf_span(&b), &out), RB_ELIMIT);
	buf_clear(&b);
}

/* One base with many deltas of many deltas: all are held at most once. */
static void
a_wide_tree_of_deltas_is_read(void **state)
{
	struct buf text = BUF_INIT, delta;
	uint64_t base, at;
	struct packed p;
	size_t i, k, n;

	(void)state;
	packed_start(&p);
	base = packed_whole(&p, GIT_BLOB, SPAN("start"));
	for (i = 0; i < 30; i++) {
		buf_reset(&text);
		assert_int_equal(buf_printf(&text, "%08zu", i), RB_OK);
		delta = delta_to(5, buf_span(&text));
		at = packed_delta(&p, base, buf_span(&delta));
		buf_clear(&delta);
		for (k = 0; k < 30; k++) {
			buf_reset(&text);
			assert_int_equal(buf_printf(&text, "%zu.%zu", i, k),
			    RB_OK);
			delta = delta_to(8, buf_span(&text));
			(void)packed_delta(&p, at, buf_span(&delta));
			buf_clear(&delta);
		}
	}
	assert_int_equal(read_all(packed_end(&p), &n), RB_OK);
	assert_int_equal(n, 1 + 30 + 900);
	buf_clear(&text);
	packed_clear(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_pack),
		cmocka_unit_test(refuses_malformed_packs),
		cmocka_unit_test(refuses_sizes_that_lie),
		cmocka_unit_test(a_bomb_stops_at_what_it_announced),
		cmocka_unit_test(refuses_objects_that_come_twice),
		cmocka_unit_test(refuses_deltas_without_a_base),
		cmocka_unit_test(deltas_may_stand_so_high_and_no_higher),
		cmocka_unit_test(a_false_index_gives_no_false_object),
		cmocka_unit_test(refuses_what_is_no_index),
		cmocka_unit_test(reads_objects_of_every_type_and_form),
		cmocka_unit_test(a_wide_tree_of_deltas_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
