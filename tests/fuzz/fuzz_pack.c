/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "rebuilder/judge/git/pack_reader.h"
#include "tests/unit/packed.h"

#define OBJECTS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Every object that was found reads as what its id says. */
static void
check(struct span bytes)
{
	struct pack_index index = PACK_INDEX_INIT, again = PACK_INDEX_INIT;
	struct git_object o = GIT_OBJECT_INIT;
	struct pack_reader *r = NULL;
	struct buf b = BUF_INIT;
	struct fault why = FAULT_INIT;
	struct pack p;
	size_t i;

	if (pack_open(bytes, &p, &why) != RB_OK ||
	    pack_index_make(&p, &index, &why) != RB_OK)
		return;
	if (index.n != p.n || pack_index_put(&index, &b) != RB_OK ||
	    pack_index_take(buf_span(&b), &again) != RB_OK ||
	    pack_reader_new(&p, &again, &r) != RB_OK)
		abort();
	for (i = 0; i < index.n; i++) {
		if (pack_reader_get(r, &index.list[i].id, &o, &why) != RB_OK)
			abort();
		git_object_clear(&o);
	}
	pack_reader_free(&r);
	pack_index_clear(&index);
	pack_index_clear(&again);
	buf_clear(&b);
}

/*
 * Objects from the input: what kind, which base, how long, and the bytes.
 * zlib and the trailer, which no mutation gets right, are right here.
 */
static void
check_made(struct span in)
{
	uint64_t offsets[OBJECTS_MAX + 1] = { 0 };
	struct git_id ids[OBJECTS_MAX + 1];
	struct span head, bytes;
	struct packed p;
	size_t n = 0;

	packed_start(&p);
	memset(ids, 0, sizeof(ids));
	while (n < OBJECTS_MAX && span_take(&in, 3, &head) == RB_OK) {
		if (span_take(&in, head.p[2], &bytes) != RB_OK)
			break;
		switch (head.p[0] & 7) {
		case 0:
		case 5:
		case 6:
			offsets[n] = packed_delta(&p,
			    n == 0 ? 0 : offsets[head.p[1] % n], bytes);
			break;
		case 7:
			offsets[n] = packed_delta_to(&p,
			    &ids[head.p[1] % OBJECTS_MAX], bytes);
			break;
		default:
			offsets[n] = packed_whole(&p,
			    (enum git_type)(head.p[0] & 7), bytes);
			if (git_id_of((enum git_type)(head.p[0] & 7), bytes,
				&ids[n]) != RB_OK)
				abort();
			break;
		}
		n++;
	}
	check(packed_end(&p));
	packed_clear(&p);
}

/* The input itself, with a trailer that is right. */
static void
check_raw(struct span in)
{
	struct packed p = { BUF_INIT, 0 };
	size_t i;

	if (in.len < 12 || buf_put(&p.bytes, in) != RB_OK)
		return;
	for (i = 0; i < 4; i++)
		p.n = p.n << 8 | in.p[8 + i];
	check(packed_end(&p));
	packed_clear(&p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	if (data[0] == 'P')
		check_raw(span_of(data, len));
	else
		check_made(span_of(data + 1, len - 1));
	return 0;
}
