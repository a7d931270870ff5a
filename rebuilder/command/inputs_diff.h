/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_COMMAND_INPUTS_DIFF_H
#define RB_COMMAND_INPUTS_DIFF_H

#include "common/attest/inputs.h"

/*
 * How two input lists differ, package by package.  A package is a kind, a
 * name and an architecture.
 */
enum inputs_change {
	INPUTS_REMOVED, /* only in the first list */
	INPUTS_ADDED,   /* only in the second */
	INPUTS_VERSION, /* another version */
	INPUTS_BYTES,   /* the same version, other bytes */
	INPUTS_ORIGIN,  /* the same bytes from elsewhere */
};

/* `a` or `b` is NULL where there is none.  Not RB_OK ends the comparison. */
typedef enum rb_err (*inputs_differ)(void *self, enum inputs_change change,
    const struct input *a, const struct input *b);

/* Sorts both lists. */
enum rb_err inputs_compare(struct inputs *a, struct inputs *b,
    inputs_differ each, void *self) RB_CHECK;

#endif
