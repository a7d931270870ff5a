/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_LEN (256 * 1024)
#define READ_LEN_MIN 4096

void
fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd); /* Linux: the descriptor is gone even so */
	*fd = -1;
	errno = saved;
}

static ssize_t
read_again(int fd, void *p, size_t len)
{
	ssize_t got;

	do
		got = read(fd, p, len);
	while (got < 0 && errno == EINTR);
	return got;
}

enum rb_err
file_read_fd(int fd, size_t limit, struct buf *out)
{
	enum rb_err rc = RB_EINTERNAL;
	size_t start = out->len;
	ssize_t got;

	for (;;) {
		size_t room;

		if (out->len == out->cap &&
		    (rc = buf_reserve(out, READ_LEN_MIN)) != RB_OK)
			goto out;
		/* One byte more than allowed tells "full" from "too much". */
		room = limit - (out->len - start);
		if (room >= out->cap - out->len)
			room = out->cap - out->len;
		else
			room++;
		got = read_again(fd, out->p + out->len, room);
		if (got < 0) {
			rc = RB_EIO;
			goto out;
		}
		if (got == 0)
			break;
		if ((size_t)got > limit - (out->len - start)) {
			rc = RB_ELIMIT;
			goto out;
		}
		out->len += (size_t)got;
	}
	rc = RB_OK;
out:
	if (rc != RB_OK)
		out->len = start;
	return rc;
}

enum rb_err
file_read_at(int dirfd, const char *name, size_t limit, struct buf *out)
{
	enum rb_err rc = RB_EINTERNAL;
	int fd = -1;

	/* A pipe put there must not keep us waiting for its writer. */
	fd = openat(dirfd, name,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		rc = errno == ENOENT ? RB_ENOTFOUND :
		    errno == ELOOP   ? RB_EREFUSED :
				       RB_EIO;
		goto out;
	}
	rc = file_read_fd(fd, limit, out);
out:
	fd_close(&fd);
	return rc;
}

enum rb_err
file_write_fd(int fd, struct span s)
{
	while (s.len != 0) {
		ssize_t put = write(fd, s.p, s.len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return RB_EIO;
		s.p += put;
		s.len -= (size_t)put;
	}
	return RB_OK;
}

/* A name that is new each time: nobody else has it open or linked. */
static enum rb_err
write_new(int dirfd, const char *name, struct span s, mode_t mode)
{
	enum rb_err rc = RB_EINTERNAL;
	int fd = -1;

	if (unlinkat(dirfd, name, 0) != 0 && errno != ENOENT) {
		rc = RB_EIO;
		goto out;
	}
	fd = openat(dirfd, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = file_write_fd(fd, s)) != RB_OK)
		goto out;
	/* fchmod: the mode is what the caller says, whatever the umask. */
	if (fchmod(fd, mode) != 0 || fsync(fd) != 0) {
		rc = RB_EIO;
		goto out;
	}
	rc = RB_OK;
out:
	fd_close(&fd);
	return rc;
}

enum rb_err
file_replace_at(int dirfd, const char *name, struct span s, mode_t mode)
{
	char temporary[NAME_MAX + 1];
	enum rb_err rc = RB_EINTERNAL;
	int dir = -1;
	int r;

	/* The directory to sync is `dirfd` itself. */
	if (strchr(name, '/') != NULL)
		return RB_EINTERNAL;
	r = snprintf(temporary, sizeof(temporary), "%s.new", name);
	if (r < 0 || (size_t)r >= sizeof(temporary))
		return RB_ELIMIT;

	/* `dirfd` may be AT_FDCWD or O_PATH, which cannot be synced. */
	dir = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = write_new(dir, temporary, s, mode)) != RB_OK) {
		(void)unlinkat(dir, temporary, 0);
		goto out;
	}
	if (renameat(dir, temporary, dir, name) != 0) {
		(void)unlinkat(dir, temporary, 0);
		rc = RB_EIO;
		goto out;
	}
	rc = fsync(dir) == 0 ? RB_OK : RB_EIO;
out:
	fd_close(&dir);
	return rc;
}

enum rb_err
file_copy_range(int from, uint64_t offset, uint64_t len, int to)
{
	enum rb_err rc = RB_EINTERNAL;
	uint8_t *p = NULL;

	if (offset > INT64_MAX || len > INT64_MAX - offset)
		return RB_ELIMIT;
	p = malloc(CHUNK_LEN);
	if (p == NULL)
		return RB_ENOMEM;
	while (len != 0) {
		size_t want = len < CHUNK_LEN ? (size_t)len : CHUNK_LEN;
		ssize_t got = pread(from, p, want, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			rc = RB_EIO;
			goto out;
		}
		if ((rc = file_write_fd(to, span_of(p, (size_t)got))) != RB_OK)
			goto out;
		offset += (uint64_t)got;
		len -= (uint64_t)got;
	}
	rc = RB_OK;
out:
	free(p);
	return rc;
}

enum rb_err
file_size(int fd, uint64_t *out)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return RB_EIO;
	if (!S_ISREG(st.st_mode))
		return RB_EFORMAT;
	*out = (uint64_t)st.st_size;
	return RB_OK;
}

enum rb_err
memory_file(const char *name, struct span s, int *out)
{
	enum rb_err rc = RB_EINTERNAL;
	int fd = -1;

	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = file_write_fd(fd, s)) != RB_OK)
		goto out;
	if (lseek(fd, 0, SEEK_SET) != 0 ||
	    fcntl(fd, F_ADD_SEALS,
		F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) !=
		0) {
		rc = RB_EIO;
		goto out;
	}

	*out = fd;
	fd = -1; /* now the caller's */
	rc = RB_OK;
out:
	fd_close(&fd);
	return rc;
}
