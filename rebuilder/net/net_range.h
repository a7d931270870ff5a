/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_NET_RANGE_H
#define RB_REBUILDER_NET_RANGE_H

#include "common/base/span.h"

/*
 * The value of a Content-Range header (RFC 9110, 14.4): which bytes of the
 * object an answer holds ("bytes 5-9/10"), or, with a star for the range,
 * only how many the object has.
 */
struct content_range {
	bool has_range;
	uint64_t first, last;
	bool has_total; /* not "*" */
	uint64_t total;
};

/* Without blanks around it.  RB_EFORMAT for other units and for nonsense. */
enum rb_err content_range_parse(struct span value, struct content_range *out)
    RB_CHECK;

#endif
