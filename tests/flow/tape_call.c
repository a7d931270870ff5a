/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/tape_call.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define NONE UINT_MAX
#define BYTES_MAX ((size_t)1 << 28)
#define PARTS_MAX 1024 /* of one vector */
/* Of the kernel: O_SYNC without O_DSYNC. */
#define SYNC_BIT 04000000

static _Noreturn void
give_up(const char *what)
{
	perror(what);
	_exit(2);
}

static void
put(struct tape *t, const struct call *c, struct event *e, const void *bytes)
{
	(void)snprintf(e->program, sizeof(e->program), "%s", c->program);
	tape_put(t, e, bytes);
}

static void
put_wrong(struct tape *t, const struct call *c, const char *what,
    const char *name)
{
	struct event e;

	memset(&e, 0, sizeof(e));
	e.kind = EVENT_WRONG;
	(void)snprintf(e.name, sizeof(e.name), "%s", name);
	(void)snprintf(e.to_name, sizeof(e.to_name), "%s", what);
	put(t, c, &e, NULL);
}

static void
copy_from(const struct call *c, unsigned long long at, void *to, size_t len)
{
	struct iovec here = { to, len };
	struct iovec there = { NULL, len };

	memcpy(&there.iov_base, &at, sizeof(there.iov_base));
	if (process_vm_readv(c->pid, &here, 1, &there, 1, 0) != (ssize_t)len)
		give_up("process_vm_readv");
}

static void
copy_text(const struct call *c, unsigned long long at, char out[PATH_MAX])
{
	size_t i;

	for (i = 0; i < PATH_MAX; i++) {
		copy_from(c, at + i, out + i, 1);
		if (out[i] == '\0')
			return;
	}
	give_up("a path without end");
}

/* The bytes of a vector; the caller frees. */
static uint8_t *
copy_vector(const struct call *c, unsigned long long at, size_t n, size_t len)
{
	struct iovec parts[PARTS_MAX];
	uint8_t *bytes = calloc(1, len + 1);
	unsigned long long from;
	size_t i, take, done = 0;

	if (bytes == NULL || n > PARTS_MAX)
		give_up("a vector");
	copy_from(c, at, parts, n * sizeof(parts[0]));
	for (i = 0; i < n && done < len; i++) {
		take = parts[i].iov_len < len - done ? parts[i].iov_len :
						       len - done;
		memcpy(&from, &parts[i].iov_base, sizeof(from));
		if (take > 0)
			copy_from(c, from, bytes + done, take);
		done += take;
	}
	return bytes;
}

/* Which file of the tape has this inode now. */
static unsigned int
find_inode(const struct tape *t, ino_t inode)
{
	unsigned int i;

	for (i = 0; i < t->nfiles; i++)
		if (t->files[i].inode == inode)
			return i;
	return NONE;
}

static unsigned int
find_fd(const struct tape *t, const struct call *c, unsigned long long fd)
{
	char path[64];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)c->pid,
	    (int)fd);
	return stat(path, &st) == 0 ? find_inode(t, st.st_ino) : NONE;
}

static unsigned int
find_name(const struct tape *t, unsigned int dir, const char *name)
{
	unsigned int i;

	for (i = 0; i < t->nfiles; i++)
		if (t->files[i].inode != 0 && t->files[i].parent == dir &&
		    i != dir && strcmp(t->files[i].name, name) == 0)
			return i;
	return NONE;
}

