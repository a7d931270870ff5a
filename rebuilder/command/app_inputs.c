/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "rebuilder/command/apps.h"
#include "rebuilder/command/asking.h"
#include "rebuilder/command/inputs_diff.h"
#include "rebuilder/command/job_view.h"
#include "rebuilder/command/showing.h"

/* What a node keeps beside a verdict: input lists, difference reports. */

#define FILE_MAX (64 * 1024 * 1024)

enum { EXIT_SAME = 0, EXIT_DIFFER = 1, EXIT_TROUBLE = 2 };

static enum rb_err
ask_file(const char *conf, enum admin_file what, const char *whom,
    struct buf *out, struct fault *why)
{
	struct msg question, answer;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, ADMIN_FILE);
	msg_init(&answer, 0);
	if ((rc = put_u8(&question.body, (uint8_t)what)) == RB_OK &&
	    (rc = put_text(&question.body, whom)) == RB_OK &&
	    (rc = asking_call(conf, &question, ADMIN_FILE_IS, &answer, why)) ==
		RB_OK &&
	    (rc = msg_take_fd(&answer, 0, &fd)) == RB_OK)
		rc = file_read_fd(fd, FILE_MAX, out);
	fd_close(&fd);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

static int
show_file(const struct app_words *w, enum admin_file what, const char *name)
{
	struct fault why = FAULT_INIT;
	struct buf text = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = ask_file(w->conf, what, w->rest[0], &text, &why)) == RB_OK)
		rc = show_bulk(stdout, buf_span(&text), isatty(1) == 1);
	buf_clear(&text);
	return rc == RB_OK ? 0 : app_failed(name, rc, &why, EXIT_TROUBLE);
}

static enum rb_err
print_difference(const char *conf, const struct said_view *v, struct fault *why)
{
	struct buf text = BUF_INIT;
	char leaf[24];
	enum rb_err rc = RB_EINTERNAL;

	(void)snprintf(leaf, sizeof(leaf), "%" PRIu64, v->leaf);
	show_text(stdout, v->file);
	printf(", leaf %s:\n", leaf);
	if ((rc = ask_file(conf, FILE_DIFFERENCE, leaf, &text, why)) == RB_OK)
		rc = show_bulk(stdout, buf_span(&text), isatty(1) == 1);
	buf_clear(&text);
	return rc;
}

/* Of all files of a target; RB_ENOTFOUND: it is none that was tried. */
static enum rb_err
print_differences(const struct app_words *w, struct fault *why)
{
	struct buf records = BUF_INIT;
	struct said_view v = { 0, NULL, NULL, VERDICT_REPRODUCED };
	struct span in;
	uint32_t n = 0, i, counts[JOB_VERDICTS] = { 0 };
	enum rb_err rc = RB_EINTERNAL;

	rc = said_views_ask(w->conf, w->rest[0], &records, &n, why);
	if (rc == RB_OK && n == 0)
		rc = RB_ENOTFOUND;
	in = buf_span(&records);
	for (i = 0; rc == RB_OK && i < n; i++) {
		if ((rc = said_view_take(&in, &v)) == RB_OK)
			counts[v.verdict - VERDICT_REPRODUCED]++;
		if (rc == RB_OK && v.verdict == VERDICT_DIFFERS)
			rc = print_difference(w->conf, &v, why);
		said_view_clear(&v);
	}
	if (rc == RB_OK && counts[VERDICT_DIFFERS - VERDICT_REPRODUCED] == 0)
		printf("%s: no difference: %" PRIu32 " of %" PRIu32
		       " files reproduced%s\n",
		    w->rest[0], counts[0], n,
		    counts[0] == n ? "" : ", the others were not compared");
	buf_clear(&records);
	return rc;
}

int
app_diff(int argc, char **argv)
{
	struct fault why = FAULT_INIT;
	struct app_words w;
	int code;
	enum rb_err rc = RB_EINTERNAL;

	code = app_words(argc, argv,
	    "diff [-c node.yml] TARGET|FILE|SHA256|LEAF",
	    "Prints how the rebuilt file differs from the published one of "
	    "this name, digest\nor leaf; or how each one of a target's last "
	    "try does that differs.\nOn a terminal, bytes that could drive it "
	    "are shown as \\xHH.",
	    0, 1, 1, &w);
	if (code != -1)
		return code;
	rc = print_differences(&w, &why);
	if (rc == RB_ENOTFOUND && why.text[0] == '\0')
		return show_file(&w, FILE_DIFFERENCE, "diff");
	return rc == RB_OK ? 0 : app_failed("diff", rc, &why, EXIT_TROUBLE);
}

