/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/gpgv.h"

#include <errno.h>
#include <fcntl.h>
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

void
gpgv_result_clear(struct gpgv_result *r)
{
	fd_close(&r->payload);
	fd_close(&r->status);
	r->exit_status = 0;
}

static enum rb_err
start(int signed_text, int keyring, int status, int payload, struct role *out)
{
	/* Descriptors 4, 5 and 6 of the program. */
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
	const struct jail_path paths[] = {
		{ "/usr", JAIL_READ_EXEC, 0 },
		{ "/lib", JAIL_READ_EXEC, 1 },
		{ "/lib64", JAIL_READ_EXEC, 1 },
		{ "/etc/ld.so.cache", JAIL_READ, 1 },
		{ "/proc", JAIL_READ, 0 },
	};
	const int fds[] = { signed_text, keyring, status };
	const struct jail jail = {
		.allow = JAIL_FILES,
		.paths = paths,
		.npaths = sizeof(paths) / sizeof(paths[0]),
		.fds = fds,
		.nfds = 2,
		.memory = MEMORY,
		.file_max = WRITTEN_MAX,
		.cpu = SECONDS,
	};
	struct role_start how = ROLE_START_INIT;

	how.program = PROGRAM;
	how.args = args;
	how.fds = fds;
	how.nfds = sizeof(fds) / sizeof(fds[0]);
	how.out = payload;
	return role_spawn_foreign(&how, &jail, out);
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
		rc = fault_set(why, RB_ENOTFOUND,
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
	if ((rc = start(signed_text, keys, r.status, r.payload, &role)) !=
	    RB_OK) {
		fault_set(why, rc,
		    "%s could not be started in its jail; is "
		    "gpgv installed?",
		    PROGRAM);
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
