/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/gpgv.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/role.h"

#define PROGRAM "/usr/bin/gpgv"
#define SECONDS 60
#define MEMORY (512ull * 1024 * 1024)
#define WRITTEN_MAX (64ull * 1024 * 1024)
#define STATUS_MAX (16u * 1024)
#define KILLED 128 /* as a shell tells it */

void
gpgv_result_clear(struct gpgv_result *r)
{
	fd_close(&r->payload);
	fd_close(&r->status);
	r->exit_status = 0;
}

/* Descriptors 4, 5, ... of the program; all but the last can be named. */
static enum rb_err
start(const char *const *args, const int *fds, size_t nfds, int payload,
    struct role *out)
{
	const struct jail_path paths[] = {
		{ "/usr", JAIL_READ_EXEC, 0 },
		{ "/lib", JAIL_READ_EXEC, 1 },
		{ "/lib64", JAIL_READ_EXEC, 1 },
		{ "/etc/ld.so.cache", JAIL_READ, 1 },
		{ "/proc", JAIL_READ, 0 },
	};
	const struct jail jail = {
		.allow = JAIL_FILES,
		.paths = paths,
		.npaths = sizeof(paths) / sizeof(paths[0]),
		.fds = fds,
		.nfds = nfds - 1,
		.memory = MEMORY,
		.file_max = WRITTEN_MAX,
		.cpu = SECONDS,
	};
	struct role_start how = ROLE_START_INIT;

	how.program = PROGRAM;
	how.args = args;
	how.fds = fds;
	how.nfds = nfds;
	how.out = payload;
	return role_spawn_foreign(&how, &jail, out);
}

static enum rb_err
start_inline(int signed_text, int keyring, int status, int payload,
    struct role *out)
{
	static const char *const args[] = {
		"--homedir",
		"/nonexistent",
		"--keyring",
		"/proc/self/fd/5",
		"--status-fd",
		"6",
		"--output",
		"-",
		"/proc/self/fd/4",
		NULL,
	};
	const int fds[] = { signed_text, keyring, status };

	return start(args, fds, sizeof(fds) / sizeof(fds[0]), payload, out);
}

static enum rb_err
start_detached(int signature, int payload, int keyring, int status,
    struct role *out)
{
	static const char *const args[] = {
		"--homedir",
		"/nonexistent",
		"--keyring",
		"/proc/self/fd/6",
		"--status-fd",
		"7",
		"/proc/self/fd/4",
		"/proc/self/fd/5",
		NULL,
	};
	const int fds[] = { signature, payload, keyring, status };

	return start(args, fds, sizeof(fds) / sizeof(fds[0]), -1, out);
}

static enum rb_err
not_started(enum rb_err rc, struct fault *why)
{
	return fault_set(why, rc,
	    "%s could not be started in its jail; is gpgv installed?", PROGRAM);
}

enum rb_err
gpgv_run(int signed_text, const char *keyring, struct gpgv_result *out,
    struct fault *why)
{
	struct gpgv_result r = GPGV_RESULT_INIT;
	struct role role = ROLE_INIT;
	int keys = -1, status = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((keys = open(keyring, O_RDONLY | O_CLOEXEC)) == -1) {
		rc = fault_set(why, RB_EIO,
		    "keyring %s: %s; name another in node.yml", keyring,
		    strerror(errno));
		goto out;
	}
	r.payload = memfd_create("payload", MFD_CLOEXEC);
	r.status = memfd_create("status", MFD_CLOEXEC);
	if (r.payload == -1 || r.status == -1) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = start_inline(signed_text, keys, r.status, r.payload,
		 &role)) != RB_OK) {
		rc = not_started(rc, why);
		goto out;
	}
	if ((rc = role_wait(&role, SECONDS, &status)) != RB_OK) {
		fault_set(why, rc, "gpgv did not end: %s", err_name(rc));
		goto out;
	}
	if (!WIFEXITED(status)) {
		rc = fault_set(why, RB_ESIG,
		    "gpgv was killed by signal %d "
		    "while it read the signed text",
		    WTERMSIG(status));
		goto out;
	}
	r.exit_status = (unsigned int)WEXITSTATUS(status);
	*out = r;
	r = (struct gpgv_result)GPGV_RESULT_INIT; /* now the caller's */
	rc = RB_OK;
out:
	gpgv_result_clear(&r);
	role_clear(&role);
	fd_close(&keys);
	return rc;
}

void
gpgv_job_clear(struct gpgv_job *j)
{
	role_clear(&j->role);
	fd_close(&j->status);
}

enum rb_err
gpgv_start(int keyring, int payload, struct span signature,
    struct gpgv_job *out, struct fault *why)
{
	struct gpgv_job j = GPGV_JOB_INIT;
	int sig = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = memory_file("signature", signature, &sig)) != RB_OK)
		goto out;
	if ((j.status = memfd_create("status", MFD_CLOEXEC)) == -1) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = start_detached(sig, payload, keyring, j.status, &j.role)) !=
	    RB_OK) {
		rc = not_started(rc, why);
		goto out;
	}
	*out = j;
	j = (struct gpgv_job)GPGV_JOB_INIT; /* now the caller's */
	rc = RB_OK;
out:
	gpgv_job_clear(&j);
	fd_close(&sig);
	return rc;
}

enum rb_err
gpgv_end(struct gpgv_job *j, struct buf *status, unsigned int *exit_status,
    struct fault *why)
{
	size_t len = status->len;
	int how = 0;
	enum rb_err rc = RB_EINTERNAL;

	rc = role_wait(&j->role, SECONDS, &how);
	if (rc != RB_OK && rc != RB_ETIME) {
		rc = fault_set(why, rc, "gpgv did not end: %s", err_name(rc));
		goto out;
	}
	if (rc == RB_ETIME)
		*exit_status = KILLED + SIGKILL;
	else if (WIFSIGNALED(how))
		*exit_status = KILLED + (unsigned int)WTERMSIG(how);
	else
		*exit_status = (unsigned int)WEXITSTATUS(how);
	if (lseek(j->status, 0, SEEK_SET) != 0) {
		rc = RB_EIO;
		goto out;
	}
	rc = file_read_fd(j->status, STATUS_MAX, status);
	if (rc == RB_ELIMIT) {
		/* It has more to say than about one signature. */
		status->len = len;
		*exit_status = KILLED;
		rc = RB_OK;
	}
out:
	gpgv_job_clear(j);
	return rc;
}
