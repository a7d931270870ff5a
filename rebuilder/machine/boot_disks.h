/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_BOOT_DISKS_H
#define RB_REBUILDER_BOOT_DISKS_H

#include "rebuilder/machine/machine_driver.h"

/*
 * The disks b, c and d of a machine with a kernel of its own (MACHINE.md).
 * Regular files whose sizes are whole sectors; those that the guest writes
 * have no name, so that nothing of them can be left behind.
 */
struct boot_disks {
	int inputs;  /* owned; b, read only */
	int output;  /* owned; c */
	int scratch; /* owned; d */
};

#define BOOT_DISKS_INIT { -1, -1, -1 }

/*
 * Makes them in the directory `dir`; takes run->inputs.  RB_ETIME, RB_EPEER:
 * the inputs did not come to their end.
 */
enum rb_err boot_disks_make(struct machine_run *run, const char *dir,
    struct boot_disks *out, struct fault *why) RB_CHECK;
void boot_disks_clear(struct boot_disks *d);

/* How far the guest says that it came: the first byte of the last block. */
enum boot_mark {
	BOOT_NOTHING,    /* its kernel did not come as far as guest/boot */
	BOOT_BEGUN,      /* boot ran, and did not come to an end */
	BOOT_DONE,
	BOOT_UNPREPARED, /* the machine could not be prepared */
	BOOT_BROKEN,     /* init was broken off */
};

/* What stands on disk c when nobody writes to it any more. */
struct boot_output {
	enum boot_mark mark;
	bool is_over; /* more than the description allows was written */
	uint64_t len; /* of the stream: up to the last byte that isn't 0 */
};

enum rb_err boot_output_measure(int fd, uint64_t limit, struct boot_output *out)
    RB_CHECK;

/*
 * Sets the result of a machine whose guest turned itself off: reads the
 * mark, and copies the output stream to run->output, which is taken.
 * RB_EPEER: nobody is left to be told.
 */
enum rb_err boot_output_take(struct machine_run *run, struct boot_disks *d,
    struct machine_result *out) RB_CHECK;

/*
 * The words on the kernel's command line that all such machines share;
 * appends, without a blank ahead.
 */
enum rb_err boot_words(const struct description *d, const char *disk,
    const char *log, struct buf *out) RB_CHECK;

/* What a statement says about the clock. */
enum rb_err boot_clock(const struct description *d, char out[UTC_LEN + 1])
    RB_CHECK;

#endif
