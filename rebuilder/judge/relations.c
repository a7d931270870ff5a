/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/relations.h"

#include <string.h>

#include "rebuilder/judge/debversion.h"

static bool
is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n';
}

static void
skip_blanks(struct span *in)
{
	while (in->len > 0 && is_blank(in->p[0]))
		*in = span_of(in->p + 1, in->len - 1);
}

/* Whether the next byte is that, which is then dropped. */
static bool
drop(struct span *in, char byte)
{
	if (in->len == 0 || in->p[0] != (uint8_t)byte)
		return false;
	*in = span_of(in->p + 1, in->len - 1);
	return true;
}

/* Up to a blank or one of `ends`, which stays. */
static struct span
take_word(struct span *in, const char *ends)
{
	struct span word = span_of(in->p, 0);

	while (in->len > 0 && in->p[0] != '\0' && !is_blank(in->p[0]) &&
	    strchr(ends, in->p[0]) == NULL) {
		word.len++;
		*in = span_of(in->p + 1, in->len - 1);
	}
	return word;
}

static enum rb_err
take_name(struct span *in, struct relation *r)
{
	r->name = take_word(in, ":(,|");
	if (!package_name_is_valid(r->name))
		return RB_EFORMAT;
	if (!drop(in, ':'))
		return RB_OK;
	r->architecture = take_word(in, "(,|");
	return package_name_is_valid(r->architecture) ? RB_OK : RB_EFORMAT;
}

static bool
is_operator(struct span s)
{
	static const char *const all[] = { "<<", "<=", "=", ">=", ">>", "<",
		">" };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (span_equal_str(s, all[i]))
			return true;
	return false;
}

/* "(>= 1.0)", behind the parenthesis that opens it. */
static enum rb_err
take_version(struct span *in, struct relation *r)
{
	skip_blanks(in);
	r->op = span_of(in->p, 0);
	while (drop(in, '<') || drop(in, '=') || drop(in, '>'))
		r->op.len++;
	skip_blanks(in);
	r->version = take_word(in, ")");
	r->is_exact = span_equal_str(r->op, "=");
	skip_blanks(in);
	if (!is_operator(r->op) || !debversion_is_valid(r->version) ||
	    !drop(in, ')'))
		return RB_EFORMAT;
	return RB_OK;
}

enum rb_err
relation_take(struct span *in, struct relation *out)
{
	struct relation r = { SPAN_INIT, SPAN_INIT, SPAN_INIT, SPAN_INIT, true,
		false };
	enum rb_err rc = RB_EINTERNAL;

	skip_blanks(in);
	if (in->len == 0)
		return RB_ENOTFOUND;
	if ((rc = take_name(in, &r)) != RB_OK)
		return rc;
	skip_blanks(in);
	if (drop(in, '(') && (rc = take_version(in, &r)) != RB_OK)
		return rc;
	skip_blanks(in);
	if (in->len > 0) {
		r.is_alternative = drop(in, '|');
		if (!r.is_alternative && !drop(in, ','))
			return RB_EFORMAT;
		skip_blanks(in);
		/* What a comma announces has to come. */
		if (in->len == 0)
			return RB_EFORMAT;
	}
	*out = r;
	return RB_OK;
}

enum rb_err
provided_take(struct span *in, struct relation *out)
{
	enum rb_err rc = relation_take(in, out);

	if (rc == RB_OK && (!out->is_exact || out->is_alternative))
		return RB_EFORMAT;
	return rc;
}

enum rb_err
relation_put(const struct relation *r, struct buf *out)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_put_byte(out, ' ')) != RB_OK ||
	    (rc = buf_put(out, r->name)) != RB_OK)
		return rc;
	if (r->architecture.len != 0 &&
	    ((rc = buf_put_byte(out, ':')) != RB_OK ||
		(rc = buf_put(out, r->architecture)) != RB_OK))
		return rc;
	if (r->version.len == 0)
		return RB_OK;
	return buf_printf(out, " (%.*s %.*s)", (int)r->op.len,
	    (const char *)r->op.p, (int)r->version.len,
	    (const char *)r->version.p);
}
