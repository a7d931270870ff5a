/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "httpd/unpack.h"

#include <stdlib.h>
#include <zstd.h>

struct unpack {
	struct buf packed;    /* owned */
	ZSTD_inBuffer in;     /* over packed */
	ZSTD_DCtx *zstd;      /* owned */
	uint64_t left;        /* bytes that may still come out */
	bool ended;           /* the frame did */
};

void
unpack_free(struct unpack **u)
{
	if (*u == NULL)
		return;
	ZSTD_freeDCtx((*u)->zstd);
	buf_clear(&(*u)->packed);
	free(*u);
	*u = NULL;
}

enum rb_err
unpack_new(struct buf *packed, struct unpack **out)
{
	struct unpack *u = NULL;
	enum rb_err rc = RB_ENOMEM;

	if ((u = calloc(1, sizeof(*u))) == NULL)
		goto out;
	if ((u->zstd = ZSTD_createDCtx()) == NULL)
		goto out;
	if (ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax,
		UNPACK_WINDOW_LOG)))
		goto out;
	u->left = UNPACK_MAX;
	u->packed = *packed;
	*packed = (struct buf)BUF_INIT; /* now ours */
	u->in.src = u->packed.p;
	u->in.size = u->packed.len;

	*out = u;
	u = NULL; /* now the caller's */
	rc = RB_OK;
out:
	unpack_free(&u);
	return rc;
}

enum rb_err
unpack_take(struct unpack *u, uint8_t *out, size_t cap, size_t *len)
{
	ZSTD_outBuffer o = { out, cap, 0 };
	size_t r, before;

	while (o.pos == 0 && !u->ended) {
		before = u->in.pos;
		r = ZSTD_decompressStream(u->zstd, &o, &u->in);
		if (ZSTD_isError(r))
			return RB_EFORMAT;
		u->ended = r == 0;
		/* Neither read nor written: the frame was cut off. */
		if (!u->ended && o.pos == 0 && u->in.pos == before)
			return RB_EFORMAT;
	}
	if (u->ended && u->in.pos != u->in.size)
		return RB_EFORMAT;
	if (o.pos > u->left)
		return RB_ELIMIT;
	u->left -= o.pos;
	*len = o.pos;
	return RB_OK;
}
