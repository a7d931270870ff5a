/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_RELATIONS_H
#define RB_REBUILDER_RELATIONS_H

#include "rebuilder/judge/checksums.h"

/*
 * Relationship fields of binary packages (Debian Policy 7.1): Depends and its
 * like, Provides.  Stricter than apt, which refuses a whole index for one
 * field that it cannot read.
 */
struct relation {
	struct span name;
	struct span architecture; /* behind a colon; empty: none is named */
	struct span op, version; /* empty: of any */
	bool is_exact; /* "=", or of any */
	bool is_alternative; /* to the next one */
};

/*
 * Cuts the next package, whether an alternative or not, off the value of a
 * field.  RB_ENOTFOUND at the end; RB_EFORMAT where apt may not go on.
 */
enum rb_err relation_take(struct span *in, struct relation *out) RB_CHECK;
/*
 * The same of a field Provides, which has neither alternatives nor versions
 * but exact ones (7.5).
 */
enum rb_err provided_take(struct span *in, struct relation *out) RB_CHECK;
/*
 * Writes it as dpkg does, with a blank before and none missing: apt 2.6 takes
 * "a (=1)" for a mistake where the field ends there.
 */
enum rb_err relation_put(const struct relation *r, struct buf *out) RB_CHECK;

#endif
