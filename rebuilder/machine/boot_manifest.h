/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_BOOT_MANIFEST_H
#define RB_REBUILDER_BOOT_MANIFEST_H

#include "common/base/digest.h"

/*
 * What the guest image consists of (MACHINE.md, "Machines with a kernel of
 * their own"): the operator's words, written by scripts/image.
 */
enum boot_file { BOOT_KERNEL, BOOT_INITRAMFS, BOOT_SYSTEM };
#define BOOT_FILES 3
#define BOOT_MANIFEST_MAX 1024
#define BOOT_FILE_MAX (UINT64_C(1) << 40)

struct boot_manifest {
	struct {
		struct digest sha256;
		uint64_t size;
	} files[BOOT_FILES];
};

#define BOOT_MANIFEST_INIT \
	{ \
		{ { DIGEST_INIT, 0 } } \
	}

const char *boot_file_name(enum boot_file file);
/* One spelling. */
enum rb_err boot_manifest_parse(struct span in, struct boot_manifest *out,
    struct fault *why) RB_CHECK;
/* Appends. */
enum rb_err boot_manifest_write(const struct boot_manifest *m, struct buf *out)
    RB_CHECK;

#endif
