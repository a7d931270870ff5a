/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/layers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/note.h"

#define LOG_MAX (1024 * 1024)
/* For removing what was begun, when the machine's own time is over. */
#define CLEANING_MS 120000

/*
 * What is made of a layer: a directory of that name, by a command that reads
 * the tar, with the new directory on /layer; what of it a machine gets.
 */
static const struct {
	const char *name, *given;
	const char *command[17];
} forms[] = {
	[LAYER_TREE] = { "root", "root",
	    { "/usr/bin/tar", "-x", "-f", "-", "-C", "/layer", "-p",
		"--numeric-owner", NULL } },
	/* lz4: read by every machine, and no tenth of what a build takes. */
	[LAYER_IMAGE] = { "image", "image/layer",
	    { "/usr/bin/sqfstar", "-quiet", "-no-progress", "-comp", "lz4",
		"-mem", "256M", "-processors", "2", "-root-mode", "0755",
		"-root-uid", "0", "-root-gid", "0", "/layer/layer", NULL } },
};
#define FORMS (sizeof(forms) / sizeof(forms[0]))

void
layer_clear(struct layer *l)
{
	free(l->path);
	fd_close(&l->lock);
	*l = (struct layer)LAYER_INIT;
}

static enum rb_err
path_in(const char *dir, const char *name, const char *below, char **out)
{
	struct buf b = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_printf(&b, "%s/%s/%s", dir, name, below)) == RB_OK)
		rc = str_dup_span(buf_span(&b), out);
	buf_clear(&b);
	return rc;
}

/* Runs a command of the image over a directory, as the guest's root. */
static enum rb_err
run_over(struct session *x, const char *dir, const char *const *command,
    struct session_files *files, struct fault *why)
{
	struct sandbox s = { .layer = dir,
		.may_write_layer = true,
		.command = command,
		.init = -1 };
	struct session_end end = SESSION_END_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = session_run(x, &s, files, &end, why)) != RB_OK)
		return rc;
	switch (end.end) {
	case RELAYS_LATE:
		return RB_ETIME;
	case RELAYS_ALONE:
		return RB_EPEER;
	case RELAYS_FULL:
		if (end.which == 0)
			return fault_set(why, RB_EDIGEST,
			    "the layer is longer than its description says");
		return fault_set(why, RB_EIO, "%s printed too much",
		    command[0]);
	case RELAYS_FAILED:
		return fault_set(why, RB_EIO, "cannot read the layer: %s",
		    strerror(end.error));
	case RELAYS_DONE:
		break;
	}
	if (!end.has_run || end.status != 0)
		return fault_set(why, RB_EIO,
		    "%s failed over a layer (disk full?); the log says why",
		    command[0]);
	if (end.in_left != 0)
		return fault_set(why, RB_EDIGEST,
		    "the layer is shorter than its description says");
	return RB_OK;
}

/* Empties a directory of the guest's: its names are not ours to follow. */
static enum rb_err
empty(struct session *x, const char *dir, struct fault *why)
{
	static const char *const command[] = { "/usr/bin/find", "/layer",
		"-mindepth", "1", "-delete", NULL };
	struct session_files files = { -1, -1, -1, 0, 0, 0, NULL };

	return run_over(x, dir, command, &files, why);
}

/* Removes layers/<name>/<below>, which may be absent. */
static enum rb_err
remove_tree(struct session *x, const char *name, const char *below,
    struct fault *why)
{
	char *path = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = path_in(x->layers, name, below, &path)) != RB_OK)
		goto out;
	if (access(path, F_OK) != 0) {
		rc = RB_OK;
		goto out;
	}
	if ((rc = empty(x, path, why)) == RB_OK && rmdir(path) != 0)
		rc = RB_EIO;
out:
	free(path);
	return rc;
}

