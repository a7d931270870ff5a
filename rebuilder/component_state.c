/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/component_state.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/note.h"
#include "common/process/msg.h"
#include "rebuilder/job_alarms.h"

/*
 * Raised when the fields below change: what another version wrote is not
 * read, and the component starts anew.
 */
#define VERSION 2
#define TEXT_LIMIT 1024
#define REFS_LIMIT 65536
/* Of their names and ids, as they are put. */
#define REFS_BYTES_MAX (4 * 1024 * 1024)
/* Paths of submodules take as much again. */
#define STATE_MAX (16 * 1024 * 1024)
#define BUILDER_MAX (256 * 1024)

void
component_state_init(struct component_state *s)
{
	memset(s, 0, sizeof(*s));
	tagged_init(&s->accepted);
}

void
component_state_forget_refs(struct component_state *s)
{
	size_t i;

	for (i = 0; i < s->nrefs; i++)
		free(s->refs[i].name);
	free(s->refs);
	s->refs = NULL;
	s->nrefs = 0;
}

void
component_state_clear(struct component_state *s)
{
	tagged_clear(&s->accepted);
	free(s->refusal);
	alarms_clear(&s->alarms);
	component_state_forget_refs(s);
	component_state_init(s);
}

static enum rb_err
put_tagged(struct buf *b, const struct tagged *t)
{
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_u8(b, (uint8_t)t->ruling)) != RB_OK ||
	    (rc = put_text(b, t->commit)) != RB_OK ||
	    (rc = put_u64(b, (uint64_t)t->commit_time)) != RB_OK ||
	    (rc = put_text(b, t->version)) != RB_OK ||
	    (rc = put_u64(b, t->threshold)) != RB_OK ||
	    (rc = put_u64(b, (uint64_t)t->verified)) != RB_OK ||
	    (rc = put_text(b, t->tag == NULL ? "" : t->tag)) != RB_OK ||
	    (rc = put_text(b, t->tag_object)) != RB_OK ||
	    (rc = put_digest(b, &t->tag_sha256)) != RB_OK ||
	    (rc = put_digest(b, &t->tree_sha256)) != RB_OK ||
	    (rc = put_u64(b, t->tree_size)) != RB_OK ||
	    (rc = put_digest(b, &t->evidence)) != RB_OK ||
	    (rc = put_u8(b, t->has_builder ? 1 : 0)) != RB_OK ||
	    (rc = put_bytes(b, buf_span(&t->builder))) != RB_OK ||
	    (rc = put_u32(b, (uint32_t)t->nsigners)) != RB_OK)
		return rc;
	for (i = 0; i < t->nsigners; i++)
		if ((rc = put_text(b, t->signers[i])) != RB_OK)
			return rc;
	if ((rc = put_u32(b, (uint32_t)t->nsubmodules)) != RB_OK)
		return rc;
	for (i = 0; i < t->nsubmodules; i++)
		if ((rc = put_text(b, t->submodules[i].path)) != RB_OK ||
		    (rc = put_text(b, t->submodules[i].commit)) != RB_OK)
			return rc;
	return RB_OK;
}

static enum rb_err
put_state(struct buf *b, const struct component_state *s)
{
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_u8(b, VERSION)) != RB_OK ||
	    (rc = put_digest(b, &s->advertisement)) != RB_OK ||
	    (rc = put_digest(b, &s->terms)) != RB_OK ||
	    (rc = put_digest(b, &s->place)) != RB_OK ||
	    (rc = put_text(b, s->refusal == NULL ? "" : s->refusal)) != RB_OK ||
	    (rc = alarms_put(b, &s->alarms)) != RB_OK ||
	    (rc = put_u32(b, (uint32_t)s->nrefs)) != RB_OK)
		return rc;
	for (i = 0; i < s->nrefs; i++)
		if ((rc = put_text(b, s->refs[i].name)) != RB_OK ||
		    (rc = put_text(b, s->refs[i].id)) != RB_OK)
			return rc;
	if ((rc = put_u8(b, s->is_accepted ? 1 : 0)) != RB_OK)
		return rc;
	return s->is_accepted ? put_tagged(b, &s->accepted) : RB_OK;
}

static enum rb_err
take_id(struct span *in, char out[TAG_ID_LEN + 1])
{
	char *text = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_text(in, TAG_ID_LEN, &text)) == RB_OK)
		memcpy(out, text, strlen(text) + 1);
	free(text);
	return rc;
}

static enum rb_err
take_signers(struct span *in, struct tagged *t)
{
	uint32_t n = 0, i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u32(in, &n)) != RB_OK)
		return rc;
	if (n > TAG_SIGNERS_MAX)
		return RB_EFORMAT;
	for (i = 0; i < n; i++) {
		if ((rc = take_text(in, TEXT_LIMIT, &t->signers[i])) != RB_OK)
			return rc;
		t->nsigners = i + 1;
	}
	return RB_OK;
}

