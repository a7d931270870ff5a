/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/boot_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"
#include "rebuilder/machine/boot_kept.h"

#define INIT_NAME "machine/init"

void
boot_image_clear(struct boot_image *b)
{
	fd_close(&b->kernel);
	fd_close(&b->initramfs);
	fd_close(&b->system);
	*b = (struct boot_image)BOOT_IMAGE_INIT;
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

/* The copy stays as it is: init is this program's. */
static enum rb_err
load_initramfs(int dir, struct span init, int *out)
{
	uint64_t size = 0;
	int from = -1, fd = -1;
	enum rb_err rc = RB_EIO;

	if ((from = openat(dir, "initramfs", O_RDONLY | O_CLOEXEC)) == -1 ||
	    (fd = memfd_create("initramfs", MFD_CLOEXEC | MFD_ALLOW_SEALING)) ==
		-1)
		goto out;
	if ((rc = file_size(from, &size)) != RB_OK ||
	    (rc = file_copy_range(from, 0, size, fd)) != RB_OK ||
	    (rc = append_init(fd, size, init)) != RB_OK)
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

static enum rb_err
open_above(const struct node *node, int *out, struct fault *why)
{
	char *path = NULL, *above = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = node_path(node, "machine", &above)) != RB_OK ||
	    (rc = node_path(node, "machine/image", &path)) != RB_OK)
		goto out;
	if ((mkdir(above, 0700) != 0 && errno != EEXIST) ||
	    (mkdir(path, 0700) != 0 && errno != EEXIST) ||
	    (*out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		rc = fault_set(why, RB_EIO, "cannot make %s: %s", path,
		    strerror(errno));
out:
	free(above);
	free(path);
	return rc;
}

/* Finds or makes the verified copy, and opens it. */
static enum rb_err
open_copy(const struct node *node, int from, const char *dir,
    const struct boot_manifest *m, struct span init, struct boot_image *b,
    struct fault *why)
{
	char hex[DIGEST_HEX_LEN + 1];
	int above = -1, kept = -1;
	enum rb_err rc = RB_EINTERNAL;

	digest_hex(&b->digest, hex);
	if ((rc = open_above(node, &above, why)) != RB_OK ||
	    (rc = boot_kept_get(above, hex, from, dir, m, &kept, why)) != RB_OK)
		goto out;
	if ((b->kernel = openat(kept, "kernel", O_RDONLY | O_CLOEXEC)) == -1 ||
	    (b->system = openat(kept, "system", O_RDONLY | O_CLOEXEC)) == -1)
		rc = RB_EIO;
	else
		rc = load_initramfs(kept, init, &b->initramfs);
	/* Another image was made at this moment, and this one removed. */
	if (rc != RB_OK)
		fault_set(why, rc, "cannot open the node's copy of %s: %s", dir,
		    strerror(errno));
out:
	fd_close(&above);
	fd_close(&kept);
	return rc;
}

enum rb_err
boot_image_open(const struct node *node, const char *dir, struct span init,
    struct boot_image *out, struct fault *why)
{
	struct boot_image b = BOOT_IMAGE_INIT;
	struct boot_manifest m = BOOT_MANIFEST_INIT;
	struct buf text = BUF_INIT;
	int from = -1;
	enum rb_err rc = RB_EINTERNAL;

	from = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from == -1 ||
	    file_read_at(from, "manifest", BOOT_MANIFEST_MAX, &text) != RB_OK) {
		rc = fault_set(why, RB_EIO,
		    "there is no guest image in %s: scripts/image makes one",
		    dir);
		goto out;
	}
	if ((rc = boot_manifest_parse(buf_span(&text), &m, why)) != RB_OK ||
	    (rc = digest_of(buf_span(&text), &b.digest)) != RB_OK ||
	    (rc = open_copy(node, from, dir, &m, init, &b, why)) != RB_OK)
		goto out;
	b.kernel_digest = m.files[BOOT_KERNEL].sha256;
	*out = b;
	b = (struct boot_image)BOOT_IMAGE_INIT; /* now the caller's */
	rc = RB_OK;
out:
	boot_image_clear(&b);
	buf_clear(&text);
	fd_close(&from);
	return rc;
}
