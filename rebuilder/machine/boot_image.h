/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_BOOT_IMAGE_H
#define RB_REBUILDER_BOOT_IMAGE_H

#include "common/process/node.h"
#include "rebuilder/machine/boot_manifest.h"

/*
 * The guest image of machines with a kernel of their own, verified, and
 * ready to boot with this program's own init.
 *
 * It is verified once, while it is copied to machine/image/<digest of the
 * manifest>, where only the host's root can change it; another manifest makes
 * another copy, and the one before is removed.  A directory of that name is
 * always complete and on the disk.
 */
struct boot_image {
	/* owned: readable by everybody through /proc/self/fd */
	int kernel;
	int initramfs; /* in memory, sealed, with init */
	int system;    /* disk a */
	/* of the manifest, and of the kernel: for the statement */
	struct digest digest, kernel_digest;
};

#define BOOT_IMAGE_INIT { -1, -1, -1, DIGEST_INIT, DIGEST_INIT }

/*
 * `dir` is what scripts/image made; `init` becomes machine/init in the
 * initramfs.  RB_EDIGEST, RB_EFORMAT, RB_EIO: it can't be used; `why` says
 * which file and what to do.
 */
enum rb_err boot_image_open(const struct node *node, const char *dir,
    struct span init, struct boot_image *out, struct fault *why) RB_CHECK;
void boot_image_clear(struct boot_image *b);

#endif
