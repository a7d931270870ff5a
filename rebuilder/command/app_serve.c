/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/base/note.h"
#include "common/process/role.h"
#include "rebuilder/command/apps.h"
#include "rebuilder/command/ready.h"
#include "rebuilder/command/services.h"
#include "rebuilder/command/sockets.h"

#define SERVE_SYNOPSIS "serve [-c node.yml]"
#define PREPARE_SYNOPSIS "prepare [-c node.yml]"

/* The daemons are given the path, wherever they stand. */
static enum rb_err
find_conf(const char *conf, char **out, struct fault *why)
{
	if ((*out = realpath(conf, NULL)) != NULL)
		return RB_OK;
	return fault_set(why, RB_ENOTFOUND,
	    "%s: no such file; make a node with qubes-rebuilder init", conf);
}

static enum rb_err
serve(const char *conf, struct fault *why)
{
	struct ready ready;
	struct services *services = NULL;
	enum rb_err rc = RB_EINTERNAL;

	ready_init(&ready);
	if ((rc = ready_make(conf, &ready, why)) != RB_OK ||
	    (rc = services_open(&ready.node, &ready.who, conf, ready.listen,
		 &services, why)) != RB_OK)
		goto out;
	note(NOTE_INFO, "%s serves http://%s/", ready.node.name, ready.listen);
	rc = services_run(services, why);
	note(NOTE_INFO, "%s has stopped", ready.node.name);
out:
	services_close(&services);
	ready_clear(&ready);
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

	code = app_conf(argc, argv, SERVE_SYNOPSIS,
	    "Runs the node's daemons in the "
	    "foreground until SIGTERM or SIGINT.",
	    &conf);
	if (code != -1)
		return code;
	if ((rc = find_conf(conf, &path, &why)) != RB_OK)
		return app_failed("serve", rc, &why, 2);
	if ((rc = role_home()) == RB_OK)
		rc = serve(path, &why);
	free(path);
	return rc == RB_OK ? 0 : app_failed("serve", rc, &why, 1);
}

/* Of `serve`: the units' own sockets are not there yet. */
static enum rb_err
check_not_served(const struct node *node, struct fault *why)
{
	char *path = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = node_path(node, "run/attestor.sock", &path)) == RB_OK)
		rc = socket_check_free(path, why);
	free(path);
	return rc;
}

int
app_prepare(int argc, char **argv)
{
	struct ready ready;
	struct fault why = FAULT_INIT;
	const char *conf = NULL;
	char *path = NULL;
	int code;
	enum rb_err rc = RB_EINTERNAL;

	code = app_conf(argc, argv, PREPARE_SYNOPSIS,
	    "Does what serve does before it starts the daemons: checks "
	    "node.yml and mends the\ndirectories.  For systemd, which starts "
	    "them then.",
	    &conf);
	if (code != -1)
		return code;
	ready_init(&ready);
	if ((rc = find_conf(conf, &path, &why)) == RB_OK &&
	    (rc = ready_make(path, &ready, &why)) == RB_OK)
		rc = check_not_served(&ready.node, &why);
	ready_clear(&ready);
	free(path);
	return rc == RB_OK ? 0 : app_failed("prepare", rc, &why, 1);
}