static enum rb_err
convert(struct session *x, const char *name, const struct description *d,
    enum layer_form form, int *tar, int log, struct fault *why)
{
	struct session_files files = { -1, -1, -1, d->layer_size, 0, LOG_MAX,
		NULL };
	struct digest found = DIGEST_INIT;
	char *path = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = path_in(x->layers, name, "new", &path)) != RB_OK ||
	    (rc = digester_new(&files.digester)) != RB_OK)
		goto out;
	if (mkdir(path, 0755) != 0 || chown(path, x->uid, x->gid) != 0 ||
	    (files.log = fcntl(log, F_DUPFD_CLOEXEC, 3)) == -1) {
		rc = fault_set(why, RB_EIO, "cannot make %s: %s", path,
		    strerror(errno));
		goto out;
	}
	files.in = *tar;
	*tar = -1; /* now the session's */
	if ((rc = run_over(x, path, forms[form].command, &files, why)) != RB_OK)
		goto out;
	if ((rc = digester_end(files.digester, &found)) != RB_OK)
		goto out;
	if (!digest_equal(&found, &d->layer))
		rc = fault_set(why, RB_EDIGEST,
		    "the layer is not the one that its description names");
out:
	digester_free(&files.digester);
	fd_close(&files.in);
	fd_close(&files.log);
	free(path);
	return rc;
}

/* From now on the layer counts as made: so it must be on the disk before. */
static enum rb_err
accept_new(int lock, enum layer_form form)
{
	int new = openat(lock, "new",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	enum rb_err rc = RB_EIO;

	if (new != -1 && syncfs(new) == 0 &&
	    renameat(lock, "new", lock, forms[form].name) == 0 &&
	    fsync(lock) == 0)
		rc = RB_OK;
	fd_close(&new);
	return rc;
}

/* A layer made with other subordinate ids belongs to strangers. */
static bool
is_made(const struct session *x, int lock, enum layer_form form)
{
	struct stat st;

	return fstatat(lock, forms[form].name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode) && st.st_uid == x->uid && st.st_gid == x->gid;
}

/* Removes what was begun, whoever still waits for it. */
static void
clean(struct session *x, const char *name)
{
	struct fault why = FAULT_INIT;
	int64_t deadline = x->deadline;
	int watch = x->watch;

	x->watch = -1;
	x->deadline = clock_now() + CLEANING_MS;
	/* At the latest the next one who wants this layer removes it. */
	if (remove_tree(x, name, "new", &why) != RB_OK)
		note(NOTE_WARN, "cannot remove an unfinished layer: %s",
		    why.text);
	x->watch = watch;
	x->deadline = deadline;
}

static enum rb_err
make(struct session *x, const char *name, const struct description *d,
    enum layer_form form, int *tar, int log, int lock, struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;

	/* Left over from a run that was killed. */
	if ((rc = remove_tree(x, name, "new", why)) != RB_OK ||
	    (rc = remove_tree(x, name, forms[form].name, why)) != RB_OK)
		return rc;
	if ((rc = convert(x, name, d, form, tar, log, why)) == RB_OK &&
	    (rc = accept_new(lock, form)) == RB_OK)
		return RB_OK;
	clean(x, name);
	return rc;
}

/*
 * Opens layers/<name> and locks it.  RB_EREFUSED: somebody else has it, or
 * it was removed just now.
 */
static enum rb_err
lock_open(const struct session *x, const char *name, int how, int *out)
{
	struct stat mine, there;
	char *path = NULL;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = path_in(x->layers, name, ".", &path)) != RB_OK)
		goto out;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1) {
		rc = errno == ENOENT ? RB_ENOTFOUND : RB_EIO;
		goto out;
	}
	rc = RB_EREFUSED;
	if (flock(fd, how | LOCK_NB) != 0)
		goto out;
	if (fstat(fd, &mine) != 0 || stat(path, &there) != 0 ||
	    mine.st_ino != there.st_ino)
		goto out;
	*out = fd;
	fd = -1; /* now the caller's */
	rc = RB_OK;
out:
	fd_close(&fd);
	free(path);
	return rc;
}

