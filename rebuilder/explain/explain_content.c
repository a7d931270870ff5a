/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/explain/explain_content.h"

#include <string.h>

#include "rebuilder/explain/explain_elf.h"

#define BLOCK (64 * 1024)
#define LINE_SHOWN_MAX 200

/* One of the two, as far as it was read. */
struct side {
	struct reader *reader; /* borrowed */
	struct buf kept;       /* owned; all of it, when is_kept */
	bool is_kept;
	uint64_t size;         /* read in all */
	uint8_t block[BLOCK];
	size_t len;            /* of the block */
};

struct totals {
	uint64_t common;   /* bytes that both have */
	uint64_t ndiffer;  /* of these */
	uint64_t first;    /* means something when ndiffer != 0 */
};

size_t
content_count(const uint8_t *a, const uint8_t *b, size_t len, size_t *first)
{
	size_t i, n = 0;

	if (len == 0 || memcmp(a, b, len) == 0)
		return 0;
	for (i = 0; i < len; i++) {
		if (a[i] == b[i])
			continue;
		if (n++ == 0)
			*first = i;
	}
	return n;
}

/* A whole block, or the last one; libarchive gives what it has. */
static enum rb_err
fill(struct side *s, struct fault *why)
{
	enum rb_err rc;
	size_t n;

	s->len = 0;
	while (s->len < sizeof(s->block)) {
		if ((rc = reader_bytes(s->reader, s->block + s->len,
			 sizeof(s->block) - s->len, &n, why)) != RB_OK)
			return rc;
		if (n == 0)
			break;
		s->len += n;
	}
	s->size += s->len;
	if (s->is_kept)
		return buf_put(&s->kept, span_of(s->block, s->len));
	return RB_OK;
}

static enum rb_err
walk(struct side *a, struct side *b, struct totals *out, struct fault *why)
{
	struct totals t = { 0, 0, 0 };
	size_t len, n, first = 0;
	enum rb_err rc;

	do {
		if ((rc = fill(a, why)) != RB_OK)
			return rc;
		if ((rc = fill(b, why)) != RB_OK)
			return rc;
		len = a->len < b->len ? a->len : b->len;
		n = content_count(a->block, b->block, len, &first);
		if (n != 0 && t.ndiffer == 0)
			t.first = t.common + first;
		t.ndiffer += n;
		t.common += len;
	} while (a->len != 0 || b->len != 0);
	*out = t;
	return RB_OK;
}

static void
report_totals(const struct side *a, const struct side *b,
    const struct totals *t, struct report *r)
{
	if (a->size == b->size)
		report_say(r,
		    "    %llu of %llu bytes differ, the first at "
		    "byte %llu\n",
		    (unsigned long long)t->ndiffer, (unsigned long long)a->size,
		    (unsigned long long)t->first);
	else if (t->ndiffer == 0)
		report_say(r,
		    "    %llu bytes published, %llu rebuilt; the "
		    "shorter is the front of the longer\n",
		    (unsigned long long)b->size, (unsigned long long)a->size);
	else
		report_say(r,
		    "    %llu bytes published, %llu rebuilt; the "
		    "first difference is at byte %llu\n",
		    (unsigned long long)b->size, (unsigned long long)a->size,
		    (unsigned long long)t->first);
}

static bool
is_text(struct span s)
{
	return s.len == 0 || memchr(s.p, '\0', s.len) == NULL;
}

/* The line around byte `at`. */
static struct span
line_at(struct span s, size_t at)
{
	size_t from = at, to = at;

	while (from > 0 && s.p[from - 1] != '\n')
		from--;
	while (to < s.len && s.p[to] != '\n')
		to++;
	return span_of(s.p + from, to - from);
}

/* As in a patch from the published file to the rebuilt one. */
static void
report_lines(struct span a, struct span b, size_t at, struct report *r)
{
	report_say(r, "    - ");
	report_bytes(r, line_at(b, at), LINE_SHOWN_MAX);
	report_say(r, "\n    + ");
	report_bytes(r, line_at(a, at), LINE_SHOWN_MAX);
	report_say(r, "\n");
}

/* Broken ELF files are still bytes that differ: no error. */
static enum rb_err
look_at_elf(struct span a, struct span b, struct report *r, enum content *out)
{
	struct elf ea = ELF_INIT, eb = ELF_INIT;
	enum rb_err rc;

	if ((rc = elf_parse(a, &ea)) == RB_ENOMEM)
		goto out;
	if (rc == RB_OK && (rc = elf_parse(b, &eb)) == RB_ENOMEM)
		goto out;
	if (rc != RB_OK) {
		report_say(r,
		    "    an ELF file without a readable section "
		    "table\n");
		rc = RB_OK;
		goto out;
	}
	elf_report(&ea, &eb, r);
	if (elf_is_build_id_only(a, b, &ea, &eb)) {
		report_say(r,
		    "    only names of the build (build id, debug "
		    "link) differ\n");
		*out = CONTENT_BUILD_ID;
	}
	rc = RB_OK;
out:
	elf_clear(&ea);
	elf_clear(&eb);
	return rc;
}

enum rb_err
content_compare(struct reader *rebuilt, struct reader *published,
    uint64_t rebuilt_size, uint64_t published_size, struct report *r,
    enum content *out, struct fault *why)
{
	static struct side a, b; /* too large for a stack */
	bool is_kept = rebuilt_size <= CONTENT_KEPT_MAX &&
	    published_size <= CONTENT_KEPT_MAX;
	enum content content = CONTENT_DIFFERS;
	struct totals t;
	enum rb_err rc;

	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	a.reader = rebuilt;
	b.reader = published;
	a.is_kept = b.is_kept = is_kept;
	if ((rc = walk(&a, &b, &t, why)) != RB_OK)
		goto out;
	report_totals(&a, &b, &t, r);
	if (is_kept && elf_is(buf_span(&a.kept)) && elf_is(buf_span(&b.kept)))
		rc = look_at_elf(buf_span(&a.kept), buf_span(&b.kept), r,
		    &content);
	else if (is_kept && is_text(buf_span(&a.kept)) &&
	    is_text(buf_span(&b.kept)))
		report_lines(buf_span(&a.kept), buf_span(&b.kept),
		    (size_t)(t.ndiffer != 0 ? t.first : t.common), r);
	if (rc == RB_OK)
		*out = content;
out:
	buf_clear(&a.kept);
	buf_clear(&b.kept);
	return rc;
}
