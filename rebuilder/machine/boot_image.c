/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/boot_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/file.h"

#define CHUNK_LEN (1024 * 1024)
#define INIT_NAME "machine/init"

void
boot_image_clear(struct boot_image *b)
{
	fd_close(&b->kernel);
	fd_close(&b->initramfs);
	fd_close(&b->system);
	*b = (struct boot_image)BOOT_IMAGE_INIT;
}

static enum rb_err
unusable(const char *dir, enum boot_file file, enum rb_err rc, const char *what,
    struct fault *why)
{
	return fault_set(why, rc,
	    "the guest image cannot be used: %s/%s %s; make it anew with "
	    "scripts/image",
	    dir, boot_file_name(file), what);
}

static enum rb_err
open_file(int dirfd, const char *dir, enum boot_file file, uint64_t size,
    int *out, struct fault *why)
{
	uint64_t found = 0;
	int fd = openat(dirfd, boot_file_name(file),
	    O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	enum rb_err rc = RB_EINTERNAL;

	if (fd == -1)
		return unusable(dir, file, RB_EIO, strerror(errno), why);
	if ((rc = file_size(fd, &found)) != RB_OK || found != size) {
		fd_close(&fd);
		return unusable(dir, file, RB_EDIGEST,
		    "has another size than its manifest says", why);
	}
	*out = fd;
	return RB_OK;
}

/* What is hashed is what is kept: the file itself may change meanwhile. */
static enum rb_err
copy_hashed(int from, uint64_t size, int to, struct digest *out)
{
	struct digester *digester = NULL;
	uint8_t *chunk = NULL;
	uint64_t at = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = digester_new(&digester)) != RB_OK)
		goto out;
	if ((chunk = malloc(CHUNK_LEN)) == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	while (at < size) {
		uint64_t left = size - at;
		ssize_t got = pread(from, chunk,
		    left < CHUNK_LEN ? (size_t)left : CHUNK_LEN, (off_t)at);

		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0) {
			rc = RB_EIO;
			goto out;
		}
		if ((rc = file_write_fd(to, span_of(chunk, (size_t)got))) !=
			RB_OK ||
		    (rc = digester_put(digester,
			 span_of(chunk, (size_t)got))) != RB_OK)
			goto out;
		at += (uint64_t)got;
	}
	rc = digester_end(digester, out);
out:
	digester_free(&digester);
	free(chunk);
	return rc;
}

/* One member of a cpio as the kernel takes it ("newc"). */
static enum rb_err
put_member(struct buf *b, const char *name, unsigned int mode,
    struct span content)
{
	size_t len = strlen(name) + 1;
	enum rb_err rc = RB_EINTERNAL;

	if (content.len > UINT32_MAX)
		return RB_ELIMIT;
	/* ino mode uid gid nlink mtime size 4 devices, of the name, check */
	if ((rc = buf_printf(b, "070701%08X%08X%08X%08X%08X%08X%08X", 0u, mode,
		 0u, 0u, 1u, 0u, (unsigned int)content.len)) != RB_OK ||
	    (rc = buf_printf(b, "%08X%08X%08X%08X%08X%08X", 0u, 0u, 0u, 0u,
		 (unsigned int)len, 0u)) != RB_OK ||
	    (rc = buf_put(b, span_of(name, len))) != RB_OK)
		return rc;
	while (b->len % 4 != 0)
		if ((rc = buf_put_byte(b, 0)) != RB_OK)
			return rc;
	if ((rc = buf_put(b, content)) != RB_OK)
		return rc;
	while (b->len % 4 != 0)
		if ((rc = buf_put_byte(b, 0)) != RB_OK)
			return rc;
	return RB_OK;
}

/* Behind what is there, which may have any length. */
static enum rb_err
append_init(int fd, uint64_t size, struct span init)
{
	static const uint8_t zeros[4];
	struct buf cpio = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = file_write_fd(fd, span_of(zeros, (4 - size % 4) % 4))) ==
		RB_OK &&
	    (rc = put_member(&cpio, INIT_NAME, 0100755, init)) == RB_OK &&
	    (rc = put_member(&cpio, "TRAILER!!!", 0, SPAN(""))) == RB_OK)
		rc = file_write_fd(fd, buf_span(&cpio));
	buf_clear(&cpio);
	return rc;
}

