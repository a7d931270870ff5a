/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/git/sha1.h"

#include <string.h>

#define STEPS 80
/* A twin is computed in each lane of a vector. */
#define LANES 8
#define GROUPS 4

typedef uint32_t lanes __attribute__((vector_size(4 * LANES)));

/*
 * Disturbance vectors, in the naming of S. Manuel, "Classification and
 * generation of disturbance vectors for collision attacks against SHA-1":
 * type I or II, step K, bit b.  Which are worth an attack: M. Stevens, D.
 * Shumow, "Speeding up detection of SHA-1 collision attacks using
 * unavoidable attack conditions", USENIX Security 2017.
 */
struct vector {
	uint8_t type, step, bit;
};

/*
 * Between two disturbances there is a stretch of steps before which no
 * difference is left: K+5 to K+15 for type I, K+9 to K+15 for type II.  All
 * vectors of a group share the step `from`, a multiple of five.
 */
static const struct {
	unsigned int from;
	struct vector vectors[LANES];
} groups[GROUPS] = {
	{ 55,
	    { { 1, 43, 0 }, { 1, 44, 0 }, { 1, 45, 0 }, { 1, 46, 0 },
		{ 1, 46, 2 }, { 1, 47, 0 }, { 1, 47, 2 }, { 1, 48, 0 } } },
	{ 60,
	    { { 1, 48, 2 }, { 1, 49, 0 }, { 1, 49, 2 }, { 1, 50, 0 },
		{ 1, 50, 2 }, { 1, 51, 0 }, { 1, 51, 2 }, { 1, 52, 0 } } },
	{ 60,
	    { { 2, 45, 0 }, { 2, 46, 0 }, { 2, 46, 2 }, { 2, 47, 0 },
		{ 2, 48, 0 }, { 2, 49, 0 }, { 2, 49, 2 }, { 2, 50, 0 } } },
	{ 65,
	    { { 2, 50, 2 }, { 2, 51, 0 }, { 2, 51, 2 }, { 2, 52, 0 },
		{ 2, 53, 0 }, { 2, 54, 0 }, { 2, 55, 0 }, { 2, 56, 0 } } },
};

/* What the message words of each twin differ by. */
static struct {
	bool is_filled;
	lanes of[GROUPS][STEPS];
} differences;

#define ROTL(x, n) ((x) << (n) | (x) >> (32 - (n)))

/* A local collision that starts at step i corrects itself in i+1 to i+5. */
#define BEFORE 5

static uint32_t
rotl(uint32_t x, unsigned int n)
{
	return n == 0 ? x : ROTL(x, n);
}

/* Fills d[0..79] with the differences that a disturbance vector causes. */
static void
spread(const struct vector *v, uint32_t d[STEPS])
{
	/* The vector itself, from step -BEFORE on. */
	uint32_t all[BEFORE + STEPS] = { 0 };
	uint32_t *dv = all + BEFORE;
	int i, k = v->step;

	dv[k + 15] = rotl(1, v->bit);
	if (v->type == 2) {
		dv[k + 1] = rotl(1u << 31, v->bit);
		dv[k + 3] = rotl(1u << 31, v->bit);
	}
	/* Sixteen words fix all others: the message expansion, both ways. */
	for (i = k + 16; i < STEPS; i++)
		dv[i] = rotl(dv[i - 3] ^ dv[i - 8] ^ dv[i - 14] ^ dv[i - 16],
		    1);
	for (i = k - 1; i >= -BEFORE; i--)
		dv[i] = rotl(dv[i + 16], 31) ^ dv[i + 13] ^ dv[i + 8] ^
		    dv[i + 2];
	for (i = 0; i < STEPS; i++)
		d[i] = dv[i] ^ rotl(dv[i - 1], 5) ^ dv[i - 2] ^
		    rotl(dv[i - 3] ^ dv[i - 4] ^ dv[i - 5], 30);
}

static void
fill(void)
{
	uint32_t d[STEPS];
	size_t group, lane, i;

	for (group = 0; group < GROUPS; group++) {
		for (lane = 0; lane < LANES; lane++) {
			spread(&groups[group].vectors[lane], d);
			for (i = 0; i < STEPS; i++)
				differences.of[group][i][lane] = d[i];
		}
	}
	differences.is_filled = true;
}

/* FIPS 180-4, 4.1.1 and 4.2.1; for numbers and for vectors of them. */
#define CHOOSE(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define PARITY(x, y, z) ((x) ^ (y) ^ (z))
#define MAJORITY(x, y, z) (((x) & (y)) | ((z) & ((x) | (y))))

/* What step i adds to the last word, before that of the message. */
#define MIX(a, b, c, d, f, k) (ROTL(a, 5) + f(b, c, d) + (k))

/*
 * Five steps from step i on, after which each word of the state has had
 * every role once and is back in its place; and the same undone.  W(n) is
 * the word of step n.
 */
#define STEP(a, b, c, d, e, f, k, w) \
	((e) += MIX(a, b, c, d, f, k) + (w), (b) = ROTL(b, 30))
#define STEP_BACK(a, b, c, d, e, f, k, w) \
	((b) = ROTL(b, 2), (e) -= MIX(a, b, c, d, f, k) + (w))
#define FIVE(s, i, f, k, W) \
	do { \
		STEP((s)[0], (s)[1], (s)[2], (s)[3], (s)[4], f, k, W(i)); \
		STEP((s)[4], (s)[0], (s)[1], (s)[2], (s)[3], f, k, \
		    W((i) + 1)); \
		STEP((s)[3], (s)[4], (s)[0], (s)[1], (s)[2], f, k, \
		    W((i) + 2)); \
		STEP((s)[2], (s)[3], (s)[4], (s)[0], (s)[1], f, k, \
		    W((i) + 3)); \
		STEP((s)[1], (s)[2], (s)[3], (s)[4], (s)[0], f, k, \
		    W((i) + 4)); \
	} while (0)
