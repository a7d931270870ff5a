/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/layer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "rebuilder/judge/tar_writer.h"

#define BLOCK_LEN (1024 * 1024)

/* The tar as libarchive asks for it. */
struct input {
	int fd;
	uint64_t at, end;
	uint8_t *block; /* owned */
	bool is_broken; /* reading failed: this machine, not the tar */
};

/* A file that later hard links may point at. */
struct target {
	size_t name, len; /* in layer.names */
	uint32_t mode, uid, gid;
	uint64_t mtime;
};

struct layer {
	struct archive *archive;   /* owned */
	struct tar_writer *writer; /* owned */
	uint64_t newest;
	uint64_t nmembers, nbytes;
	struct buf last;      /* name of the member before */
	struct buf directory; /* the innermost directory that is still open */
	struct buf names;
	struct target *targets; /* owned; their names rise */
	size_t ntargets, cap;
};

static la_ssize_t
read_block(struct archive *a, void *self, const void **out)
{
	struct input *in = self;
	uint64_t left = in->end - in->at;
	ssize_t got;

	do
		got = pread(in->fd, in->block,
		    left < BLOCK_LEN ? (size_t)left : BLOCK_LEN, (off_t)in->at);
	while (got == -1 && errno == EINTR);
	if (got == -1) {
		in->is_broken = true;
		archive_set_error(a, errno, "cannot read the output stream");
		return ARCHIVE_FATAL;
	}
	in->at += (uint64_t)got;
	*out = in->block;
	return got;
}

static enum rb_err
refuse(struct fault *why, struct span name, const char *rule)
{
	return fault_set(why, RB_EREFUSED, "layer member '%.*s' %s",
	    name.len < 200 ? (int)name.len : 200, (const char *)name.p, rule);
}

/* Cuts "./" and "/" from the ends; the root becomes the empty name. */
static struct span
trim(const char *path)
{
	struct span name = span_of_str(path);

	if (span_equal_str(name, "."))
		return span_of(name.p, 0);
	if (span_starts(name, SPAN("./")))
		name = span_of(name.p + 2, name.len - 2);
	if (name.len > 1 && name.p[name.len - 1] == '/')
		name.len--;
	return name;
}

/* Relative, and every part a name of its own. */
static bool
name_is_valid(struct span name)
{
	struct span part;

	if (name.len >= TAR_NAME_MAX ||
	    (name.len > 0 && name.p[name.len - 1] == '/'))
		return false;
	while (span_take_until(&name, '/', &part) == RB_OK) {
		if (part.len == 0 || span_equal_str(part, ".") ||
		    span_equal_str(part, ".."))
			return false;
	}
	return true;
}

/* The order of a sorted walk: a directory, all below it, then "name-2". */
static int
compare_names(struct span a, struct span b)
{
	size_t i, len = a.len < b.len ? a.len : b.len;

	for (i = 0; i < len && a.p[i] == b.p[i]; i++)
		continue;
	if (i == len)
		return (a.len > b.len) - (a.len < b.len);
	if (a.p[i] == '/')
		return -1;
	if (b.p[i] == '/')
		return 1;
	return a.p[i] < b.p[i] ? -1 : 1;
}

static struct span
parent_of(struct span name)
{
	const uint8_t *slash = NULL;

	if (name.len != 0)
		slash = memrchr(name.p, '/', name.len);
	return span_of(name.p, slash == NULL ? 0 : (size_t)(slash - name.p));
}

/* `name` is `directory` or lies above it. */
static bool
is_open(struct span name, struct span directory)
{
	return name.len == 0 ||
	    (span_starts(directory, name) &&
		(directory.len == name.len || directory.p[name.len] == '/'));
}

static enum rb_err
set(struct buf *b, struct span s)
{
	buf_reset(b);
	return buf_put(b, s);
}

/*
 * Since members rise, a directory is over once a name outside of it came;
 * so the open ones are the last directory and those above it.
 */
static enum rb_err
check_place(struct layer *l, struct span name, enum tar_kind kind,
    struct fault *why)
{
	struct span parent = parent_of(name);
	enum rb_err rc;

	if (!name_is_valid(name))
		return refuse(why, name,
		    "has a name that is absolute, climbs or is too long");
	if (l->nmembers > 0 && compare_names(buf_span(&l->last), name) >= 0)
		return refuse(why, name,
		    "does not stand behind the one before it in order; is the "
		    "tar sorted by name?");
	if (name.len == 0 && kind != TAR_DIRECTORY)
		return refuse(why, name, "is the root and no directory");
	if (!is_open(parent, buf_span(&l->directory)))
		return refuse(why, name,
		    "does not lie in a directory of the archive");
	if ((rc = set(&l->last, name)) != RB_OK)
		return rc;
	return set(&l->directory, kind == TAR_DIRECTORY ? name : parent);
}

