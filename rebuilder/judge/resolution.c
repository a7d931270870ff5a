/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/resolution.h"

#include <stdlib.h>

#include "common/process/msg.h"
#include "rebuilder/judge/debversion.h"

static const char *const group_names[] = {
	[GROUP_BASE] = "base",
	[GROUP_BUILD] = "build",
};

/* A line and what the index says of it; sorted by name and architecture. */
struct wish {
	const struct resolution_line *line;
	bool is_found;
	uint8_t index; /* that it was found in */
	struct package package;
};

static enum rb_err
parse_line(struct span text, struct resolution_line *out)
{
	struct resolution_line line;
	struct span group;
	enum rb_err rc;

	if ((rc = span_take_until(&text, ' ', &group)) != RB_OK ||
	    (rc = span_take_until(&text, ' ', &line.name)) != RB_OK ||
	    (rc = span_take_until(&text, ' ', &line.version)) != RB_OK)
		return rc;
	line.architecture = text;
	if (span_equal_str(group, group_names[GROUP_BASE]))
		line.group = GROUP_BASE;
	else if (span_equal_str(group, group_names[GROUP_BUILD]))
		line.group = GROUP_BUILD;
	else
		return RB_EFORMAT;
	if (!package_name_is_valid(line.name) ||
	    !debversion_is_valid(line.version) ||
	    !package_name_is_valid(line.architecture))
		return RB_EFORMAT;
	*out = line;
	return RB_OK;
}

static int
compare_package(const struct resolution_line *a, struct span name,
    struct span architecture)
{
	int r = span_compare(a->name, name);

	return r != 0 ? r : span_compare(a->architecture, architecture);
}

static int
compare_wish(const void *a, const void *b)
{
	const struct wish *x = a, *y = b;

	return compare_package(x->line, y->line->name, y->line->architecture);
}

static enum rb_err
make_wishes(const struct resolution *r, struct wish **out, struct fault *why)
{
	const struct resolution_line *line;
	struct wish *wishes; /* owned */
	size_t i;

	wishes = calloc(r->n, sizeof(*wishes));
	if (wishes == NULL)
		return RB_ENOMEM;
	for (i = 0; i < r->n; i++)
		wishes[i].line = &r->lines[i];
	qsort(wishes, r->n, sizeof(*wishes), compare_wish);
	for (i = 1; i < r->n; i++) {
		if (compare_wish(&wishes[i - 1], &wishes[i]) == 0) {
			line = wishes[i].line;
			free(wishes);
			return fault_set(why, RB_EREFUSED,
			    "resolution names package '%.*s' %.*s twice",
			    (int)line->name.len, (const char *)line->name.p,
			    (int)line->architecture.len,
			    (const char *)line->architecture.p);
		}
	}
	*out = wishes;
	return RB_OK;
}

static enum rb_err
take_lines(struct span in, struct resolution *r, struct fault *why)
{
	struct span line, last = SPAN_INIT;

	while (in.len > 0) {
		if (span_take_line(&in, &line) != RB_OK)
			return fault_set(why, RB_EREFUSED,
			    "resolution's last line is not ended");
		if (r->n == RESOLUTION_MAX)
			return fault_set(why, RB_EREFUSED,
			    "resolution has more than %d lines",
			    RESOLUTION_MAX);
		if (parse_line(line, &r->lines[r->n]) != RB_OK)
			return fault_set(why, RB_EREFUSED,
			    "resolution line %zu, '%.*s', is not group, name, "
			    "version and architecture",
			    r->n + 1, line.len < 200 ? (int)line.len : 200,
			    (const char *)line.p);
		if (span_compare(last, line) >= 0)
			return fault_set(why, RB_EREFUSED,
			    "resolution line %zu, '%.*s', does not stand "
			    "behind the one above it in order",
			    r->n + 1, (int)line.len, (const char *)line.p);
		last = line;
		r->n++;
	}
	return RB_OK;
}

enum rb_err
resolution_parse(struct span in, struct resolution *out, struct fault *why)
{
	struct resolution r = RESOLUTION_INIT;
	struct wish *wishes = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if (in.len == 0 || in.len > RESOLUTION_BYTES_MAX)
		return fault_set(why, RB_EREFUSED,
		    "resolution has %zu bytes; 1 to %u are taken", in.len,
		    RESOLUTION_BYTES_MAX);
	r.lines = calloc(RESOLUTION_MAX, sizeof(*r.lines));
	if (r.lines == NULL)
		return RB_ENOMEM;
	if ((rc = take_lines(in, &r, why)) != RB_OK ||
	    (rc = make_wishes(&r, &wishes, why)) != RB_OK)
		goto out;

	*out = r;
	r = (struct resolution)RESOLUTION_INIT; /* now the caller's */
	rc = RB_OK;
out:
	free(wishes);
	resolution_clear(&r);
	return rc;
}

static enum rb_err
put_words(struct buf *out, const struct resolution_line *line)
{
	enum rb_err rc;

	if ((rc = buf_put_str(out, group_names[line->group])) != RB_OK ||
	    (rc = buf_put_byte(out, ' ')) != RB_OK ||
	    (rc = buf_put(out, line->name)) != RB_OK ||
	    (rc = buf_put_byte(out, ' ')) != RB_OK ||
	    (rc = buf_put(out, line->version)) != RB_OK ||
	    (rc = buf_put_byte(out, ' ')) != RB_OK ||
	    (rc = buf_put(out, line->architecture)) != RB_OK)
		return rc;
	return buf_put_byte(out, '\n');
}

