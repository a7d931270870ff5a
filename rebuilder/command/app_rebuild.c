/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/attest/statement.h"
#include "common/base/enc.h"
#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/command/apps.h"
#include "rebuilder/job.h"
#include "rebuilder/settings.h"
#include "rebuilder/target.h"

#define SYNOPSIS \
	"rebuild [-c node.yml] [--again] [--priority 0..9] [--json] TARGET..."
#define TEXT_LIMIT 1024
/* So many fit into one frame, whatever their length. */
#define TARGETS_MAX (MSG_BODY_MAX / (TARGET_MAX + 8))

enum { EXIT_REPRODUCED = 0, EXIT_DIFFERS = 1, EXIT_NOT_TRIED = 2 };

struct order {
	const char *conf;
	char **targets;
	size_t n;
	bool again, json;
	uint8_t priority;
	/* as answers come in */
	bool progress;       /* a line that will be overwritten is shown */
	size_t ended;
	int worst;           /* exit code so far */
};

static void
worsen(struct order *o, int code)
{
	if (code > o->worst)
		o->worst = code;
}

/* Wipes the progress line, so that what follows stands alone. */
static void
clean_line(struct order *o)
{
	if (o->progress)
		fprintf(stderr, "\r\033[K");
}

static enum rb_err
show_stage(struct order *o, struct span in)
{
	char *target = NULL, *stage = NULL, *detail = NULL;
	uint64_t done = 0, total = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_text(&in, TARGET_MAX, &target)) != RB_OK ||
	    (rc = take_text(&in, TEXT_LIMIT, &stage)) != RB_OK ||
	    (rc = take_u64(&in, &done)) != RB_OK ||
	    (rc = take_u64(&in, &total)) != RB_OK ||
	    (rc = take_text(&in, TEXT_LIMIT, &detail)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		goto out;
	if (!o->progress)
		goto out;
	clean_line(o);
	fprintf(stderr, "%s: %s", target, stage);
	if (total != 0)
		fprintf(stderr, " %llu/%llu", (unsigned long long)done,
		    (unsigned long long)total);
	if (detail[0] != '\0')
		fprintf(stderr, " %s", detail);
	fflush(stderr);
out:
	free(target);
	free(stage);
	free(detail);
	return rc;
}

struct shown {
	char *target, *file, *package, *version, *arch, *reason; /* owned */
	struct digest published;
	enum verdict verdict;
	uint64_t leaf;
	bool is_recorded;
};

static void
shown_clear(struct shown *s)
{
	free(s->target);
	free(s->file);
	free(s->package);
	free(s->version);
	free(s->arch);
	free(s->reason);
	memset(s, 0, sizeof(*s));
}

static enum rb_err
take_shown(struct span in, struct shown *s)
{
	uint8_t verdict = 0, recorded = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_text(&in, TARGET_MAX, &s->target)) != RB_OK ||
	    (rc = take_text(&in, TEXT_LIMIT, &s->file)) != RB_OK ||
	    (rc = take_text(&in, TEXT_LIMIT, &s->package)) != RB_OK ||
	    (rc = take_text(&in, TEXT_LIMIT, &s->version)) != RB_OK ||
	    (rc = take_text(&in, TEXT_LIMIT, &s->arch)) != RB_OK ||
	    (rc = take_digest(&in, &s->published)) != RB_OK ||
	    (rc = take_u8(&in, &verdict)) != RB_OK ||
	    (rc = take_text(&in, TEXT_LIMIT, &s->reason)) != RB_OK ||
	    (rc = take_u64(&in, &s->leaf)) != RB_OK ||
	    (rc = take_u8(&in, &recorded)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		return rc;
	if (verdict < VERDICT_REPRODUCED || verdict > VERDICT_UNAVAILABLE)
		return RB_EFORMAT;
	s->verdict = (enum verdict)verdict;
	s->is_recorded = recorded == 1;
	return RB_OK;
}

static enum rb_err
print_json(const struct shown *s)
{
	char hex[DIGEST_HEX_LEN + 1];
	json_t *line;
	int r;

	digest_hex(&s->published, hex);
	line = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s?, s:I, s:b}",
	    "target", s->target, "file", s->file, "version", s->version, "arch",
	    s->arch, "sha256", hex, "verdict", verdict_name(s->verdict),
	    "reason", s->reason[0] == '\0' ? NULL : s->reason, "leaf",
	    (json_int_t)s->leaf, "recorded", s->is_recorded);
	if (line == NULL)
		return RB_ENOMEM;
	r = json_dumpf(line, stdout, JSON_COMPACT);
	json_decref(line);
	if (r != 0)
		return RB_EIO;
	printf("\n");
	return RB_OK;
}

static enum rb_err
show_result(struct order *o, struct span in)
{
	struct shown s = { 0 };
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_shown(in, &s)) != RB_OK)
		goto out;
	switch (s.verdict) {
	case VERDICT_REPRODUCED:
		break;
	case VERDICT_DIFFERS:
		worsen(o, EXIT_DIFFERS);
		break;
	case VERDICT_FAILED:
	case VERDICT_UNAVAILABLE:
		worsen(o, EXIT_NOT_TRIED);
		break;
	}
	clean_line(o);
	if (o->json) {
		rc = print_json(&s);
	} else {
		printf("%-11s  %s", verdict_name(s.verdict), s.file);
		if (s.reason[0] != '\0')
			printf("  (%s)", s.reason);
		printf("  leaf %llu%s\n", (unsigned long long)s.leaf,
		    s.is_recorded ? ", as recorded" : "");
	}
	fflush(stdout);
out:
	shown_clear(&s);
	return rc;
}