#define FIVE_BACK(s, i, f, k, W) \
	do { \
		STEP_BACK((s)[1], (s)[2], (s)[3], (s)[4], (s)[0], f, k, \
		    W((i) + 4)); \
		STEP_BACK((s)[2], (s)[3], (s)[4], (s)[0], (s)[1], f, k, \
		    W((i) + 3)); \
		STEP_BACK((s)[3], (s)[4], (s)[0], (s)[1], (s)[2], f, k, \
		    W((i) + 2)); \
		STEP_BACK((s)[4], (s)[0], (s)[1], (s)[2], (s)[3], f, k, \
		    W((i) + 1)); \
		STEP_BACK((s)[0], (s)[1], (s)[2], (s)[3], (s)[4], f, k, W(i)); \
	} while (0)

/* With the function and the constant of steps i to i+4. */
#define ROUND(five, s, i, W) \
	do { \
		if ((i) < 20) \
			five(s, i, CHOOSE, 0x5a827999, W); \
		else if ((i) < 40) \
			five(s, i, PARITY, 0x6ed9eba1, W); \
		else if ((i) < 60) \
			five(s, i, MAJORITY, 0x8f1bbcdc, W); \
		else \
			five(s, i, PARITY, 0xca62c1d6, W); \
	} while (0)

/*
 * Whether one of a group's twins ends in the state `end`.  `middle` is the
 * state before step `from`.
 */
static bool
group_collides(size_t group, const uint32_t w[STEPS], const uint32_t middle[5],
    const uint32_t end[5])
{
	const lanes *difference = differences.of[group];
	const unsigned int from = groups[group].from;
	lanes forth[5], back[5], same;
	unsigned int i;

#define TWIN(n) (w[n] ^ difference[n])
	for (i = 0; i < 5; i++)
		forth[i] = back[i] = middle[i] - (lanes){ 0 };
	for (i = from; i < STEPS; i += 5)
		ROUND(FIVE, forth, i, TWIN);
	for (i = from; i > 0;) {
		i -= 5;
		ROUND(FIVE_BACK, back, i, TWIN);
	}
#undef TWIN
	same = (lanes)(forth[0] + back[0] == end[0]);
	for (i = 1; i < 5; i++)
		same &= (lanes)(forth[i] + back[i] == end[i]);
	for (i = 0; i < LANES; i++) {
		if (same[i] != 0)
			return true;
	}
	return false;
}

static uint32_t
word_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static void
take_block(struct sha1 *s, const uint8_t *block)
{
	uint32_t w[STEPS], now[5], middle[GROUPS][5];
	unsigned int i, group = 0;

	for (i = 0; i < 16; i++)
		w[i] = word_at(block + 4 * (size_t)i);
	for (; i < STEPS; i++)
		w[i] = rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	memcpy(now, s->state, sizeof(now));
#define WORD(n) w[n]
	for (i = 0; i < STEPS; i += 5) {
		for (; group < GROUPS && groups[group].from == i; group++)
			memcpy(middle[group], now, sizeof(now));
		ROUND(FIVE, now, i, WORD);
	}
#undef WORD
	for (i = 0; i < 5; i++)
		s->state[i] += now[i];
	for (group = 0; group < GROUPS; group++) {
		if (group_collides(group, w, middle[group], s->state))
			s->collides = true;
	}
}

void
sha1_start(struct sha1 *s)
{
	if (!differences.is_filled)
		fill();
	memset(s, 0, sizeof(*s));
	s->state[0] = 0x67452301;
	s->state[1] = 0xefcdab89;
	s->state[2] = 0x98badcfe;
	s->state[3] = 0x10325476;
	s->state[4] = 0xc3d2e1f0;
}

void
sha1_put(struct sha1 *s, struct span bytes)
{
	size_t have = s->len % SHA1_BLOCK_LEN, n;

	if (bytes.len == 0)
		return; /* from nowhere, perhaps */
	s->len += bytes.len;
	if (have != 0) {
		n = SHA1_BLOCK_LEN - have;
		if (bytes.len < n)
			n = bytes.len;
		memcpy(s->block + have, bytes.p, n);
		bytes = span_of(bytes.p + n, bytes.len - n);
		if (have + n < SHA1_BLOCK_LEN)
			return;
		take_block(s, s->block);
	}
	while (bytes.len >= SHA1_BLOCK_LEN) {
		take_block(s, bytes.p);
		bytes = span_of(bytes.p + SHA1_BLOCK_LEN,
		    bytes.len - SHA1_BLOCK_LEN);
	}
	if (bytes.len != 0)
		memcpy(s->block, bytes.p, bytes.len);
}

enum rb_err
sha1_end(struct sha1 *s, uint8_t out[SHA1_LEN])
{
	static const uint8_t pad[SHA1_BLOCK_LEN] = { 0x80 };
	uint64_t bits = s->len * 8;
	uint8_t tail[8];
	size_t i;

	for (i = 0; i < sizeof(tail); i++)
		tail[i] = (uint8_t)(bits >> (56 - 8 * i));
	sha1_put(s, span_of(pad, 1));
	while (s->len % SHA1_BLOCK_LEN != SHA1_BLOCK_LEN - sizeof(tail))
		sha1_put(s, span_of(pad + 1, 1));
	sha1_put(s, span_of(tail, sizeof(tail)));
	if (s->collides)
		return RB_EREFUSED;
	for (i = 0; i < SHA1_LEN; i++)
		out[i] = (uint8_t)(s->state[i / 4] >> (24 - 8 * (i % 4)));
	return RB_OK;
}
