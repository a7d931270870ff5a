/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "rebuilder/judge/git/git_commit.h"
#include "rebuilder/judge/git/git_signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The header lines of a signature, as a commit has them. */
static void
put_header(struct buf *out, struct span signature)
{
	const char *prefix = "gpgsig ";
	struct span line;

	while (span_take_line(&signature, &line) == RB_OK) {
		if (buf_put_str(out, prefix) != RB_OK ||
		    buf_put(out, line) != RB_OK ||
		    buf_put_str(out, "\n") != RB_OK)
			abort();
		prefix = " ";
	}
}

/*
 * As many parents as were counted; and a signature put back where it was
 * gives the commit again.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf payload = BUF_INIT, signature = BUF_INIT, all = BUF_INIT;
	struct span in = span_of(data, len);
	enum git_signature_kind kind;
	struct git_commit c;
	struct git_id id;
	size_t n = 0, i;

	if (git_commit_parse(in, &c) == RB_OK) {
		while (git_parent_take(&c.parents, &id) == RB_OK)
			n++;
		if (n != c.nparents || c.parents.len != 0 || c.time < 0)
			abort();
	}
	if (git_commit_split(in, &kind, &payload, &signature) != RB_OK)
		abort();
	if (kind != GIT_SIGNED_PGP && payload.len + signature.len != 0)
		abort();
	if (kind == GIT_SIGNED_PGP) {
		for (i = 0;
		    i < len && i < payload.len && data[i] == payload.p[i]; i++)
			continue;
		/* Where they part, or before: back to the line's start. */
		while (i > 0 && payload.p[i - 1] != '\n')
			i--;
		if (buf_put(&all, span_of(payload.p, i)) != RB_OK)
			abort();
		put_header(&all, buf_span(&signature));
		if (buf_put(&all, span_of(payload.p + i, payload.len - i)) !=
			RB_OK ||
		    !span_equal(buf_span(&all), in))
			abort();
	}
	buf_clear(&payload);
	buf_clear(&signature);
	buf_clear(&all);
	return 0;
}
