/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/process/jail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/digest.h"
#include "common/base/enc.h"
#include "common/base/file.h"
#include "common/process/jail_plan.h"
#include "common/process/role.h"

#define FILES_DEFAULT 64

/* The jail that this process, or the one that it was forked from, is in. */
static struct {
	bool is_there;
	unsigned int allow;
} around;

/* A network that there is not need not be taken away again. */
static bool
has_namespaces(unsigned int allow)
{
	return around.is_there &&
	    ((around.allow & JAIL_NET) == 0 || (allow & JAIL_NET) != 0);
}

void
jail_plan_clear(struct jail_plan *p)
{
	fd_close(&p->ruleset);
	buf_clear(&p->filter);
}

enum rb_err
jail_plan_make(const struct jail *jail, unsigned int more,
    struct jail_plan *out, struct fault *why)
{
	struct jail_plan plan = JAIL_PLAN_INIT;
	enum rb_err rc = RB_EINTERNAL;

	plan.allow = jail->allow | more;
	plan.has_namespaces = has_namespaces(plan.allow);
	plan.memory = jail->memory;
	plan.files = jail->files == 0 ? FILES_DEFAULT : jail->files;
	plan.file_max = jail->file_max;
	plan.cpu = jail->cpu;
	if ((rc = jail_paths_make(jail, plan.allow, &plan.ruleset, why)) !=
	    RB_OK)
		goto out;
	if ((rc = jail_calls_make(plan.allow, &plan.filter, why)) != RB_OK)
		goto out;

	*out = plan;
	plan = (struct jail_plan)JAIL_PLAN_INIT; /* now the caller's */
	rc = RB_OK;
out:
	jail_plan_clear(&plan);
	return rc;
}

/* Below here: system calls alone (see jail_plan_enter). */

static bool
write_proc(const char *path, const char *text)
{
	size_t len = strlen(text);
	ssize_t put;
	int fd;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	put = write(fd, text, len);
	fd_close(&fd);
	return put == (ssize_t)len;
}

/* "id id 1": we are who we were, and nobody else is anybody. */
static bool
write_map(const char *path, unsigned int id)
{
	char digits[10], text[32];
	size_t n = 0, len = 0, i, copy;

	do
		digits[n++] = (char)('0' + id % 10);
	while ((id /= 10) != 0);
	for (copy = 0; copy < 2; copy++) {
		for (i = n; i > 0; i--)
			text[len++] = digits[i - 1];
		text[len++] = ' ';
	}
	text[len++] = '1';
	text[len] = '\0';
	return write_proc(path, text);
}

static const char *
enter_namespaces(const struct jail_plan *p)
{
	int flags = CLONE_NEWUSER;
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (!p->has_namespaces)
		flags |= CLONE_NEWIPC | CLONE_NEWUTS |
		    ((p->allow & JAIL_NET) == 0 ? CLONE_NEWNET : 0);
	/* A parent's jail hid our own /proc files from us. */
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0)
		return "be dumpable";
	if (unshare(flags) != 0)
		return "make namespaces (user namespaces must be allowed: "
		       "user_namespaces(7))";
	if (!write_proc("/proc/self/setgroups", "deny"))
		return "give up groups";
	if (!write_map("/proc/self/uid_map", uid) ||
	    !write_map("/proc/self/gid_map", gid))
		return "map the user";
	return NULL;
}

/*
 * The flag by which fstat(3) asks about a descriptor takes a name just as
 * well, which no filter can see and Landlock does not mind.  So there shall be
 * no names: the root becomes a directory with nothing in it but the numbers
 * of our own descriptors.  An empty file system would be emptier, but inside
 * a parent's jail Landlock forbids to mount one.
 */
static const char *
enter_nowhere(unsigned int allow)
{
	if (jail_has_names(allow))
		return NULL;
	if (chroot("/proc/self/fdinfo") != 0 || chdir("/") != 0)
		return "leave the file system: is /proc mounted?";
	return NULL;
}

static bool
limit(int what, uint64_t value)
{
	struct rlimit old, new = { value, value };

	if (prlimit(0, (__rlimit_resource_t)what, NULL, &old) != 0)
		return false;
	/* Lowering only: a parent's jail may have set less. */
	if (new.rlim_cur > old.rlim_max)
		new.rlim_cur = new.rlim_max = old.rlim_max;
	return prlimit(0, (__rlimit_resource_t)what, &new, NULL) == 0;
}

static const char *
enter_limits(const struct jail_plan *p)
{
	if (!limit(RLIMIT_CORE, 0))
		return "limit core files";
	if (!limit(RLIMIT_NOFILE, p->files))
		return "limit open files";
	if (p->file_max != 0 && !limit(RLIMIT_FSIZE, p->file_max))
		return "limit file sizes";
	if (p->cpu != 0 && !limit(RLIMIT_CPU, p->cpu))
		return "limit processor time";
#ifndef RB_SANITIZE /* AddressSanitizer reserves terabytes */
	if (p->memory != 0 && !limit(RLIMIT_AS, p->memory))
		return "limit memory";
#endif
	return NULL;
}

