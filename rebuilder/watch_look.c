/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/watch_look.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/note.h"
#include "rebuilder/component.h"
#include "rebuilder/said.h"
#include "rebuilder/watch_jobs.h"

/* One component in one round. */
struct look {
	const struct watch_setting *setting; /* all borrowed */
	const struct release *release;
	const struct component *component;
	struct fetch_context fetch;
	struct component_state state;
	bool is_changed; /* and must be put into the journal */
	bool is_unproven; /* nothing is left to judge what is accepted by */
	struct fault *why;
};

/* What was found, without the name that will stand in front of it anyway. */
static const char *
sentence_of(const struct look *k)
{
	const char *text = k->why->text;
	size_t len = strlen(k->component->name);

	if (strncmp(text, k->component->name, len) == 0 &&
	    strncmp(text + len, ": ", 2) == 0)
		return text + len + 2;
	return text;
}

static enum rb_err
raise_alarm(struct look *k, const char *sentence)
{
	bool is_new = false;
	enum rb_err rc = RB_EINTERNAL;

	rc = alarms_add(&k->state.alarms, (int64_t)time(NULL), sentence,
	    &is_new);
	if (rc == RB_OK && is_new) {
		note(NOTE_ALARM, "%s: %s", k->component->name, sentence);
		k->is_changed = true;
	}
	return rc;
}

static enum rb_err
set_refusal(struct look *k, const char *sentence)
{
	char *copy = NULL;

	if (k->state.refusal == NULL && sentence == NULL)
		return RB_OK;
	if (k->state.refusal != NULL && sentence != NULL &&
	    strcmp(k->state.refusal, sentence) == 0)
		return RB_OK;
	if (sentence != NULL) {
		if ((copy = strdup(sentence)) == NULL)
			return RB_ENOMEM;
		note(NOTE_WARN, "%s: not accepted: %s", k->component->name,
		    sentence);
	}
	free(k->state.refusal);
	k->state.refusal = copy;
	k->is_changed = true;
	return RB_OK;
}

static void
take_back(struct look *k)
{
	tagged_clear(&k->state.accepted);
	k->state.is_accepted = false;
	k->is_changed = true;
}

/* What was accepted under other terms must stand under those of today too. */
static enum rb_err
judge_again(struct look *k)
{
	struct tag_question q;
	bool stands = false;
	enum rb_err rc = RB_EINTERNAL;

	component_question(k->component, k->setting->settings, NULL, NULL, &q);
	rc = tag_stands(&q, &k->state.accepted.evidence, k->setting->depot,
	    &stands, k->why);
	if (rc == RB_ENOTFOUND) {
		/* What it rested on is gone: only the server's can show it. */
		k->is_unproven = true;
		return RB_OK;
	}
	if (rc != RB_OK || stands)
		return rc;
	take_back(k);
	return raise_alarm(k, sentence_of(k));
}

/* Nothing that was seen elsewhere says anything about this place. */
static enum rb_err
begin_anew(struct look *k, const struct digest *place)
{
	if (k->state.is_accepted)
		note(NOTE_WARN,
		    "%s: the release file has another address or branch for "
		    "it: begins anew",
		    k->component->name);
	take_back(k);
	component_state_forget_refs(&k->state);
	k->state.advertisement = (struct digest)DIGEST_INIT;
	k->state.place = *place;
	return set_refusal(k, NULL);
}

static bool
smells_of_attack(enum tag_ruling v)
{
	return v == TAGS_BRANCH_BACK || v == TAGS_VERSION_BACK;
}

/* Signatures for the commit that is built already, or a tag less. */
static bool
is_known(const struct component_state *s, const struct tagged *t)
{
	return s->is_accepted && strcmp(s->accepted.commit, t->commit) == 0 &&
	    (t->tag == NULL || s->accepted.tag != NULL);
}

/* The jobs come first: a tag whose jobs were lost would not be looked at. */
static enum rb_err
build(struct look *k, const struct tagged *t)
{
	note(NOTE_INFO, "%s: accepted %s, %s, commit %s", k->component->name,
	    t->tag == NULL ? "a signed commit" : t->tag,
	    t->version[0] == '\0' ? "without a version" : t->version,
	    t->commit);
	return watch_add_jobs(k->setting, k->release, k->component, t->tag,
	    k->why);
}

static enum rb_err
accept(struct look *k, struct tagged *t, const struct digest *terms)
{
	enum rb_err rc = RB_EINTERNAL;

	if (component_state_is_rewritten(&k->state, t, k->why)) {
		rc = raise_alarm(k, sentence_of(k));
		return rc == RB_OK ? set_refusal(k, sentence_of(k)) : rc;
	}
	rc = watch_check_jobs(k->release, k->component, t->tag, k->why);
	if (rc == RB_EREFUSED)
		return set_refusal(k, sentence_of(k));
	if (rc != RB_OK || (rc = set_refusal(k, NULL)) != RB_OK)
		return rc;
	if (!is_known(&k->state, t)) {
		if ((rc = build(k, t)) != RB_OK)
			return rc;
	} else if (t->tag == NULL || digest_equal(&k->state.terms, terms))
		return RB_OK;
	/* When terms change, it is judged again by this file. */
	if ((rc = said_pin(k->setting->journal, &t->evidence)) != RB_OK)
		return rc;
	tagged_clear(&k->state.accepted);
	k->state.accepted = *t;
	k->state.is_accepted = true;
	k->is_changed = true;
	k->is_unproven = false;
	tagged_init(t); /* now the state's */
	return RB_OK;
}

