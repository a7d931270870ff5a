/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/command/apps.h"
#include "rebuilder/settings.h"
#include "rebuilder/target.h"

#define SYNOPSIS "queue -c node.yml"
#define STAGE_LIMIT 64

static enum rb_err
print_job(struct span in)
{
	char *target = NULL, *stage = NULL;
	uint64_t started = 0;
	int64_t now = time(NULL);
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_text(&in, TARGET_MAX, &target)) != RB_OK ||
	    (rc = take_text(&in, STAGE_LIMIT, &stage)) != RB_OK ||
	    (rc = take_u64(&in, &started)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		goto out;
	printf("%-40s  %s", target, stage);
	if (started != 0 && started <= (uint64_t)now)
		printf(", for %llu s",
		    (unsigned long long)((uint64_t)now - started));
	printf("\n");
out:
	free(target);
	free(stage);
	return rc;
}

static enum rb_err
show(const char *conf, struct fault *why)
{
	struct node node = NODE_INIT;
	struct settings settings;
	struct msg m;
	int sock = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&m, ADMIN_QUEUE);
	settings_init(&settings);
	if ((rc = settings_read(conf, &node, &settings, why)) != RB_OK ||
	    (rc = node_connect(&node, "admin.sock", &sock, why)) != RB_OK ||
	    (rc = msg_send(sock, &m)) != RB_OK)
		goto out;
	for (;;) {
		msg_clear(&m);
		if ((rc = msg_recv(sock, &m)) != RB_OK)
			goto out;
		if (m.type != ADMIN_JOB)
			break;
		if ((rc = print_job(buf_span(&m.body))) != RB_OK)
			goto out;
	}
	rc = m.type == ADMIN_END ? RB_OK : RB_EPEER;
out:
	msg_clear(&m);
	fd_close(&sock);
	settings_clear(&settings);
	node_clear(&node);
	return rc;
}

int
app_queue(int argc, char **argv)
{
	struct fault why = FAULT_INIT;
	const char *conf = NULL;
	int code;
	enum rb_err rc = RB_EINTERNAL;

	code = app_conf(argc, argv, SYNOPSIS,
	    "Shows the jobs that a running "
	    "node has not ended, one a line.",
	    &conf);
	if (code != -1)
		return code;
	rc = show(conf, &why);
	return rc == RB_OK ? 0 : app_failed("queue", rc, &why, 2);
}