static struct span
target_name(const struct layer *l, const struct target *t)
{
	return span_of(l->names.p + t->name, t->len);
}

static enum rb_err
add_target(struct layer *l, struct span name, const struct tar_member *m,
    struct fault *why)
{
	struct target t = { l->names.len, name.len, m->mode, m->uid, m->gid,
		m->mtime };
	struct target *grown;
	enum rb_err rc;
	size_t cap;

	if (name.len > LAYER_NAMES_MAX - l->names.len)
		return refuse(why, name, "takes the names over their limit");
	if (l->ntargets == l->cap) {
		cap = l->cap == 0 ? 4096 : l->cap * 2;
		grown = reallocarray(l->targets, cap, sizeof(*grown));
		if (grown == NULL)
			return RB_ENOMEM;
		l->targets = grown;
		l->cap = cap;
	}
	if ((rc = buf_put(&l->names, name)) != RB_OK)
		return rc;
	l->targets[l->ntargets++] = t;
	return RB_OK;
}

static const struct target *
find_target(const struct layer *l, struct span name)
{
	size_t low = 0, high = l->ntargets, mid;
	int r;

	while (low < high) {
		mid = low + (high - low) / 2;
		r = compare_names(target_name(l, &l->targets[mid]), name);
		if (r == 0)
			return &l->targets[mid];
		if (r < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static enum rb_err
take_kind(struct archive_entry *entry, struct span name, enum tar_kind *out,
    struct fault *why)
{
	if (archive_entry_hardlink(entry) != NULL)
		*out = TAR_HARDLINK;
	else if (archive_entry_filetype(entry) == AE_IFREG)
		*out = TAR_FILE;
	else if (archive_entry_filetype(entry) == AE_IFDIR)
		*out = TAR_DIRECTORY;
	else if (archive_entry_filetype(entry) == AE_IFLNK)
		*out = TAR_SYMLINK;
	else
		return refuse(why, name,
		    "is a device, pipe or socket; layers hold files, "
		    "directories and links");
	return RB_OK;
}

static enum rb_err
take_metadata(const struct layer *l, struct archive_entry *entry,
    struct span name, struct tar_member *m, struct fault *why)
{
	la_int64_t uid = archive_entry_uid(entry);
	la_int64_t gid = archive_entry_gid(entry);
	time_t mtime = archive_entry_mtime(entry);
	la_int64_t size = archive_entry_size(entry);

	if (uid < 0 || uid > LAYER_ID_MAX || gid < 0 || gid > LAYER_ID_MAX)
		return refuse(why, name,
		    "belongs to a user or group above 65535");
	m->uid = (uint32_t)uid;
	m->gid = (uint32_t)gid;
	m->mode = archive_entry_perm(entry) & 07777;
	m->mtime = mtime < 0 ? 0 : (uint64_t)mtime;
	if (m->mtime > l->newest)
		m->mtime = l->newest;
	m->size = 0;
	if (m->kind != TAR_FILE)
		return RB_OK;
	if (size < 0 || (uint64_t)size > TAR_NUMBER_MAX ||
	    (uint64_t)size > LAYER_BYTES_MAX - l->nbytes ||
	    archive_entry_sparse_count(entry) != 0)
		return refuse(why, name,
		    "is sparse, or makes the layer larger than its limit");
	m->size = (uint64_t)size;
	return RB_OK;
}

static enum rb_err
take_link(const struct layer *l, struct archive_entry *entry, struct span name,
    struct tar_member *m, struct fault *why)
{
	const struct target *target;
	const char *text;

	if (m->kind == TAR_SYMLINK) {
		text = archive_entry_symlink(entry);
		if (text == NULL || text[0] == '\0' ||
		    strlen(text) >= TAR_NAME_MAX)
			return refuse(why, name,
			    "is a link to nothing or too long a one");
		m->link = span_of_str(text);
		m->mode = 0777;
		return RB_OK;
	}
	m->link = trim(archive_entry_hardlink(entry));
	target = find_target(l, m->link);
	if (target == NULL)
		return refuse(why, name,
		    "is a hard link to what is no earlier file of the archive");
	m->mode = target->mode;
	m->uid = target->uid;
	m->gid = target->gid;
	m->mtime = target->mtime;
	return RB_OK;
}

/* A file's bytes.  Holes would be given as gaps between blocks. */
static enum rb_err
copy_bytes(struct layer *l, const struct tar_member *m, struct fault *why)
{
	const void *block;
	uint64_t done = 0;
	enum rb_err rc;
	la_int64_t at;
	size_t len;
	int r;

	while ((r = archive_read_data_block(l->archive, &block, &len, &at)) ==
	    ARCHIVE_OK) {
		if ((uint64_t)at != done || len > m->size - done)
			return refuse(why, m->name,
			    "has other bytes than its header says");
		if ((rc = tar_writer_put(l->writer, span_of(block, len))) !=
		    RB_OK)
			return rc;
		done += len;
	}
	if (r != ARCHIVE_EOF || done != m->size)
		return refuse(why, m->name, "is cut short");
	l->nbytes += done;
	return RB_OK;
}

static enum rb_err
put_member(struct layer *l, struct span name, struct tar_member *m)
{
	struct buf path = BUF_INIT; /* with what a directory ends in */
	enum rb_err rc;

	if ((rc = buf_put(&path, name)) != RB_OK ||
	    (m->kind == TAR_DIRECTORY &&
		(rc = buf_put_str(&path, name.len == 0 ? "./" : "/")) != RB_OK))
		goto out;
	m->name = buf_span(&path);
	rc = tar_writer_member(l->writer, m);
	m->name = name;
out:
	buf_clear(&path);
	return rc;
}

static enum rb_err
copy_member(struct layer *l, struct archive_entry *entry, struct fault *why)
{
	struct tar_member m = { .kind = TAR_FILE };
	const char *path = archive_entry_pathname(entry);
	struct span name;
	enum rb_err rc;

	if (path == NULL || path[0] == '\0')
		return refuse(why, SPAN(""), "has no name");
	name = trim(path);
	if (l->nmembers == LAYER_MEMBERS_MAX)
		return refuse(why, name, "is one too many");
	if ((rc = take_kind(entry, name, &m.kind, why)) != RB_OK ||
	    (rc = check_place(l, name, m.kind, why)) != RB_OK ||
	    (rc = take_metadata(l, entry, name, &m, why)) != RB_OK)
		return rc;
	if ((m.kind == TAR_SYMLINK || m.kind == TAR_HARDLINK) &&
	    (rc = take_link(l, entry, name, &m, why)) != RB_OK)
		return rc;
	if ((rc = put_member(l, name, &m)) != RB_OK)
		return rc;
	l->nmembers++;
	if (m.kind != TAR_FILE)
		return RB_OK;
	if ((rc = add_target(l, name, &m, why)) != RB_OK)
		return rc;
	return copy_bytes(l, &m, why);
}

static enum rb_err
copy_all(struct layer *l, struct input *in, struct fault *why)
{
	struct archive_entry *entry; /* borrowed from the archive */
	const char *said;
	enum rb_err rc;
	int r;

	if (archive_read_support_format_tar(l->archive) != ARCHIVE_OK)
		return RB_ENOMEM;
	r = archive_read_open(l->archive, in, NULL, read_block, NULL);
	while (r == ARCHIVE_OK &&
	    (r = archive_read_next_header(l->archive, &entry)) == ARCHIVE_OK) {
		if (archive_format(l->archive) ==
		    ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE)
			return fault_set(why, RB_EREFUSED,
			    "the layer is a pax archive, in which names are "
			    "not kept as they are: make it with tar "
			    "--format=gnu");
		if ((rc = copy_member(l, entry, why)) != RB_OK)
			return in->is_broken ? RB_EIO : rc;
	}
	if (in->is_broken)
		return RB_EIO;
	if (r != ARCHIVE_EOF) {
		said = archive_error_string(l->archive);
		return fault_set(why, RB_EREFUSED,
		    "the layer is no tar that can be read: after %llu members: "
		    "%s",
		    (unsigned long long)l->nmembers,
		    said != NULL ? said : "broken");
	}
	if (l->nmembers == 0)
		return fault_set(why, RB_EREFUSED, "the layer holds nothing");
	return RB_OK;
}

static void
layer_clear(struct layer *l)
{
	if (l->archive != NULL)
		(void)archive_read_free(l->archive);
	l->archive = NULL;
	tar_writer_free(&l->writer);
	buf_clear(&l->last);
	buf_clear(&l->directory);
	buf_clear(&l->names);
	free(l->targets);
	l->targets = NULL;
}

enum rb_err
layer_write(int in_fd, uint64_t offset, uint64_t len, uint64_t newest, int out,
    uint64_t *size, struct digest *digest, struct fault *why)
{
	struct input in = { in_fd, offset, offset + len, NULL, false };
	struct layer l = { .newest = newest };
	enum rb_err rc = RB_EINTERNAL;

	if (offset > INT64_MAX || len > INT64_MAX - offset ||
	    newest > TAR_NUMBER_MAX)
		return fault_set(why, RB_EREFUSED,
		    "the layer lies beyond the end of any file, or its newest "
		    "time beyond any tar");
	if ((in.block = malloc(BLOCK_LEN)) == NULL ||
	    (l.archive = archive_read_new()) == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	if ((rc = tar_writer_new(out, &l.writer)) != RB_OK ||
	    (rc = copy_all(&l, &in, why)) != RB_OK)
		goto out;
	rc = tar_writer_end(l.writer, size, digest);
out:
	layer_clear(&l);
	free(in.block);
	return rc;
}
