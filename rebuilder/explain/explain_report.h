/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_EXPLAIN_REPORT_H
#define RB_REBUILDER_EXPLAIN_REPORT_H

#include "common/base/buf.h"

/*
 * The text that tells a person how two files differ, of each difference the
 * published side first ("-"), then the rebuilt one ("+").  Printable ASCII and
 * line feeds: other bytes of names and contents become \xHH.  Past its limit
 * it says that it was cut and takes no more.
 */
#define REPORT_MAX (1024 * 1024)

struct report {
	struct buf text; /* owned */
	bool is_cut;
	bool has_failed; /* no memory: the report is not to be used */
};

#define REPORT_INIT { BUF_INIT, false, false }

void report_clear(struct report *r);
/* Our own words and faults; what is from outside goes through report_bytes. */
void report_say(struct report *r, const char *fmt, ...) RB_PRINTF(2, 3);
/* Escaped, and cut at `max` bytes with "...". */
void report_bytes(struct report *r, struct span s, size_t max);
/* A name of a member, quoted. */
void report_name(struct report *r, const char *name);

#endif
