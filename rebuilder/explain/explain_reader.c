/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/explain/explain_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#define BLOCK (128 * 1024)

struct reader {
	struct package package;
	uint64_t at;           /* read so far, of package.len */
	struct archive *ar;    /* owned */
	struct archive *tar;   /* owned; NULL outside of a part */
	size_t nparts, nmembers, names;
	uint64_t unpacked, unpacked_max;
	bool has_io_failed;
	uint8_t raw[BLOCK], packed[BLOCK];
};

bool
reader_says_unreadable(enum rb_err rc)
{
	return rc == RB_EFORMAT || rc == RB_ELIMIT;
}

void
member_clear(struct member *m)
{
	free(m->name);
	free(m->link);
	free(m->user);
	free(m->group);
	*m = (struct member)MEMBER_INIT;
}

/* libarchive asks for the next bytes of the file. */
static la_ssize_t
give_raw(struct archive *a, void *arg, const void **block)
{
	struct reader *r = arg;
	uint64_t left = r->package.len - r->at;
	size_t want = left < BLOCK ? (size_t)left : BLOCK;
	ssize_t n;

	do
		n = pread(r->package.fd, r->raw, want,
		    (off_t)(r->package.offset + r->at));
	while (n == -1 && errno == EINTR);
	if (n == -1 || (n == 0 && want != 0)) {
		r->has_io_failed = true;
		archive_set_error(a, EIO, "the file cannot be read");
		return -1;
	}
	r->at += (uint64_t)n;
	*block = r->raw;
	return n;
}

/* The same for a tar: its bytes are those of the present part. */
static la_ssize_t
give_packed(struct archive *a, void *arg, const void **block)
{
	struct reader *r = arg;
	la_ssize_t n = archive_read_data(r->ar, r->packed, BLOCK);

	if (n < 0) {
		archive_set_error(a, EINVAL, "the part ends early");
		return -1;
	}
	*block = r->packed;
	return n;
}

static enum rb_err
broken(const struct reader *r, struct archive *a, struct fault *why)
{
	const char *words = archive_error_string(a);

	if (r->has_io_failed)
		return fault_set(why, RB_EIO, "%s file: cannot be read",
		    r->package.who);
	return fault_set(why, RB_EFORMAT, "%s package: %s", r->package.who,
	    words != NULL ? words : "is broken");
}

static enum rb_err
too_much(const struct reader *r, const char *what, struct fault *why)
{
	return fault_set(why, RB_ELIMIT, "%s package: %s", r->package.who,
	    what);
}

static uint64_t
unpacked_max(uint64_t len)
{
	if (len >
	    (READER_UNPACKED_MAX - READER_UNPACKED_FREE) / READER_RATIO_MAX)
		return READER_UNPACKED_MAX;
	return READER_UNPACKED_FREE + READER_RATIO_MAX * len;
}

enum rb_err
reader_open(const struct package *p, struct reader **out, struct fault *why)
{
	struct reader *r;
	enum rb_err rc = RB_ENOMEM;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return RB_ENOMEM;
	r->package = *p;
	r->unpacked_max = unpacked_max(p->len);
	if ((r->ar = archive_read_new()) == NULL)
		goto out;
	if (archive_read_support_format_ar(r->ar) != ARCHIVE_OK)
		goto out;
	if (archive_read_open(r->ar, r, NULL, give_raw, NULL) != ARCHIVE_OK) {
		rc = broken(r, r->ar, why);
		goto out;
	}

	*out = r;
	r = NULL; /* now the caller's */
	rc = RB_OK;
out:
	reader_close(&r);
	return rc;
}

void
reader_close(struct reader **rp)
{
	struct reader *r = *rp;

	if (r == NULL)
		return;
	if (r->tar != NULL)
		archive_read_free(r->tar);
	if (r->ar != NULL)
		archive_read_free(r->ar);
	free(r);
	*rp = NULL;
}

/*
 * Names are shown and compared, never opened; one that would leave the
 * package is refused all the same, because no package has an honest use for
 * it and the next program may open it.
 */
static enum rb_err
check_name(const struct reader *r, const char *name, struct fault *why)
{
	const char *p;

	if (name[0] == '/')
		return fault_set(why, RB_EFORMAT,
		    "%s package: the name of a member is absolute: %s",
		    r->package.who, name);
	for (p = name; p != NULL; p = strchr(p, '/')) {
		while (*p == '/')
			p++;
		if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
			return fault_set(why, RB_EFORMAT,
			    "%s package: the name of a member leaves the "
			    "package: %s",
			    r->package.who, name);
	}
	return RB_OK;
}

/* NULL for NULL; names over their limit were refused before. */
static enum rb_err
copy_text(const char *text, char **out)
{
	if (text == NULL)
		return RB_OK;
	*out = strdup(text);
	return *out != NULL ? RB_OK : RB_ENOMEM;
}

static enum rb_err
copy_texts(struct reader *r, struct archive_entry *e, struct member *m,
    struct fault *why)
{
	const char *name = archive_entry_pathname(e);
	const char *hard = archive_entry_hardlink(e);
	const char *soft = archive_entry_symlink(e);
	enum rb_err rc;

