/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_HTTPD_METRICS_H
#define RB_HTTPD_METRICS_H

#include <stdatomic.h>

#include "common/told/status.h"
#include "httpd/view.h"

/* What this process counted since it started; any thread may add. */
struct metrics {
	_Atomic uint64_t answers[6]; /* by the first digit of the status */
	_Atomic uint64_t late;       /* connections ended by their deadline */
};

void metrics_count(struct metrics *m, unsigned int status);
/* Prometheus text format, version 0.0.4. */
enum rb_err metrics_write(struct metrics *m, const struct view *v,
    struct buf *out) RB_CHECK;
/* What rebuilder says of itself. */
enum rb_err metrics_write_status(const struct status *s, struct buf *out)
    RB_CHECK;

#endif
