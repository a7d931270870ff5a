/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/git/git_tag.h"

#include <string.h>

#include "rebuilder/judge/git/git_header.h"

static bool
ends_in(struct span s, struct span end)
{
	return s.len >= end.len &&
	    span_equal(span_of(s.p + s.len - end.len, end.len), end);
}

static bool
part_is_valid(struct span part)
{
	size_t i;

	if (part.len == 0 || part.p[0] == '.' || ends_in(part, SPAN(".lock")))
		return false;
	for (i = 0; i < part.len; i++) {
		if (part.p[i] <= ' ' || part.p[i] >= 0x7f ||
		    strchr("~^:?*[\\", part.p[i]) != NULL)
			return false;
		if (i > 0 && part.p[i] == '.' && part.p[i - 1] == '.')
			return false;
		if (i > 0 && part.p[i] == '{' && part.p[i - 1] == '@')
			return false;
	}
	return true;
}

bool
git_ref_name_is_valid(struct span name)
{
	struct span rest = name, part;

	if (name.len == 0 || name.len > GIT_REF_NAME_MAX || name.p[0] == '-' ||
	    ends_in(name, SPAN(".")) || ends_in(name, SPAN("/")))
		return false;
	while (rest.len > 0) {
		if (span_take_until(&rest, '/', &part) != RB_OK ||
		    !part_is_valid(part))
			return false;
	}
	return true;
}

enum rb_err
git_tag_parse(struct span bytes, struct git_tag *out)
{
	struct git_tag t;
	struct span value, rest = bytes;
	enum rb_err rc;

	if (bytes.len == 0 || memchr(bytes.p, '\0', bytes.len) != NULL)
		return RB_EFORMAT;
	if ((rc = git_header_take_id(&rest, "object", &t.object)) != RB_OK ||
	    (rc = git_header_take(&rest, "type", &value)) != RB_OK ||
	    (rc = git_type_parse(value, &t.type)) != RB_OK ||
	    (rc = git_header_take(&rest, "tag", &t.name)) != RB_OK ||
	    (rc = git_header_take(&rest, "tagger", &value)) != RB_OK ||
	    (rc = git_ident_time(value, &t.time)) != RB_OK)
		return rc;
	if (!git_ref_name_is_valid(t.name) || rest.len == 0 ||
	    rest.p[0] != '\n')
		return RB_EFORMAT;
	t.message = span_of(rest.p + 1, rest.len - 1);
	*out = t;
	return RB_OK;
}
