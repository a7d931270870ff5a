/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/git/git_refs.h"

#include <stdlib.h>
#include <string.h>

#include "rebuilder/judge/git/git_tag.h"

/* gitprotocol-common(5): a packet is at most this long, with its length. */
#define LINE_MAX 65520
#define LENGTH_LEN 4
#define SHOWN_MAX 200

void
git_refs_clear(struct git_refs *r)
{
	free(r->tags);
	*r = (struct git_refs)GIT_REFS_INIT;
}

static int
digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * One packet, without its length and, if it has one, its LF.  RB_ENOTFOUND:
 * it was the one that ends a list.
 */
static enum rb_err
take_packet(struct span *in, struct span *out)
{
	struct span field, rest = *in;
	size_t len = 0, i;
	enum rb_err rc;
	int d;

	if ((rc = span_take(&rest, LENGTH_LEN, &field)) != RB_OK)
		return rc;
	for (i = 0; i < LENGTH_LEN; i++) {
		if ((d = digit(field.p[i])) < 0)
			return RB_EFORMAT;
		len = len << 4 | (size_t)d;
	}
	if (len == 0) {
		*in = rest;
		return RB_ENOTFOUND;
	}
	if (len <= LENGTH_LEN || len > LINE_MAX)
		return RB_EFORMAT;
	if ((rc = span_take(&rest, len - LENGTH_LEN, &field)) != RB_OK)
		return rc;
	if (field.p[field.len - 1] == '\n')
		field.len--;
	*in = rest;
	*out = field;
	return RB_OK;
}

static enum rb_err
check_capabilities(struct span caps, struct fault *why)
{
	static const struct span format = { (const uint8_t *)"object-format=",
		14 };
	struct span cap;

	while (caps.len > 0) {
		if (span_take_until(&caps, ' ', &cap) != RB_OK)
			return RB_EFORMAT;
		if (span_starts(cap, format) &&
		    !span_equal_str(cap, "object-format=sha1"))
			return fault_set(why, RB_EREFUSED,
			    "the repository's objects are named by %.*s; only "
			    "SHA-1 repositories are read",
			    cap.len < 80 ? (int)(cap.len - format.len) : 80,
			    (const char *)cap.p + format.len);
	}
	return RB_OK;
}

struct reader {
	struct span branch;
	struct git_refs refs;
	size_t cap;
	bool has_head;
	bool was_tag; /* the line before: what is peeled next */
	struct span last; /* its whole name */
};

static struct git_ref *
add_tag(struct reader *r)
{
	struct git_ref *list;
	size_t cap;

	if (r->refs.n == r->cap) {
		cap = r->cap == 0 ? 64 : 2 * r->cap;
		list = realloc(r->refs.tags, cap * sizeof(*list));
		if (list == NULL)
			return NULL;
		r->refs.tags = list;
		r->cap = cap;
	}
	list = &r->refs.tags[r->refs.n++];
	memset(list, 0, sizeof(*list));
	return list;
}

/* "<name>^{}" right behind "<name>". */
static enum rb_err
take_peeled(struct reader *r, const struct git_id *id, struct span name)
{
	struct git_ref *tag;

	if (!span_equal(r->last, span_of(name.p, name.len - 3)))
		return RB_EFORMAT;
	r->last = SPAN("");
	if (!r->was_tag)
		return RB_OK;
	tag = &r->refs.tags[r->refs.n - 1];
	tag->is_peeled = true;
	tag->peeled = *id;
	return RB_OK;
}

static enum rb_err
take_ref(struct reader *r, const struct git_id *id, struct span name)
{
	static const struct span tags = { (const uint8_t *)"refs/tags/", 10 };
	static const struct span heads = { (const uint8_t *)"refs/heads/", 11 };
	static const struct span peeled = { (const uint8_t *)"^{}", 3 };
	struct git_ref *tag;
	struct span part;

	if (git_id_is_null(id) || name.len == 0 ||
	    memchr(name.p, '\0', name.len) != NULL)
		return RB_EFORMAT;
	if (name.len > peeled.len &&
	    span_equal(span_of(name.p + name.len - peeled.len, peeled.len),
		peeled))
		return take_peeled(r, id, name);
	r->last = name;
	r->was_tag = false;
	if (span_starts(name, heads)) {
		part = span_of(name.p + heads.len, name.len - heads.len);
		if (!span_equal(part, r->branch))
			return RB_OK;
		if (r->has_head)
			return RB_EFORMAT;
		r->refs.head = *id;
		r->has_head = true;
		return RB_OK;
	}
	if (!span_starts(name, tags))
		return RB_OK;
	part = span_of(name.p + tags.len, name.len - tags.len);
	if (!git_ref_name_is_valid(part)) {
		r->refs.nskipped++;
		return RB_OK;
	}
	if (r->refs.n == GIT_TAGS_MAX)
		return RB_ELIMIT;
	if ((tag = add_tag(r)) == NULL)
		return RB_ENOMEM;
	tag->name = part;
	tag->id = *id;
	r->was_tag = true;
	return RB_OK;
}

