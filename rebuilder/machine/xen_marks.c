/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/xen_marks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/enc.h"
#include "common/base/file.h"
#include "common/base/note.h"

static void
text_of_uuid(const uint8_t u[XEN_UUID_LEN], char out[XEN_UUID_TEXT_LEN + 1])
{
	snprintf(out, XEN_UUID_TEXT_LEN + 1,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x",
	    u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10],
	    u[11], u[12], u[13], u[14], u[15]);
}

/* One spelling.  False: this is no mark. */
static bool
uuid_of_text(const char *text, uint8_t out[XEN_UUID_LEN])
{
	char digits[2 * XEN_UUID_LEN], again[XEN_UUID_TEXT_LEN + 1];
	size_t i, n = 0;

	if (strlen(text) != XEN_UUID_TEXT_LEN)
		return false;
	for (i = 0; i < XEN_UUID_TEXT_LEN; i++)
		if (text[i] != '-' && n < sizeof(digits))
			digits[n++] = text[i];
	if (n != sizeof(digits) ||
	    hex_parse(span_of(digits, n), out, XEN_UUID_LEN) != RB_OK)
		return false;
	text_of_uuid(out, again);
	return strcmp(again, text) == 0;
}

static enum rb_err
choose_uuid(uint8_t u[XEN_UUID_LEN])
{
	if (getrandom(u, XEN_UUID_LEN, 0) != XEN_UUID_LEN)
		return RB_EIO;
	/* RFC 4122, 4.4: from random numbers. */
	u[6] = (uint8_t)((u[6] & 0x0f) | 0x40);
	u[8] = (uint8_t)((u[8] & 0x3f) | 0x80);
	return RB_OK;
}

static void
name_mark(struct xen_mark *m)
{
	text_of_uuid(m->uuid, m->name);
	snprintf(m->domain, sizeof(m->domain), XEN_NAME_PREFIX "%s", m->name);
}

/* It has its lock before it has its name. */
static enum rb_err
make_locked(struct xen_mark *m)
{
	char path[32];

	m->fd = openat(m->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (m->fd == -1 || flock(m->fd, LOCK_EX | LOCK_NB) != 0)
		return RB_EIO;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", m->fd);
	if (linkat(AT_FDCWD, path, m->dir, m->name, AT_SYMLINK_FOLLOW) != 0)
		return RB_EIO;
	return RB_OK;
}

enum rb_err
xen_mark_make(struct xen_mark *m, const char *path, struct fault *why)
{
	enum rb_err rc = RB_EIO;

	if ((mkdir(path, 0700) != 0 && errno != EEXIST) ||
	    (m->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		goto out;
	if ((rc = choose_uuid(m->uuid)) != RB_OK)
		goto out;
	name_mark(m);
	rc = make_locked(m);
out:
	if (rc != RB_OK)
		(void)fault_set(why, rc, "cannot mark a new domain in %s: %s",
		    path, strerror(errno));
	return rc;
}

void
xen_mark_clear(struct xen_mark *m)
{
	fd_close(&m->fd);
	fd_close(&m->dir);
}

void
xen_mark_remove(struct xen_mark *m)
{
	if (m->fd != -1 && unlinkat(m->dir, m->name, 0) != 0)
		note(NOTE_WARN, "cannot remove machine/xen/%s: %s", m->name,
		    strerror(errno));
	xen_mark_clear(m);
}

/* As far as it goes: others must still be made. */
static void
clean_one(struct xen *x, int dir, const char *name)
{
	struct xen_mark m = XEN_MARK_INIT;
	struct fault why = FAULT_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (!uuid_of_text(name, m.uuid))
		return;
	name_mark(&m);
	m.fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	/* Its owner lives, or it has just been removed. */
	if (m.fd == -1 || flock(m.fd, LOCK_EX | LOCK_NB) != 0)
		goto out;
	note(NOTE_WARN, "removing what was left of %s", m.domain);
	if ((rc = xen_remove(x, m.domain, m.uuid, &why)) != RB_OK)
		note(NOTE_ERROR, "%s: %s", m.domain, why.text);
	else if (unlinkat(dir, name, 0) != 0)
		note(NOTE_ERROR, "cannot remove machine/xen/%s: %s", name,
		    strerror(errno));
out:
	fd_close(&m.fd);
}

enum rb_err
xen_marks_clean(struct xen *x, int dir, struct fault *why)
{
	struct dirent *entry;
	DIR *list = NULL;
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (copy == -1 || (list = fdopendir(copy)) == NULL) {
		fd_close(&copy);
		return fault_set(why, RB_EIO, "cannot read machine/xen: %s",
		    strerror(errno));
	}
	while ((entry = readdir(list)) != NULL)
		clean_one(x, dir, entry->d_name);
	(void)closedir(list);
	return RB_OK;
}
