/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/power_cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"

#define SECTOR 512
#define NONE UINT32_MAX

struct entry {
	unsigned int dir, file;
	char name[TAPE_NAME_MAX];
};

/* A disk, while it is worked out. */
struct disk {
	struct tape_file *files;  /* owned; their names are not looked at */
	size_t *synced;           /* owned: up to which event, by file */
	struct entry *entries;    /* owned */
	size_t nentries;
};

static bool
happens(enum loss loss, bool is_synced, unsigned int *seed)
{
	if (is_synced || loss == LOSS_NONE)
		return true;
	return loss == LOSS_RANDOM && rand_r(seed) % 2 == 0;
}

static void
grow(struct tape_file *f, size_t len)
{
	if (len <= f->len)
		return;
	f->bytes = realloc(f->bytes, len);
	assert_non_null(f->bytes);
	memset(f->bytes + f->len, 0, len - f->len);
	f->len = len;
}

static void
write_sectors(struct tape_file *f, const struct event *e, enum loss loss,
    bool is_synced, unsigned int *seed)
{
	size_t at = 0, len;

	while (at < e->len) {
		len = SECTOR - (e->offset + at) % SECTOR;
		if (len > e->len - at)
			len = e->len - at;
		if (happens(loss, is_synced, seed)) {
			grow(f, e->offset + at + len);
			memcpy(f->bytes + e->offset + at, tape_bytes(e) + at,
			    len);
		}
		at += len;
	}
	/* The size may be there without the bytes. */
	if (happens(loss, is_synced, seed))
		grow(f, e->offset + e->len);
}

static struct entry *
find_entry(struct disk *d, unsigned int dir, const char *name)
{
	size_t i;

	for (i = 0; i < d->nentries; i++)
		if (d->entries[i].dir == dir &&
		    strcmp(d->entries[i].name, name) == 0)
			return &d->entries[i];
	return NULL;
}

static void
remove_entry(struct disk *d, unsigned int dir, const char *name,
    unsigned int file)
{
	struct entry *e = find_entry(d, dir, name);

	if (e != NULL && e->file == file)
		*e = d->entries[--d->nentries];
}

static void
set_entry(struct disk *d, unsigned int dir, const char *name, unsigned int file)
{
	struct entry *e = find_entry(d, dir, name);

	if (e == NULL) {
		assert_true(d->nentries < 2 * TAPE_FILES_MAX);
		e = &d->entries[d->nentries++];
	}
	e->dir = dir;
	e->file = file;
	(void)strcpy(e->name, name);
}

static void
set_mode(struct tape_file *f, const struct event *e)
{
	f->mode = e->mode;
	f->uid = e->uid;
	f->gid = e->gid;
}

static void
apply(struct disk *d, const struct event *e, size_t at, enum loss loss,
    unsigned int *seed)
{
	struct tape_file *f = &d->files[e->file];
	bool is_synced = at < d->synced[e->file];

	switch (e->kind) {
	case EVENT_LINK:
		f->is_directory = e->is_directory;
		f->inode = 1;
		set_mode(f, e);
		if (happens(loss, at < d->synced[e->dir], seed))
			set_entry(d, e->dir, e->name, e->file);
		return;
	case EVENT_UNLINK:
		if (happens(loss, at < d->synced[e->dir], seed))
			remove_entry(d, e->dir, e->name, e->file);
		return;
	case EVENT_RENAME:
		if (!happens(loss,
			at < d->synced[e->dir] && at < d->synced[e->to_dir],
			seed))
			return;
		remove_entry(d, e->dir, e->name, e->file);
		set_entry(d, e->to_dir, e->to_name, e->file);
		return;
	case EVENT_WRITE:
		write_sectors(f, e, loss, is_synced, seed);
		return;
	case EVENT_SIZE:
		if (!happens(loss, is_synced, seed))
			return;
		grow(f, e->offset);
		f->len = e->offset;
		return;
	case EVENT_MODE:
		set_mode(f, e);
		return;
	case EVENT_SYNC:
	case EVENT_SAID:
	case EVENT_MARK:
	case EVENT_WRONG:
		return;
	}
}