static enum rb_err
take_line(struct reader *r, struct span line, bool is_first, struct fault *why)
{
	struct span hex, caps = SPAN_INIT;
	const uint8_t *zero;
	struct git_id id;
	enum rb_err rc;

	if (span_starts(line, SPAN("ERR ")))
		return fault_set(why, RB_EREFUSED, "the git server says: %.*s",
		    line.len < SHOWN_MAX ? (int)line.len - 4 : SHOWN_MAX,
		    (const char *)line.p + 4);
	if (is_first) {
		zero = line.len == 0 ? NULL : memchr(line.p, '\0', line.len);
		if (zero == NULL)
			return RB_EFORMAT;
		caps = span_of(zero + 1,
		    line.len - (size_t)(zero + 1 - line.p));
		line.len = (size_t)(zero - line.p);
		if ((rc = check_capabilities(caps, why)) != RB_OK)
			return rc;
	}
	if ((rc = span_take_until(&line, ' ', &hex)) != RB_OK)
		return rc;
	if ((rc = git_id_parse(hex, &id)) == RB_EREFUSED)
		return fault_set(why, rc,
		    "the repository's objects are named by SHA-256; only "
		    "SHA-1 repositories are read");
	if (rc != RB_OK)
		return rc;
	if (is_first && span_equal_str(line, "capabilities^{}"))
		return git_id_is_null(&id) ? RB_OK : RB_EFORMAT;
	return take_ref(r, &id, line);
}

static int
by_name(const void *a, const void *b)
{
	return span_compare(((const struct git_ref *)a)->name,
	    ((const struct git_ref *)b)->name);
}

static enum rb_err
read_lines(struct reader *r, struct span in, struct fault *why)
{
	struct span line;
	bool is_first = true;
	enum rb_err rc;
	size_t i;

	if ((rc = take_packet(&in, &line)) != RB_OK ||
	    !span_equal_str(line, "# service=git-upload-pack") ||
	    take_packet(&in, &line) != RB_ENOTFOUND)
		return RB_EFORMAT;
	while ((rc = take_packet(&in, &line)) == RB_OK) {
		if ((rc = take_line(r, line, is_first, why)) != RB_OK)
			return rc;
		is_first = false;
	}
	if (rc != RB_ENOTFOUND || is_first || in.len != 0)
		return RB_EFORMAT;
	if (r->refs.n > 1)
		qsort(r->refs.tags, r->refs.n, sizeof(*r->refs.tags), by_name);
	for (i = 1; i < r->refs.n; i++) {
		if (span_equal(r->refs.tags[i - 1].name, r->refs.tags[i].name))
			return RB_EFORMAT;
	}
	return RB_OK;
}

enum rb_err
git_refs_parse(struct span advertisement, struct span branch,
    struct git_refs *out, struct fault *why)
{
	struct reader r = { .branch = branch, .last = SPAN("") };
	enum rb_err rc = RB_EINTERNAL;

	if (!git_ref_name_is_valid(branch))
		return fault_set(why, RB_EREFUSED,
		    "'%.*s' cannot be the name of a branch",
		    branch.len < 80 ? (int)branch.len : 80,
		    (const char *)branch.p);
	rc = read_lines(&r, advertisement, why);
	if (rc == RB_EFORMAT)
		fault_set(why, rc,
		    "this is not the list of refs of a git server (smart HTTP, "
		    "version 0)");
	if (rc == RB_ELIMIT)
		fault_set(why, rc, "the git server lists more than %d tags",
		    GIT_TAGS_MAX);
	if (rc == RB_OK && !r.has_head)
		rc = fault_set(why, RB_ENOTFOUND,
		    "the repository has no branch '%.*s'", (int)branch.len,
		    (const char *)branch.p);
	if (rc != RB_OK) {
		git_refs_clear(&r.refs);
		return rc;
	}
	*out = r.refs;
	return RB_OK;
}

const struct git_ref *
git_refs_find(const struct git_refs *r, struct span name)
{
	struct git_ref key = { .name = name };

	if (r->n == 0)
		return NULL;
	return bsearch(&key, r->tags, r->n, sizeof(*r->tags), by_name);
}
