/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "rebuilder/machine/subids.h"

#define TEXT_MAX (1024 * 1024)
#define PAUSE_MS 100

static enum rb_err
read_file(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum rb_err rc = RB_ENOTFOUND;

	if (fd != -1)
		rc = file_read_fd(fd, TEXT_MAX, out);
	fd_close(&fd);
	return rc;
}

static enum rb_err
find_ids(const char *path, const char *option, const char *user, uid_t uid,
    uint32_t *out, struct fault *why)
{
	struct buf text = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = read_file(path, &text)) == RB_OK)
		rc = subids_find(buf_span(&text), user, uid, out);
	buf_clear(&text);
	if (rc != RB_OK)
		fault_set(why, rc,
		    "%s gives the user %s no %d subordinate ids (usermod %s "
		    "FIRST-LAST %s)",
		    path, user, SUBIDS_COUNT, option, user);
	return rc;
}

static enum rb_err
make_dir(const struct node *node, const char *name, char **out,
    struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = node_path(node, name, out)) != RB_OK)
		return rc;
	/* Closed to all but root: layers hold foreign set-uid files. */
	if (mkdir(*out, 0700) != 0 && errno != EEXIST)
		return fault_set(why, RB_EIO, "cannot make %s: %s", *out,
		    strerror(errno));
	return RB_OK;
}

static enum rb_err
make_dirs(const struct node *node, struct session *x, struct fault *why)
{
	char *above = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = make_dir(node, "machine", &above, why)) == RB_OK &&
	    (rc = make_dir(node, "machine/stage", &x->stage, why)) == RB_OK)
		rc = make_dir(node, "machine/layers", &x->layers, why);
	free(above);
	return rc;
}

static enum rb_err
make_cgroup(const struct cgroup_limits *limits, struct cgroup **out,
    struct fault *why)
{
	struct cgroup_place place = CGROUP_PLACE_INIT;
	struct buf self = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = read_file("/proc/self/cgroup", &self)) != RB_OK) {
		fault_set(why, rc, "cannot read /proc/self/cgroup");
		goto out;
	}
	if ((rc = cgroup_place_find(CGROUP_ROOT, buf_span(&self), &place,
		 why)) == RB_OK)
		rc = cgroup_make(&place, limits, out, why);
out:
	cgroup_place_clear(&place);
	buf_clear(&self);
	return rc;
}

enum rb_err
session_open(struct session *x, const struct machine_run *run,
    const struct cgroup_limits *limits, struct fault *why)
{
	const char *name = run->node->user_rebuilder;
	struct user_ids user = { 0, 0 };
	enum rb_err rc = RB_EINTERNAL;

	x->watch = run->watch;
	x->deadline = run->deadline;
	if ((rc = user_find(name, &user, why)) != RB_OK ||
	    (rc = find_ids("/etc/subuid", "--add-subuids", name, user.uid,
		 &x->uid, why)) != RB_OK ||
	    (rc = find_ids("/etc/subgid", "--add-subgids", name, user.uid,
		 &x->gid, why)) != RB_OK ||
	    (rc = make_dirs(run->node, x, why)) != RB_OK)
		return rc;
	return make_cgroup(limits, &x->cgroup, why);
}

void
session_clear(struct session *x)
{
	cgroup_free(&x->cgroup);
	free(x->stage);
	free(x->layers);
	*x = (struct session)SESSION_INIT;
}

/* One stream: a relay on our side, a descriptor for the guest. */
static enum rb_err
stream_open(struct relay *r, int *ours, bool to_guest, uint64_t max,
    int *theirs)
{
	int pipes[2] = { -1, -1 };
	enum rb_err rc = RB_EIO;

	if (*ours == -1) {
		*theirs = open("/dev/null", O_RDWR | O_CLOEXEC);
		return *theirs == -1 ? RB_EIO : RB_OK;
	}
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return RB_EIO;
	r->to_guest = to_guest;
	rc = to_guest ? relay_open(r, ours, &pipes[1], max) :
			relay_open(r, &pipes[0], ours, max);
	if (rc == RB_OK) {
		*theirs = pipes[to_guest ? 0 : 1];
		pipes[to_guest ? 0 : 1] = -1; /* now the caller's */
	}
	fd_close(&pipes[0]);
	fd_close(&pipes[1]);
	return rc;
}

/*
 * Reaps the sandbox and, since orphans come to us, all that it left.  The
 * control group's members are killed before: nobody is waited for in vain.
 */
static enum rb_err
reap(const struct session *x, pid_t pid, int *status)
{
	pid_t r;
	enum rb_err rc = RB_EINTERNAL;

	(void)kill(pid, SIGKILL);
	do
		r = waitpid(pid, status, 0);
	while (r == -1 && errno == EINTR);
	if (r != pid)
		return RB_EIO;
	if ((rc = cgroup_kill(x->cgroup)) != RB_OK)
		return rc;
	do
		r = waitpid(-1, NULL, 0);
	while (r > 0 || (r == -1 && errno == EINTR));
	return RB_OK;
}

enum rb_err
session_run(struct session *x, struct sandbox *s, struct session_files *files,
    struct session_end *out, struct fault *why)
{
	struct session_end e = SESSION_END_INIT;
	struct relay in = RELAY_INIT, log = RELAY_INIT, output = RELAY_INIT;
	struct relay *const relays[] = { &in, &output, &log };
	pid_t pid = -1;
	int pidfd = -1, report = -1;
	enum rb_err rc = RB_EINTERNAL;

	s->in = s->out = s->log = -1;
	s->stage = x->stage;
	s->uid = x->uid;
	s->gid = x->gid;
	s->cgroup = x->cgroup;
	in.digester = files->digester;
	if ((rc = stream_open(&in, &files->in, true, files->in_max, &s->in)) !=
		RB_OK ||
	    (rc = stream_open(&output, &files->out, false, files->out_max,
		 &s->out)) != RB_OK ||
	    (rc = stream_open(&log, &files->log, false, files->log_max,
		 &s->log)) != RB_OK)
		goto out;
	if ((rc = sandbox_start(s, &pid, &report, why)) != RB_OK)
		goto out;
	fd_close(&s->in);
	fd_close(&s->out);
	fd_close(&s->log);
	if ((pidfd = (int)syscall(SYS_pidfd_open, pid, 0)) == -1) {
		rc = RB_EIO;
		goto out;
	}
	e.end = relays_run(relays, 3, pidfd, x->watch, x->deadline, &e.which);
	e.error = errno;
	e.in_left = in.left;
	if ((rc = reap(x, pid, &e.status)) != RB_OK)
		goto out;
	pid = -1;
	if ((rc = sandbox_has_run(report, &e.has_run)) != RB_OK)
		goto out;
	*out = e;
	rc = RB_OK;
out:
	if (pid != -1 && reap(x, pid, &e.status) != RB_OK)
		note(NOTE_ERROR, "cannot end the sandbox %d", (int)pid);
	relay_clear(&in);
	relay_clear(&output);
	relay_clear(&log);
	fd_close(&s->in);
	fd_close(&s->out);
	fd_close(&s->log);
	fd_close(&pidfd);
	fd_close(&report);
	return rc;
}

enum rb_err
session_pause(const struct session *x)
{
	struct pollfd watch = { x->watch, POLLIN, 0 };

	if (clock_now() >= x->deadline)
		return RB_ETIME;
	if (poll(&watch, 1, PAUSE_MS) > 0)
		return RB_EPEER;
	return RB_OK;
}
