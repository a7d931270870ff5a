/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "updater/quorum.h"

#include <getopt.h>
#include <stdio.h>

#include "common/base/note.h"
#include "updater/load.h"
#include "updater/show.h"

enum form { FORM_LINES, FORM_JSON, FORM_WORDS };

struct task {
	enum form form;
	struct policy policy;     /* owned */
	struct bundle bundle;     /* owned */
	struct subjects files;    /* owned */
	struct decisions decided; /* owned */
	const char *policy_path;  /* borrowed */
	size_t nbundles;
	struct fault why;
};

static void
task_clear(struct task *t)
{
	decisions_clear(&t->decided);
	subjects_clear(&t->files);
	bundle_clear(&t->bundle);
	policy_clear(&t->policy);
}

/* RB_EREFUSED: used wrongly. */
static enum rb_err
take_options(int argc, char **argv, struct task *t)
{
	static const struct option longs[] = {
		{ "policy", required_argument, NULL, 'p' },
		{ "bundle", required_argument, NULL, 'b' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	enum rb_err rc;
	int c;

	while ((c = getopt_long(argc, argv, "p:b:", longs, NULL)) != -1) {
		switch (c) {
		case 'p':
			if (t->policy_path != NULL)
				return fault_set(&t->why, RB_EREFUSED,
				    "-p: given twice: one policy decides");
			t->policy_path = optarg;
			break;
		case 'b':
			if ((rc = load_bundle(optarg, &t->bundle, &t->why)) !=
			    RB_OK)
				return rc;
			t->nbundles++;
			break;
		case 'j':
			if (t->form == FORM_WORDS)
				return fault_set(&t->why, RB_EREFUSED,
				    "--json: only verify writes it");
			t->form = FORM_JSON;
			break;
		default:
			return fault_set(&t->why, RB_EREFUSED,
			    "an option is wrong; see --help");
		}
	}
	if (t->policy_path == NULL || optind == argc) {
		return fault_set(&t->why, RB_EREFUSED,
		    "no %s was given; see --help",
		    t->policy_path == NULL ? "policy (-p POLICY)" : "file");
	}
	return RB_OK;
}

static enum rb_err
decide_all(int argc, char **argv, struct task *t)
{
	enum rb_err rc;

	if ((rc = take_options(argc, argv, t)) != RB_OK)
		return rc;
	if ((rc = load_policy(t->policy_path, &t->policy, &t->why)) != RB_OK)
		return rc;
	if ((rc = load_subjects(argv + optind, (size_t)(argc - optind),
		 &t->files, &t->why)) != RB_OK)
		return rc;
	if (t->nbundles == 0)
		note(NOTE_WARN,
		    "no bundle was given, so nothing is known "
		    "about any file: make one with qubes-quorum fetch");
	return decide(&t->policy, &t->bundle, t->files.list, t->files.n,
	    &t->decided);
}

static enum rb_err
show(const struct task *t, size_t i, const char *path)
{
	const struct subject *file = &t->files.list[i];

	switch (t->form) {
	case FORM_LINES:
		show_lines(stdout, &t->policy, &t->decided, i, path, file);
		return RB_OK;
	case FORM_WORDS:
		show_words(stdout, &t->policy, &t->decided, i, path, file);
		return RB_OK;
	case FORM_JSON:
		return show_json(stdout, &t->policy, &t->decided, i, path,
		    file);
	}
	return RB_EINTERNAL;
}

/* Once for the whole run, and where nobody overlooks it. */
static void
note_forks(const struct task *t)
{
	size_t i;

	for (i = 0; i < t->policy.nnodes; i++)
		if (t->decided.nodes[i].is_forked)
			note(NOTE_ALARM,
			    "%s signed two different logs of %llu "
			    "leaves: it counts for nothing; keep the bundle, "
			    "it is the proof",
			    t->policy.nodes[i].key.name,
			    (unsigned long long)t->decided.nodes[i].size);
}

static int
run(int argc, char **argv, enum form form)
{
	struct task t = { form, POLICY_INIT, BUNDLE_INIT, SUBJECTS_INIT,
		DECISIONS_INIT, NULL, 0, FAULT_INIT };
	int status = QUORUM_UNDECIDED;
	bool refused = false;
	enum rb_err rc;
	size_t i;

	if ((rc = decide_all(argc, argv, &t)) != RB_OK) {
		note(NOTE_ERROR, "%s",
		    t.why.text[0] != '\0' ? t.why.text : err_name(rc));
		goto out;
	}
	note_forks(&t);
	if (form == FORM_WORDS)
		show_policy(stdout, &t.policy);
	for (i = 0; i < t.files.n; i++) {
		if ((rc = show(&t, i, argv[optind + (int)i])) != RB_OK) {
			note(NOTE_ERROR, "output: %s", err_name(rc));
			goto out;
		}
		if (!t.decided.list[i].accepted)
			refused = true;
	}
	status = refused ? QUORUM_REFUSED : QUORUM_ACCEPTED;
out:
	task_clear(&t);
	return status;
}

int
quorum_verify(int argc, char **argv)
{
	return run(argc, argv, FORM_LINES);
}

int
quorum_explain(int argc, char **argv)
{
	return run(argc, argv, FORM_WORDS);
}
