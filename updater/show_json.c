/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "updater/show.h"

#include <stdlib.h>

#include <jansson.h>

/*
 * jansson's calls that "steal" a value accept NULL and then fail, so a chain
 * of them needs one test at its end; `ok` collects.
 */
struct writer {
	bool ok;
};

static void
put(struct writer *w, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) != 0)
		w->ok = false;
}

static void
append(struct writer *w, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) != 0)
		w->ok = false;
}

/* As show_escaped: every byte string has a spelling in JSON then. */
static json_t *
escaped(const char *text)
{
	json_t *value = NULL;
	char *p = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&p, &len);

	if (to == NULL)
		return NULL;
	show_escaped(to, text);
	if (fclose(to) == 0)
		value = json_string(p);
	free(p);
	return value;
}

static json_t *
hex(const struct digest *d)
{
	char text[DIGEST_HEX_LEN + 1];

	digest_hex(d, text);
	return json_string(text);
}

static json_t *
make_mention(struct writer *w, const struct mention *m)
{
	const struct statement *said = &m->by->said;
	json_t *o = json_object();

	put(w, o, "attempt", json_integer((json_int_t)said->attempt));
	put(w, o, "entry", json_integer((json_int_t)m->by->index));
	put(w, o, "otherBytes", json_boolean(m->is_other));
	put(w, o, "otherName", json_boolean(m->is_renamed));
	put(w, o, "proven", json_boolean(m->by->flaw == FLAW_NONE));
	if (m->by->flaw != FLAW_NONE)
		put(w, o, "flaw", json_string(flaw_words(m->by->flaw)));
	if (said->reason != NULL)
		put(w, o, "reason", escaped(said->reason));
	put(w, o, "sha256", hex(&said->published.sha256));
	put(w, o, "verdict", json_string(verdict_name(said->verdict)));
	return o;
}

static json_t *
make_node(struct writer *w, const struct policy *policy,
    const struct decision *d, const struct node_report *report, size_t node)
{
	json_t *o = json_object(), *said = json_array();
	size_t i;

	for (i = 0; i < d->n; i++)
		if (d->list[i].by->node == node)
			append(w, said, make_mention(w, &d->list[i]));
	put(w, o, "forked", json_boolean(report->is_forked));
	put(w, o, "node", escaped(policy->nodes[node].key.name));
	put(w, o, "operator",
	    json_string(policy->operators[policy->nodes[node].operator_].name));
	put(w, o, "said", said);
	return o;
}

enum rb_err
show_json(FILE *to, const struct policy *policy, const struct decisions *all,
    size_t i, const char *path, const struct subject *file)
{
	const struct decision *d = &all->list[i];
	struct writer w = { true };
	json_t *o = json_object(), *nodes = json_array(),
	       *operators = json_array();
	char *line = NULL;
	enum rb_err rc = RB_ENOMEM;
	size_t k;

	for (k = 0; k < policy->nnodes; k++)
		append(&w, nodes, make_node(&w, policy, d, &all->nodes[k], k));
	for (k = 0; k < policy->noperators; k++)
		if (decision_has_voice(d, policy, k))
			append(&w, operators,
			    json_string(policy->operators[k].name));
	put(&w, o, "cause", json_string(cause_name(d->cause)));
	put(&w, o, "decision",
	    json_string(d->accepted ? "accepted" : "refused"));
	put(&w, o, "file", escaped(path));
	put(&w, o, "nodes", nodes);
	put(&w, o, "operators", operators);
	put(&w, o, "required", json_integer((json_int_t)policy->require));
	put(&w, o, "sha256", hex(&file->sha256));
	/* All of it before the first byte: half a line would be no line. */
	if (!w.ok ||
	    (line = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS)) == NULL)
		goto out;
	if (fprintf(to, "%s\n", line) < 0) {
		rc = RB_EIO;
		goto out;
	}
	rc = RB_OK;
out:
	free(line);
	json_decref(o);
	return rc;
}