static const char *
enter_no_privileges(void)
{
	struct __user_cap_header_struct head;
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
	unsigned long cap;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return "refuse new privileges";
	/* Capabilities that the kernel knows end at the first refusal. */
	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0)
			return "drop the bounding set";
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return "clear ambient capabilities";
	if (prctl(PR_SET_SECUREBITS,
		SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
		    SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
		    SECBIT_NO_CAP_AMBIENT_RAISE |
		    SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
		0, 0, 0) != 0)
		return "lock securebits";
	memset(&head, 0, sizeof(head));
	memset(none, 0, sizeof(none));
	head.version = _LINUX_CAPABILITY_VERSION_3;
	if (syscall(SYS_capset, &head, none) != 0)
		return "drop capabilities";
	return NULL;
}

static const char *
enter_filter(const struct buf *filter)
{
	struct sock_fprog program;

	program.len = (unsigned short)(filter->len /
	    sizeof(struct sock_filter));
	program.filter = (struct sock_filter *)(void *)filter->p;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
		return "filter system calls";
	return NULL;
}

const char *
jail_plan_enter(const struct jail_plan *p)
{
	const char *step;

	/*
	 * Most of the system belongs to uid 0, capabilities or not; a
	 * program that needs it is not one that a jail fits.
	 */
	if (geteuid() == 0) {
		errno = EPERM;
		return "confine root (start this program as the user that it "
		       "is meant for)";
	}
	if ((step = enter_namespaces(p)) != NULL)
		return step;
	if ((step = enter_nowhere(p->allow)) != NULL)
		return step;
	if ((step = enter_no_privileges()) != NULL)
		return step;
	if (syscall(SYS_landlock_restrict_self, p->ruleset, 0) != 0)
		return "restrict paths";
	if ((step = enter_limits(p)) != NULL)
		return step;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return "be not dumpable";
	/* Last: it forbids most of the calls above. */
	return enter_filter(&p->filter);
}

#ifdef RB_SANITIZE
int __lsan_is_turned_off(void);

/* The leak checker works by ptrace, which no jail allows. */
int
__lsan_is_turned_off(void)
{
	return around.is_there;
}
#endif

/* An entry of /proc/self/fd; "." and ".." are no descriptors. */
static enum rb_err
refuse_directory(DIR *list, const char *name, struct fault *why)
{
	struct stat st;
	uint64_t fd;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return RB_OK;
	if (dec_parse(span_of_str(name), INT_MAX, &fd) != RB_OK)
		return fault_set(why, RB_EREFUSED,
		    "jail: /proc/self/fd has '%s', which is no descriptor",
		    name);
	if ((int)fd != dirfd(list) && fstat((int)fd, &st) == 0 &&
	    S_ISDIR(st.st_mode))
		return fault_set(why, RB_EREFUSED,
		    "jail: descriptor %d is a directory, which leads out: "
		    "close it first",
		    (int)fd);
	return RB_OK;
}

/* Names are found from an open directory too, wherever the root is. */
static enum rb_err
refuse_directories(struct fault *why)
{
	const struct dirent *entry;
	enum rb_err rc = RB_OK;
	DIR *list;

	list = opendir("/proc/self/fd");
	if (list == NULL)
		return fault_set(why, RB_EIO, "jail: /proc/self/fd: %s",
		    strerror(errno));
	while (rc == RB_OK) {
		errno = 0;
		if ((entry = readdir(list)) != NULL)
			rc = refuse_directory(list, entry->d_name, why);
		else if (errno != 0)
			rc = fault_set(why, RB_EIO, "jail: /proc/self/fd: %s",
			    strerror(errno));
		else
			break;
	}
	(void)closedir(list);
	return rc;
}

enum rb_err
jail_enter(const struct jail *jail, struct fault *why)
{
	struct jail_plan plan = JAIL_PLAN_INIT;
	enum rb_err rc = RB_EINTERNAL;
	struct digest warm;
	const char *step;

	/* OpenSSL sets itself up at first use; here it still may. */
	if ((rc = digest_of(SPAN(""), &warm)) != RB_OK)
		goto out;
	if ((rc = jail_plan_make(jail, 0, &plan, why)) != RB_OK)
		goto out;
	if ((plan.allow & JAIL_SPAWN) == 0)
		role_home_forget();
	if (!jail_has_names(plan.allow) &&
	    (rc = refuse_directories(why)) != RB_OK)
		goto out;
	step = jail_plan_enter(&plan);
	if (step != NULL) {
		rc = fault_set(why, RB_EREFUSED, "jail: cannot %s: %s", step,
		    strerror(errno));
		goto out;
	}
	around.is_there = true;
	around.allow = plan.allow;
	rc = RB_OK;
out:
	jail_plan_clear(&plan);
	return rc;
}
