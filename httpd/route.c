/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "httpd/route.h"

#include <string.h>

#include "common/base/enc.h"
#include "httpd/route_value.h"

/*
 * A form is literal parts and, as single capitals, values:
 *   I index   D digest   P prefix of a digest   T next of the four texts
 *   L level of a tile    N tile, which takes every part that is left
 */
static const struct shape {
	enum route_kind kind;
	const char *form;
} shapes[] = {
	{ ROUTE_DASHBOARD, "/" },
	{ ROUTE_BEFORE, "/builds/before/I" },
	{ ROUTE_PACKAGE, "/package/T/T/T/T" },
	{ ROUTE_BUILD, "/builds/I" },
	{ ROUTE_BUILD_LOG, "/builds/I/log" },
	{ ROUTE_BUILD_DIFFERENCE, "/builds/I/difference" },
	{ ROUTE_BUILD_ENVELOPE, "/builds/I/envelope" },
	{ ROUTE_BUILD_PROOF, "/builds/I/proof" },
	{ ROUTE_INPUTS, "/inputs/sha256/D" },
	{ ROUTE_NODE, "/node.json" },
	{ ROUTE_EVIDENCE_BATCH, "/evidence" },
	{ ROUTE_EVIDENCE_FILE, "/evidence/sha256/D" },
	{ ROUTE_EVIDENCE_PREFIX, "/evidence/prefix/P" },
	{ ROUTE_EVIDENCE_PACKAGE, "/evidence/package/T/T/T/T" },
	{ ROUTE_EVIDENCE_PACKAGE_PREFIX, "/evidence/package-prefix/P" },
	{ ROUTE_CHECKPOINT, "/log/checkpoint" },
	{ ROUTE_ENTRIES, "/log/tile/entries/N" },
	{ ROUTE_TILE, "/log/tile/L/N" },
	{ ROUTE_METRICS, "/metrics" },
	{ ROUTE_RELEASE, "/release" },
	{ ROUTE_RELEASE_JSON, "/release.json" },
	{ ROUTE_STYLE, "/style.css" },
};

#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))
#define TEXTS 4

/* Which value a part of a form stands for; 0: the part is literal. */
static char
part_value(struct span part)
{
	if (part.len == 1 && part.p[0] >= 'A' && part.p[0] <= 'Z')
		return (char)part.p[0];
	return 0;
}

static char *
route_text(struct route *r, size_t i)
{
	char *texts[TEXTS] = { r->repository, r->name, r->version, r->arch };

	return texts[i];
}

/* Same number of parts, and the literal ones equal. */
static bool
shape_fits(const struct shape *shape, struct span target)
{
	struct parts form = parts_of(span_of_str(shape->form));
	struct parts path = parts_of(target);
	struct span want, have;

	while (parts_next(&form, &want)) {
		if (!parts_next(&path, &have))
			return false;
		if (part_value(want) == 'N')
			return true;
		if (part_value(want) == 0 && !span_equal(want, have))
			return false;
	}
	return path.ended;
}

/* `text` counts the texts that were taken already. */
static enum rb_err
take_value(char value, struct span part, struct parts *path, size_t *text,
    struct route *out, struct fault *why)
{
	uint64_t level;

	switch (value) {
	case 'I':
		if (dec_parse(part, INT64_MAX, &out->index) == RB_OK)
			return RB_OK;
		return fault_set(why, RB_EFORMAT,
		    "a leaf's index is a decimal number without leading zeros");
	case 'D':
		out->bits = 256;
		if (digest_parse(part, &out->digest) == RB_OK)
			return RB_OK;
		return fault_set(why, RB_EFORMAT,
		    "a SHA-256 digest is 64 lower-case hexadecimal digits");
	case 'P':
		return prefix_take(part, out, why);
	case 'T':
		return text_take(part, route_text(out, (*text)++), why);
	case 'L':
		if (dec_parse(part, ROUTE_TILE_LEVELS - 1, &level) != RB_OK)
			return fault_set(why, RB_EFORMAT,
			    "a tile's level is 0 to %d", ROUTE_TILE_LEVELS - 1);
		out->level = (unsigned int)level;
		return RB_OK;
	default: /* 'N' */
		if (tile_take(path, part, out) == RB_OK)
			return RB_OK;
		return fault_set(why, RB_EFORMAT,
		    "a tile's number is not spelled as in tlog-tiles "
		    "(x001/x234/067, or 067.p/8)");
	}
}

static enum rb_err
put_value(char value, const struct route *r, size_t *text, struct buf *out)
{
	const char *texts[TEXTS] = { r->repository, r->name, r->version,
		r->arch };
	char hex[DIGEST_HEX_LEN + 1];

	switch (value) {
	case 'I':
		if (r->index > INT64_MAX)
			return RB_EFORMAT;
		return buf_printf(out, "%llu", (unsigned long long)r->index);
	case 'D':
		digest_hex(&r->digest, hex);
		return buf_put_str(out, hex);
	case 'P':
		return prefix_put(r, out);
	case 'T':
		return text_put(texts[(*text)++], out);
	case 'L':
		if (r->level >= ROUTE_TILE_LEVELS)
			return RB_EFORMAT;
		return buf_printf(out, "%u", r->level);
	default: /* 'N' */
		return tile_put(r, out);
	}
}

static enum rb_err
shape_take(const struct shape *shape, struct span target, struct route *out,
    struct fault *why)
{
	struct parts form = parts_of(span_of_str(shape->form));
	struct parts path = parts_of(target);
	struct span want, have;
	size_t text = 0;
	enum rb_err rc;

	out->kind = shape->kind;
	while (parts_next(&form, &want) && parts_next(&path, &have)) {
		if (part_value(want) == 0)
			continue;
		rc = take_value(part_value(want), have, &path, &text, out, why);
		if (rc != RB_OK)
			return rc;
	}
	return RB_OK;
}

enum rb_err
route_parse(struct span target, struct route *out, struct fault *why)
{
	struct route r;
	enum rb_err rc;
	size_t i;

	if (target.len > ROUTE_PATH_MAX)
		return fault_set(why, RB_ELIMIT, "a path is at most %d bytes",
		    ROUTE_PATH_MAX);
	if (target.len == 0 || target.p[0] != '/')
		return fault_set(why, RB_ENOTFOUND, "a path starts with /");
	if (memchr(target.p, '?', target.len) != NULL)
		return fault_set(why, RB_EFORMAT,
		    "this node takes no queries: leave out the question mark "
		    "and what follows it");

	for (i = 0; i < SHAPES; i++) {
		if (!shape_fits(&shapes[i], target))
			continue;
		memset(&r, 0, sizeof(r));
		if ((rc = shape_take(&shapes[i], target, &r, why)) != RB_OK)
			return rc;
		*out = r;
		return RB_OK;
	}
	return fault_set(why, RB_ENOTFOUND, "there is nothing at this path");
}

enum rb_err
route_write(const struct route *route, struct buf *out)
{
	struct parts form;
	struct span part;
	size_t i, text = 0, start = out->len;
	enum rb_err rc = RB_EINTERNAL;

	for (i = 0; shapes[i].kind != route->kind; i++)
		continue;
	form = parts_of(span_of_str(shapes[i].form));
	while (parts_next(&form, &part)) {
		if ((rc = buf_put_str(out, "/")) != RB_OK)
			goto out;
		if (part_value(part) == 0)
			rc = buf_put(out, part);
		else
			rc = put_value(part_value(part), route, &text, out);
		if (rc != RB_OK)
			goto out;
	}
	rc = RB_OK;
out:
	if (rc != RB_OK)
		out->len = start;
	return rc;
}
