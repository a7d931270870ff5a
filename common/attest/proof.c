/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/attest/proof.h"

#include <inttypes.h>
#include <string.h>

#include "common/attest/checkpoint.h"
#include "common/attest/json.h"
#include "common/base/enc.h"

static const char head[] = "c2sp.org/tlog-proof@v1\nindex ";

void
proof_clear(struct proof *p)
{
	buf_clear(&p->note);
	*p = (struct proof)PROOF_INIT;
}

enum rb_err
proof_write(const struct proof *p, struct buf *out)
{
	struct checkpoint cp;
	struct buf b = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if (p->index > TREE_SIZE_MAX || p->hashes.n > TREE_LEVELS) {
		rc = RB_ELIMIT;
		goto out;
	}
	if ((rc = checkpoint_peek(buf_span(&p->note), &cp)) != RB_OK)
		goto out;
	if ((rc = buf_printf(&b, "%s%" PRIu64 "\n", head, p->index)) != RB_OK)
		goto out;
	for (i = 0; i < p->hashes.n; i++) {
		if ((rc = base64_write(digest_span(&p->hashes.hashes[i]),
			 &b)) != RB_OK)
			goto out;
		if ((rc = buf_put_byte(&b, '\n')) != RB_OK)
			goto out;
	}
	if ((rc = buf_put_byte(&b, '\n')) != RB_OK)
		goto out;
	if ((rc = buf_put(&b, buf_span(&p->note))) != RB_OK)
		goto out;
	rc = buf_put(out, buf_span(&b));
out:
	buf_clear(&b);
	return rc;
}

/* Hashes, one a line, up to and with the empty line. */
static enum rb_err
take_hashes(struct span *in, struct tree_proof *out)
{
	struct buf bytes = BUF_INIT;
	struct span line;
	enum rb_err rc;

	while ((rc = span_take_line(in, &line)) == RB_OK && line.len != 0) {
		rc = RB_ELIMIT;
		if (out->n == TREE_LEVELS)
			break;
		buf_reset(&bytes);
		if ((rc = base64_parse(line, &bytes)) != RB_OK)
			break;
		rc = RB_EFORMAT;
		if (bytes.len != DIGEST_LEN)
			break;
		memcpy(out->hashes[out->n++].b, bytes.p, DIGEST_LEN);
	}
	buf_clear(&bytes);
	return rc;
}

enum rb_err
proof_parse(struct span text, struct proof *out)
{
	struct proof p = PROOF_INIT;
	struct checkpoint cp;
	struct span line;
	enum rb_err rc = RB_EINTERNAL;

	if (text.len > PROOF_MAX) {
		rc = RB_ELIMIT;
		goto out;
	}
	if ((rc = json_take(&text, head)) != RB_OK)
		goto out;
	if ((rc = span_take_line(&text, &line)) != RB_OK)
		goto out;
	if ((rc = dec_parse(line, TREE_SIZE_MAX, &p.index)) != RB_OK)
		goto out;
	if ((rc = take_hashes(&text, &p.hashes)) != RB_OK)
		goto out;
	if ((rc = checkpoint_peek(text, &cp)) != RB_OK)
		goto out;
	if ((rc = buf_put(&p.note, text)) != RB_OK)
		goto out;

	*out = p;
	p = (struct proof)PROOF_INIT; /* now the caller's */
	rc = RB_OK;
out:
	proof_clear(&p);
	return rc;
}
