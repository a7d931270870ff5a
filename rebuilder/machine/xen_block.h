/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_XEN_BLOCK_H
#define RB_REBUILDER_XEN_BLOCK_H

#include "common/base/err.h"

/*
 * The hotplug script of our disks, which libxenlight runs for each: tells
 * blkback which device it is.  The one that Xen brings needs udev, locks
 * and a dozen programs for this.  `verb` is "add" or "remove", `xenbus` the
 * backend's place in xenstore.
 */
enum rb_err xen_block(const char *verb, const char *xenbus, struct fault *why)
    RB_CHECK;

#endif
