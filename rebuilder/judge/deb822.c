/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/deb822.h"

#include <string.h>
#include <strings.h>

/* How much of a name or line a fault shows. */
#define SHOWN_MAX 80

static int
shown(struct span s)
{
	return (int)(s.len < SHOWN_MAX ? s.len : SHOWN_MAX);
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Printable, no colon, and nothing that starts a comment or an option. */
static bool
name_is_valid(struct span name)
{
	size_t i;

	if (name.len == 0 || name.p[0] == '#' || name.p[0] == '-')
		return false;
	for (i = 0; i < name.len; i++) {
		if (name.p[i] <= 0x20 || name.p[i] >= 0x7f)
			return false;
	}
	return true;
}

/* No control characters but a tab. */
static bool
text_is_valid(struct span text)
{
	bool is_valid = true;
	size_t i;

	/* Without a way out of the loop, so that it is done in vectors. */
	for (i = 0; i < text.len; i++)
		is_valid &= (text.p[i] >= 0x20 || text.p[i] == '\t') &&
		    text.p[i] != 0x7f;
	return is_valid;
}

static bool
has_field(const struct deb822 *stanza, struct span name)
{
	const struct deb822_field *f;
	size_t i;

	for (i = 0; i < stanza->n; i++) {
		f = &stanza->fields[i];
		if (f->name.len == name.len &&
		    strncasecmp((const char *)f->name.p, (const char *)name.p,
			name.len) == 0)
			return true;
	}
	return false;
}

/* "Name: text", or "Name:" where nothing or another line follows. */
static enum rb_err
add_field(struct deb822 *stanza, struct span line, struct fault *why)
{
	const uint8_t *colon = memchr(line.p, ':', line.len);
	struct deb822_field f;

	if (colon == NULL)
		return fault_set(why, RB_EFORMAT,
		    "%s: line '%.*s' has no colon", stanza->file, shown(line),
		    (const char *)line.p);
	f.name = span_of(line.p, (size_t)(colon - line.p));
	if (!name_is_valid(f.name))
		return fault_set(why, RB_EFORMAT,
		    "%s: line '%.*s' does not start with a field name",
		    stanza->file, shown(line), (const char *)line.p);
	f.value = span_of(colon + 1, line.len - f.name.len - 1);
	if ((f.value.len > 0 && f.value.p[0] != ' ') || !text_is_valid(f.value))
		return fault_set(why, RB_EFORMAT,
		    "%s: field '%.*s' is not a name, a colon, a blank and "
		    "printable text",
		    stanza->file, shown(f.name), (const char *)f.name.p);
	if (has_field(stanza, f.name))
		return fault_set(why, RB_EFORMAT,
		    "%s: field '%.*s' stands twice in one stanza", stanza->file,
		    shown(f.name), (const char *)f.name.p);
	if (stanza->n == DEB822_FIELDS_MAX)
		return fault_set(why, RB_ELIMIT,
		    "%s: a stanza has more than %d fields", stanza->file,
		    DEB822_FIELDS_MAX);
	stanza->fields[stanza->n++] = f;
	return RB_OK;
}

/* A line that starts with a blank goes on with the field above it. */
static enum rb_err
add_continuation(struct deb822 *stanza, struct span line, struct fault *why)
{
	struct deb822_field *f;

	if (stanza->n == 0 || line.len < 2 || !text_is_valid(line))
		return fault_set(why, RB_EFORMAT,
		    "%s: line '%.*s' continues nothing, is empty, ends in a "
		    "blank or holds control characters",
		    stanza->file, shown(line), (const char *)line.p);
	f = &stanza->fields[stanza->n - 1];
	/* The LF in front and the line itself lie right behind the value. */
	f->value.len += 1 + line.len;
	return RB_OK;
}

enum rb_err
deb822_take(struct span *in, const char *file, struct deb822 *out,
    struct fault *why)
{
	struct span rest = *in, line;
	struct deb822 stanza;
	enum rb_err rc;

	if (rest.len == 0)
		return RB_ENOTFOUND;
	stanza.file = file;
	stanza.n = 0;
	while (rest.len > 0) {
		if (span_take_line(&rest, &line) != RB_OK)
			return fault_set(why, RB_EFORMAT,
			    "%s: the last line is not ended: the file was "
			    "cut short",
			    file);
		if (line.len == 0)
			break;
		if (is_blank(line.p[0]))
			rc = add_continuation(&stanza, line, why);
		else
			rc = add_field(&stanza, line, why);
		if (rc != RB_OK)
			return rc;
		stanza.raw = span_of(in->p,
		    (size_t)(line.p + line.len + 1 - in->p));
		if (stanza.raw.len > DEB822_STANZA_MAX)
			return fault_set(why, RB_ELIMIT,
			    "%s: a stanza is longer than %u bytes", file,
			    DEB822_STANZA_MAX);
	}
	if (stanza.n == 0)
		return fault_set(why, RB_EFORMAT,
		    "%s: an empty line stands where a stanza starts", file);

	*out = stanza;
	*in = rest;
	return RB_OK;
}

enum rb_err
deb822_write(const struct deb822 *stanza, struct buf *out)
{
	const struct deb822_field *f;
	enum rb_err rc;
	size_t i;

	for (i = 0; i < stanza->n; i++) {
		f = &stanza->fields[i];
		if ((rc = buf_put(out, f->name)) != RB_OK ||
		    (rc = buf_put_byte(out, ':')) != RB_OK ||
		    (rc = buf_put(out, f->value)) != RB_OK ||
		    (rc = buf_put_byte(out, '\n')) != RB_OK)
			return rc;
	}
	return RB_OK;
}

const struct span *
deb822_find(const struct deb822 *stanza, const char *name)
{
	size_t i;

	for (i = 0; i < stanza->n; i++) {
		if (span_equal_str(stanza->fields[i].name, name))
			return &stanza->fields[i].value;
	}
	return NULL;
}

enum rb_err
deb822_text(const struct deb822 *stanza, const char *name, struct span *out,
    struct fault *why)
{
	const struct span *value = deb822_find(stanza, name);
	struct span text;

	if (value == NULL)
		return fault_set(why, RB_EFORMAT,
		    "%s: a stanza lacks field '%s'", stanza->file, name);
	if (value->len < 2 || memchr(value->p, '\n', value->len) != NULL)
		goto bad;
	text = span_of(value->p + 1, value->len - 1);
	if (is_blank(text.p[0]) || is_blank(text.p[text.len - 1]))
		goto bad;
	*out = text;
	return RB_OK;
bad:
	return fault_set(why, RB_EFORMAT,
	    "%s: field '%s' is not one line of text without blanks around it",
	    stanza->file, name);
}

enum rb_err
deb822_line_take(struct span *value, struct span *line)
{
	struct span rest = *value;
	const uint8_t *lf;

	if (rest.len > 0 && rest.p[0] == ' ')
		rest = span_of(rest.p + 1, rest.len - 1);
	if (rest.len == 0)
		return RB_ENOTFOUND;
	if (rest.p[0] != '\n')
		return RB_EFORMAT;
	/* A continuation line has a blank and at least one byte behind it. */
	rest = span_of(rest.p + 2, rest.len - 2);
	lf = memchr(rest.p, '\n', rest.len);
	*line = span_of(rest.p, lf == NULL ? rest.len : (size_t)(lf - rest.p));
	*value = span_of(rest.p + line->len, rest.len - line->len);
	return RB_OK;
}
