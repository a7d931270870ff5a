/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "rebuilder/machine/cgroup.h"

#define KNOB_MAX (64 * 1024)
/* Longer paths than the kernel's own are not ours to follow. */
#define PATH_LEN_MAX 4000

void
cgroup_place_clear(struct cgroup_place *p)
{
	size_t i;

	for (i = 0; i < CGROUP_CONTROLLERS; i++)
		free(p->dirs[i]);
	*p = (struct cgroup_place)CGROUP_PLACE_INIT;
}

/* root + middle + end as one string, owned. */
static enum rb_err
path_join(const char *root, struct span middle, const char *end, char **out)
{
	struct buf b = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_put_str(&b, root)) == RB_OK &&
	    (rc = buf_put(&b, middle)) == RB_OK &&
	    (rc = buf_put_str(&b, end)) == RB_OK)
		rc = str_dup_span(buf_span(&b), out);
	buf_clear(&b);
	return rc;
}

/* Our own group in version 2: the line "0::/path". */
static enum rb_err
own_path(struct span self, struct span *out)
{
	const struct span mark = SPAN("0::/");
	struct span line = SPAN_INIT;

	while (span_take_line(&self, &line) == RB_OK) {
		if (!span_starts(line, mark))
			continue;
		if (line.len > PATH_LEN_MAX)
			return RB_ELIMIT;
		*out = span_of(line.p + mark.len - 1,
		    line.len - (mark.len - 1));
		return RB_OK;
	}
	return RB_ENOTFOUND;
}

static bool
has_word(struct span text, const char *word)
{
	struct span rest = text, one = SPAN_INIT;

	/* The kernel ends the only line with LF. */
	if (span_take_line(&rest, &text) != RB_OK)
		return false;
	while (span_take_until(&text, ' ', &one) == RB_OK)
		if (span_equal_str(one, word))
			return true;
	return false;
}

/* Does the group at root + path hand memory and pids to its children? */
static enum rb_err
hands_down(const char *root, struct span path, bool *does, bool *has_cpu)
{
	struct buf text = BUF_INIT;
	char *name = NULL;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	*does = false;
	if ((rc = path_join(root, path, "/cgroup.subtree_control", &name)) !=
	    RB_OK)
		goto out;
	/* A group that we can't see (an outer namespace's) hands us none. */
	if ((fd = open(name, O_RDONLY | O_CLOEXEC)) == -1) {
		rc = errno == ENOENT || errno == EACCES ? RB_OK : RB_EIO;
		goto out;
	}
	if ((rc = file_read_fd(fd, KNOB_MAX, &text)) != RB_OK)
		goto out;
	*does = has_word(buf_span(&text), "memory") &&
	    has_word(buf_span(&text), "pids");
	*has_cpu = has_word(buf_span(&text), "cpu");
	rc = RB_OK;
out:
	fd_close(&fd);
	free(name);
	buf_clear(&text);
	return rc;
}

static enum rb_err
find_v2(const char *root, struct span self, struct cgroup_place *p,
    struct fault *why)
{
	struct span path = SPAN_INIT;
	bool does = false;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = own_path(self, &path)) != RB_OK)
		return fault_set(why, rc,
		    "/proc/self/cgroup does not say in which control group we "
		    "are");
	p->is_v2 = true;
	for (;;) {
		/* "/a/b", "/a", "": the root itself comes last. */
		while (path.len > 0 && path.p[path.len - 1] == '/')
			path.len--;
		if ((rc = hands_down(root, path, &does, &p->has_cpu)) != RB_OK)
			return rc;
		if (does)
			return path_join(root, path, "", &p->dirs[0]);
		if (path.len == 0)
			break;
		while (path.len > 0 && path.p[path.len - 1] != '/')
			path.len--;
	}
	return fault_set(why, RB_ENOTFOUND,
	    "no control group from our own upwards hands the controllers "
	    "memory and pids to its children; run the service with "
	    "Delegate=yes, or the container with its own delegated group");
}

static enum rb_err
find_v1(const char *root, struct cgroup_place *p, struct fault *why)
{
	static const char *const names[CGROUP_CONTROLLERS] = { "/memory",
		"/pids", "/cpu" };
	char *knob = NULL;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	for (i = 0; i < CGROUP_CONTROLLERS; i++) {
		bool is_there;

		if ((rc = path_join(root, span_of_str(names[i]),
			 "/cgroup.procs", &knob)) != RB_OK)
			return rc;
		is_there = access(knob, W_OK) == 0;
		free(knob);
		knob = NULL;
		if (is_there) {
			if ((rc = path_join(root, span_of_str(names[i]), "",
				 &p->dirs[i])) != RB_OK)
				return rc;
		} else if (i != CGROUP_CPU) {
			return fault_set(why, RB_ENOTFOUND,
			    "the control groups in %s have no controller %s "
			    "that we may use: neither version 2 nor version 1 "
			    "is mounted there with memory and pids",
			    root, names[i] + 1);
		}
	}
	p->has_cpu = p->dirs[CGROUP_CPU] != NULL;
	return RB_OK;
}

enum rb_err
cgroup_place_find(const char *root, struct span self, struct cgroup_place *out,
    struct fault *why)
{
	struct cgroup_place p = CGROUP_PLACE_INIT;
	char *mark = NULL;
	enum rb_err rc = RB_EINTERNAL;

	/* Only the root of version 2 has this file. */
	if ((rc = path_join(root, SPAN("/cgroup.controllers"), "", &mark)) !=
	    RB_OK)
		goto out;
	rc = access(mark, F_OK) == 0 ? find_v2(root, self, &p, why) :
				       find_v1(root, &p, why);
	if (rc != RB_OK)
		goto out;
	*out = p;
	p = (struct cgroup_place)CGROUP_PLACE_INIT; /* now the caller's */
	rc = RB_OK;
out:
	free(mark);
	cgroup_place_clear(&p);
	return rc;
}