/* `init`: appended, if not empty. */
static enum rb_err
load(int dirfd, const char *dir, enum boot_file file,
    const struct boot_manifest *m, struct span init, int *out,
    struct fault *why)
{
	uint64_t size = m->files[file].size;
	struct digest found = DIGEST_INIT;
	int from = -1, fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = open_file(dirfd, dir, file, size, &from, why)) != RB_OK)
		goto out;
	rc = RB_EIO;
	if ((fd = memfd_create(boot_file_name(file),
		 MFD_CLOEXEC | MFD_ALLOW_SEALING)) == -1)
		goto out;
	if ((rc = copy_hashed(from, size, fd, &found)) != RB_OK)
		goto out;
	if (!digest_equal(&found, &m->files[file].sha256)) {
		rc = unusable(dir, file, RB_EDIGEST,
		    "is not what its manifest says", why);
		goto out;
	}
	if (init.len != 0 && (rc = append_init(fd, size, init)) != RB_OK)
		goto out;
	if (fcntl(fd, F_ADD_SEALS,
		F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) !=
		0 ||
	    lseek(fd, 0, SEEK_SET) != 0) {
		rc = RB_EIO;
		goto out;
	}
	*out = fd;
	fd = -1; /* now the caller's */
	rc = RB_OK;
out:
	fd_close(&from);
	fd_close(&fd);
	return rc;
}

/* Too large to copy: it stays the operator's file. */
static enum rb_err
check_system(int dirfd, const char *dir, const struct boot_manifest *m,
    int *out, struct fault *why)
{
	uint64_t size = m->files[BOOT_SYSTEM].size;
	struct digest found = DIGEST_INIT;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = open_file(dirfd, dir, BOOT_SYSTEM, size, &fd, why)) == RB_OK)
		rc = digest_of_fd(fd, 0, size, &found);
	if (rc == RB_OK && !digest_equal(&found, &m->files[BOOT_SYSTEM].sha256))
		rc = unusable(dir, BOOT_SYSTEM, RB_EDIGEST,
		    "is not what its manifest says", why);
	if (rc != RB_OK) {
		fd_close(&fd);
		return rc;
	}
	*out = fd;
	return RB_OK;
}

enum rb_err
boot_image_open(const char *dir, struct span init, struct boot_image *out,
    struct fault *why)
{
	struct boot_image b = BOOT_IMAGE_INIT;
	struct boot_manifest m = BOOT_MANIFEST_INIT;
	struct buf text = BUF_INIT;
	int dirfd = -1;
	enum rb_err rc = RB_EINTERNAL;

	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd == -1 ||
	    file_read_at(dirfd, "manifest", BOOT_MANIFEST_MAX, &text) !=
		RB_OK) {
		rc = fault_set(why, RB_EIO,
		    "there is no guest image in %s: scripts/image makes one",
		    dir);
		goto out;
	}
	if ((rc = boot_manifest_parse(buf_span(&text), &m, why)) != RB_OK ||
	    (rc = digest_of(buf_span(&text), &b.digest)) != RB_OK ||
	    (rc = load(dirfd, dir, BOOT_KERNEL, &m, SPAN(""), &b.kernel,
		 why)) != RB_OK ||
	    (rc = load(dirfd, dir, BOOT_INITRAMFS, &m, init, &b.initramfs,
		 why)) != RB_OK ||
	    (rc = check_system(dirfd, dir, &m, &b.system, why)) != RB_OK)
		goto out;
	b.kernel_digest = m.files[BOOT_KERNEL].sha256;
	*out = b;
	b = (struct boot_image)BOOT_IMAGE_INIT; /* now the caller's */
	rc = RB_OK;
out:
	boot_image_clear(&b);
	buf_clear(&text);
	fd_close(&dirfd);
	return rc;
}