static void
begin(const struct tape *t, struct disk *d)
{
	unsigned int i;

	d->files = calloc(TAPE_FILES_MAX, sizeof(*d->files));
	d->synced = calloc(TAPE_FILES_MAX, sizeof(*d->synced));
	d->entries = calloc(2 * TAPE_FILES_MAX, sizeof(*d->entries));
	assert_non_null(d->files);
	assert_non_null(d->synced);
	assert_non_null(d->entries);
	d->nentries = 0;
	for (i = 0; i < t->nfiles; i++) {
		d->files[i] = t->files[i];
		d->files[i].bytes = NULL;
		d->files[i].len = 0;
		grow(&d->files[i], t->files[i].len);
		if (t->files[i].len > 0)
			memcpy(d->files[i].bytes, t->files[i].bytes,
			    t->files[i].len);
		if (t->files[i].parent != i)
			set_entry(d, t->files[i].parent, t->files[i].name, i);
	}
}

static void
clear(struct disk *d)
{
	unsigned int i;

	for (i = 0; i < TAPE_FILES_MAX; i++)
		free(d->files[i].bytes);
	free(d->files);
	free(d->synced);
	free(d->entries);
}

static void
remove_below(int parent, const char *name, bool also_itself)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (d == NULL) {
		assert_int_equal(unlinkat(parent, name, 0), 0);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			remove_below(fd, e->d_name, true);
	}
	closedir(d);
	if (also_itself)
		assert_int_equal(unlinkat(parent, name, AT_REMOVEDIR), 0);
}

static void
make_below(const struct disk *d, int fd, unsigned int dir)
{
	const struct tape_file *f;
	size_t i;
	int r;

	for (i = 0; i < d->nentries; i++) {
		if (d->entries[i].dir != dir)
			continue;
		f = &d->files[d->entries[i].file];
		if (f->is_directory) {
			assert_int_equal(mkdirat(fd, d->entries[i].name, 0700),
			    0);
			r = openat(fd, d->entries[i].name,
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			assert_true(r >= 0);
			make_below(d, r, d->entries[i].file);
		} else {
			r = openat(fd, d->entries[i].name,
			    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
			assert_true(r >= 0);
			assert_int_equal(file_write_fd(r,
					     span_of(f->bytes, f->len)),
			    RB_OK);
		}
		assert_int_equal(fchown(r, f->uid, f->gid), 0);
		assert_int_equal(fchmod(r, f->mode), 0);
		fd_close(&r);
	}
}

void
power_cut(const struct tape *t, size_t at, enum loss loss, unsigned int *seed)
{
	const struct event *e;
	struct disk d;
	unsigned int part;
	size_t i;
	int root, fd;

	begin(t, &d);
	for (i = 0; i < at; i++) {
		e = tape_at(t, i);
		if (e->kind == EVENT_SYNC)
			d.synced[e->file] = i;
	}
	for (i = 0; i < at; i++)
		apply(&d, tape_at(t, i), i, loss, seed);
	root = open(t->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(root >= 0);
	for (part = 0; t->parts[part] != NULL; part++) {
		remove_below(root, t->parts[part], false);
		fd = openat(root, t->parts[part],
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(fd >= 0);
		make_below(&d, fd, part);
		fd_close(&fd);
	}
	fd_close(&root);
	clear(&d);
}

static int
compare(const void *a, const void *b)
{
	const size_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

size_t *
power_cut_places(const struct tape *t, size_t more, unsigned int *seed,
    size_t *n)
{
	size_t *list = calloc(2 * t->nevents + more + 1, sizeof(*list));
	size_t i, len = 0, out = 0;

	assert_non_null(list);
	for (i = 0; i < t->nevents; i++) {
		if (tape_at(t, i)->kind != EVENT_SYNC)
			continue;
		list[len++] = i;
		list[len++] = i + 1;
	}
	for (i = 0; i < more && t->nevents > 0; i++)
		list[len++] = (size_t)rand_r(seed) % t->nevents;
	list[len++] = t->nevents;
	qsort(list, len, sizeof(*list), compare);
	for (i = 0; i < len; i++)
		if (out == 0 || list[out - 1] != list[i])
			list[out++] = list[i];
	*n = out;
	return list;
}
