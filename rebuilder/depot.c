/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/depot.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "rebuilder/depot_uses.h"

struct depot {
	int dirfd; /* owned */
	pthread_mutex_t lock; /* guards `uses`, and what goes with a use */
	struct uses *uses; /* owned */
};

#define NAME_MAX_LEN (DIGEST_HEX_LEN + sizeof(".part"))
/* Files that are being taken in; what a killed daemon left is worth nothing. */
#define NEW_PREFIX "new."
#define BLOCK (256 * 1024)

static void
part_name(const struct digest *digest, char out[NAME_MAX_LEN])
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(digest, hex);
	snprintf(out, NAME_MAX_LEN, "%s.part", hex);
}

static enum rb_err
remove_unfinished(int dirfd)
{
	struct dirent *entry;
	DIR *dir = NULL;
	int copy = -1;

	if ((copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) ==
	    -1)
		return RB_EIO;
	if ((dir = fdopendir(copy)) == NULL) {
		fd_close(&copy);
		return RB_EIO;
	}
	while ((entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, NEW_PREFIX, strlen(NEW_PREFIX)) == 0)
			unlinkat(dirfd, entry->d_name, 0);
	closedir(dir);
	return RB_OK;
}

enum rb_err
depot_open(const char *path, struct depot **out)
{
	struct depot *d = NULL;

	if ((d = calloc(1, sizeof(*d))) == NULL)
		return RB_ENOMEM;
	d->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->dirfd == -1) {
		free(d);
		return errno == ENOENT ? RB_ENOTFOUND : RB_EIO;
	}
	if (pthread_mutex_init(&d->lock, NULL) != 0)
		abort();
	if (remove_unfinished(d->dirfd) != RB_OK ||
	    uses_new(&d->uses) != RB_OK) {
		depot_close(&d);
		return RB_EIO;
	}
	*out = d;
	return RB_OK;
}

void
depot_close(struct depot **d)
{
	if (*d == NULL)
		return;
	fd_close(&(*d)->dirfd);
	uses_free(&(*d)->uses);
	free(*d);
	*d = NULL;
}

static void
lock(const struct depot *d)
{
	if (pthread_mutex_lock((pthread_mutex_t *)(uintptr_t)&d->lock) != 0)
		abort();
}

static void
unlock(const struct depot *d)
{
	if (pthread_mutex_unlock((pthread_mutex_t *)(uintptr_t)&d->lock) != 0)
		abort();
}

enum rb_err
depot_enter(const struct depot *d, uint64_t *mark)
{
	enum rb_err rc = RB_EINTERNAL;

	lock(d);
	rc = uses_enter(d->uses, mark);
	unlock(d);
	return rc;
}

void
depot_leave(const struct depot *d, uint64_t mark)
{
	lock(d);
	uses_leave(d->uses, mark);
	unlock(d);
}

/* Before it can be found, so that it is never there without being in use. */
static enum rb_err
touch(const struct depot *d, const struct digest *digest)
{
	enum rb_err rc = RB_EINTERNAL;

	lock(d);
	rc = uses_touch(d->uses, digest);
	unlock(d);
	return rc;
}

