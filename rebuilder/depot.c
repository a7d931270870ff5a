/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/depot.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/file.h"

struct depot {
	int dirfd; /* owned */
};

#define NAME_MAX_LEN (DIGEST_HEX_LEN + sizeof(".part"))

static void
part_name(const struct digest *digest, char out[NAME_MAX_LEN])
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(digest, hex);
	snprintf(out, NAME_MAX_LEN, "%s.part", hex);
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
	*out = d;
	return RB_OK;
}

void
depot_close(struct depot **d)
{
	if (*d == NULL)
		return;
	fd_close(&(*d)->dirfd);
	free(*d);
	*d = NULL;
}

enum rb_err
depot_get(const struct depot *d, const struct digest *digest, int *fd)
{
	char hex[DIGEST_HEX_LEN + 1];
	int r;

	digest_hex(digest, hex);
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

enum rb_err
depot_keep(const struct depot *d, const struct digest *digest, int fd)
{
	char name[NAME_MAX_LEN], hex[DIGEST_HEX_LEN + 1];
	struct digest seen = DIGEST_INIT;
	uint64_t size = 0;
	enum rb_err rc = RB_EINTERNAL;

	part_name(digest, name);
	digest_hex(digest, hex);
	if ((rc = file_size(fd, &size)) != RB_OK ||
	    (rc = digest_of_fd(fd, 0, size, &seen)) != RB_OK)
		return rc;
	if (!digest_equal(&seen, digest)) {
		/* Other bytes can't be resumed. */
		unlinkat(d->dirfd, name, 0);
		return RB_EDIGEST;
	}
	if (fchmod(fd, 0400) == -1 || fsync(fd) == -1 ||
	    renameat(d->dirfd, name, d->dirfd, hex) == -1 ||
	    fsync(d->dirfd) == -1)
		return RB_EIO;
	return RB_OK;
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
depot_add(const struct depot *d, int fd, struct digest *out)
{
	struct digest digest = DIGEST_INIT;
	uint64_t size = 0, have = 0;
	int part = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = file_size(fd, &size)) != RB_OK ||
	    (rc = digest_of_fd(fd, 0, size, &digest)) != RB_OK)
		goto out;
	if (!depot_has(d, &digest)) {
		if ((rc = depot_part(d, &digest, &part, &have)) != RB_OK)
			goto out;
		if (ftruncate(part, 0) == -1) {
			rc = RB_EIO;
			goto out;
		}
		if ((rc = file_copy_range(fd, 0, size, part)) != RB_OK ||
		    (rc = depot_keep(d, &digest, part)) != RB_OK)
			goto out;
	}
	*out = digest;
	rc = RB_OK;
out:
	fd_close(&part);
	return rc;
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
