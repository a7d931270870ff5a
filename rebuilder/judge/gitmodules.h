/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_GITMODULES_H
#define RB_REBUILDER_GITMODULES_H

#include "common/base/buf.h"

/*
 * The file .gitmodules of a verified tree: where the repository of a
 * submodule is (gitmodules(5)).  It says only where to look: which commit is
 * taken says the tree itself.
 */
#define GITMODULES_MAX (64 * 1024)

/*
 * Appends the address for the submodule at `path`.  A relative one is meant
 * from `base`, the component's own.  Plain spelling is taken alone: quotes,
 * backslashes and continued lines are RB_EREFUSED, as is an address that is
 * neither http nor https.  RB_ENOTFOUND: no section has this path.
 */
enum rb_err gitmodules_url(struct span text, struct span path, struct span base,
    struct buf *out, struct fault *why) RB_CHECK;

#endif