/* The directory of a path, and its last part in `name`. */
static unsigned int
find_place(const struct tape *t, const struct call *c, int dirfd,
    unsigned long long at, char name[TAPE_NAME_MAX])
{
	char path[PATH_MAX], whole[2 * PATH_MAX], *slash;
	struct stat st;

	copy_text(c, at, path);
	slash = strrchr(path, '/');
	if (strlen(slash == NULL ? path : slash + 1) >= TAPE_NAME_MAX)
		return NONE;
	(void)strcpy(name, slash == NULL ? path : slash + 1);
	if (slash != NULL)
		slash[slash == path ? 1 : 0] = '\0';
	if (slash != NULL && path[0] == '/')
		(void)snprintf(whole, sizeof(whole), "/proc/%d/root%s",
		    (int)c->pid, path);
	else if (dirfd == AT_FDCWD)
		(void)snprintf(whole, sizeof(whole), "/proc/%d/cwd/%s",
		    (int)c->pid, slash == NULL ? "." : path);
	else
		(void)snprintf(whole, sizeof(whole), "/proc/%d/fd/%d/%s",
		    (int)c->pid, dirfd, slash == NULL ? "." : path);
	return stat(whole, &st) == 0 ? find_inode(t, st.st_ino) : NONE;
}

/* A name that was not there a moment ago. */
static void
record_new(struct tape *t, const struct call *c, unsigned int dir,
    const char *name)
{
	struct tape_file *f = &t->files[t->nfiles];
	struct event e;
	struct stat st;
	char path[PATH_MAX];
	unsigned int up = dir;
	int len;

	if (t->nfiles == TAPE_FILES_MAX)
		give_up("too many files");
	(void)snprintf(path, sizeof(path), "%s", name);
	for (;; up = t->files[up].parent) {
		char before[PATH_MAX];

		memcpy(before, path, sizeof(before));
		len = snprintf(path, sizeof(path), "%s/%s", t->files[up].name,
		    before);
		if (len < 0 || (size_t)len >= sizeof(path))
			give_up("a long path");
		if (t->files[up].parent == up)
			break;
	}
	if (chdir(t->root) != 0 || lstat(path, &st) != 0)
		return; /* gone again already */
	memset(f, 0, sizeof(*f));
	f->inode = st.st_ino;
	f->parent = dir;
	(void)strcpy(f->name, name);
	memset(&e, 0, sizeof(e));
	e.kind = EVENT_LINK;
	e.file = t->nfiles++;
	e.dir = dir;
	e.is_directory = f->is_directory = S_ISDIR(st.st_mode);
	e.mode = st.st_mode & 07777;
	e.uid = st.st_uid;
	e.gid = st.st_gid;
	(void)strcpy(e.name, name);
	put(t, c, &e, NULL);
}

static void
record_size(struct tape *t, const struct call *c, unsigned int file,
    uint64_t size)
{
	struct event e;

	memset(&e, 0, sizeof(e));
	e.kind = EVENT_SIZE;
	e.file = file;
	e.offset = size;
	if (file != NONE)
		put(t, c, &e, NULL);
}

static void
record_open(struct tape *t, const struct call *c, int dirfd,
    unsigned long long path, unsigned long long flags)
{
	char name[TAPE_NAME_MAX];
	unsigned int dir;

	if ((flags & O_TMPFILE) == O_TMPFILE)
		return; /* has no name, and none of ours ever gets one */
	if ((flags & O_TRUNC) != 0)
		record_size(t, c, find_fd(t, c, (unsigned long long)c->result),
		    0);
	if ((flags & O_CREAT) == 0)
		return;
	dir = find_place(t, c, dirfd, path, name);
	if (dir != NONE && find_name(t, dir, name) == NONE)
		record_new(t, c, dir, name);
}

static void
record_unlink(struct tape *t, const struct call *c, int dirfd,
    unsigned long long path)
{
	struct event e;

	memset(&e, 0, sizeof(e));
	e.kind = EVENT_UNLINK;
	e.dir = find_place(t, c, dirfd, path, e.name);
	if (e.dir == NONE || (e.file = find_name(t, e.dir, e.name)) == NONE)
		return;
	t->files[e.file].inode = 0;
	put(t, c, &e, NULL);
}

