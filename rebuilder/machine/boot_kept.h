/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_BOOT_KEPT_H
#define RB_REBUILDER_BOOT_KEPT_H

#include "rebuilder/machine/boot_manifest.h"

/*
 * For boot_image alone: the directory of verified copies.
 *
 * Finds the copy called `name` in `above`, or makes it of the files in
 * `from`, which are those of the manifest or it fails; `dir` is what the
 * fault calls `from`.  `out` is a directory.  All other copies are removed:
 * who uses one has its files open.
 */
enum rb_err boot_kept_get(int above, const char *name, int from,
    const char *dir, const struct boot_manifest *m, int *out, struct fault *why)
    RB_CHECK;

#endif