enum rb_err
resolution_write(const struct resolution *r, struct buf *out)
{
	size_t start = out->len, i;
	enum rb_err rc;

	for (i = 0; i < r->n; i++) {
		if ((rc = put_words(out, &r->lines[i])) != RB_OK) {
			out->len = start;
			return rc;
		}
	}
	return RB_OK;
}

void
resolution_clear(struct resolution *r)
{
	free(r->lines);
	*r = (struct resolution)RESOLUTION_INIT;
}

static struct wish *
find_wish(struct wish *wishes, size_t n, const struct package *p)
{
	struct resolution_line line = { GROUP_BASE, p->name, p->version,
		p->architecture };
	struct wish key = { .line = &line };
	struct wish *wish;

	wish = bsearch(&key, wishes, n, sizeof(*wishes), compare_wish);
	/* An index may hold other versions of a package; they are not meant. */
	if (wish != NULL && !span_equal(wish->line->version, p->version))
		return NULL;
	return wish;
}

static enum rb_err
put_stanza(struct buf *out, const struct deb822 *stanza)
{
	size_t start = out->len;
	enum rb_err rc;

	if (out->len != 0 && (rc = buf_put_byte(out, '\n')) != RB_OK)
		return rc;
	if ((rc = buf_put(out, stanza->raw)) != RB_OK)
		out->len = start;
	return rc;
}

/* Reads the whole index; stanzas go out as they pass, packages to wishes. */
static enum rb_err
read_index(struct span index, uint8_t number, struct wish *wishes, size_t n,
    struct resolved *out, struct fault *why)
{
	struct deb822 stanza;
	struct package p;
	struct wish *wish;
	enum rb_err rc;

	while ((rc = deb822_take(&index, "Packages", &stanza, why)) == RB_OK) {
		if ((rc = package_identify(&stanza, &p, why)) != RB_OK)
			return rc;
		if ((wish = find_wish(wishes, n, &p)) == NULL)
			continue;
		if (wish->is_found && wish->index != number)
			continue;
		if (wish->is_found)
			return fault_set(why, RB_EFORMAT,
			    "Packages lists package '%.*s' %.*s twice",
			    (int)p.name.len, (const char *)p.name.p,
			    (int)p.version.len, (const char *)p.version.p);
		if ((rc = package_read(&stanza, &wish->package, why)) !=
			RB_OK ||
		    (rc = put_stanza(wish->line->group == GROUP_BASE ?
			     &out->base :
			     &out->build,
			 &stanza)) != RB_OK)
			return rc;
		wish->is_found = true;
		wish->index = number;
	}
	return rc == RB_ENOTFOUND ? RB_OK : rc;
}

static enum rb_err
put_record(struct buf *out, const struct wish *wish)
{
	const struct package *p = &wish->package;
	enum rb_err rc;

	if ((rc = put_u8(out, (uint8_t)wish->line->group)) != RB_OK ||
	    (rc = put_bytes(out, p->name)) != RB_OK ||
	    (rc = put_bytes(out, p->version)) != RB_OK ||
	    (rc = put_bytes(out, p->architecture)) != RB_OK ||
	    (rc = put_bytes(out, p->file.path)) != RB_OK ||
	    (rc = put_u64(out, p->file.size)) != RB_OK ||
	    (rc = put_digest(out, &p->file.digest)) != RB_OK)
		return rc;
	return put_u8(out, wish->index);
}

/* Addresses within r->lines rise with the lines. */
static int
compare_line_number(const void *a, const void *b)
{
	const struct wish *x = a, *y = b;

	return (x->line > y->line) - (x->line < y->line);
}

static enum rb_err
put_records(struct wish *wishes, size_t n, struct buf *out, struct fault *why)
{
	const struct resolution_line *line;
	enum rb_err rc;
	size_t i;

	qsort(wishes, n, sizeof(*wishes), compare_line_number);
	for (i = 0; i < n; i++) {
		line = wishes[i].line;
		if (!wishes[i].is_found)
			return fault_set(why, RB_EREFUSED,
			    "resolution line %zu asks for '%.*s' %.*s %.*s, "
			    "which Packages does not list",
			    i + 1, (int)line->name.len,
			    (const char *)line->name.p, (int)line->version.len,
			    (const char *)line->version.p,
			    (int)line->architecture.len,
			    (const char *)line->architecture.p);
		if ((rc = put_record(out, &wishes[i])) != RB_OK)
			return rc;
	}
	return RB_OK;
}

enum rb_err
resolution_look_up(const struct resolution *r, const struct span *indices,
    size_t n, struct resolved *out, struct fault *why)
{
	struct resolved found = RESOLVED_INIT;
	struct wish *wishes = NULL;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if (n > RESOLUTION_INDICES_MAX)
		return RB_ELIMIT;

	if ((rc = make_wishes(r, &wishes, why)) != RB_OK)
		goto out;
	if (wishes == NULL) { /* as no parse leaves it */
		rc = RB_EINTERNAL;
		goto out;
	}
	for (i = 0; i < n; i++)
		if ((rc = read_index(indices[i], (uint8_t)i, wishes, r->n,
			 &found, why)) != RB_OK)
			goto out;
	if ((rc = put_records(wishes, r->n, &found.records, why)) != RB_OK)
		goto out;

	*out = found;
	found = (struct resolved)RESOLVED_INIT; /* now the caller's */
	rc = RB_OK;
out:
	free(wishes);
	resolved_clear(&found);
	return rc;
}

void
resolved_clear(struct resolved *r)
{
	buf_clear(&r->records);
	buf_clear(&r->base);
	buf_clear(&r->build);
}
