/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/net/net_range.h"

#include "common/base/enc.h"

static enum rb_err
take_bounds(struct span in, struct content_range *r)
{
	struct span first;

	if (span_take_until(&in, '-', &first) != RB_OK ||
	    dec_parse(first, INT64_MAX, &r->first) != RB_OK ||
	    dec_parse(in, INT64_MAX, &r->last) != RB_OK || r->first > r->last)
		return RB_EFORMAT;
	r->has_range = true;
	return RB_OK;
}

enum rb_err
content_range_parse(struct span value, struct content_range *out)
{
	struct content_range r = { .has_range = false };
	struct span unit, range;

	if (span_take_until(&value, ' ', &unit) != RB_OK ||
	    !span_equal_str(unit, "bytes") ||
	    span_take_until(&value, '/', &range) != RB_OK)
		return RB_EFORMAT;
	if (!span_equal_str(range, "*") && take_bounds(range, &r) != RB_OK)
		return RB_EFORMAT;
	if (!span_equal_str(value, "*")) {
		if (dec_parse(value, INT64_MAX, &r.total) != RB_OK)
			return RB_EFORMAT;
		r.has_total = true;
	}
	if (r.has_range ? r.has_total && r.last >= r.total : !r.has_total)
		return RB_EFORMAT;
	*out = r;
	return RB_OK;
}
