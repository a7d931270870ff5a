/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_RELEASE_COMPONENT_H
#define RB_REBUILDER_RELEASE_COMPONENT_H

#include "rebuilder/judge/release_file.h"

/* For release_file alone: one component, and what holds for all of them. */
struct release_defaults {
	struct span baseurl, prefix, suffix, branch;
	const struct yaml *maintainers; /* NULL: none */
	const struct yaml *insecure, *commits; /* lists; NULL: none */
	uint64_t timeout, min_distinct;
	bool versions_only;
};

/* From the merged map; what it does not say is as qubes-builderv2 has it. */
enum rb_err release_defaults_read(const struct yaml *top,
    struct release_defaults *d, struct fault *why) RB_CHECK;
enum rb_err release_component_read(const struct release_entry *e,
    const struct release_defaults *d, struct release_component *c,
    struct fault *why) RB_CHECK;

/* "vm-bookworm", "host-fc41". */
bool release_distribution_is_valid(struct span s);

#endif
