/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_GIT_HEADER_H
#define RB_REBUILDER_GIT_HEADER_H

#include "rebuilder/judge/git/git_id.h"

/* Parts that commits and tags share. */

/* The line "NAME VALUE" at the front; cut off only when NAME fits. */
enum rb_err git_header_take(struct span *in, const char *name,
    struct span *value) RB_CHECK;
/* And the value is an id. */
enum rb_err git_header_take_id(struct span *in, const char *name,
    struct git_id *out) RB_CHECK;

/*
 * "A Name <mail> SECONDS +HHMM": RB_EFORMAT unless the time has exactly that
 * form.  What stands before the last '>' is not looked at.
 */
enum rb_err git_ident_time(struct span ident, int64_t *out) RB_CHECK;

#endif