static enum rb_err
take_submodules(struct span *in, struct tagged *t)
{
	uint32_t n = 0, i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u32(in, &n)) != RB_OK)
		return rc;
	if (n > TAG_SUBMODULES_MAX)
		return RB_EFORMAT;
	if ((t->submodules = calloc(n + 1, sizeof(*t->submodules))) == NULL)
		return RB_ENOMEM;
	for (i = 0; i < n; i++) {
		t->nsubmodules = i + 1;
		if ((rc = take_text(in, 4 * TEXT_LIMIT,
			 &t->submodules[i].path)) != RB_OK ||
		    (rc = take_id(in, t->submodules[i].commit)) != RB_OK)
			return rc;
	}
	return RB_OK;
}

static enum rb_err
take_tagged(struct span *in, struct tagged *t)
{
	struct span builder = SPAN_INIT;
	uint64_t commit_time = 0, verified = 0;
	uint8_t ruling = 0, has_builder = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u8(in, &ruling)) != RB_OK ||
	    (rc = take_id(in, t->commit)) != RB_OK ||
	    (rc = take_u64(in, &commit_time)) != RB_OK ||
	    (rc = take_text(in, TEXT_LIMIT, &t->version)) != RB_OK ||
	    (rc = take_u64(in, &t->threshold)) != RB_OK ||
	    (rc = take_u64(in, &verified)) != RB_OK ||
	    (rc = take_text(in, TEXT_LIMIT, &t->tag)) != RB_OK ||
	    (rc = take_id(in, t->tag_object)) != RB_OK ||
	    (rc = take_digest(in, &t->tag_sha256)) != RB_OK ||
	    (rc = take_digest(in, &t->tree_sha256)) != RB_OK ||
	    (rc = take_u64(in, &t->tree_size)) != RB_OK ||
	    (rc = take_digest(in, &t->evidence)) != RB_OK ||
	    (rc = take_u8(in, &has_builder)) != RB_OK ||
	    (rc = take_bytes(in, BUILDER_MAX, &builder)) != RB_OK ||
	    (rc = buf_put(&t->builder, builder)) != RB_OK ||
	    (rc = take_signers(in, t)) != RB_OK)
		return rc;
	if (ruling != TAGS_ACCEPTED && ruling != TAGS_COMMIT_ACCEPTED)
		return RB_EFORMAT;
	t->ruling = (enum tag_ruling)ruling;
	t->commit_time = (int64_t)commit_time;
	t->verified = (int64_t)verified;
	t->has_builder = has_builder == 1;
	if (t->tag[0] == '\0') {
		free(t->tag);
		t->tag = NULL;
	}
	return take_submodules(in, t);
}

static enum rb_err
take_refs(struct span *in, struct component_state *s)
{
	uint32_t n = 0, i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u32(in, &n)) != RB_OK)
		return rc;
	if (n > REFS_LIMIT)
		return RB_EFORMAT;
	if ((s->refs = calloc(n + 1, sizeof(*s->refs))) == NULL)
		return RB_ENOMEM;
	for (i = 0; i < n; i++) {
		s->nrefs = i + 1;
		if ((rc = take_text(in, TEXT_LIMIT, &s->refs[i].name)) !=
			RB_OK ||
		    (rc = take_id(in, s->refs[i].id)) != RB_OK)
			return rc;
	}
	return RB_OK;
}

static enum rb_err
take_state(struct span *in, struct component_state *s)
{
	uint8_t version = 0, is_accepted = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u8(in, &version)) != RB_OK)
		return rc;
	if (version != VERSION)
		return RB_ENOTFOUND;
	if ((rc = take_digest(in, &s->advertisement)) != RB_OK ||
	    (rc = take_digest(in, &s->terms)) != RB_OK ||
	    (rc = take_digest(in, &s->place)) != RB_OK ||
	    (rc = take_text(in, TEXT_LIMIT, &s->refusal)) != RB_OK ||
	    (rc = alarms_take(in, &s->alarms)) != RB_OK ||
	    (rc = take_refs(in, s)) != RB_OK ||
	    (rc = take_u8(in, &is_accepted)) != RB_OK)
		return rc;
	if (s->refusal[0] == '\0') {
		free(s->refusal);
		s->refusal = NULL;
	}
	s->is_accepted = is_accepted == 1;
	if (s->is_accepted && (rc = take_tagged(in, &s->accepted)) != RB_OK)
		return rc;
	return take_end(*in);
}

/* Apart from whatever else has a name in the journal. */
static enum rb_err
key_of(const char *component, struct buf *out)
{
	return buf_printf(out, "component/%s", component);
}

enum rb_err
component_state_get(struct journal *j, const char *component,
    struct component_state *out)
{
	struct component_state s;
	struct buf key = BUF_INIT, value = BUF_INIT;
	struct span in;
	enum rb_err rc = RB_EINTERNAL;