enum rb_err
depot_get(const struct depot *d, const struct digest *digest, int *fd)
{
	char hex[DIGEST_HEX_LEN + 1];
	int r = -1;
	enum rb_err rc = RB_EINTERNAL;

	digest_hex(digest, hex);
	if ((rc = touch(d, digest)) != RB_OK)
		return rc;
	r = openat(d->dirfd, hex, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (r == -1)
		return errno == ENOENT ? RB_ENOTFOUND : RB_EIO;
	*fd = r;
	return RB_OK;
}

bool
depot_has(const struct depot *d, const struct digest *digest)
{
	int fd = -1;

	if (depot_get(d, digest, &fd) != RB_OK)
		return false;
	fd_close(&fd);
	return true;
}

enum rb_err
depot_part(const struct depot *d, const struct digest *digest, int *fd,
    uint64_t *have)
{
	char name[NAME_MAX_LEN];
	struct stat named, ours;
	int part = -1;
	enum rb_err rc = RB_EINTERNAL;

	part_name(digest, name);
	if ((rc = touch(d, digest)) != RB_OK)
		goto out;
	part = openat(d->dirfd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (part == -1) {
		rc = RB_EIO;
		goto out;
	}
	if (flock(part, LOCK_EX | LOCK_NB) == -1) {
		rc = errno == EWOULDBLOCK ? RB_EREFUSED : RB_EIO;
		goto out;
	}
	/*
	 * Between open and lock another trip may have finished this very
	 * file: then our descriptor is the finished one and must not be
	 * written any more.
	 */
	if (fstat(part, &ours) == -1 ||
	    fstatat(d->dirfd, name, &named, AT_SYMLINK_NOFOLLOW) == -1 ||
	    named.st_ino != ours.st_ino) {
		rc = RB_EREFUSED;
		goto out;
	}
	*have = (uint64_t)ours.st_size;
	*fd = part;
	part = -1; /* now the caller's */
	rc = RB_OK;
out:
	fd_close(&part);
	return rc;
}

/* Copies and hashes in one go: the digest is that of the copy. */
static enum rb_err
copy_hashed(int from, int to, struct digest *out)
{
	struct digester *digester = NULL;
	uint8_t *block = NULL;
	off_t at = 0;
	ssize_t r;
	enum rb_err rc = RB_EINTERNAL;

	if ((block = malloc(BLOCK)) == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	if ((rc = digester_new(&digester)) != RB_OK)
		goto out;
	for (;;) {
		r = pread(from, block, BLOCK, at);
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1) {
			rc = RB_EIO;
			goto out;
		}
		if (r == 0)
			break;
		if ((rc = digester_put(digester, span_of(block, (size_t)r))) !=
			RB_OK ||
		    (rc = file_write_fd(to, span_of(block, (size_t)r))) !=
			RB_OK)
			goto out;
		at += r;
	}
	rc = digester_end(digester, out);
out:
	digester_free(&digester);
	free(block);
	return rc;
}

/*
 * Takes in a copy.  Others may still hold the file that the bytes come from,
 * and write to it: what lies under a digest was never in anybody's hands.
 * Two who take in the same bytes at once give them the same name.
 */
static enum rb_err
take_in(const struct depot *d, int from, const struct digest *expected,
    struct digest *out)
{
	static atomic_uint counter;
	char name[NAME_MAX_LEN], hex[DIGEST_HEX_LEN + 1];
	struct digest digest = DIGEST_INIT;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	snprintf(name, sizeof(name), NEW_PREFIX "%u",
	    atomic_fetch_add(&counter, 1));
	fd = openat(d->dirfd, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return RB_EIO;
	if ((rc = copy_hashed(from, fd, &digest)) != RB_OK)
		goto out;
	if (expected != NULL && !digest_equal(&digest, expected)) {
		rc = RB_EDIGEST;
		goto out;
	}
	digest_hex(&digest, hex);
	if ((rc = touch(d, &digest)) != RB_OK)
		goto out;
	if (fchmod(fd, 0400) == -1 || fsync(fd) == -1 ||
	    renameat(d->dirfd, name, d->dirfd, hex) == -1 ||
	    fsync(d->dirfd) == -1) {
		rc = RB_EIO;
		goto out;
	}
	*out = digest;
	rc = RB_OK;
out:
	if (rc != RB_OK)
		unlinkat(d->dirfd, name, 0);
	fd_close(&fd);
	return rc;
}

enum rb_err
depot_keep(const struct depot *d, const struct digest *digest, int fd)
{
	char name[NAME_MAX_LEN];
	struct digest seen = DIGEST_INIT;
	enum rb_err rc = RB_EINTERNAL;

	rc = take_in(d, fd, digest, &seen);
	/* Other bytes can't be resumed, and the right ones are taken in. */
	if (rc == RB_OK || rc == RB_EDIGEST) {
		part_name(digest, name);
		unlinkat(d->dirfd, name, 0);
	}
	return rc;
}

enum rb_err
depot_scratch(const struct depot *d, int *fd)
{
	int r;

	r = openat(d->dirfd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (r == -1)
		return RB_EIO;
	*fd = r;
	return RB_OK;
}

enum rb_err
depot_read_only(int scratch, int *fd)
{
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", scratch);
	if ((r = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return RB_EIO;
	*fd = r;
	return RB_OK;
}

enum rb_err
depot_copy(const struct depot *d, int from, uint64_t max, int *fd)
{
	uint64_t size = 0;
	int copy = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = file_size(from, &size)) != RB_OK)
		return rc;
	if (size > max)
		return RB_ELIMIT;
	if ((rc = depot_scratch(d, &copy)) == RB_OK &&
	    (rc = file_copy_range(from, 0, size, copy)) == RB_OK)
		rc = depot_read_only(copy, fd);
	fd_close(&copy);
	return rc;
}

enum rb_err
depot_add(const struct depot *d, int fd, struct digest *out)
{
	return take_in(d, fd, NULL, out);
}

enum rb_err
depot_add_bytes(const struct depot *d, struct span s, struct digest *out)
{
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = depot_scratch(d, &fd)) != RB_OK)
		return rc;
	if ((rc = file_write_fd(fd, s)) == RB_OK)
		rc = depot_add(d, fd, out);
	fd_close(&fd);
	return rc;
}

/* Of a name that a file of ours can have. */
static bool
name_parse(const char *name, struct depot_file *f)
{
	const size_t len = strlen(name);

	f->is_part = len == DIGEST_HEX_LEN + 5 &&
	    strcmp(name + DIGEST_HEX_LEN, ".part") == 0;
	return (len == DIGEST_HEX_LEN || f->is_part) &&
	    digest_parse(span_of(name, DIGEST_HEX_LEN), &f->digest) == RB_OK;
}

static int
compare_files(const void *a, const void *b)
{
	return memcmp(((const struct depot_file *)a)->digest.b,
	    ((const struct depot_file *)b)->digest.b, DIGEST_LEN);
}

/* Whether it could be added; files come and go meanwhile. */
static enum rb_err
list_one(const struct depot *d, const char *name, struct depot_file **list,
    size_t *n)
{
	struct depot_file f, *grown;
	struct stat st;

	if (!name_parse(name, &f) ||
	    fstatat(d->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISREG(st.st_mode))
		return RB_OK;
	f.size = (uint64_t)st.st_blocks * 512;
	/* Powers of two: room is needed exactly when n is one. */
	if ((*n & (*n - 1)) == 0) {
		grown = reallocarray(*list, *n == 0 ? 1 : 2 * *n, sizeof(f));
		if (grown == NULL)
			return RB_ENOMEM;
		*list = grown;
	}
	(*list)[(*n)++] = f;
	return RB_OK;
}

enum rb_err
depot_list(const struct depot *d, struct depot_file **out, size_t *n)
{
	struct depot_file *list = NULL;
	struct dirent *entry;
	DIR *dir = NULL;
	size_t len = 0;
	int copy = -1;
	enum rb_err rc = RB_OK;

	copy = openat(d->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (copy == -1 || (dir = fdopendir(copy)) == NULL) {
		fd_close(&copy);
		return RB_EIO;
	}
	while (rc == RB_OK && (entry = readdir(dir)) != NULL)
		rc = list_one(d, entry->d_name, &list, &len);
	closedir(dir);
	if (rc != RB_OK) {
		free(list);
		return rc;
	}
	if (len > 0)
		qsort(list, len, sizeof(*list), compare_files);
	*out = list;
	*n = len;
	return RB_OK;
}

/* Nobody fills it: its lock is free. */
static bool
part_is_idle(const struct depot *d, const char *name)
{
	int fd = openat(d->dirfd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	bool is_idle = fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == 0;

	fd_close(&fd);
	return is_idle;
}

enum rb_err
depot_remove(const struct depot *d, const struct depot_file *f)
{
	char name[NAME_MAX_LEN];
	enum rb_err rc = RB_EREFUSED;

	part_name(&f->digest, name);
	if (!f->is_part)
		name[DIGEST_HEX_LEN] = '\0';
	lock(d);
	if (!uses_has(d->uses, &f->digest) &&
	    (!f->is_part || part_is_idle(d, name)))
		rc = unlinkat(d->dirfd, name, 0) == 0 ? RB_OK : RB_EIO;
	unlock(d);
	return rc;
}

enum rb_err
depot_take_uses(const struct depot *d,
    enum rb_err (*each)(void *self, const struct digest *d), void *self)
{
	enum rb_err rc = RB_EINTERNAL;

	lock(d);
	rc = uses_take(d->uses, each, self);
	unlock(d);
	return rc;
}

enum rb_err
depot_free_bytes(const struct depot *d, uint64_t *out)
{
	struct statvfs st;

	if (fstatvfs(d->dirfd, &st) == -1)
		return RB_EIO;
	*out = (uint64_t)st.f_bavail * st.f_frsize;
	return RB_OK;
}
