/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_RECIPE_H
#define RB_REBUILDER_RECIPE_H

#include "common/base/digest.h"

/*
 * The recipes of rebuilder/guest, carried inside our program: what runs in
 * a machine is then covered by the program's own digest.
 */

/* Static storage.  RB_ENOTFOUND: there is no recipe of that name. */
enum rb_err recipe_text(const char *name, struct span *out) RB_CHECK;
enum rb_err recipe_digest(const char *name, struct digest *out) RB_CHECK;

#endif
