/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/boot_kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/note.h"

#define CHUNK_LEN (1024 * 1024)
/* What is being made; its maker holds a lock on it. */
#define UNFINISHED "new-"

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
open_file(int from, const char *dir, enum boot_file file, uint64_t size,
    int *out, struct fault *why)
{
	uint64_t found = 0;
	int fd = openat(from, boot_file_name(file),
	    O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		return unusable(dir, file, RB_EIO, strerror(errno), why);
	if (file_size(fd, &found) != RB_OK || found != size) {
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
		struct span part;

		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0) {
			rc = RB_EIO;
			goto out;
		}
		part = span_of(chunk, (size_t)got);
		if ((rc = file_write_fd(to, part)) != RB_OK ||
		    (rc = digester_put(digester, part)) != RB_OK)
			goto out;
		at += (uint64_t)got;
	}
	rc = digester_end(digester, out);
out:
	digester_free(&digester);
	free(chunk);
	return rc;
}

static enum rb_err
copy_file(int from, const char *dir, enum boot_file file,
    const struct boot_manifest *m, int into, struct fault *why)
{
	uint64_t size = m->files[file].size;
	struct digest found = DIGEST_INIT;
	int source = -1, copy = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = open_file(from, dir, file, size, &source, why)) != RB_OK)
		goto out;
	copy = openat(into, boot_file_name(file),
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (copy == -1 || fchmod(copy, 0444) != 0) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = copy_hashed(source, size, copy, &found)) != RB_OK)
		goto out;
	if (!digest_equal(&found, &m->files[file].sha256)) {
		rc = unusable(dir, file, RB_EDIGEST,
		    "is not what its manifest says", why);
		goto out;
	}
	/* From the rename on it counts as verified. */
	rc = fsync(copy) == 0 ? RB_OK : RB_EIO;
out:
	fd_close(&source);
	fd_close(&copy);
	return rc;
}

/* As far as it goes: what is left is tried again at the next change. */
static void
remove_copy(int above, const char *name)
{
	unsigned int i;
	int dir = openat(above, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir == -1 || flock(dir, LOCK_EX | LOCK_NB) != 0)
		goto out;
	for (i = 0; i < BOOT_FILES; i++)
		(void)unlinkat(dir, boot_file_name((enum boot_file)i), 0);
	if (unlinkat(above, name, AT_REMOVEDIR) != 0)
		note(NOTE_WARN, "cannot remove the old image %s: %s", name,
		    strerror(errno));
out:
	fd_close(&dir);
}

static void
remove_others(int above, const char *except)
{
	int fd = openat(above, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);

	if (dir == NULL) {
		fd_close(&fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' &&
		    strcmp(entry->d_name, except) != 0)
			remove_copy(above, entry->d_name);
	(void)closedir(dir);
}

static enum rb_err
open_copy(int above, const char *name, int *out)
{
	int fd = openat(above, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		return errno == ENOENT ? RB_ENOTFOUND : RB_EIO;
	*out = fd;
	return RB_OK;
}

static enum rb_err
make_copy(int above, const char *name, int from, const char *dir,
    const struct boot_manifest *m, struct fault *why)
{
	char unfinished[32];
	int into = -1;
	unsigned int i;
	enum rb_err rc = RB_EIO;

	snprintf(unfinished, sizeof(unfinished), UNFINISHED "%d",
	    (int)getpid());
	/* Of a run with our number, which is dead. */
	remove_copy(above, unfinished);
	if (mkdirat(above, unfinished, 0700) != 0 ||
	    open_copy(above, unfinished, &into) != RB_OK ||
	    flock(into, LOCK_EX | LOCK_NB) != 0)
		goto out;
	for (i = 0; i < BOOT_FILES; i++)
		if ((rc = copy_file(from, dir, (enum boot_file)i, m, into,
			 why)) != RB_OK)
			goto out;
	rc = RB_EIO;
	if (fsync(into) != 0)
		goto out;
	/* Somebody else may have been quicker: then theirs is as good. */
	if (renameat(above, unfinished, above, name) != 0 && errno != EEXIST &&
	    errno != ENOTEMPTY)
		goto out;
	rc = fsync(above) == 0 ? RB_OK : RB_EIO;
out:
	fd_close(&into);
	remove_copy(above, unfinished);
	return rc;
}

enum rb_err
boot_kept_get(int above, const char *name, int from, const char *dir,
    const struct boot_manifest *m, int *out, struct fault *why)
{
	enum rb_err rc = open_copy(above, name, out);

	if (rc != RB_ENOTFOUND)
		return rc;
	rc = make_copy(above, name, from, dir, m, why);
	if (rc != RB_OK) {
		/* Somebody who was quicker may have cleaned up under us. */
		if (open_copy(above, name, out) == RB_OK)
			return RB_OK;
		if (why->text[0] == '\0')
			fault_set(why, rc,
			    "cannot copy the guest image to the node: %s",
			    strerror(errno));
		return rc;
	}
	remove_others(above, name);
	return open_copy(above, name, out);
}