/* The unlocked layer whose last use is the longest ago; "" if none. */
static enum rb_err
find_oldest(const struct session *x, const char *except, size_t *count,
    char name[DIGEST_HEX_LEN + 1])
{
	struct timespec oldest = { 0, 0 };
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	name[0] = '\0';
	*count = 0;
	if ((dir = opendir(x->layers)) == NULL)
		return RB_EIO;
	while ((entry = readdir(dir)) != NULL) {
		int lock = -1;

		if (strlen(entry->d_name) != DIGEST_HEX_LEN)
			continue;
		(*count)++;
		if (strcmp(entry->d_name, except) == 0 ||
		    fstatat(dirfd(dir), entry->d_name, &st, 0) != 0 ||
		    (name[0] != '\0' &&
			(st.st_mtim.tv_sec > oldest.tv_sec ||
			    (st.st_mtim.tv_sec == oldest.tv_sec &&
				st.st_mtim.tv_nsec >= oldest.tv_nsec))) ||
		    lock_open(x, entry->d_name, LOCK_EX, &lock) != RB_OK)
			continue;
		fd_close(&lock);
		oldest = st.st_mtim;
		memcpy(name, entry->d_name, DIGEST_HEX_LEN + 1);
	}
	(void)closedir(dir);
	return RB_OK;
}

static enum rb_err
remove_layer(struct session *x, const char *name, struct fault *why)
{
	char *path = NULL;
	int lock = -1;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = lock_open(x, name, LOCK_EX, &lock)) != RB_OK ||
	    (rc = remove_tree(x, name, "new", why)) != RB_OK)
		goto out;
	for (i = 0; i < FORMS; i++)
		if ((rc = remove_tree(x, name, forms[i].name, why)) != RB_OK)
			goto out;
	if ((rc = path_in(x->layers, name, "", &path)) != RB_OK)
		goto out;
	if (rmdir(path) != 0)
		rc = RB_EIO;
out:
	free(path);
	fd_close(&lock);
	return rc;
}

/* As far as it goes: a layer too many is no reason not to run. */
static void
trim(struct session *x, const char *except)
{
	char name[DIGEST_HEX_LEN + 1];
	struct fault why = FAULT_INIT;
	size_t count = 0;

	while (find_oldest(x, except, &count, name) == RB_OK &&
	    count > LAYERS_KEPT && name[0] != '\0') {
		if (remove_layer(x, name, &why) != RB_OK) {
			note(NOTE_WARN, "cannot remove the old layer %s: %s",
			    name, why.text);
			return;
		}
	}
}

/* RB_EREFUSED: try again, others are at it. */
static enum rb_err
try(struct session *x, const char *name, const struct description *d,
    enum layer_form form, int *tar, int log, struct layer *l, struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = lock_open(x, name, LOCK_SH, &l->lock)) != RB_OK)
		return rc;
	if (is_made(x, l->lock, form))
		return RB_OK;
	if (flock(l->lock, LOCK_EX | LOCK_NB) != 0)
		return RB_EREFUSED;
	/* The change of lock left a gap. */
	if (!is_made(x, l->lock, form)) {
		trim(x, name);
		if ((rc = make(x, name, d, form, tar, log, l->lock, why)) !=
		    RB_OK)
			return rc;
	}
	return flock(l->lock, LOCK_SH) == 0 && is_made(x, l->lock, form) ?
	    RB_OK :
	    RB_EREFUSED;
}

enum rb_err
layer_get(struct session *x, const struct description *d, enum layer_form form,
    int *tar, int log, struct layer *out, struct fault *why)
{
	struct layer l = LAYER_INIT;
	char name[DIGEST_HEX_LEN + 1];
	char *path = NULL;
	enum rb_err rc = RB_EINTERNAL;

	digest_hex(&d->layer, name);
	if ((rc = path_in(x->layers, name, "", &path)) != RB_OK ||
	    (rc = path_in(x->layers, name, forms[form].given, &l.path)) !=
		RB_OK)
		goto out;
	for (;;) {
		if (mkdir(path, 0700) != 0 && errno != EEXIST) {
			rc = fault_set(why, RB_EIO, "cannot make %s: %s", path,
			    strerror(errno));
			goto out;
		}
		rc = try(x, name, d, form, tar, log, &l, why);
		if (rc == RB_OK)
			break;
		fd_close(&l.lock);
		if (rc != RB_EREFUSED && rc != RB_ENOTFOUND)
			goto out;
		if ((rc = session_pause(x)) != RB_OK)
			goto out;
	}
	/* Its time says when it was used last. */
	(void)futimens(l.lock, NULL);
	*out = l;
	l = (struct layer)LAYER_INIT; /* now the caller's */
	rc = RB_OK;
out:
	layer_clear(&l);
	free(path);
	return rc;
}
