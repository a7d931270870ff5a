/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_MACHINE_DRIVER_H
#define RB_REBUILDER_MACHINE_DRIVER_H

#include "common/base/enc.h"
#include "common/process/frames.h"
#include "common/process/node.h"
#include "rebuilder/machine/description.h"
#include "rebuilder/machine/machine_settings.h"

/*
 * One kind of machine.  A driver moves the three streams of MACHINE.md and
 * parses none of them; it is called once in the life of the process.
 */
struct machine_run {
	const struct node *node;
	const struct machine_settings *settings; /* kind, image */
	const struct description *description;
	int inputs, output, log, layer; /* owned; a driver may take them out
	                                 * (set to -1); layer -1: none */
	int watch;        /* borrowed: rebuilder's connection, whose end is
	                   * the machine's */
	int64_t deadline; /* of clock_now */
};

#define MACHINE_KIND_LEN 32

struct machine_result {
	char kind[MACHINE_KIND_LEN]; /* "": the driver's */
	enum machine_end end;
	uint32_t status;         /* of the recipe; 0: unknown */
	char clock[UTC_LEN + 1]; /* "host", or what the guest's began at */
	bool has_image, has_kernel;
	struct digest image, kernel;
	struct fault detail;     /* a sentence, unless MACHINE_DONE */
};

struct machine_driver {
	const char *kind;
	/*
	 * Returns when nothing of the machine is left.  RB_EPEER: the
	 * connection ended.  Any other error: the machine could not be
	 * made, `out` is untouched and `why` set.
	 */
	enum rb_err (*run)(struct machine_run *run, struct machine_result *out,
	    struct fault *why);
};

extern const struct machine_driver machine_namespace, machine_qemu, machine_xen,
    machine_far;

#endif
