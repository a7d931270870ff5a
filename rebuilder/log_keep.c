/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/log_keep.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

#include "common/base/file.h"

#define LEVEL 3

struct press {
	ZSTD_CCtx *ctx; /* owned */
	uint8_t *in;    /* owned, ZSTD_CStreamInSize() bytes */
	uint8_t *out;   /* owned, ZSTD_CStreamOutSize() bytes */
};

static enum rb_err
press_block(struct press *p, size_t len, ZSTD_EndDirective mode, int to)
{
	ZSTD_inBuffer in = { p->in, len, 0 };
	ZSTD_outBuffer out;
	size_t left;
	enum rb_err rc = RB_EINTERNAL;

	do {
		out.dst = p->out;
		out.size = ZSTD_CStreamOutSize();
		out.pos = 0;
		left = ZSTD_compressStream2(p->ctx, &out, &in, mode);
		if (ZSTD_isError(left))
			return RB_ENOMEM;
		if ((rc = file_write_fd(to, span_of(p->out, out.pos))) != RB_OK)
			return rc;
	} while (mode == ZSTD_e_end ? left != 0 : in.pos < in.size);
	return RB_OK;
}

static enum rb_err
press_file(struct press *p, int from, int to)
{
	off_t at = 0;
	ssize_t r;
	enum rb_err rc = RB_EINTERNAL;

	for (;;) {
		r = pread(from, p->in, ZSTD_CStreamInSize(), at);
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return RB_EIO;
		if (r == 0)
			return press_block(p, 0, ZSTD_e_end, to);
		if ((rc = press_block(p, (size_t)r, ZSTD_e_continue, to)) !=
		    RB_OK)
			return rc;
		at += r;
	}
}

enum rb_err
log_keep(const struct depot *d, int fd, struct maybe_digest *out)
{
	struct press p = { NULL, NULL, NULL };
	struct digest digest = DIGEST_INIT;
	int to = -1;
	enum rb_err rc = RB_EINTERNAL;

	p.ctx = ZSTD_createCCtx();
	p.in = malloc(ZSTD_CStreamInSize());
	p.out = malloc(ZSTD_CStreamOutSize());
	if (p.ctx == NULL || p.in == NULL || p.out == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	if (ZSTD_isError(ZSTD_CCtx_setParameter(p.ctx, ZSTD_c_compressionLevel,
		LEVEL))) {
		rc = RB_EINTERNAL;
		goto out;
	}
	if ((rc = depot_scratch(d, &to)) != RB_OK ||
	    (rc = press_file(&p, fd, to)) != RB_OK ||
	    (rc = depot_add(d, to, &digest)) != RB_OK)
		goto out;
	out->value = digest;
	out->is_set = true;
	rc = RB_OK;
out:
	ZSTD_freeCCtx(p.ctx);
	free(p.in);
	free(p.out);
	fd_close(&to);
	return rc;
}