static void
record_rename(struct tape *t, const struct call *c, int from_fd,
    unsigned long long from, int to_fd, unsigned long long to)
{
	struct event e;
	unsigned int there;

	memset(&e, 0, sizeof(e));
	e.kind = EVENT_RENAME;
	e.dir = find_place(t, c, from_fd, from, e.name);
	e.to_dir = find_place(t, c, to_fd, to, e.to_name);
	if (e.dir == NONE && e.to_dir == NONE)
		return;
	if (e.dir == NONE || e.to_dir == NONE ||
	    (e.file = find_name(t, e.dir, e.name)) == NONE) {
		put_wrong(t, c, "rename out of the stores or in", e.to_name);
		return;
	}
	if ((there = find_name(t, e.to_dir, e.to_name)) != NONE)
		t->files[there].inode = 0;
	t->files[e.file].parent = e.to_dir;
	(void)strcpy(t->files[e.file].name, e.to_name);
	put(t, c, &e, NULL);
}

static void
record_sync(struct tape *t, const struct call *c, unsigned int file)
{
	struct event e;

	memset(&e, 0, sizeof(e));
	e.kind = EVENT_SYNC;
	e.file = file;
	if (file != NONE)
		put(t, c, &e, NULL);
}

/* Position (or -1) and flags of a descriptor. */
static unsigned int
describe(const struct call *c, uint64_t *position)
{
	unsigned long long at = 0;
	unsigned int flags = 0;
	char path[64];
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)c->pid,
	    (int)c->args[0]);
	if ((f = fopen(path, "re")) == NULL ||
	    fscanf(f, "pos: %llu flags: %o", &at, &flags) != 2)
		give_up(path);
	(void)fclose(f);
	*position = at;
	return flags;
}

static void
record_write(struct tape *t, const struct call *c, bool is_vector,
    bool has_offset)
{
	unsigned int file = find_fd(t, c, c->args[0]), flags;
	uint8_t *bytes = NULL;
	struct event e;
	uint64_t at = 0;

	if (file == NONE || c->result <= 0)
		return;
	if ((size_t)c->result > BYTES_MAX)
		give_up("a long write");
	memset(&e, 0, sizeof(e));
	e.kind = EVENT_WRITE;
	e.file = file;
	e.len = (size_t)c->result;
	flags = describe(c, &at);
	e.offset = has_offset ? c->args[3] : at - e.len;
	if (is_vector) {
		bytes = copy_vector(c, c->args[1], c->args[2], e.len);
	} else {
		if ((bytes = calloc(1, e.len)) == NULL)
			give_up("calloc");
		copy_from(c, c->args[1], bytes, e.len);
	}
	put(t, c, &e, bytes);
	free(bytes);
	if ((flags & (O_DSYNC | SYNC_BIT)) != 0)
		record_sync(t, c, file);
}

static void
record_mode(struct tape *t, const struct call *c, unsigned int file,
    const char *path)
{
	struct event e;
	struct stat st;

	if (file == NONE || stat(path, &st) != 0)
		return;
	memset(&e, 0, sizeof(e));
	e.kind = EVENT_MODE;
	e.file = file;
	e.mode = st.st_mode & 07777;
	e.uid = st.st_uid;
	e.gid = st.st_gid;
	put(t, c, &e, NULL);
}

static void
record_fd_mode(struct tape *t, const struct call *c)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)c->pid,
	    (int)c->args[0]);
	record_mode(t, c, find_fd(t, c, c->args[0]), path);
}

static void
record_at_mode(struct tape *t, const struct call *c)
{
	char name[TAPE_NAME_MAX], path[2 * TAPE_NAME_MAX];
	unsigned int dir = find_place(t, c, (int)c->args[0], c->args[1], name);

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d/%s", (int)c->pid,
	    (int)c->args[0], name);
	if (dir != NONE)
		record_mode(t, c, find_name(t, dir, name), path);
}

