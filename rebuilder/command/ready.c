/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/command/ready.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
out:
	settings_clear(&settings);
	node_clear(&node);
	return rc;
}

/* In a directory that is no node, nothing may be made. */
static enum rb_err
check_is_node(const struct node *node, const char *conf, struct fault *why)
{
	char *key = NULL, *state = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = node_path(node, "keys/signing.key", &key)) != RB_OK ||
	    (rc = node_path(node, "signer/state", &state)) != RB_OK)
		goto out;
	if (access(key, F_OK) == -1 && access(state, F_OK) == 0)
		rc = fault_set(why, RB_ENOTFOUND,
		    "%s: %s: put the key back from a backup; without one this "
		    "node's log has ended, and only a new node in another "
		    "directory, with a new name, helps",
		    key, strerror(ENOENT));
	else if (access(key, F_OK) == -1)
		rc = fault_set(why, RB_ENOTFOUND,
		    "%s: node.directory: %s is no node (%s: %s); make one "
		    "with qubes-rebuilder init",
		    conf, node->directory, key, strerror(errno));
out:
	free(key);
	free(state);
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
	    (rc = check_is_node(&out->node, conf, why)) != RB_OK ||
	    (rc = owners_find(&out->node, &out->who, why)) != RB_OK ||
	    (rc = layout_make(&out->node, &out->who, why)) != RB_OK)
		return rc;
	if (jail_is_weak(&weak))
		note(NOTE_WARN, "%s", weak.text);
	return RB_OK;
}