/* A list is a file, when there is one of that name; else a node's. */
static enum rb_err
read_list(const char *conf, const char *what, struct inputs *out,
    struct fault *why)
{
	struct buf text = BUF_INIT;
	int fd;
	enum rb_err rc = RB_EINTERNAL;

	fd = open(what, O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		rc = file_read_fd(fd, INPUTS_MAX, &text);
		if (rc != RB_OK)
			fault_set(why, rc, "%s: cannot be read (%s)", what,
			    err_name(rc));
	} else {
		rc = ask_file(conf, FILE_INPUTS, what, &text, why);
	}
	if (rc == RB_OK &&
	    (rc = inputs_parse(buf_span(&text), out, why)) != RB_OK)
		fault_set(why, rc, "%s: is not an input list (%s)", what,
		    err_name(rc));
	fd_close(&fd);
	buf_clear(&text);
	return rc;
}

struct differing {
	bool json, any;
};

static enum rb_err
print_json(enum inputs_change change, const struct input *a,
    const struct input *b)
{
	static const char *const names[] = { "removed", "added", "version",
		"bytes", "origin" };
	const struct input *any = a != NULL ? a : b;

	return show_json_line(json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?}",
	    "change", names[change], "kind", any->kind, "name", any->name,
	    "arch", any->arch, "from", a == NULL ? NULL : a->version, "to",
	    b == NULL ? NULL : b->version));
}

static enum rb_err
print_change(void *self, enum inputs_change change, const struct input *a,
    const struct input *b)
{
	struct differing *d = self;

	d->any = true;
	if (d->json)
		return print_json(change, a, b);
	switch (change) {
	case INPUTS_REMOVED:
		printf("- %s %s %s\n", a->name, a->version, a->arch);
		break;
	case INPUTS_ADDED:
		printf("+ %s %s %s\n", b->name, b->version, b->arch);
		break;
	case INPUTS_VERSION:
		printf("! %s %s: %s, then %s\n", a->name, a->arch, a->version,
		    b->version);
		break;
	case INPUTS_BYTES:
		printf("! %s %s: %s both times, but other bytes\n", a->name,
		    a->arch, a->version);
		break;
	case INPUTS_ORIGIN:
		printf("! %s %s: %s both times, from %s, then %s\n", a->name,
		    a->arch, a->version, a->origin, b->origin);
		break;
	}
	return ferror(stdout) ? RB_EIO : RB_OK;
}

static int
compare(const char *conf, char *const *lists, bool json)
{
	struct fault why = FAULT_INIT;
	struct inputs a = INPUTS_INIT, b = INPUTS_INIT;
	struct differing d = { json, false };
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = read_list(conf, lists[0], &a, &why)) == RB_OK &&
	    (rc = read_list(conf, lists[1], &b, &why)) == RB_OK)
		rc = inputs_compare(&a, &b, print_change, &d);
	inputs_clear(&a);
	inputs_clear(&b);
	if (rc != RB_OK)
		return app_failed("inputs diff", rc, &why, EXIT_TROUBLE);
	return d.any ? EXIT_DIFFER : EXIT_SAME;
}

static int
inputs_diff(int argc, char **argv)
{
	struct app_words w;
	int code;

	code = app_words(argc, argv, "inputs diff [-c node.yml] [--json] A B",
	    "Names the packages in which two input lists differ.  A list is a "
	    "file, or what\n'inputs' takes.  Exit 0: none, 1: some, 2: "
	    "trouble.",
	    TAKES_JSON, 2, 2, &w);
	return code != -1 ? code : compare(w.conf, w.rest, w.json);
}

int
app_inputs(int argc, char **argv)
{
	struct app_words w;
	int code;

	if (argc > 1 && strcmp(argv[1], "diff") == 0)
		return inputs_diff(argc - 1, argv + 1);
	code = app_words(argc, argv,
	    "inputs [-c node.yml] TARGET|FILE|SHA256|LEAF\n"
	    "       qubes-rebuilder inputs diff [-c node.yml] [--json] A B",
	    "Prints the list of everything that entered a build besides its "
	    "source.",
	    0, 1, 1, &w);
	return code != -1 ? code : show_file(&w, FILE_INPUTS, "inputs");
}