static enum rb_err
show_end(struct order *o, struct span in)
{
	char *target = NULL, *why = NULL;
	uint8_t outcome = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_text(&in, TARGET_MAX, &target)) != RB_OK ||
	    (rc = take_u8(&in, &outcome)) != RB_OK ||
	    (rc = take_text(&in, TEXT_LIMIT, &why)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		goto out;
	o->ended++;
	if (outcome != JOB_TRIED)
		worsen(o, EXIT_NOT_TRIED);
	clean_line(o);
	if (why[0] != '\0')
		note(outcome == JOB_TRIED ? NOTE_WARN : NOTE_ERROR, "%s: %s",
		    target, why);
out:
	free(target);
	free(why);
	return rc;
}

static enum rb_err
show_refusal(struct span in, struct fault *why)
{
	char *sentence = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_text(&in, TEXT_LIMIT, &sentence)) == RB_OK)
		rc = fault_set(why, RB_EREFUSED, "%s", sentence);
	free(sentence);
	return rc;
}

static enum rb_err
hear(struct order *o, int sock, struct fault *why)
{
	struct msg m;
	enum rb_err rc = RB_OK;

	while (o->ended < o->n) {
		msg_init(&m, 0);
		if ((rc = msg_recv(sock, &m)) != RB_OK)
			return fault_set(why, rc,
			    "the node went away; its "
			    "jobs go on when it is started again");
		switch (m.type) {
		case ADMIN_STAGE:
			rc = show_stage(o, buf_span(&m.body));
			break;
		case ADMIN_RESULT:
			rc = show_result(o, buf_span(&m.body));
			break;
		case ADMIN_ENDED:
			rc = show_end(o, buf_span(&m.body));
			break;
		case FRAME_REFUSED:
			rc = show_refusal(buf_span(&m.body), why);
			break;
		default:
			rc = RB_EPEER;
		}
		msg_clear(&m);
		if (rc != RB_OK)
			return rc;
	}
	return RB_OK;
}

/* One target asked for twice is one job. */
static void
drop_doubles(struct order *o)
{
	size_t i, k, n = 0;

	for (i = 0; i < o->n; i++) {
		for (k = 0; k < n; k++)
			if (strcmp(o->targets[k], o->targets[i]) == 0)
				break;
		if (k == n)
			o->targets[n++] = o->targets[i];
	}
	o->n = n;
}

static enum rb_err
rebuild(struct order *o, struct fault *why)
{
	struct node node = NODE_INIT;
	struct settings settings;
	struct target target;
	struct msg m;
	int sock = -1;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&m, ADMIN_REBUILD);
	settings_init(&settings);
	drop_doubles(o);
	if ((rc = settings_read(o->conf, &node, &settings, why)) != RB_OK ||
	    (rc = put_u8(&m.body, o->again ? 1 : 0)) != RB_OK ||
	    (rc = put_u8(&m.body, o->priority)) != RB_OK ||
	    (rc = put_u16(&m.body, (uint16_t)o->n)) != RB_OK)
		goto out;
	for (i = 0; i < o->n; i++)
		if ((rc = target_parse(o->targets[i], &target, why)) != RB_OK ||
		    (rc = put_text(&m.body, o->targets[i])) != RB_OK)
			goto out;
	if ((rc = node_connect(&node, "admin.sock", &sock, why)) != RB_OK ||
	    (rc = msg_send(sock, &m)) != RB_OK)
		goto out;
	rc = hear(o, sock, why);
out:
	clean_line(o);
	msg_clear(&m);
	fd_close(&sock);
	settings_clear(&settings);
	node_clear(&node);
	return rc;
}

int
app_rebuild(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "again", no_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ "priority", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct order o = { APP_CONF, NULL, 0, false, false, JOB_PRIORITY, false,
		0, 0 };
	uint64_t priority = 0;
	struct fault why = FAULT_INIT;
	int c;
	enum rb_err rc = RB_EINTERNAL;

	while ((c = getopt_long(argc, argv, "c:ajp:h", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o.conf = optarg;
			break;
		case 'a':
			o.again = true;
			break;
		case 'j':
			o.json = true;
			break;
		case 'p':
			if (dec_parse(span_of_str(optarg), JOB_PRIORITY_MAX,
				&priority) != RB_OK) {
				note(NOTE_ERROR,
				    "rebuild: --priority \"%s\" must be a "
				    "number from 0 to %d",
				    optarg, JOB_PRIORITY_MAX);
				return app_usage(SYNOPSIS);
			}
			o.priority = (uint8_t)priority;
			break;
		case 'h':
			app_help(SYNOPSIS,
			    "Has a running node rebuild what is named, and "
			    "prints one line for each published\nfile.  Exit "
			    "0: all reproduced, 1: some differ, 2: failed, "
			    "unavailable or not tried.",
			    TAKES_AGAIN | TAKES_PRIORITY | TAKES_JSON);
			return 0;
		default:
			return app_usage(SYNOPSIS);
		}
	}
	o.targets = argv + optind;
	o.n = (size_t)(argc - optind);
	if (o.n == 0) {
		note(NOTE_ERROR, "rebuild: a target is missing");
		return app_usage(SYNOPSIS);
	}
	if (o.n > TARGETS_MAX) {
		fault_set(&why, RB_ELIMIT, "over %d targets; ask in parts",
		    (int)TARGETS_MAX);
		return app_failed("rebuild", RB_ELIMIT, &why, EXIT_NOT_TRIED);
	}
	o.progress = !o.json && isatty(2) == 1;
	if ((rc = rebuild(&o, &why)) != RB_OK)
		return app_failed("rebuild", rc, &why, EXIT_NOT_TRIED);
	return o.worst;
}
