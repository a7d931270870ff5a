/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_QEMU_COMMAND_H
#define RB_REBUILDER_QEMU_COMMAND_H

#include "common/base/buf.h"

/*
 * The command line of QEMU for one machine (MACHINE.md): it gets files by
 * descriptor alone, and the guest only the devices named here.
 */
#define QEMU_PROGRAM "/usr/bin/qemu-system-x86_64"
#define QEMU_ARGS_MAX 96
#define QEMU_DISKS_MAX 5

/* What QEMU ends with when the guest resets the machine. */
#define QEMU_RESET 253
/* When the guest's kernel says that it panicked; and on its own errors. */
#define QEMU_PANIC 1

struct qemu_machine {
	uint64_t memory; /* MiB */
	unsigned int cpus;
	bool has_kvm;
	int kernel, initramfs; /* readable through /proc/self/fd */
	int disks[QEMU_DISKS_MAX];
	bool can_write[QEMU_DISKS_MAX];
	size_t ndisks;
	int log;
	const char *clock; /* UTC without a zone; NULL: the host's */
	const char *words; /* for the kernel */
};

struct qemu_command {
	const char *argv[QEMU_ARGS_MAX]; /* into `text`, NULL-terminated */
	struct buf text;                 /* owned */
};

#define QEMU_COMMAND_INIT { { NULL }, BUF_INIT }

enum rb_err qemu_command_make(const struct qemu_machine *m,
    struct qemu_command *out) RB_CHECK;
void qemu_command_clear(struct qemu_command *c);

#endif
