/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/gitmodules.h"

#include <string.h>

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct span
trim(struct span s)
{
	while (s.len > 0 && is_blank(s.p[0]))
		s = span_of(s.p + 1, s.len - 1);
	while (s.len > 0 && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

static bool
starts_with(struct span s, const char *with)
{
	size_t len = strlen(with);

	return s.len >= len && memcmp(s.p, with, len) == 0;
}

static bool
is_plain(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7f || s.p[i] == '"' ||
		    s.p[i] == '\\' || s.p[i] == '#' || s.p[i] == ';')
			return false;
	return s.len > 0;
}

/* What one section says, as far as it matters. */
struct section {
	bool is_submodule;
	struct span path, url;
};

/* [submodule "NAME"] and nothing else; all other sections are not ours. */
static bool
is_submodule(struct span line)
{
	static const char begin[] = "[submodule \"";

	return starts_with(line, begin) && line.len > sizeof(begin) + 1 &&
	    memcmp(line.p + line.len - 2, "\"]", 2) == 0;
}

/* "key = value"; other keys are git's own business. */
static enum rb_err
take_setting(struct span line, struct section *s, struct fault *why)
{
	const uint8_t *equal = memchr(line.p, '=', line.len);
	struct span key, value, *into = NULL;

	if (equal == NULL || !s->is_submodule)
		return RB_OK; /* "key" alone means true */
	key = trim(span_of(line.p, (size_t)(equal - line.p)));
	value = trim(
	    span_of(equal + 1, line.len - (size_t)(equal - line.p) - 1));
	if (span_equal_str(key, "path"))
		into = &s->path;
	else if (span_equal_str(key, "url"))
		into = &s->url;
	else
		return RB_OK;
	if (into->len != 0)
		return fault_set(why, RB_EREFUSED,
		    ".gitmodules: a section says '%.*s' twice", (int)key.len,
		    (const char *)key.p);
	if (!is_plain(value))
		return fault_set(why, RB_EREFUSED,
		    ".gitmodules: the value of '%.*s' is empty, or not plain "
		    "text",
		    (int)key.len, (const char *)key.p);
	*into = value;
	return RB_OK;
}

/* Cuts the last part off an address, as "../" asks. */
static bool
cut_part(struct span *base)
{
	size_t len = base->len;

	while (len > 0 && base->p[len - 1] != '/')
		len--;
	/* What is left must still have more than "https://host". */
	if (len < 2 || base->p[len - 2] == '/')
		return false;
	base->len = len - 1;
	return true;
}

static enum rb_err
resolve(struct span url, struct span base, struct buf *out, struct fault *why)
{
	struct span rest = url;
	enum rb_err rc = RB_EINTERNAL;

	while (base.len > 0 && base.p[base.len - 1] == '/')
		base.len--;
	if (starts_with(url, "https://") || starts_with(url, "http://"))
		return buf_put(out, url);
	while (starts_with(rest, "./") || starts_with(rest, "../")) {
		if (rest.p[1] == '.') {
			if (!cut_part(&base))
				break;
			rest = span_of(rest.p + 3, rest.len - 3);
		} else {
			rest = span_of(rest.p + 2, rest.len - 2);
		}
	}
	if (rest.p == url.p || rest.len == 0 || rest.p[0] == '.')
		return fault_set(why, RB_EREFUSED,
		    ".gitmodules: '%.*s' is neither http nor https, nor a "
		    "place beside the component",
		    (int)url.len, (const char *)url.p);
	if ((rc = buf_put(out, base)) != RB_OK ||
	    (rc = buf_put_byte(out, '/')) != RB_OK)
		return rc;
	return buf_put(out, rest);
}

enum rb_err
gitmodules_url(struct span text, struct span path, struct span base,
    struct buf *out, struct fault *why)
{
	struct section s = { false, SPAN_INIT, SPAN_INIT }, found = s;
	struct span line = SPAN_INIT;
	bool is_last = false, has_found = false;
	enum rb_err rc = RB_EINTERNAL;

	if (text.len > GITMODULES_MAX)
		return RB_ELIMIT;
	while (!is_last) {
		if (span_take_until(&text, '\n', &line) != RB_OK) {
			line = text;
			is_last = true;
		}
		line = trim(line);
		if ((line.len > 0 && line.p[0] == '[') || is_last) {
			if (is_last && line.len > 0 && line.p[0] != '[' &&
			    (rc = take_setting(line, &s, why)) != RB_OK)
				return rc;
			if (s.path.len != 0 && span_equal(s.path, path)) {
				if (has_found)
					return fault_set(why, RB_EREFUSED,
					    ".gitmodules: two sections are "
					    "of '%.*s'",
					    (int)path.len,
					    (const char *)path.p);
				found = s;
				has_found = true;
			}
			s = (struct section){ is_submodule(line), SPAN_INIT,
				SPAN_INIT };
			continue;
		}
		if (line.len == 0 || line.p[0] == '#' || line.p[0] == ';')
			continue;
		if ((rc = take_setting(line, &s, why)) != RB_OK)
			return rc;
	}
	if (!has_found || found.url.len == 0)
		return RB_ENOTFOUND;
	return resolve(found.url, base, out, why);
}
