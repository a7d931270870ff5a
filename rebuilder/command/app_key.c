/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/attest/key.h"
#include "common/base/file.h"
#include "common/base/note.h"
#include "rebuilder/command/apps.h"
#include "rebuilder/settings.h"

#define SYNOPSIS "key -c node.yml"

static enum rb_err
show(const char *conf, struct fault *why)
{
	struct node node = NODE_INIT;
	struct settings settings;
	struct buf line = BUF_INIT;
	char *path = NULL;
	enum rb_err rc = RB_EINTERNAL;

	settings_init(&settings);
	if ((rc = settings_read(conf, &node, &settings, why)) != RB_OK ||
	    (rc = node_path(&node, "keys/signing.vkey", &path)) != RB_OK)
		goto out;
	if ((rc = file_read_at(AT_FDCWD, path, KEY_NAME_MAX + 128, &line)) !=
	    RB_OK) {
		fault_set(why, rc, "%s: cannot be read (%s)", path,
		    err_name(rc));
		goto out;
	}
	printf("%.*s", (int)line.len, (const char *)line.p);
out:
	free(path);
	buf_clear(&line);
	settings_clear(&settings);
	node_clear(&node);
	return rc;
}

int
app_key(int argc, char **argv)
{
	struct fault why = FAULT_INIT;
	const char *conf = NULL;
	int code;
	enum rb_err rc = RB_EINTERNAL;

	code = app_conf(argc, argv, SYNOPSIS,
	    "Prints the node's public key "
	    "as a C2SP verifier key: NAME+HASH+BASE64.",
	    &conf);
	if (code != -1)
		return code;
	rc = show(conf, &why);
	return rc == RB_OK ? 0 : app_failed("key", rc, &why, 2);
}
