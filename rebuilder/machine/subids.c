/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/subids.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/enc.h"

/* Below lie the ids of the system and of people. */
#define LOWEST 65536

static bool
is_owner(struct span name, const char *user, uid_t uid)
{
	char number[16];

	snprintf(number, sizeof(number), "%" PRIuMAX, (uintmax_t)uid);
	return span_equal_str(name, user) || span_equal_str(name, number);
}

enum rb_err
subids_find(struct span text, const char *user, uid_t uid, uint32_t *start)
{
	struct span line = SPAN_INIT, name = SPAN_INIT, first = SPAN_INIT;
	uint64_t from = 0, count = 0;

	while (span_take_line(&text, &line) == RB_OK) {
		if (span_take_until(&line, ':', &name) != RB_OK ||
		    !is_owner(name, user, uid) ||
		    span_take_until(&line, ':', &first) != RB_OK ||
		    dec_parse(first, UINT32_MAX, &from) != RB_OK ||
		    dec_parse(line, UINT32_MAX, &count) != RB_OK)
			continue;
		/* (uid_t)-1 means "nobody" to every system call. */
		if (from < LOWEST || count < SUBIDS_COUNT ||
		    from > UINT32_MAX - SUBIDS_COUNT)
			continue;
		*start = (uint32_t)from;
		return RB_OK;
	}
	return RB_ENOTFOUND;
}
