/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "rebuilder/judge/git/git_header.h"
#include "rebuilder/judge/git/git_signature.h"
#include "rebuilder/judge/git/git_tag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A tag written anew from what was read; only who tagged it is copied. */
static enum rb_err
write_again(const struct git_tag *t, struct span tagger, struct buf *out)
{
	char hex[GIT_ID_HEX_LEN + 1];
	enum rb_err rc;

	git_id_hex(&t->object, hex);
	if ((rc = buf_printf(out, "object %s\ntype %s\ntag ", hex,
		 git_type_name(t->type))) != RB_OK ||
	    (rc = buf_put(out, t->name)) != RB_OK ||
	    (rc = buf_put_str(out, "\ntagger ")) != RB_OK ||
	    (rc = buf_put(out, tagger)) != RB_OK ||
	    (rc = buf_put_str(out, "\n\n")) != RB_OK)
		return rc;
	return buf_put(out, t->message);
}

/* Parse then write gives the same bytes; so do payload and signature. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf b = BUF_INIT, signature = BUF_INIT;
	struct span in = span_of(data, len), line = SPAN_INIT, rest = in;
	enum git_signature_kind kind;
	struct git_tag t;
	size_t i;

	if (git_tag_parse(in, &t) == RB_OK) {
		for (i = 0; i < 4; i++) {
			if (span_take_line(&rest, &line) != RB_OK)
				abort();
		}
		if (write_again(&t, span_of(line.p + 7, line.len - 7), &b) !=
			RB_OK ||
		    !span_equal(buf_span(&b), in))
			abort();
	}
	buf_reset(&b);
	if (git_tag_split(in, &kind, &b, &signature) != RB_OK)
		abort();
	if (kind == GIT_SIGNED_PGP) {
		if (buf_put(&b, buf_span(&signature)) != RB_OK ||
		    !span_equal(buf_span(&b), in))
			abort();
	} else if (b.len + signature.len != 0)
		abort();
	buf_clear(&b);
	buf_clear(&signature);
	return 0;
}
