/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_WARDEN_H
#define RB_REBUILDER_WARDEN_H

#include <stdint.h>
#include <sys/types.h>

#include "common/base/err.h"

/*
 * Work in a process of its own, which is killed when it takes too long:
 * for libraries that may wait for ever, or end the process.
 */
struct warden_work {
	/*
	 * Runs in the other process and fills `report`.  Any event on
	 * `watch` means that nobody waits for the work any more: our side
	 * is gone, or the watch that the caller gave.
	 */
	void (*work)(void *context, int watch, void *report);
	void *context;
	int watch; /* borrowed: its end calls the work off; -1: none */
	int64_t until; /* of clock_now: then it is killed */
	int64_t patience; /* and at latest so many ms after `watch`'s end */
};

/*
 * RB_OK: `report`, of `len` bytes, is what the work left.  RB_ETIME: it was
 * killed.  RB_EPEER: it ended by itself, without a report.
 */
enum rb_err warden_run(const struct warden_work *w, void *report, size_t len,
    struct fault *why) RB_CHECK;

#endif
