/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/testdeb.h"

#include <sys/mman.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

static struct buf
begin(void)
{
	struct buf out = BUF_INIT;

	assert_int_equal(buf_reserve(&out, DEB_MAX), RB_OK);
	return out;
}

static void
finish(struct archive *a)
{
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
}

static void
put_member(struct archive *a, const struct deb_member *m)
{
	struct archive_entry *e = archive_entry_new();
	size_t len = m->content == NULL ? 0 :
	    m->len != 0                 ? m->len :
					  strlen(m->content);

	archive_entry_set_pathname(e, m->name);
	archive_entry_set_filetype(e, S_IFREG);
	if (m->link != NULL && m->hard) {
		archive_entry_set_hardlink(e, m->link);
	} else if (m->link != NULL) {
		archive_entry_set_filetype(e, S_IFLNK);
		archive_entry_set_symlink(e, m->link);
	}
	archive_entry_set_perm(e, m->mode != 0 ? m->mode : 0644);
	archive_entry_set_mtime(e, m->mtime, 0);
	archive_entry_set_uid(e, m->uid);
	archive_entry_set_size(e, (la_int64_t)len);
	assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
	if (len != 0)
		assert_int_equal(archive_write_data(a, m->content, len),
		    (la_ssize_t)len);
	archive_entry_free(e);
}

struct buf
deb_tar(const struct deb_member *list, size_t n, const char *compression,
    bool is_pax)
{
	struct archive *a = archive_write_new();
	struct buf out = begin();
	size_t i;

	assert_int_equal(is_pax ? archive_write_set_format_pax(a) :
				  archive_write_set_format_gnutar(a),
	    ARCHIVE_OK);
	if (strcmp(compression, "xz") == 0)
		assert_int_equal(archive_write_add_filter_xz(a), ARCHIVE_OK);
	else if (strcmp(compression, "gz") == 0)
		assert_int_equal(archive_write_add_filter_gzip(a), ARCHIVE_OK);
	else if (strcmp(compression, "zst") == 0)
		assert_int_equal(archive_write_add_filter_zstd(a), ARCHIVE_OK);
	assert_int_equal(archive_write_open_memory(a, out.p, out.cap, &out.len),
	    ARCHIVE_OK);
	for (i = 0; i < n; i++)
		put_member(a, &list[i]);
	finish(a);
	return out;
}

struct buf
deb_ar(const char *const *names, const struct span *contents, size_t n)
{
	struct archive *a = archive_write_new();
	struct archive_entry *e;
	struct buf out = begin();
	size_t i;

	assert_int_equal(archive_write_set_format_ar_bsd(a), ARCHIVE_OK);
	assert_int_equal(archive_write_set_bytes_in_last_block(a, 1),
	    ARCHIVE_OK);
	assert_int_equal(archive_write_open_memory(a, out.p, out.cap, &out.len),
	    ARCHIVE_OK);
	for (i = 0; i < n; i++) {
		e = archive_entry_new();
		archive_entry_set_pathname(e, names[i]);
		archive_entry_set_filetype(e, S_IFREG);
		archive_entry_set_perm(e, 0644);
		archive_entry_set_size(e, (la_int64_t)contents[i].len);
		assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
		if (contents[i].len != 0)
			assert_int_equal(archive_write_data(a, contents[i].p,
					     contents[i].len),
			    (la_ssize_t)contents[i].len);
		archive_entry_free(e);
	}
	finish(a);
	return out;
}

struct buf
deb_make(const struct deb *deb)
{
	const char *compression = deb->compression != NULL ? deb->compression :
							     "xz";
	const char *dot = compression[0] != '\0' ? "." : "";
	char control_name[32], data_name[32];
	const char *names[3] = { "debian-binary", control_name, data_name };
	struct buf control, data, out;
	struct span contents[3];

	snprintf(control_name, sizeof(control_name), "control.tar%s%s", dot,
	    compression);
	snprintf(data_name, sizeof(data_name), "data.tar%s%s", dot,
	    compression);
	if (deb->control_name != NULL)
		names[1] = deb->control_name;
	control = deb_tar(deb->control, deb->ncontrol, compression,
	    deb->is_pax);
	data = deb_tar(deb->data, deb->ndata, compression, deb->is_pax);
	contents[0] = SPAN("2.0\n");
	contents[1] = buf_span(&control);
	contents[2] = buf_span(&data);
	out = deb_ar(names, contents, 3);
	buf_clear(&control);
	buf_clear(&data);
	return out;
}

int
deb_file(struct span bytes)
{
	int fd = memfd_create("deb", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, bytes.p, bytes.len), (ssize_t)bytes.len);
	return fd;
}
