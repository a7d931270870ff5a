/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_PROCESS_JAIL_H
#define RB_PROCESS_JAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

/*
 * What a process may still do after jail_enter.  Nothing is allowed that is
 * not named.  In every jail: no new privileges, no capability in any set,
 * not dumpable, no core file; own IPC, UTS and (without JAIL_NET) network
 * namespace (or those of the jail around it, when that has as little), made
 * through a user namespace of its own; without JAIL_FILES and JAIL_SPAWN
 * an empty root directory; Landlock denies every path that is not listed, TCP,
 * and signals to anybody outside; seccomp kills the process at a system call
 * outside its list, but answers EACCES to a file's name, since libraries ask
 * for files in passing; no jail changes mode, times or length of a file by its
 * name.  A part that can't be set up is an error: the caller stops.  So is
 * being root.
 *
 * Jails stack: a child's can only be narrower than its parent's.
 *
 * Landlock grew with the kernel.  What came with which ABI, and what holds on
 * a kernel without it:
 *   2 (Linux 5.19)  moves between directories: all are denied
 *   3 (6.2)   length of files: truncate(2) is refused everywhere, and O_TRUNC
 *             without writing (Debian 12 has 6.1, ABI 2)
 *   4 (6.7)   TCP: no list has bind, and only JAIL_NET makes TCP sockets
 *   5 (6.10)  ioctl of devices: the lists have TCGETS, FIONREAD and FIONBIO
 *   6 (6.12)  abstract Unix sockets: the network namespace hides them, and
 *             JAIL_NET makes no Unix sockets.  Signals: a process reaches
 *             itself alone; but with JAIL_SPAWN its SIGKILL and SIGABRT reach
 *             all processes of its user (jail_is_weak).
 */
enum {
	/* socket, connect: TCP and UDP */
	JAIL_NET = 1 << 0,
	/* accept on descriptors that it has, whichever network they are of */
	JAIL_ACCEPT = 1 << 1,
	/* new threads */
	JAIL_THREADS = 1 << 2,
	/* openat and friends, on `paths` alone */
	JAIL_FILES = 1 << 3,
	/*
	 * fork, exec, wait, kill own children, make the jails of children.
	 * Reads and executes our own programs and the system's libraries,
	 * writes in /proc (maps of namespaces); what children need besides
	 * is for `paths`.
	 */
	JAIL_SPAWN = 1 << 4,
	/*
	 * What LMDB needs on descriptors already open: shared maps, record
	 * locks, sync.
	 */
	JAIL_DB = 1 << 5,
	/* socket, connect: Unix only, and only connections */
	JAIL_UNIX = 1 << 6,
	/* fchmod, of files that it has open and owns */
	JAIL_MODES = 1 << 7,
};

/* One path and what Landlock leaves of it. */
struct jail_path {
	const char *path;
	enum {
		/* Files and directories below. */
		JAIL_READ,
		/* And execute. */
		JAIL_READ_EXEC,
		/* And (not execute, but) create, write, rename, remove. */
		JAIL_WRITE,
	} allow;
	/* Absent paths are skipped instead of an error. */
	int optional;
};

struct jail {
	unsigned int allow;
	const struct jail_path *paths;
	size_t npaths;
	/*
	 * Descriptors whose files stay openable through /proc/self/fd (for a
	 * foreign program that insists on names), read only.  They need
	 * JAIL_FILES too, as paths do.
	 */
	const int *fds;
	size_t nfds;
	/* RLIMIT_AS and RLIMIT_FSIZE in bytes; 0: unlimited. */
	uint64_t memory, file_max;
	/* RLIMIT_NOFILE; 0: 64. */
	uint64_t files;
	/* RLIMIT_CPU in seconds; 0: unlimited. */
	uint64_t cpu;
};

/*
 * Whether this kernel leaves something open that a newer one would not; then
 * `why` says what, for the operator.
 */
bool jail_is_weak(struct fault *why);

/* Not undone by anything.  Threads must not exist yet. */
enum rb_err jail_enter(const struct jail *jail, struct fault *why) RB_CHECK;

#endif