static void
record_said(struct tape *t, const struct call *c)
{
	struct msghdr h;
	struct event e;
	uint8_t *bytes;
	unsigned long long at;

	if (c->args[0] != 3 || c->result <= 0)
		return;
	copy_from(c, c->args[1], &h, sizeof(h));
	memset(&e, 0, sizeof(e));
	e.kind = EVENT_SAID;
	e.len = (size_t)c->result;
	memcpy(&at, &h.msg_iov, sizeof(at));
	bytes = copy_vector(c, at, h.msg_iovlen, e.len);
	put(t, c, &e, bytes);
	free(bytes);
}

/* LMDB's lock is memory that readers share, and worth nothing later. */
static void
check_map(struct tape *t, const struct call *c)
{
	unsigned int file;

	if ((c->args[2] & PROT_WRITE) == 0 || (c->args[3] & MAP_SHARED) == 0 ||
	    (c->args[3] & MAP_ANONYMOUS) != 0)
		return;
	file = find_fd(t, c, c->args[4]);
	if (file != NONE && strcmp(t->files[file].name, "lock.mdb") != 0)
		put_wrong(t, c, "writes through a map", t->files[file].name);
}

void
call_begin(struct tape *t)
{
	if (chdir(t->root) != 0)
		give_up(t->root);
}

void
call_record(struct tape *t, const struct call *c)
{
	const unsigned long long *a = c->args;

	switch (c->number) {
	case SYS_open:
		record_open(t, c, AT_FDCWD, a[0], a[1]);
		return;
	case SYS_creat:
		record_open(t, c, AT_FDCWD, a[0], O_CREAT | O_TRUNC);
		return;
	case SYS_openat:
		record_open(t, c, (int)a[0], a[1], a[2]);
		return;
	case SYS_mkdir:
	case SYS_mkdirat:
		record_open(t, c, c->number == SYS_mkdir ? AT_FDCWD : (int)a[0],
		    c->number == SYS_mkdir ? a[0] : a[1], O_CREAT);
		return;
	case SYS_unlink:
	case SYS_rmdir:
		record_unlink(t, c, AT_FDCWD, a[0]);
		return;
	case SYS_unlinkat:
		record_unlink(t, c, (int)a[0], a[1]);
		return;
	case SYS_rename:
		record_rename(t, c, AT_FDCWD, a[0], AT_FDCWD, a[1]);
		return;
	case SYS_renameat:
	case SYS_renameat2:
		record_rename(t, c, (int)a[0], a[1], (int)a[2], a[3]);
		return;
	case SYS_write:
		record_write(t, c, false, false);
		return;
	case SYS_writev:
		record_write(t, c, true, false);
		return;
	case SYS_pwrite64:
		record_write(t, c, false, true);
		return;
	case SYS_pwritev:
		record_write(t, c, true, true);
		return;
	case SYS_ftruncate:
		record_size(t, c, find_fd(t, c, a[0]), a[1]);
		return;
	case SYS_fsync:
	case SYS_fdatasync:
		record_sync(t, c, find_fd(t, c, a[0]));
		return;
	case SYS_fchmod:
	case SYS_fchown:
		record_fd_mode(t, c);
		return;
	case SYS_fchmodat:
	case SYS_fchownat:
		record_at_mode(t, c);
		return;
	case SYS_sendmsg:
		record_said(t, c);
		return;
	case SYS_mmap:
		check_map(t, c);
		return;
	case SYS_copy_file_range:
		if (find_fd(t, c, a[2]) != NONE)
			put_wrong(t, c, "copy_file_range", "");
		return;
	case SYS_fallocate:
	case SYS_sendfile:
	case SYS_pwritev2:
	case SYS_sync_file_range:
		if (find_fd(t, c, a[0]) != NONE)
			put_wrong(t, c, "a call that the tape does not know",
			    "");
		return;
	case SYS_truncate:
	case SYS_link:
	case SYS_linkat:
	case SYS_symlink:
	case SYS_symlinkat:
	case SYS_splice:
	case SYS_io_uring_setup:
		put_wrong(t, c, "a call that the tape does not know", "");
		return;
	default:
		return;
	}
}
