/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/command/ready.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/attest/key.h"
#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/jail.h"
#include "rebuilder/settings.h"

/* Of the section `httpd`, the part that only root can do. */
static const struct conf_key httpd_keys[] = {
	{ "listen", CONF_TEXT, offsetof(struct ready, listen), true, 0, 0 },
	{ "threads", CONF_NUMBER, offsetof(struct ready, threads), false, 1,
	    64 },
};

void
ready_init(struct ready *r)
{
	memset(r, 0, sizeof(*r));
	r->node = (struct node)NODE_INIT;
	r->threads = 1;
}

void
ready_clear(struct ready *r)
{
	node_clear(&r->node);
	free(r->listen);
	ready_init(r);
}

static enum rb_err
check_keyring(const char *conf, const struct settings *s, size_t i,
    struct fault *why)
{
	const char *key, *path = settings_keyring(s, i, &key);

	if (path == NULL || access(path, R_OK) == 0)
		return RB_OK;
	return fault_set(why, RB_ENOTFOUND,
	    "%s: %s: %s: %s; name the keyring of who signs it%s", conf, key,
	    path, strerror(errno),
	    strncmp(key, "archive.", strlen("archive.")) == 0 ?
		", such as that of debian-archive-keyring" :
		"");
}

/* What Debian calls the computers that can run a build for it. */
static const struct {
	const char *machine, *architecture; /* of uname(2), of Debian */
} computers[] = {
	{ "x86_64", "amd64" },
	{ "x86_64", "i386" },
	{ "i686", "i386" },
	{ "aarch64", "arm64" },
	{ "aarch64", "armhf" },
	{ "ppc64le", "ppc64el" },
	{ "riscv64", "riscv64" },
};

/* Of computers that are not listed nothing is known. */
static enum rb_err
check_architecture(const char *conf, const struct settings *s,
    struct fault *why)
{
	const char *can = NULL;
	struct utsname u;
	size_t i;

	if (uname(&u) == -1)
		return RB_EIO;
	for (i = 0; i < sizeof(computers) / sizeof(computers[0]); i++) {
		if (strcmp(computers[i].machine, u.machine) != 0)
			continue;
		if (strcmp(computers[i].architecture,
			s->archive.architecture) == 0)
			return RB_OK;
		if (can == NULL)
			can = computers[i].architecture;
	}
	return can == NULL ?
	    RB_OK :
	    fault_set(why, RB_EREFUSED,
		"%s: archive.architecture: this computer (%s) cannot build "
		"for %s; write %s",
		conf, u.machine, s->archive.architecture, can);
}

static enum rb_err
check_path(const char *conf, const char *key, const char *path, int how,
    const char *way_out, struct fault *why)
{
	if (access(path, how) == 0)
		return RB_OK;
	return fault_set(why, RB_ENOTFOUND, "%s: %s: %s: %s; %s", conf, key,
	    path, strerror(errno), way_out);
}

/*
 * What no machine could be made with would else be signed as `unavailable`,
 * of every package, for good.
 */
static enum rb_err
check_machine(const char *conf, const struct settings *s, struct fault *why)
{
	const struct machine_settings *m = &s->machine;
	enum rb_err rc = RB_EINTERNAL;

	if (strcmp(m->kind, "far") == 0)
		return check_path(conf, "machine.connect", m->connect, X_OK,
		    "name the program that leads to the machine", why);
	if ((rc = check_architecture(conf, s, why)) != RB_OK ||
	    strcmp(m->kind, "namespace") == 0)
		return rc;
	if (strcmp(m->kind, "xen") == 0 &&
	    (rc = check_path(conf, "machine.kind: xen", "/sys/hypervisor/type",
		 R_OK, "this is no dom0 of Xen: use qemu or namespace", why)) !=
		RB_OK)
		return rc;
	return check_path(conf, "machine.image", m->image, R_OK | X_OK,
	    "name the directory that scripts/image made", why);
}

/*
 * What a daemon would refuse again and again is said once, before anything
 * runs.  Each daemon still checks for itself, as its own user.
 */
