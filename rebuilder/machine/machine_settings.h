/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_MACHINE_SETTINGS_H
#define RB_REBUILDER_MACHINE_SETTINGS_H

#include "common/base/conf.h"

/*
 * Section `machine` of node.yml (qubes-rebuilder.conf(5)).  rebuilder and
 * rebuilder-machine both read it: what a machine may use, and which kind it
 * is, of what image.
 */
struct machine_settings {
	char *kind;  /* owned */
	char *image; /* owned; directory; NULL with kind namespace alone */
	char *xen_type; /* owned; NULL: pvh */
	bool is_pv;     /* what it says */
	char *connect;  /* owned; program; NULL but with kind far */
	uint64_t memory, disk, output, log; /* bytes */
	uint64_t processes, cpus, seconds;
};

/* The defaults, but for `kind`. */
void machine_settings_init(struct machine_settings *s);
void machine_settings_clear(struct machine_settings *s);

/* For node_read. */
struct conf_section machine_section(struct machine_settings *s);
/* After it: sets the default kind; refuses what can't work. */
enum rb_err machine_settings_check(struct machine_settings *s, const char *path,
    struct fault *why) RB_CHECK;

#endif