	component_state_init(&s);
	if ((rc = key_of(component, &key)) != RB_OK)
		goto out;
	rc = journal_read(j, JOURNAL_STATE, buf_span(&key), STATE_MAX, &value);
	if (rc == RB_OK) {
		in = buf_span(&value);
		rc = take_state(&in, &s);
	}
	if (rc != RB_OK && rc != RB_ENOTFOUND)
		goto out;
	if (rc == RB_ENOTFOUND)
		component_state_clear(&s);
	*out = s;
	component_state_init(&s); /* now the caller's */
	rc = RB_OK;
out:
	component_state_clear(&s);
	buf_clear(&key);
	buf_clear(&value);
	return rc;
}

enum rb_err
component_state_see(struct journal *j, const char *component,
    struct component_state *out)
{
	struct fault text = FAULT_INIT;
	enum rb_err rc = RB_EINTERNAL;

	rc = component_state_get(j, component, out);
	if (rc != RB_EFORMAT && rc != RB_ELIMIT)
		return rc;
	(void)fault_set(&text, rc,
	    "what the node kept of it cannot be read (%s): it is an input of "
	    "no other; put the node's journal back from a copy",
	    err_name(rc));
	component_state_init(out);
	rc = job_alarms_raise(j, component, text.text);
	if (rc != RB_EFORMAT && rc != RB_ELIMIT)
		return rc;
	/* These cannot be read either. */
	note(NOTE_ALARM, "%s: %s", component, text.text);
	return RB_OK;
}

enum rb_err
component_state_put(struct journal *j, const char *component,
    const struct component_state *s)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	struct journal_write w = { JOURNAL_PUT, JOURNAL_STATE, SPAN_INIT,
		SPAN_INIT };
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = key_of(component, &key)) != RB_OK ||
	    (rc = put_state(&value, s)) != RB_OK)
		goto out;
	w.key = buf_span(&key);
	w.value = buf_span(&value);
	rc = journal_write(j, &w, 1);
out:
	buf_clear(&key);
	buf_clear(&value);
	return rc;
}

bool
component_state_is_rewritten(const struct component_state *s,
    const struct tagged *t, struct fault *why)
{
	const struct tagged *before = &s->accepted;

	if (!s->is_accepted || before->tag == NULL || t->tag == NULL ||
	    strcmp(before->tag, t->tag) != 0 ||
	    strcmp(before->tag_object, t->tag_object) == 0)
		return false;
	(void)fault_set(why, RB_EREFUSED,
	    "tag %s was %s when it was accepted and is %s now; a tag stays "
	    "what it is",
	    t->tag, before->tag_object, t->tag_object);
	return true;
}

/* Names the first that changed, and says how many did. */
static size_t
count_changes(const struct component_state *s, const struct tag_refs *now,
    struct fault *why)
{
	enum tag_change change;
	size_t i, n = 0, first = 0;
	enum tag_change how = TAG_STAYS;

	for (i = 0; i < s->nrefs; i++) {
		change = tag_refs_change(now, s->refs[i].name, s->refs[i].id);
		if (change == TAG_STAYS)
			continue;
		if (n++ == 0) {
			first = i;
			how = change;
		}
	}
	if (n != 0)
		(void)fault_set(why, RB_EREFUSED,
		    "tag %s, which was %s, %s%s; a tag stays where it is",
		    s->refs[first].name, s->refs[first].id,
		    how == TAG_VANISHED ? "has vanished" :
					  "is another object now",
		    n == 1 ? "" : ", and others have too");
	return n;
}

/* What is remembered of a list, as far as there is room for it. */
struct remembered {
	struct known_ref *list; /* owned */
	size_t n, bytes;
};

static enum rb_err
remember(struct remembered *r, const struct tag_refs *now, bool versions)
{
	const struct tag_ref *ref;
	size_t i, len;

	for (i = 0; i < now->n; i++) {
		ref = &now->list[i];
		if ((ref->name[0] == 'v') != versions)
			continue;
		len = 4 + strlen(ref->name) + 4 + TAG_ID_LEN;
		if (r->n == REFS_LIMIT || r->bytes + len > REFS_BYTES_MAX)
			break;
		if ((r->list[r->n].name = strdup(ref->name)) == NULL)
			return RB_ENOMEM;
		memcpy(r->list[r->n].id, ref->id, sizeof(ref->id));
		r->bytes += len;
		r->n++;
	}
	return RB_OK;
}

enum rb_err
component_state_refs(struct component_state *s, const struct tag_refs *now,
    struct fault *why)
{
	struct remembered r = { NULL, 0, 0 };
	size_t changes;
	enum rb_err rc = RB_EINTERNAL;

	changes = count_changes(s, now, why);
	if ((r.list = calloc(now->n + 1, sizeof(*r.list))) == NULL)
		return RB_ENOMEM;
	if ((rc = remember(&r, now, true)) != RB_OK ||
	    (rc = remember(&r, now, false)) != RB_OK)
		goto out;
	component_state_forget_refs(s);
	s->refs = r.list;
	s->nrefs = r.n;
	r.list = NULL; /* now the state's */
	r.n = 0;
	rc = changes == 0 ? RB_OK : RB_EREFUSED;
out:
	while (r.n > 0)
		free(r.list[--r.n].name);
	free(r.list);
	return rc;
}
