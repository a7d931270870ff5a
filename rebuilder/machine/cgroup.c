/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/enc.h"
#include "common/base/file.h"
#include "common/base/note.h"

#define PREFIX "qubes-rebuilder-run-"
#define RANDOM_LEN 8
#define NAME_LEN (sizeof(PREFIX) + (size_t)2 * RANDOM_LEN)
#define KNOB_MAX (64 * 1024)
#define PROCS_MAX (16 * 1024 * 1024)
#define PERIOD_US 100000
/* Killed processes need a moment to be gone: 10 s in steps of 1 ms. */
#define WAITS 10000

struct cgroup {
	bool is_v2;
	char name[NAME_LEN];
	int parents[CGROUP_CONTROLLERS]; /* owned; -1: no such controller */
	int dirs[CGROUP_CONTROLLERS];    /* owned; locked as long as open */
};

static void
pause_briefly(void)
{
	const struct timespec ms = { 0, 1000000 };

	(void)nanosleep(&ms, NULL);
}

static enum rb_err
put_knob(int dir, const char *knob, const char *value)
{
	int fd = openat(dir, knob, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(value);
	enum rb_err rc = RB_EIO;

	if (fd == -1)
		return errno == ENOENT ? RB_ENOTFOUND : RB_EIO;
	/* One write is one value. */
	if (write(fd, value, len) == (ssize_t)len)
		rc = RB_OK;
	fd_close(&fd);
	return rc;
}

static enum rb_err
put_number(int dir, const char *knob, uint64_t n)
{
	char value[24];

	snprintf(value, sizeof(value), "%" PRIu64, n);
	return put_knob(dir, knob, value);
}

/* The number behind `key` in a file of "key number" lines; 0 if none. */
static uint64_t
count_of(int dir, const char *knob, const char *key)
{
	struct buf text = BUF_INIT;
	struct span rest, line = SPAN_INIT, word = SPAN_INIT;
	uint64_t n = 0;

	if (dir != -1 && file_read_at(dir, knob, KNOB_MAX, &text) == RB_OK) {
		rest = buf_span(&text);
		while (span_take_line(&rest, &line) == RB_OK) {
			if (span_take_until(&line, ' ', &word) == RB_OK &&
			    span_equal_str(word, key) &&
			    dec_parse(line, UINT64_MAX, &n) == RB_OK)
				break;
		}
	}
	buf_clear(&text);
	return n;
}

/* Kills who is in `dir` now; `n` is how many that were. */
static enum rb_err
kill_once(int dir, size_t *n)
{
	struct buf text = BUF_INIT;
	struct span rest, line = SPAN_INIT;
	uint64_t pid = 0;
	size_t count = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = file_read_at(dir, "cgroup.procs", PROCS_MAX, &text)) != RB_OK)
		goto out;
	rest = buf_span(&text);
	while (span_take_line(&rest, &line) == RB_OK) {
		/* 0 would be a process that our namespace can't see. */
		if ((rc = dec_parse(line, INT32_MAX, &pid)) != RB_OK)
			goto out;
		if (pid == 0) {
			rc = RB_EREFUSED;
			goto out;
		}
		(void)kill((pid_t)pid, SIGKILL);
		count++;
	}
	*n = count;
	rc = RB_OK;
out:
	buf_clear(&text);
	return rc;
}

static enum rb_err
kill_all(int dir)
{
	size_t n = 0, i;
	enum rb_err rc = RB_EINTERNAL;

	/* Version 2 can do it at one stroke; forks don't outrun that. */
	(void)put_knob(dir, "cgroup.kill", "1");
	for (i = 0; i < WAITS; i++) {
		if ((rc = kill_once(dir, &n)) != RB_OK)
			return rc;
		if (n == 0)
			return RB_OK;
		pause_briefly();
	}
	return RB_ETIME;
}

static enum rb_err
remove_at(int parent, const char *name)
{
	size_t i;

	for (i = 0; i < WAITS; i++) {
		if (unlinkat(parent, name, AT_REMOVEDIR) == 0 ||
		    errno == ENOENT)
			return RB_OK;
		if (errno != EBUSY)
			return RB_EIO;
		pause_briefly();
	}
	return RB_ETIME;
}

/*
 * Removes one group if the process that made it is dead.  One that can't be
 * removed is told about and left: it bounds nobody but itself.
 */
static bool
remove_left_over(int parent, const char *name)
{
	bool is_removed = false;
	int dir;

	dir = openat(parent, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir != -1 && flock(dir, LOCK_EX | LOCK_NB) == 0) {
		is_removed = kill_all(dir) == RB_OK &&
		    remove_at(parent, name) == RB_OK;
		if (!is_removed)
			note(NOTE_WARN,
			    "cannot remove the left-over control group %s",
			    name);
	}
	fd_close(&dir);
	return is_removed;
}

static enum rb_err
remove_left_overs(int parent, size_t *removed)
{
	struct dirent *entry;
	DIR *dir = NULL;
	int fd;

	fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || (dir = fdopendir(fd)) == NULL) {
		fd_close(&fd);
		return RB_EIO;
	}
	*removed = 0;
	while ((entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0 &&
		    remove_left_over(parent, entry->d_name))
			(*removed)++;
	(void)closedir(dir);
	return RB_OK;
}

static enum rb_err
name_choose(char name[NAME_LEN])
{
	uint8_t bytes[RANDOM_LEN];
	size_t i;

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return RB_EIO;
	memcpy(name, PREFIX, sizeof(PREFIX));
	for (i = 0; i < sizeof(bytes); i++)
		snprintf(name + strlen(PREFIX) + 2 * i, 3, "%02x", bytes[i]);
	return RB_OK;
}

