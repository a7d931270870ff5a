/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/note.h"
#include "common/process/jail.h"
#include "common/process/role.h"
#include "rebuilder/command/apps.h"
#include "rebuilder/command/layout.h"
#include "rebuilder/command/services.h"
#include "rebuilder/settings.h"

#define SYNOPSIS "serve -c node.yml"

/* Of the section `httpd`, the part that only root can do. */
struct listening {
	char *listen; /* owned */
	uint64_t threads;
};

static const struct conf_key httpd_keys[] = {
	{ "listen", CONF_TEXT, offsetof(struct listening, listen), true, 0, 0 },
	{ "threads", CONF_NUMBER, offsetof(struct listening, threads), false, 1,
	    64 },
};

static enum rb_err
check_keyring(const char *conf, const struct settings *s, size_t i,
    struct fault *why)
{
	const char *key, *path = settings_keyring(s, i, &key);

	if (path == NULL || access(path, R_OK) == 0)
		return RB_OK;
	return fault_set(why, RB_ENOTFOUND,
	    "%s: %s: %s: %s; name the keyring that the archive is signed with, "
	    "such as that of debian-archive-keyring",
	    conf, key, path, strerror(errno));
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
out:
	settings_clear(&settings);
	node_clear(&node);
	return rc;
}

/* In a directory that is no node, nothing may be made. */
static enum rb_err
check_is_node(const struct node *node, const char *conf, struct fault *why)
{
	char *key = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = node_path(node, "keys/signing.key", &key)) != RB_OK)
		return rc;
	if (access(key, F_OK) == -1)
		rc = fault_set(why, RB_ENOTFOUND,
		    "%s: node.directory: %s is no node (%s: %s); make one "
		    "with qubes-rebuilder init",
		    conf, node->directory, key, strerror(errno));
	free(key);
	return rc;
}

static enum rb_err
serve(const char *conf, struct fault *why)
{
	struct node node = NODE_INIT;
	struct listening httpd = { NULL, 1 };
	const struct conf_section section = { "httpd", httpd_keys,
		sizeof(httpd_keys) / sizeof(httpd_keys[0]), &httpd };
	struct owners who;
	struct services *services = NULL;
	struct fault weak = FAULT_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (geteuid() != 0) {
		rc = fault_set(why, RB_EREFUSED,
		    "must be started as root: "
		    "each daemon then runs as its own user");
		goto out;
	}
	if ((rc = node_read(conf, &node, &section, 1, why)) != RB_OK ||
	    (rc = check_settings(conf, why)) != RB_OK ||
	    (rc = check_is_node(&node, conf, why)) != RB_OK ||
	    (rc = owners_find(&node, &who, why)) != RB_OK ||
	    (rc = layout_make(&node, &who, why)) != RB_OK ||
	    (rc = services_open(&node, &who, conf, httpd.listen, &services,
		 why)) != RB_OK)
		goto out;
	if (jail_is_weak(&weak))
		note(NOTE_WARN, "%s", weak.text);
	note(NOTE_INFO, "%s serves http://%s/", node.name, httpd.listen);
	rc = services_run(services, why);
	note(NOTE_INFO, "%s has stopped", node.name);
out:
	services_close(&services);
	free(httpd.listen);
	node_clear(&node);
	return rc;
}

int
app_serve(int argc, char **argv)
{
	struct fault why = FAULT_INIT;
	const char *conf = NULL;
	char *path = NULL;
	int code;
	enum rb_err rc = RB_EINTERNAL;

	code = app_conf(argc, argv, SYNOPSIS,
	    "Runs the node's daemons in the "
	    "foreground until SIGTERM or SIGINT.",
	    &conf);
	if (code != -1)
		return code;
	/* The daemons are given the path, wherever they stand. */
	if ((path = realpath(conf, NULL)) == NULL) {
		fault_set(&why, RB_ENOTFOUND,
		    "%s: no such file; make a node "
		    "with qubes-rebuilder init",
		    conf);
		return app_failed("serve", RB_ENOTFOUND, &why, 2);
	}
	if ((rc = role_home()) == RB_OK)
		rc = serve(path, &why);
	free(path);
	return rc == RB_OK ? 0 : app_failed("serve", rc, &why, 1);
}