	if (name == NULL)
		return fault_set(why, RB_EFORMAT,
		    "%s package: the name of a member cannot be read",
		    r->package.who);
	if (strlen(name) > READER_NAME_MAX ||
	    (hard != NULL && strlen(hard) > READER_NAME_MAX) ||
	    (soft != NULL && strlen(soft) > READER_NAME_MAX))
		return too_much(r,
		    "the name of a member is longer than 4096 "
		    "bytes",
		    why);
	r->names += strlen(name);
	if (r->names > READER_NAMES_MAX)
		return too_much(r, "names are longer than 128 MiB in all", why);
	if ((rc = check_name(r, name, why)) != RB_OK)
		return rc;
	if (hard != NULL && (rc = check_name(r, hard, why)) != RB_OK)
		return rc;
	m->is_hard_link = hard != NULL;
	if ((rc = copy_text(name, &m->name)) != RB_OK ||
	    (rc = copy_text(hard != NULL ? hard : soft, &m->link)) != RB_OK ||
	    (rc = copy_text(archive_entry_uname(e), &m->user)) != RB_OK)
		return rc;
	return copy_text(archive_entry_gname(e), &m->group);
}

static enum rb_err
copy_entry(struct reader *r, struct archive_entry *e, struct member *out,
    struct fault *why)
{
	struct member m = MEMBER_INIT;
	enum rb_err rc;

	if ((rc = copy_texts(r, e, &m, why)) != RB_OK) {
		member_clear(&m);
		return rc;
	}
	m.type = archive_entry_filetype(e);
	m.mode = archive_entry_perm(e);
	m.uid = archive_entry_uid(e);
	m.gid = archive_entry_gid(e);
	m.mtime = archive_entry_mtime(e);
	m.device = (uint64_t)archive_entry_rdev(e);
	m.size = archive_entry_size(e) > 0 ? (uint64_t)archive_entry_size(e) :
					     0;
	*out = m;
	return RB_OK;
}

static enum rb_err
next(struct reader *r, struct archive *a, struct member *out, struct fault *why)
{
	struct archive_entry *e;
	int result = archive_read_next_header(a, &e);

	if (result == ARCHIVE_EOF)
		return RB_ENOTFOUND;
	/* A warning is about what a file system would make of it. */
	if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
		return broken(r, a, why);
	return copy_entry(r, e, out, why);
}

enum rb_err
reader_next_part(struct reader *r, struct member *out, struct fault *why)
{
	if (r->tar != NULL) {
		archive_read_free(r->tar);
		r->tar = NULL;
	}
	if (r->nparts++ == READER_PARTS_MAX)
		return too_much(r, "it has more than 16 parts", why);
	return next(r, r->ar, out, why);
}

static const struct {
	const char *suffix;
	int (*support)(struct archive *a);
} filters[] = {
	{ ".tar", NULL },
	{ ".tar.gz", archive_read_support_filter_gzip },
	{ ".tar.xz", archive_read_support_filter_xz },
	{ ".tar.zst", archive_read_support_filter_zstd },
};

static bool
ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), k = strlen(suffix);

	return n >= k && strcmp(s + n - k, suffix) == 0;
}

bool
reader_is_tar(const char *part)
{
	return strncmp(part, "control.tar", 11) == 0 ||
	    strncmp(part, "data.tar", 8) == 0;
}

enum rb_err
reader_enter(struct reader *r, const char *part, struct fault *why)
{
	size_t i;

	for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		if (ends_with(part, filters[i].suffix))
			break;
	if (i == sizeof(filters) / sizeof(filters[0]))
		return fault_set(why, RB_EFORMAT,
		    "%s package: %s is compressed in a way that is not read "
		    "here (known: gz, xz, zst)",
		    r->package.who, part);
	if ((r->tar = archive_read_new()) == NULL)
		return RB_ENOMEM;
	r->nmembers = 0;
	r->names = 0;
	r->unpacked = 0;
	/* ARCHIVE_WARN would mean that another program is to be run. */
	if (archive_read_support_format_tar(r->tar) != ARCHIVE_OK ||
	    (filters[i].support != NULL &&
		filters[i].support(r->tar) != ARCHIVE_OK))
		return fault_set(why, RB_EINTERNAL, "libarchive cannot read %s",
		    filters[i].suffix);
	if (archive_read_open(r->tar, r, NULL, give_packed, NULL) != ARCHIVE_OK)
		return broken(r, r->tar, why);
	return RB_OK;
}

enum rb_err
reader_next_member(struct reader *r, struct member *out, struct fault *why)
{
	struct member m = MEMBER_INIT;
	enum rb_err rc;

	if (r->nmembers++ == READER_MEMBERS_MAX)
		return too_much(r, "a tar has more than 500000 members", why);
	if ((rc = next(r, r->tar, &m, why)) != RB_OK)
		return rc;
	/* Known before a byte is unpacked, holes of sparse files as well. */
	if (m.size > r->unpacked_max - r->unpacked) {
		member_clear(&m);
		return too_much(r,
		    "a tar unpacks to more than 16 GiB, or to "
		    "more than 1000 times the package",
		    why);
	}
	r->unpacked += m.size;
	*out = m;
	return RB_OK;
}

enum rb_err
reader_bytes(struct reader *r, uint8_t *p, size_t len, size_t *got,
    struct fault *why)
{
	struct archive *a = r->tar != NULL ? r->tar : r->ar;
	la_ssize_t n = archive_read_data(a, p, len);

	if (n < 0)
		return broken(r, a, why);
	*got = (size_t)n;
	return RB_OK;
}
