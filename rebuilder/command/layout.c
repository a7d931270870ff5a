/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/command/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/told/told.h"

enum rb_err
owners_find(const struct node *node, struct owners *out, struct fault *why)
{
	struct owners o;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = user_find(node->user_rebuilder, &o.rebuilder, why)) !=
		RB_OK ||
	    (rc = user_find(node->user_net, &o.net, why)) != RB_OK ||
	    (rc = user_find(node->user_attestor, &o.attestor, why)) != RB_OK ||
	    (rc = user_find(node->user_signer, &o.signer, why)) != RB_OK ||
	    (rc = user_find(node->user_httpd, &o.httpd, why)) != RB_OK)
		return rc;
	*out = o;
	return RB_OK;
}

static enum rb_err
make(int top, const char *name, uid_t uid, gid_t gid, mode_t mode,
    struct fault *why)
{
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if (mkdirat(top, name, 0700) == -1 && errno != EEXIST) {
		rc = fault_set(why, RB_EIO, "%s: cannot be made: %s", name,
		    strerror(errno));
		goto out;
	}
	fd = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || fchown(fd, uid, gid) == -1 || fchmod(fd, mode) == -1) {
		rc = fault_set(why, RB_EIO,
		    "%s: cannot be given to its user: "
		    "%s",
		    name, strerror(errno));
		goto out;
	}
	rc = RB_OK;
out:
	fd_close(&fd);
	return rc;
}

/* In a directory of root's, where nobody else can put anything. */
static enum rb_err
make_file(int top, const char *name, uid_t uid, gid_t gid, mode_t mode,
    struct fault *why)
{
	int fd;
	enum rb_err rc = RB_OK;

	fd = openat(top, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd == -1 || fchown(fd, uid, gid) == -1 || fchmod(fd, mode) == -1)
		rc = fault_set(why, RB_EIO,
		    "%s: cannot be given to its user: %s", name,
		    strerror(errno));
	fd_close(&fd);
	return rc;
}

static enum rb_err
sync_directory(int top, const char *name, struct fault *why)
{
	enum rb_err rc = RB_OK;
	int fd;

	fd = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || fsync(fd) == -1)
		rc = fault_set(why, RB_EIO, "%s: cannot be synced: %s", name,
		    strerror(errno));
	fd_close(&fd);
	return rc;
}

enum rb_err
layout_make(const struct node *node, const struct owners *who,
    struct fault *why)
{
	const struct {
		const char *name;
		uid_t uid;
		gid_t gid;
		mode_t mode;
	} dirs[] = {
		{ "keys", 0, who->signer.gid, 0750 },
		{ "signer", who->signer.uid, who->signer.gid, 0700 },
		{ "attestor", who->attestor.uid, who->attestor.gid, 0700 },
		{ "attestor/truth", who->attestor.uid, who->attestor.gid,
		    0700 },
		/* setgid: what attestor writes there, httpd's group reads */
		{ "served", who->attestor.uid, who->httpd.gid, 02750 },
		{ "rebuilder", who->rebuilder.uid, who->rebuilder.gid, 0700 },
		{ "rebuilder/journal", who->rebuilder.uid, who->rebuilder.gid,
		    0700 },
		{ "rebuilder/store", who->rebuilder.uid, who->rebuilder.gid,
		    0700 },
		{ "machine", 0, 0, 0711 },
		{ "run", 0, 0, 0755 },
		{ "told", 0, 0, 0755 },
	};
	/* Opened by both before their jails, written in place. */
	static const char *const told[] = { TOLD_STATUS, TOLD_RELEASE };
	size_t i;
	int top = -1;
	enum rb_err rc = RB_OK;

	top = open(node->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top == -1)
		return fault_set(why, RB_EIO, "%s: %s", node->directory,
		    strerror(errno));
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]) && rc == RB_OK; i++)
		rc = make(top, dirs[i].name, dirs[i].uid, dirs[i].gid,
		    dirs[i].mode, why);
	for (i = 0; i < sizeof(told) / sizeof(told[0]) && rc == RB_OK; i++)
		rc = make_file(top, told[i], who->rebuilder.uid, who->httpd.gid,
		    0640, why);
	/* What is told can be told again, but the file must be there. */
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]) && rc == RB_OK; i++)
		rc = sync_directory(top, dirs[i].name, why);
	fd_close(&top);
	return rc;
}