/* What was not accepted, though something newer or other is there. */
static enum rb_err
refuse(struct look *k, const struct tagged *t)
{
	enum rb_err rc = RB_OK;

	/* The key of what was accepted may have expired: it stands. */
	if (is_known(&k->state, t) && !k->is_unproven)
		return set_refusal(k, NULL);
	if (smells_of_attack(t->ruling))
		rc = raise_alarm(k, sentence_of(k));
	return rc == RB_OK ? set_refusal(k, sentence_of(k)) : rc;
}

/* What stays accepted is what the server of today has, too. */
static bool
is_there(const struct component_state *s, const struct tag_refs *refs)
{
	return !s->is_accepted || s->accepted.tag == NULL ||
	    tag_refs_change(refs, s->accepted.tag, s->accepted.tag_object) ==
	    TAG_STAYS;
}

/* The server says something that it did not say before, or terms changed. */
static enum rb_err
judge_refs(struct look *k, struct advert *a, const struct digest *terms)
{
	struct tag_question q;
	struct tag_refs refs = TAG_REFS_INIT;
	struct tagged t;
	enum rb_err rc = RB_EINTERNAL;

	tagged_init(&t);
	component_question(k->component, k->setting->settings, NULL, &k->state,
	    &q);
	if ((rc = tag_refs(a->fd, &q, &refs, k->why)) != RB_OK)
		goto out;
	rc = component_state_refs(&k->state, &refs, k->why);
	if (rc == RB_EREFUSED)
		rc = raise_alarm(k, sentence_of(k));
	if (rc != RB_OK)
		goto out;
	k->why->text[0] = '\0';
	if ((rc = component_verify(&k->fetch, &q, &refs, &t)) != RB_OK)
		goto out;
	rc = tagged_is_accepted(&t) ? accept(k, &t, terms) : refuse(k, &t);
	if (rc != RB_OK)
		goto out;
	/* Only now: whatever failed before is looked at again. */
	k->state.advertisement = a->sha256;
	if (!k->is_unproven && is_there(&k->state, &refs))
		k->state.terms = *terms;
	k->is_changed = true;
out:
	tagged_clear(&t);
	tag_refs_clear(&refs);
	return rc;
}

static enum rb_err
follow_place(struct look *k)
{
	struct digest place = DIGEST_INIT;
	enum rb_err rc = component_place(k->component, &place);

	if (rc != RB_OK || digest_equal(&place, &k->state.place))
		return rc;
	return begin_anew(k, &place);
}

static enum rb_err
judge_news(struct look *k, struct advert *a)
{
	struct digest terms = DIGEST_INIT;
	bool is_other;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = follow_place(k)) != RB_OK ||
	    (rc = component_terms(k->component, k->setting->settings, &terms,
		 k->why)) != RB_OK)
		return rc;
	is_other = !digest_equal(&terms, &k->state.terms);
	/* What the operator says counts without a word from the server. */
	if (is_other && k->state.is_accepted && (rc = judge_again(k)) != RB_OK)
		return rc;
	if (a == NULL)
		return RB_OK;
	if (a->fd == -1)
		return fault_set(k->why, RB_EREFUSED, "%s", a->why.text);
	if (!is_other && digest_equal(&a->sha256, &k->state.advertisement))
		return RB_OK;
	return judge_refs(k, a, &terms);
}

static enum rb_err
look_at(struct look *k, struct advert *a)
{
	struct journal *j = k->setting->journal;
	enum rb_err rc = RB_EINTERNAL, kept = RB_OK;

	rc = component_state_get(j, k->component->name, &k->state);
	if (rc != RB_OK)
		return rc;
	rc = judge_news(k, a);
	/* What was found out before something failed is not lost. */
	if (k->is_changed)
		kept = component_state_put(j, k->component->name, &k->state);
	return rc != RB_OK ? rc : kept;
}

enum rb_err
watch_look(const struct watch_setting *s, const struct release *r,
    const struct component *c, struct advert *a, struct fault *why)
{
	struct look k;
	enum rb_err rc = RB_EINTERNAL;

	memset(&k, 0, sizeof(k));
	k.setting = s;
	k.release = r;
	k.component = c;
	k.why = why;
	k.fetch = (struct fetch_context){ s->node, s->settings, s->depot, why,
		NULL };
	component_state_init(&k.state);
	rc = look_at(&k, a);
	component_state_clear(&k.state);
	return rc;
}
