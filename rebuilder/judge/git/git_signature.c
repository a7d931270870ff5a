/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/git/git_signature.h"

#define LAST_LINE "-----END PGP SIGNATURE-----"

/* git's gpg-interface.c: a line that starts so starts a signature. */
static const struct {
	const char *text;
	enum git_signature_kind kind;
} marks[] = {
	{ "-----BEGIN PGP SIGNATURE-----", GIT_SIGNED_PGP },
	{ "-----BEGIN PGP MESSAGE-----", GIT_SIGNED_ODDLY },
	{ "-----BEGIN SIGNED MESSAGE-----", GIT_SIGNED_X509 },
	{ "-----BEGIN SSH SIGNATURE-----", GIT_SIGNED_SSH },
};

static enum git_signature_kind
kind_of_line(struct span s)
{
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (span_starts(s, span_of_str(marks[i].text)))
			return marks[i].kind;
	}
	return GIT_UNSIGNED;
}

/* Cuts a line, with its LF where it has one. */
static struct span
take_line(struct span *in)
{
	struct span rest = *in, line;

	if (span_take_line(&rest, &line) == RB_OK)
		line.len++;
	else
		line = *in;
	*in = span_of(in->p + line.len, in->len - line.len);
	return line;
}

/*
 * One armour and nothing else; gpgv would pass over whatever surrounds it.
 * The last line of an object need not end: there are programs that make tags
 * so, and git takes them.
 */
static bool
is_one_armour(struct span s)
{
	struct span line = take_line(&s);

	if (!span_equal_str(line, "-----BEGIN PGP SIGNATURE-----\n"))
		return false;
	while (s.len > 0) {
		line = take_line(&s);
		if (span_starts(line, SPAN("-----")))
			return s.len == 0 &&
			    (span_equal_str(line, LAST_LINE) ||
				span_equal_str(line, LAST_LINE "\n"));
	}
	return false;
}

/*
 * git takes the last mark, and what stands before it is the payload, other
 * marks included.  Two marks are refused here, so first and last are one.
 */
enum rb_err
git_tag_split(struct span tag, enum git_signature_kind *kind,
    struct buf *payload, struct buf *signature)
{
	enum git_signature_kind k = GIT_UNSIGNED, found;
	struct span rest = tag, from = SPAN_INIT;
	size_t len = payload->len;
	enum rb_err rc;

	while (rest.len > 0) {
		if ((found = kind_of_line(rest)) != GIT_UNSIGNED) {
			k = k == GIT_UNSIGNED ? found : GIT_SIGNED_TWICE;
			from = rest;
		}
		(void)take_line(&rest);
	}
	if (k == GIT_SIGNED_PGP && !is_one_armour(from))
		k = GIT_SIGNED_ODDLY;
	if (k == GIT_SIGNED_PGP) {
		if ((rc = buf_put(payload,
			 span_of(tag.p, tag.len - from.len))) != RB_OK)
			return rc;
		if ((rc = buf_put(signature, from)) != RB_OK) {
			payload->len = len;
			return rc;
		}
	}
	*kind = k;
	return RB_OK;
}

/* Which header lines belong to signatures. */
struct commit_split {
	size_t nsignatures;
	bool is_ours; /* the line before was of "gpgsig" */
	bool is_odd;  /* a header that only begins so */
};

/* git's commit.c, parse_buffer_signed_by_header. */
static enum rb_err
put_header_line(struct commit_split *c, struct span line, struct buf *payload,
    struct buf *signature)
{
	static const struct span mark = { (const uint8_t *)"gpgsig ", 7 };

	if (c->is_ours && span_starts(line, SPAN(" ")))
		return buf_put(signature, span_of(line.p + 1, line.len - 1));
	c->is_ours = span_starts(line, mark);
	if (c->is_ours) {
		c->nsignatures++;
		return buf_put(signature,
		    span_of(line.p + mark.len, line.len - mark.len));
	}
	if (span_starts(line, SPAN("gpgsig")))
		c->is_odd = true;
	return buf_put(payload, line);
}

enum rb_err
git_commit_split(struct span commit, enum git_signature_kind *kind,
    struct buf *payload, struct buf *signature)
{
	struct commit_split c = { 0, false, false };
	struct buf p = BUF_INIT, s = BUF_INIT;
	struct span rest = commit;
	enum git_signature_kind k = GIT_UNSIGNED;
	enum rb_err rc = RB_OK;

	while (rest.len > 0 && rest.p[0] != '\n' && rc == RB_OK)
		rc = put_header_line(&c, take_line(&rest), &p, &s);
	if (rc != RB_OK || (rc = buf_put(&p, rest)) != RB_OK)
		goto out;
	if (c.nsignatures == 1 && !c.is_odd) {
		k = kind_of_line(buf_span(&s));
		if (k == GIT_UNSIGNED ||
		    (k == GIT_SIGNED_PGP && !is_one_armour(buf_span(&s))))
			k = GIT_SIGNED_ODDLY;
	} else if (c.nsignatures != 0 || c.is_odd)
		k = GIT_SIGNED_TWICE;
	if (k == GIT_SIGNED_PGP &&
	    ((rc = buf_put(payload, buf_span(&p))) != RB_OK ||
		(rc = buf_put(signature, buf_span(&s))) != RB_OK))
		goto out;
	*kind = k;
out:
	buf_clear(&p);
	buf_clear(&s);
	return rc;
}
