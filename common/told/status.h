/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TOLD_STATUS_H
#define RB_TOLD_STATUS_H

#include "common/base/buf.h"

/*
 * How a rebuilder is, in numbers: what `qubes-rebuilder status` shows and
 * httpd makes metrics of.  Lines "name SP number LF" in the order below, each
 * once, behind the line "status 1"; one spelling.
 */
struct status {
	uint64_t time, started;      /* seconds since 1970 */
	uint64_t waiting, blocked, running, retrying, done; /* jobs */
	uint64_t tries, retries;     /* begun since the start */
	uint64_t paused;             /* 1: by an operator */
	uint64_t disk_free, disk_reserve; /* bytes, of the depot's disk */
	uint64_t disk_short;         /* 1: nothing is begun therefore */
	uint64_t depot_files, depot_bytes,
	    collected_bytes; /* since the start */
	uint64_t polled;             /* when the release was; 0: never */
	uint64_t alarms;             /* that stand */
	uint64_t reproduced, differs, failed, unavailable; /* verdicts */
};

#define STATUS_MAX 4096

struct status_field {
	const char *name;
	size_t offset; /* of an uint64_t in struct status */
};
extern const struct status_field status_fields[];
extern const size_t status_nfields;

uint64_t status_value(const struct status *s, const struct status_field *f);

enum rb_err status_write(const struct status *s, struct buf *out) RB_CHECK;
enum rb_err status_parse(struct span in, struct status *out) RB_CHECK;

#endif
