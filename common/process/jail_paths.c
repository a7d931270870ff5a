/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/process/jail_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/landlock.h"
#include "common/process/role.h"

/* The newest that we make use of: that of Linux 6.12. */
#define ABI_FULL 6

/*
 * Landlock: which files have a name for the jail, which TCP ports, and whom
 * it may signal.  The numbers below are newer than the headers of the oldest
 * system that we build on; what the kernel does not know is left out.
 */
#define FS_REFER (UINT64_C(1) << 13)     /* ABI 2 */
#define FS_TRUNCATE (UINT64_C(1) << 14)  /* ABI 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */
#define NET_BIND_TCP (UINT64_C(1) << 0)  /* ABI 4 */
#define NET_CONNECT_TCP (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT_UNIX (UINT64_C(1) << 0) /* ABI 6 */
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_CHANGE \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | FS_REFER | \
	    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR)
/* Of a rule on something that is no directory the kernel takes these. */
#define FS_OF_FILE \
	(LANDLOCK_ACCESS_FS_EXECUTE | FS_TRUNCATE | FS_IOCTL_DEV | \
	    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE)

bool
jail_is_weak(struct fault *why)
{
	long abi = landlock_abi();

	if (abi >= ABI_FULL)
		return false;
	(void)fault_set(why, RB_OK,
	    "jail: Landlock of this kernel has ABI %ld; below %d (Linux 6.12) "
	    "it holds no signals back, so that a rebuilder that was taken over "
	    "could end other processes of its user",
	    abi, ABI_FULL);
	return true;
}

/* Everything that a kernel of this ABI can deny. */
static struct landlock_ruleset
ruleset_all(long abi, unsigned int allow)
{
	struct landlock_ruleset all = { FS_REFER - 1, 0, 0 };

	if (abi >= 2)
		all.fs |= FS_REFER;
	if (abi >= 3)
		all.fs |= FS_TRUNCATE;
	if (abi >= 4)
		all.net = NET_BIND_TCP |
		    ((allow & JAIL_NET) != 0 ? 0 : NET_CONNECT_TCP);
	if (abi >= 5)
		all.fs |= FS_IOCTL_DEV;
	/* Children are in a scope inside ours, and may still be killed. */
	if (abi >= 6)
		all.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
	return all;
}

/* The part of the struct that a kernel of this ABI has. */
static size_t
ruleset_len(long abi)
{
	if (abi < 4)
		return offsetof(struct landlock_ruleset, net);
	if (abi < 6)
		return offsetof(struct landlock_ruleset, scoped);
	return sizeof(struct landlock_ruleset);
}

/* `rights` for the file behind a descriptor and all below it. */
static enum rb_err
add_fd(int ruleset, int fd, uint64_t rights)
{
	struct landlock_path_beneath_attr rule;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return RB_EIO;
	if (!S_ISDIR(st.st_mode))
		rights &= FS_OF_FILE;
	memset(&rule, 0, sizeof(rule));
	rule.allowed_access = rights;
	rule.parent_fd = fd;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		&rule, 0) == 0)
		return RB_OK;
	/* A file in memory or a pipe: no path leads there, none is denied. */
	return errno == EBADFD ? RB_OK : RB_EIO;
}

static enum rb_err
add_path(int ruleset, const char *path, bool optional, uint64_t rights,
    struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;
	int fd = -1;

	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && optional) {
		rc = RB_OK;
		goto out;
	}
	if (fd < 0) {
		rc = fault_set(why, RB_EIO, "jail: cannot open %s: %s", path,
		    strerror(errno));
		goto out;
	}
	if ((rc = add_fd(ruleset, fd, rights)) != RB_OK)
		rc = fault_set(why, rc, "jail: cannot allow %s: %s", path,
		    strerror(errno));
out:
	fd_close(&fd);
	return rc;
}

static uint64_t
rights_of(const struct jail_path *path)
{
	switch (path->allow) {
	case JAIL_READ:
		return FS_READ;
	case JAIL_READ_EXEC:
		return FS_READ | LANDLOCK_ACCESS_FS_EXECUTE;
	case JAIL_WRITE:
		return FS_READ | FS_CHANGE;
	}
	return 0;
}

/*
 * What starting our own programs takes: their directory, the libraries, and
 * /proc, where each child writes its own user namespace's maps.
 */
static enum rb_err
add_spawn(int ruleset, uint64_t handled, struct fault *why)
{
	static const char *const libraries[] = { "/usr/lib", "/usr/lib64",
		"/lib", "/lib64", "/etc/ld.so.cache", "/etc/ld.so.preload" };
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if (role_home_fd() < 0)
		return fault_set(why, RB_EINTERNAL,
		    "jail: role_home comes before a jail that spawns");
	if ((rc = add_fd(ruleset, role_home_fd(),
		 handled & (FS_READ | LANDLOCK_ACCESS_FS_EXECUTE))) != RB_OK)
		return fault_set(why, rc, "jail: cannot allow our programs: %s",
		    strerror(errno));
	for (i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
		if ((rc = add_path(ruleset, libraries[i], true,
			 FS_READ | LANDLOCK_ACCESS_FS_EXECUTE, why)) != RB_OK)
			return rc;
	}
	return add_path(ruleset, "/proc", false,
	    FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE, why);
}

static enum rb_err
add_all(const struct jail *jail, unsigned int allow, int ruleset,
    uint64_t handled, struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	for (i = 0; i < jail->npaths; i++) {
		const struct jail_path *p = &jail->paths[i];

		if ((rc = add_path(ruleset, p->path, p->optional != 0,
			 rights_of(p) & handled, why)) != RB_OK)
			return rc;
	}
	for (i = 0; i < jail->nfds; i++) {
		if ((rc = add_fd(ruleset, jail->fds[i], FS_READ)) != RB_OK)
			return fault_set(why, rc,
			    "jail: cannot allow descriptor %d: %s",
			    jail->fds[i], strerror(errno));
	}
	/* The names through which those are opened again. */
	if (jail->nfds != 0 &&
	    (rc = add_path(ruleset, "/proc", false, FS_READ, why)) != RB_OK)
		return rc;
	if ((allow & JAIL_SPAWN) != 0)
		return add_spawn(ruleset, handled, why);
	return RB_OK;
}

enum rb_err
jail_paths_make(const struct jail *jail, unsigned int allow, int *ruleset,
    struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;
	struct landlock_ruleset all;
	int fd = -1;
	long abi;

	abi = landlock_abi();
	if (abi < 1) {
		rc = fault_set(why, RB_EREFUSED,
		    "jail: this kernel has no Landlock (%s): boot one that "
		    "has, with lsm=landlock,...",
		    strerror(errno));
		goto out;
	}
	all = ruleset_all(abi, allow);
	fd = landlock_create(&all, ruleset_len(abi));
	if (fd < 0) {
		rc = fault_set(why, RB_EIO, "jail: Landlock: %s",
		    strerror(errno));
		goto out;
	}
	if ((rc = add_all(jail, allow, fd, all.fs, why)) != RB_OK)
		goto out;

	*ruleset = fd;
	fd = -1; /* now the caller's */
	rc = RB_OK;
out:
	fd_close(&fd);
	return rc;
}
