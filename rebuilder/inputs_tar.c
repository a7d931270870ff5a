/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/inputs_tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/file.h"

#define BLOCK (256 * 1024)

struct inputs_tar {
	struct archive *archive;     /* owned */
	struct archive_entry *entry; /* owned, used again for each file */
	uint8_t *block;              /* owned, BLOCK bytes */
};

void
inputs_tar_free(struct inputs_tar **tar)
{
	struct inputs_tar *t = *tar;

	if (t == NULL)
		return;
	if (t->entry != NULL)
		archive_entry_free(t->entry);
	if (t->archive != NULL)
		archive_write_free(t->archive);
	free(t->block);
	free(t);
	*tar = NULL;
}

enum rb_err
inputs_tar_open(int fd, struct inputs_tar **out)
{
	struct inputs_tar *t = NULL;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return RB_ENOMEM;
	t->archive = archive_write_new();
	t->entry = archive_entry_new();
	t->block = malloc(BLOCK);
	if (t->archive == NULL || t->entry == NULL || t->block == NULL) {
		inputs_tar_free(&t);
		return RB_ENOMEM;
	}
	if (archive_write_set_format_ustar(t->archive) != ARCHIVE_OK ||
	    archive_write_open_fd(t->archive, fd) != ARCHIVE_OK) {
		inputs_tar_free(&t);
		return RB_EIO;
	}
	*out = t;
	return RB_OK;
}

static enum rb_err
put_header(struct inputs_tar *t, const char *name, uint64_t size)
{
	archive_entry_clear(t->entry);
	archive_entry_set_pathname(t->entry, name);
	archive_entry_set_filetype(t->entry, AE_IFREG);
	archive_entry_set_perm(t->entry, 0644);
	archive_entry_set_size(t->entry, (la_int64_t)size);
	archive_entry_set_mtime(t->entry, 0, 0);
	if (archive_write_header(t->archive, t->entry) != ARCHIVE_OK)
		return RB_EIO;
	return RB_OK;
}

static enum rb_err
put_data(struct inputs_tar *t, struct span bytes)
{
	if (archive_write_data(t->archive, bytes.p, bytes.len) !=
	    (la_ssize_t)bytes.len)
		return RB_EIO;
	return RB_OK;
}

enum rb_err
inputs_tar_add_bytes(struct inputs_tar *t, const char *name, struct span bytes)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_header(t, name, bytes.len)) != RB_OK)
		return rc;
	return put_data(t, bytes);
}

enum rb_err
inputs_tar_add_file(struct inputs_tar *t, const char *name, int fd)
{
	uint64_t size = 0, at = 0;
	ssize_t r;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = file_size(fd, &size)) != RB_OK ||
	    (rc = put_header(t, name, size)) != RB_OK)
		return rc;
	while (at < size) {
		r = pread(fd, t->block, BLOCK, (off_t)at);
		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			return RB_EIO;
		if ((rc = put_data(t, span_of(t->block, (size_t)r))) != RB_OK)
			return rc;
		at += (uint64_t)r;
	}
	return RB_OK;
}

enum rb_err
inputs_tar_end(struct inputs_tar **tar)
{
	int r;

	r = archive_write_close((*tar)->archive);
	inputs_tar_free(tar);
	return r == ARCHIVE_OK ? RB_OK : RB_EIO;
}
