/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/command/told_release.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/file.h"
#include "common/told/told.h"
#include "rebuilder/command/showing.h"
#include "rebuilder/settings.h"

static enum rb_err
open_told(const char *conf, int *out, struct fault *why)
{
	struct node node = NODE_INIT;
	struct settings settings;
	char *path = NULL;
	enum rb_err rc = RB_EINTERNAL;

	settings_init(&settings);
	if ((rc = settings_read(conf, &node, &settings, why)) != RB_OK ||
	    (rc = node_path(&node, TOLD_RELEASE, &path)) != RB_OK)
		goto out;
	*out = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	rc = *out == -1 ? RB_ENOTFOUND : RB_OK;
out:
	free(path);
	settings_clear(&settings);
	node_clear(&node);
	return rc;
}

enum rb_err
told_release_read(const char *conf, struct release_doc *out, struct fault *why)
{
	struct buf text = BUF_INIT;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = open_told(conf, &fd, why)) == RB_OK &&
	    (rc = told_read(fd, RELEASE_DOC_MAX, &text)) == RB_OK)
		rc = release_doc_parse(buf_span(&text), out);
	if (rc != RB_OK && rc != RB_ENOTFOUND && why->text[0] == '\0')
		fault_set(why, rc, TOLD_RELEASE ": cannot be read (%s)",
		    err_name(rc));
	buf_clear(&text);
	fd_close(&fd);
	return rc;
}

const struct release_component *
told_release_find(const struct release_doc *d, const char *name)
{
	size_t i;

	for (i = 0; i < d->ncomponents; i++)
		if (strcmp(d->components[i].name, name) == 0)
			return &d->components[i];
	return NULL;
}

bool
told_is_in_trouble(const struct release_component *c)
{
	return c->nalarms > 0 || c->note != NULL;
}

static void
print_line(FILE *to, const char *begin, const char *text)
{
	fprintf(to, "  %s: ", begin);
	show_text(to, text);
	fputs("\n", to);
}

void
told_release_print(FILE *to, const struct release_component *c, bool builds)
{
	size_t i;

	show_text(to, c->name);
	fputs(": ", to);
	show_text(to, c->state);
	if (c->tag != NULL) {
		fputs(", ", to);
		show_text(to, c->tag);
	}
	fputs("\n", to);
	for (i = 0; i < c->nalarms; i++)
		print_line(to, "ALARM", c->alarms[i]);
	if (c->note != NULL)
		print_line(to,
		    strcmp(c->state, "unreachable") == 0 ? "not looked at" :
							   "not accepted",
		    c->note);
	for (i = 0; builds && i < c->nbuilds; i++)
		print_line(to, c->builds[i].distribution, c->builds[i].state);
}

static json_t *
builds_json(const struct release_component *c)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < c->nbuilds; i++)
		(void)json_array_append_new(list,
		    json_pack("{s:o, s:o}", "distribution",
			show_json_text(c->builds[i].distribution), "state",
			show_json_text(c->builds[i].state)));
	return list;
}

json_t *
told_release_json(const struct release_component *c)
{
	json_t *alarms = json_array();
	size_t i;

	for (i = 0; i < c->nalarms; i++)
		(void)json_array_append_new(alarms,
		    show_json_text(c->alarms[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "component",
	    show_json_text(c->name), "state", show_json_text(c->state), "tag",
	    show_json_text(c->tag), "note", show_json_text(c->note), "alarms",
	    alarms, "builds", builds_json(c));
}
