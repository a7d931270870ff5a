/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/git/git_header.h"

#include <string.h>

#include "common/base/enc.h"

/* The year 9999 ends here; utc_write knows none after it. */
#define TIME_MAX 253402300799u

enum rb_err
git_header_take(struct span *in, const char *name, struct span *value)
{
	struct span rest = *in, line;
	size_t len = strlen(name);

	if (span_take_line(&rest, &line) != RB_OK || line.len <= len ||
	    memcmp(line.p, name, len) != 0 || line.p[len] != ' ')
		return RB_EFORMAT;
	*value = span_of(line.p + len + 1, line.len - len - 1);
	*in = rest;
	return RB_OK;
}

enum rb_err
git_header_take_id(struct span *in, const char *name, struct git_id *out)
{
	struct span rest = *in, value;
	enum rb_err rc;

	if ((rc = git_header_take(&rest, name, &value)) != RB_OK ||
	    (rc = git_id_parse(value, out)) != RB_OK)
		return rc;
	*in = rest;
	return RB_OK;
}

static bool
is_zone(struct span s)
{
	size_t i;

	if (s.len != 5 || (s.p[0] != '+' && s.p[0] != '-'))
		return false;
	for (i = 1; i < 5; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	}
	return true;
}

enum rb_err
git_ident_time(struct span ident, int64_t *out)
{
	struct span seconds;
	size_t i = ident.len;
	uint64_t n;

	while (i > 0 && ident.p[i - 1] != '>')
		i--;
	if (i == 0 || ident.len - i < 2 || ident.p[i] != ' ')
		return RB_EFORMAT;
	ident = span_of(ident.p + i + 1, ident.len - i - 1);
	if (span_take_until(&ident, ' ', &seconds) != RB_OK ||
	    dec_parse(seconds, TIME_MAX, &n) != RB_OK || !is_zone(ident))
		return RB_EFORMAT;
	*out = (int64_t)n;
	return RB_OK;
}
