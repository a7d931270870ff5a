/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/tape_call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"

#define FILE_LEN_MAX ((size_t)1 << 28)

static size_t
event_len(const struct event *e)
{
	return sizeof(*e) + ((e->len + 15) & ~(size_t)15);
}

void
tape_put(struct tape *t, struct event *e, const void *bytes)
{
	struct tape_shared *s = t->shared;

	if (pthread_mutex_lock(&s->lock) != 0 ||
	    s->used + event_len(e) > TAPE_LEN - sizeof(*s))
		abort();
	memcpy(s->bytes + s->used, e, sizeof(*e));
	if (e->len > 0)
		memcpy(s->bytes + s->used + sizeof(*e), bytes, e->len);
	s->used += event_len(e);
	if (pthread_mutex_unlock(&s->lock) != 0)
		abort();
}

void
tape_mark(struct tape *t, uint64_t number)
{
	struct event e;

	memset(&e, 0, sizeof(e));
	e.kind = EVENT_MARK;
	e.offset = number;
	tape_put(t, &e, NULL);
}

void
tape_fail(struct tape *t, const char *program, enum tape_calls calls, long n,
    long more, int error)
{
	struct tape_shared *s = t->shared;

	if (pthread_mutex_lock(&s->lock) != 0)
		abort();
	(void)snprintf(s->fails, sizeof(s->fails), "%s", program);
	s->calls = calls;
	s->before = n;
	s->more = more + 1;
	s->error = error;
	s->seen = s->failed = 0;
	if (pthread_mutex_unlock(&s->lock) != 0)
		abort();
}

long
tape_fail_end(struct tape *t)
{
	long failed = t->shared->failed;

	tape_fail(t, "", CALLS_WRITE, 0, 0, 0);
	return failed;
}

long
tape_fail_seen(struct tape *t)
{
	return t->shared->seen;
}

void
tape_clock(struct tape *t, long seconds)
{
	t->shared->ahead = seconds;
	t->shared->has_clock = true;
}

static struct tape_file *
add_file(struct tape *t, int parent_fd, const char *name)
{
	struct tape_file *f = &t->files[t->nfiles];
	struct buf bytes = BUF_INIT;
	struct stat st;

	assert_true(t->nfiles < TAPE_FILES_MAX);
	assert_int_equal(fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	memset(f, 0, sizeof(*f));
	f->inode = st.st_ino;
	f->is_directory = S_ISDIR(st.st_mode);
	f->mode = st.st_mode & 07777;
	f->uid = st.st_uid;
	f->gid = st.st_gid;
	assert_true(strlen(name) < sizeof(f->name));
	(void)strcpy(f->name, name);
	if (!f->is_directory) {
		assert_true(S_ISREG(st.st_mode));
		assert_int_equal(file_read_at(parent_fd, name, FILE_LEN_MAX,
				     &bytes),
		    RB_OK);
		f->bytes = bytes.p;
		f->len = bytes.len;
	}
	t->nfiles++;
	return f;
}

static void
add_below(struct tape *t, int fd, unsigned int parent)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	struct tape_file *f;
	unsigned int self;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		self = t->nfiles;
		f = add_file(t, dirfd(d), e->d_name);
		f->parent = parent;
		if (f->is_directory)
			add_below(t,
			    openat(dirfd(d), e->d_name,
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
			    self);
	}
	closedir(d);
}

static void
add_parts(struct tape *t)
{
	int root = open(t->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t i;

	assert_true(root >= 0);
	for (i = 0; t->parts[i] != NULL; i++)
		add_file(t, root, t->parts[i])->parent = (unsigned int)i;
	assert_true(i <= TAPE_PARTS_MAX);
	for (i = 0; t->parts[i] != NULL; i++)
		add_below(t,
		    openat(root, t->parts[i],
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
		    (unsigned int)i);
	fd_close(&root);
}

static void
make_shared(struct tape *t)
{
	pthread_mutexattr_t attr;
	void *p = mmap(NULL, TAPE_LEN, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_true(p != MAP_FAILED);
	t->shared = p;
	t->shared->used = 0;
	assert_int_equal(pthread_mutexattr_init(&attr), 0);
	assert_int_equal(pthread_mutexattr_setpshared(&attr,
			     PTHREAD_PROCESS_SHARED),
	    0);
	assert_int_equal(pthread_mutex_init(&t->shared->lock, &attr), 0);
}

void
tape_begin(struct tape *t, const char *root, const char *const *parts,
    const char *const *programs)
{
	pid_t us = getpid();
	int stop[2], ready[2];
	char c = 0;

	memset(t, 0, sizeof(*t));
	t->root = root;
	t->parts = parts;
	t->programs = programs;
	t->files = calloc(TAPE_FILES_MAX, sizeof(*t->files));
	assert_non_null(t->files);
	add_parts(t);
	make_shared(t);
	assert_int_equal(pipe2(stop, O_CLOEXEC), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	t->recorder = fork();
	assert_true(t->recorder >= 0);
	if (t->recorder == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		fd_close(&stop[1]);
		tape_record(t, us, stop[0], ready[1]);
	}
	fd_close(&stop[0]);
	fd_close(&ready[1]);
	t->stop = stop[1];
	assert_int_equal(read(ready[0], &c, 1), 1);
	fd_close(&ready[0]);
}

void
tape_end(struct tape *t)
{
	const struct event *e;
	int status = -1;
	size_t at;

	fd_close(&t->stop);
	assert_int_equal(waitpid(t->recorder, &status, 0), t->recorder);
	assert_int_equal(status, 0);
	t->events = calloc(t->shared->used / sizeof(*e) + 1,
	    sizeof(*t->events));
	assert_non_null(t->events);
	for (at = 0; at < t->shared->used; at += event_len(e)) {
		t->events[t->nevents] = at;
		e = tape_at(t, t->nevents++);
		if (e->kind == EVENT_WRONG)
			fail_msg("%s: %s: %s", e->program, e->to_name, e->name);
	}
}

void
tape_clear(struct tape *t)
{
	unsigned int i;

	for (i = 0; i < t->nfiles; i++)
		free(t->files[i].bytes);
	free(t->files);
	free(t->events);
	if (t->shared != NULL)
		(void)munmap(t->shared, TAPE_LEN);
	memset(t, 0, sizeof(*t));
}

const struct event *
tape_at(const struct tape *t, size_t i)
{
	return (const void *)(t->shared->bytes + t->events[i]);
}

const uint8_t *
tape_bytes(const struct event *e)
{
	return (const uint8_t *)(e + 1);
}