static enum rb_err
check_settings(const char *conf, struct fault *why)
{
	struct node node = NODE_INIT;
	struct settings settings;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	settings_init(&settings);
	if ((rc = settings_read(conf, &node, &settings, why)) != RB_OK)
		goto out;
	for (i = 0; i < SETTINGS_KEYRINGS && rc == RB_OK; i++)
		rc = check_keyring(conf, &settings, i, why);
	if (rc == RB_OK && settings.release.file != NULL &&
	    settings.published.name == NULL)
		rc = fault_set(why, RB_EFORMAT,
		    "%s: section release needs section published: where is "
		    "this release published?",
		    conf);
	if (rc == RB_OK)
		rc = check_machine(conf, &settings, why);
out:
	settings_clear(&settings);
	node_clear(&node);
	return rc;
}

/* In a directory that is no node, nothing may be made. */
static enum rb_err
check_is_node(const struct node *node, const char *conf, int *keys,
    struct fault *why)
{
	char *path = NULL;
	struct stat st;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = node_path(node, "keys", &path)) != RB_OK)
		return rc;
	*keys = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*keys == -1)
		rc = fault_set(why, RB_ENOTFOUND,
		    "%s: node.directory: %s is no node (%s: %s); make one "
		    "with qubes-rebuilder init",
		    conf, node->directory, path, strerror(errno));
	else if (fstatat(*keys, "signing.key", &st, AT_SYMLINK_NOFOLLOW) == -1)
		rc = fault_set(why, RB_ENOTFOUND,
		    "%s/signing.key: %s; put it back from a backup: without "
		    "one this node's log has ended, and only a new node in "
		    "another directory, with a new name, helps",
		    path, strerror(errno));
	else if ((st.st_mode & S_IRWXO) != 0)
		note(NOTE_WARN,
		    "%s/signing.key: others may read it (mode %04o), and who "
		    "did can sign as this node; chmod 0400",
		    path, (unsigned int)st.st_mode & 07777);
	free(path);
	return rc;
}

/* The key's name is that of the log, which has one for good. */
static enum rb_err
check_name(const struct node *node, const char *conf, int keys,
    struct fault *why)
{
	struct buf line = BUF_INIT;
	struct span text;
	struct vkey vkey;
	enum rb_err rc = RB_OK;

	/* Who has lost it can go on: the signer knows the name, too. */
	if (file_read_at(keys, "signing.vkey", KEY_NAME_MAX + 128, &line) !=
	    RB_OK)
		goto out;
	text = buf_span(&line);
	if (text.len != 0 && text.p[text.len - 1] == '\n')
		text.len--;
	if (vkey_parse(text, &vkey) == RB_OK &&
	    strcmp(vkey.name, node->name) != 0)
		rc = fault_set(why, RB_EREFUSED,
		    "%s: node.name: \"%s\", but the log of this directory is "
		    "\"%s\"; put that back: a new log is a new directory, made "
		    "by qubes-rebuilder init",
		    conf, node->name, vkey.name);
out:
	buf_clear(&line);
	return rc;
}

static enum rb_err
check_node(const struct node *node, const char *conf, struct fault *why)
{
	int keys = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = check_is_node(node, conf, &keys, why)) == RB_OK)
		rc = check_name(node, conf, keys, why);
	fd_close(&keys);
	return rc;
}

static enum rb_err
read_node(const char *conf, struct ready *out, struct fault *why)
{
	const struct conf_section section = { "httpd", httpd_keys,
		sizeof(httpd_keys) / sizeof(httpd_keys[0]), out };

	return node_read(conf, &out->node, &section, 1, why);
}

enum rb_err
ready_listen(const char *conf, char **out, struct fault *why)
{
	struct ready r;
	enum rb_err rc = RB_EINTERNAL;

	ready_init(&r);
	if ((rc = read_node(conf, &r, why)) == RB_OK) {
		*out = r.listen;
		r.listen = NULL; /* now the caller's */
	}
	ready_clear(&r);
	return rc;
}

enum rb_err
ready_make(const char *conf, struct ready *out, struct fault *why)
{
	struct fault weak = FAULT_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (geteuid() != 0)
		return fault_set(why, RB_EREFUSED,
		    "must be started as root: "
		    "each daemon then runs as its own user");
	if ((rc = read_node(conf, out, why)) != RB_OK ||
	    (rc = check_settings(conf, why)) != RB_OK ||
	    (rc = check_node(&out->node, conf, why)) != RB_OK ||
	    (rc = owners_find(&out->node, &out->who, why)) != RB_OK ||
	    (rc = layout_make(&out->node, &out->who, why)) != RB_OK)
		return rc;
	if (jail_is_weak(&weak))
		note(NOTE_WARN, "%s", weak.text);
	return RB_OK;
}
