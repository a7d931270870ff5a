/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/tree_file.h"

#include <archive.h>
#include <archive_entry.h>

static bool
is_path(const char *name, struct span path)
{
	if (name == NULL)
		return false;
	if (name[0] == '.' && name[1] == '/')
		name += 2;
	return span_equal_str(path, name);
}

static enum rb_err
take_bytes_of(struct archive *a, struct archive_entry *entry, size_t max,
    struct buf *out)
{
	int64_t size = archive_entry_size(entry);
	size_t before = out->len;
	la_ssize_t got;
	enum rb_err rc = RB_EINTERNAL;

	if (archive_entry_filetype(entry) != AE_IFREG ||
	    archive_entry_hardlink(entry) != NULL)
		return RB_ENOTFOUND;
	if (size < 0 || (uint64_t)size > max)
		return RB_ELIMIT;
	if ((rc = buf_reserve(out, (size_t)size + 1)) != RB_OK)
		return rc;
	got = archive_read_data(a, out->p + before, (size_t)size);
	if (got != size)
		return RB_EFORMAT;
	out->len = before + (size_t)size;
	return RB_OK;
}

enum rb_err
tree_file_read(struct span tar, struct span path, size_t max, struct buf *out)
{
	struct archive *a = archive_read_new();
	struct archive_entry *entry; /* borrowed from `a` */
	enum rb_err rc = RB_ENOTFOUND;
	int r;

	if (a == NULL)
		return RB_ENOMEM;
	if (archive_read_support_format_tar(a) != ARCHIVE_OK) {
		rc = RB_ENOMEM;
		goto out;
	}
	if (archive_read_open_memory(a, tar.p, tar.len) != ARCHIVE_OK) {
		rc = RB_EFORMAT;
		goto out;
	}
	while ((r = archive_read_next_header(a, &entry)) == ARCHIVE_OK) {
		if (is_path(archive_entry_pathname(entry), path)) {
			rc = take_bytes_of(a, entry, max, out);
			goto out;
		}
	}
	if (r != ARCHIVE_EOF)
		rc = RB_EFORMAT;
out:
	(void)archive_read_free(a);
	return rc;
}