static enum rb_err
make_one(struct cgroup *c, size_t i, const char *path)
{
	size_t removed = 0;
	enum rb_err rc = RB_EIO;

	c->parents[i] = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->parents[i] == -1)
		return RB_EIO;
	/*
	 * Held over the making: between mkdir and flock a group would look
	 * left over to others.
	 */
	if (flock(c->parents[i], LOCK_EX) != 0)
		return RB_EIO;
	if (remove_left_overs(c->parents[i], &removed) == RB_OK &&
	    mkdirat(c->parents[i], c->name, 0700) == 0) {
		c->dirs[i] = openat(c->parents[i], c->name,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (c->dirs[i] != -1 &&
		    flock(c->dirs[i], LOCK_EX | LOCK_NB) == 0)
			rc = RB_OK;
	}
	(void)flock(c->parents[i], LOCK_UN);
	if (i == CGROUP_MEMORY && removed != 0)
		note(NOTE_WARN, "removed what %zu killed runs had left",
		    removed);
	return rc;
}

static enum rb_err
limit_v2(int dir, const struct cgroup_limits *l)
{
	char cpu[48];
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_number(dir, "memory.max", l->memory)) != RB_OK ||
	    (rc = put_number(dir, "pids.max", l->processes)) != RB_OK)
		return rc;
	/* Absent on a kernel without swap. */
	if ((rc = put_number(dir, "memory.swap.max", 0)) != RB_OK &&
	    rc != RB_ENOTFOUND)
		return rc;
	snprintf(cpu, sizeof(cpu), "%" PRIu64 " %d", l->cpus * PERIOD_US,
	    PERIOD_US);
	(void)put_knob(dir, "cpu.max", cpu); /* as far as it goes */
	return RB_OK;
}

static enum rb_err
limit_v1(const int dirs[CGROUP_CONTROLLERS], const struct cgroup_limits *l)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_number(dirs[CGROUP_MEMORY], "memory.limit_in_bytes",
		 l->memory)) != RB_OK ||
	    (rc = put_number(dirs[CGROUP_PIDS], "pids.max", l->processes)) !=
		RB_OK)
		return rc;
	/* Memory and swap together; absent where swap isn't accounted. */
	rc = put_number(dirs[CGROUP_MEMORY], "memory.memsw.limit_in_bytes",
	    l->memory);
	if (rc != RB_OK && rc != RB_ENOTFOUND)
		return rc;
	if (dirs[CGROUP_CPU] != -1)
		(void)put_number(dirs[CGROUP_CPU], "cpu.cfs_quota_us",
		    l->cpus * PERIOD_US); /* as far as it goes */
	return RB_OK;
}

enum rb_err
cgroup_make(const struct cgroup_place *place,
    const struct cgroup_limits *limits, struct cgroup **out, struct fault *why)
{
	struct cgroup *c = NULL;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((c = malloc(sizeof(*c))) == NULL)
		return RB_ENOMEM;
	c->is_v2 = place->is_v2;
	for (i = 0; i < CGROUP_CONTROLLERS; i++)
		c->parents[i] = c->dirs[i] = -1;
	if ((rc = name_choose(c->name)) != RB_OK)
		goto out;
	for (i = 0; i < CGROUP_CONTROLLERS; i++) {
		if (place->dirs[i] != NULL &&
		    (rc = make_one(c, i, place->dirs[i])) != RB_OK) {
			fault_set(why, rc,
			    "cannot make a control group in %s: %s",
			    place->dirs[i], strerror(errno));
			goto out;
		}
	}
	rc = c->is_v2 ? limit_v2(c->dirs[0], limits) :
			limit_v1(c->dirs, limits);
	if (rc != RB_OK) {
		fault_set(why, rc,
		    "cannot bound memory or processes of the control group %s: "
		    "%s",
		    c->name, strerror(errno));
		goto out;
	}
	*out = c;
	c = NULL; /* now the caller's */
	rc = RB_OK;
out:
	cgroup_free(&c);
	return rc;
}

enum rb_err
cgroup_enter(const struct cgroup *c)
{
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	for (i = 0; i < CGROUP_CONTROLLERS; i++)
		if (c->dirs[i] != -1 &&
		    (rc = put_knob(c->dirs[i], "cgroup.procs", "0")) != RB_OK)
			return rc;
	return RB_OK;
}

enum rb_err
cgroup_kill(const struct cgroup *c)
{
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	for (i = 0; i < CGROUP_CONTROLLERS; i++)
		if (c->dirs[i] != -1 && (rc = kill_all(c->dirs[i])) != RB_OK)
			return rc;
	return RB_OK;
}

uint64_t
cgroup_oom_kills(const struct cgroup *c)
{
	return count_of(c->dirs[CGROUP_MEMORY],
	    c->is_v2 ? "memory.events" : "memory.oom_control", "oom_kill");
}

uint64_t
cgroup_pids_refused(const struct cgroup *c)
{
	return count_of(c->dirs[c->is_v2 ? 0 : CGROUP_PIDS], "pids.events",
	    "max");
}

void
cgroup_free(struct cgroup **cp)
{
	struct cgroup *c = *cp;
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < CGROUP_CONTROLLERS; i++) {
		if (c->dirs[i] != -1 &&
		    (kill_all(c->dirs[i]) != RB_OK ||
			remove_at(c->parents[i], c->name) != RB_OK))
			note(NOTE_ERROR, "cannot remove the control group %s",
			    c->name);
		fd_close(&c->dirs[i]);
		fd_close(&c->parents[i]);
	}
	free(c);
	*cp = NULL;
}
