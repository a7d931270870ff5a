/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/tag_choice.h"

#include <stdlib.h>
#include <string.h>

#include "rebuilder/judge/debversion.h"
#include "rebuilder/judge/git/git_commit.h"
#include "rebuilder/judge/git/git_header.h"
#include "rebuilder/judge/git/git_history.h"
#include "rebuilder/judge/git/git_tag.h"
#include "rebuilder/judge/git/git_tree.h"

/* Tags of tags of tags: git has no limit, we need none of them. */
#define NESTED_MAX 8
#define VERSION_FILE_MAX 4096

void
tag_choice_clear(struct tag_choice *c)
{
	buf_clear(&c->candidates);
}

/* What a ref is for. */
struct target {
	enum candidate_kind kind; /* as far as the pack can say */
	bool is_commit;
	struct git_id commit; /* at the end of all tags; when is_commit */
	struct git_object object; /* owned: the tag object, if there is one */
};

static void
target_clear(struct target *t)
{
	git_object_clear(&t->object);
}

/* Follows a tag to what is no tag. */
static enum rb_err
follow(struct pack_reader *r, const struct git_object *first, struct target *t,
    struct fault *why)
{
	struct git_object o = GIT_OBJECT_INIT;
	struct span bytes = buf_span(&first->bytes);
	struct git_tag tag;
	enum rb_err rc = RB_OK;
	size_t i;

	for (i = 0; i < NESTED_MAX; i++) {
		/* Malformed, or for something else: no commit has it. */
		if (git_tag_parse(bytes, &tag) != RB_OK)
			goto out;
		if (tag.type == GIT_COMMIT) {
			t->is_commit = true;
			t->commit = tag.object;
			goto out;
		}
		if (tag.type != GIT_TAG)
			goto out;
		if (!pack_reader_has(r, &tag.object))
			goto out;
		git_object_clear(&o);
		if ((rc = pack_reader_get(r, &tag.object, &o, why)) != RB_OK ||
		    o.type != GIT_TAG)
			goto out;
		bytes = buf_span(&o.bytes);
	}
out:
	git_object_clear(&o);
	return rc;
}

/* Looks where a ref leads; only what the pack holds is believed. */
static enum rb_err
look(struct pack_reader *r, const struct git_ref *ref, struct target *out,
    struct fault *why)
{
	struct target t;
	enum rb_err rc;

	memset(&t, 0, sizeof(t));
	t.object = (struct git_object)GIT_OBJECT_INIT;
	if (!pack_reader_has(r, &ref->id)) {
		/* The server's word, which takes nothing and gives nothing. */
		t.kind = CANDIDATE_ABSENT;
		t.is_commit = ref->is_peeled;
		t.commit = ref->peeled;
		*out = t;
		return RB_OK;
	}
	rc = pack_reader_get(r, &ref->id, &t.object, why);
	if (rc == RB_OK && t.object.type == GIT_TAG) {
		t.kind = CANDIDATE_TAG;
		rc = follow(r, &t.object, &t, why);
	} else if (rc == RB_OK) {
		t.kind = CANDIDATE_LIGHTWEIGHT;
		t.is_commit = t.object.type == GIT_COMMIT;
		t.commit = ref->id;
		git_object_clear(&t.object);
	}
	if (rc != RB_OK) {
		target_clear(&t);
		return rc;
	}
	*out = t;
	return RB_OK;
}

static bool
is_version_ref(const struct git_ref *ref)
{
	return ref->name.p[0] == 'v'; /* a name is never empty */
}

/* The commits of all annotated `v*` tags; `list` has room for all. */
static enum rb_err
version_commits(struct pack_reader *r, const struct git_refs *refs,
    struct git_id *list, size_t *n, struct fault *why)
{
	struct target t;
	enum rb_err rc;
	size_t i;

	for (i = 0; i < refs->n; i++) {
		if (!is_version_ref(&refs->tags[i]))
			continue;
		if ((rc = look(r, &refs->tags[i], &t, why)) != RB_OK)
			return rc;
		if (t.kind == CANDIDATE_TAG && t.is_commit)
			list[(*n)++] = t.commit;
		target_clear(&t);
	}
	return RB_OK;
}

static enum rb_err
choose_version(struct pack_reader *r, struct git_history *h,
    const struct git_refs *refs, const struct git_id *head,
    struct git_id *commit, struct fault *why)
{
	struct git_id *list;
	size_t n = 0;
	enum rb_err rc;

	list = calloc(refs->n + 1, sizeof(*list));
	if (list == NULL)
		return RB_ENOMEM;
	if ((rc = version_commits(r, refs, list, &n, why)) == RB_OK)
		rc = git_history_nearest(h, head, list, n, commit, why);
	free(list);
	return rc;
}

static enum rb_err
choose_asked(struct pack_reader *r, const struct git_refs *refs,
    struct span name, struct git_id *commit, struct fault *why)
{
	const struct git_ref *ref = git_refs_find(refs, name);
	struct target t;
	enum rb_err rc;

	if (ref == NULL)
		return fault_set(why, RB_ENOTFOUND,
		    "the repository has no tag '%.*s'",
		    name.len < 80 ? (int)name.len : 80, (const char *)name.p);
	if ((rc = look(r, ref, &t, why)) != RB_OK)
		return rc;
	if (t.kind == CANDIDATE_ABSENT)
		rc = fault_set(why, RB_ENOTFOUND,
		    "the pack does not hold tag '%.*s'", (int)name.len,
		    (const char *)name.p);
	else if (!t.is_commit)
		rc = fault_set(why, RB_EFORMAT,
		    "tag '%.*s' is not for a commit", (int)name.len,
		    (const char *)name.p);
	else
		*commit = t.commit;
	target_clear(&t);
	return rc;
}

enum rb_err
tag_version_parse(struct span file, struct span *out)
{
	struct span line;
	size_t i;

	if (span_take_until(&file, '\n', &line) != RB_OK || line.len == 0 ||
	    line.len > TAG_VERSION_MAX)
		return RB_EFORMAT;
	for (i = 0; i < line.len; i++) {
		/* A ':' would be an epoch, which no tag can have. */
		if (line.p[i] == ':')
			return RB_EFORMAT;
	}
	if (file.len != 0 || !debversion_is_valid(line))
		return RB_EFORMAT;
	*out = line;
	return RB_OK;
}

/* Reads a version out of a file of the tree; `out` is "" when it has none. */
static enum rb_err
read_version(struct pack_reader *r, struct span tree, const char *name,
    bool *is_there, char out[TAG_VERSION_MAX + 1], struct fault *why)
{
	struct git_object o = GIT_OBJECT_INIT;
	struct git_tree_entry e;
	struct span version;
	enum rb_err rc;

	*is_there = false;
	out[0] = '\0';
	if ((rc = git_tree_find(tree, name, &e)) != RB_OK)
		return rc == RB_ENOTFOUND ? RB_OK : rc;
	*is_there = true;
	if (e.mode != GIT_MODE_FILE && e.mode != GIT_MODE_PROGRAM)
		return RB_OK;
	rc = pack_reader_want(r, &e.id, GIT_BLOB, &o, why);
	if (rc == RB_OK && o.bytes.len <= VERSION_FILE_MAX &&
	    tag_version_parse(buf_span(&o.bytes), &version) == RB_OK) {
		memcpy(out, version.p, version.len);
		out[version.len] = '\0';
	}
	git_object_clear(&o);
	return rc;
}

/* What a commit says of itself; `commit` is its object. */
static enum rb_err
read_told(struct pack_reader *r, const struct git_id *id,
    struct git_object *commit, struct told *out, struct fault *why)
{
	struct git_object tree = GIT_OBJECT_INIT;
	struct git_commit parsed;
	bool has_release;
	enum rb_err rc;

	if ((rc = pack_reader_want(r, id, GIT_COMMIT, commit, why)) != RB_OK)
		goto out;
	if (git_commit_parse(buf_span(&commit->bytes), &parsed) != RB_OK ||
	    parsed.time == 0) {
		rc = fault_set(why, RB_EFORMAT,
		    "the commit is malformed, or has no time");
		goto out;
	}
	out->time = parsed.time;
	if ((rc = pack_reader_want(r, &parsed.tree, GIT_TREE, &tree, why)) !=
		RB_OK ||
	    (rc = git_tree_check(buf_span(&tree.bytes), why)) != RB_OK ||
	    (rc = read_version(r, buf_span(&tree.bytes), "version",
		 &out->has_version, out->version, why)) != RB_OK)
		goto out;
	rc = read_version(r, buf_span(&tree.bytes), "rel", &has_release,
	    out->release, why);
out:
	git_object_clear(&tree);
	return rc;
}

static struct tag_ground
ground_of(const struct git_id *commit, const struct told *told)
{
	struct tag_ground g = { .has_commit = true };

	g.commit = *commit;
	g.has_version = told->has_version;
	g.version = span_of_str(told->version);
	g.release = span_of_str(told->release);
	return g;
}

/* One more record; gpgv is asked only where it could matter. */
static enum rb_err
add_candidate(struct tag_choice *c, bool all, struct candidate *candidate)
{
	struct buf payload = BUF_INIT, signature = BUF_INIT;
	enum tag_outcome outcome;
	enum rb_err rc;

	/* Names cost a server little: each may stand for the same object. */
	if (candidate->object.len > TAG_OBJECT_MAX ||
	    candidate->object.len > TAG_OBJECTS_MAX - c->bytes)
		candidate->object = SPAN("");
	c->bytes += candidate->object.len;
	if ((rc = tag_examine(candidate, &outcome, &payload, &signature)) !=
	    RB_OK)
		goto out;
	if (outcome == TAG_VALID && (all || c->ncandidates < TAG_ASKED_MAX)) {
		candidate->payload = buf_span(&payload);
		candidate->signature = buf_span(&signature);
	}
	if ((rc = candidate_put(candidate, &c->candidates)) == RB_OK)
		c->ncandidates++;
out:
	buf_clear(&payload);
	buf_clear(&signature);
	return rc;
}

/* What the commit of any tag says; that it is wrong is the tag's fault. */
static enum rb_err
read_any(struct pack_reader *r, const struct target *t, struct told *told,
    bool *is_there)
{
	struct git_object commit = GIT_OBJECT_INIT;
	struct fault why = FAULT_INIT;
	enum rb_err rc;

	rc = read_told(r, &t->commit, &commit, told, &why);
	git_object_clear(&commit);
	*is_there = rc == RB_OK;
	return rc == RB_ENOTFOUND || rc == RB_EFORMAT ? RB_OK : rc;
}

/* One tag, when it is for the commit, or all are wanted. */
static enum rb_err
add_tag(struct pack_reader *r, const struct git_ref *ref,
    const struct tag_wish *wish, struct tag_choice *c, struct fault *why)
{
	struct candidate candidate;
	struct told told;
	struct target t;
	bool is_ours, is_there;
	enum rb_err rc;

	if ((rc = look(r, ref, &t, why)) != RB_OK)
		return rc;
	memset(&candidate, 0, sizeof(candidate));
	memset(&told, 0, sizeof(told));
	candidate.kind = t.kind;
	candidate.ref = ref->name;
	candidate.id = ref->id;
	candidate.object = buf_span(&t.object.bytes);
	is_ours = t.is_commit && git_id_equal(&t.commit, &c->commit);
	if (is_ours) {
		candidate.ground = ground_of(&c->commit, &c->told);
	} else if (wish->all && t.is_commit && t.kind == CANDIDATE_TAG) {
		if ((rc = read_any(r, &t, &told, &is_there)) != RB_OK)
			goto out;
		if (is_there)
			candidate.ground = ground_of(&t.commit, &told);
	}
	if (is_ours || wish->all)
		rc = add_candidate(c, wish->all, &candidate);
out:
	target_clear(&t);
	return rc;
}

static enum rb_err
add_tags(struct pack_reader *r, const struct git_refs *refs, bool versions,
    const struct tag_wish *wish, struct tag_choice *c, struct fault *why)
{
	enum rb_err rc;
	size_t i;

	for (i = 0; i < refs->n; i++) {
		if (is_version_ref(&refs->tags[i]) != versions)
			continue;
		if ((rc = add_tag(r, &refs->tags[i], wish, c, why)) != RB_OK)
			return rc;
	}
	return RB_OK;
}

static enum rb_err
add_candidates(struct pack_reader *r, const struct git_refs *refs,
    const struct tag_wish *wish, const struct git_object *commit,
    struct tag_choice *c, struct fault *why)
{
	struct candidate candidate;
	enum rb_err rc;

	if ((rc = add_tags(r, refs, true, wish, c, why)) != RB_OK ||
	    (rc = add_tags(r, refs, false, wish, c, why)) != RB_OK)
		return rc;
	if (!wish->with_commit)
		return RB_OK;
	memset(&candidate, 0, sizeof(candidate));
	candidate.kind = CANDIDATE_COMMIT;
	candidate.id = c->commit;
	candidate.ground = ground_of(&c->commit, &c->told);
	candidate.object = buf_span(&commit->bytes);
	return add_candidate(c, wish->all, &candidate);
}

static enum rb_err
relate(struct git_history *h, const struct tag_wish *wish, struct tag_choice *c,
    struct fault *why)
{
	bool reaches;
	enum rb_err rc;

	c->relation = COMMIT_FIRST;
	if (!wish->has_accepted)
		return RB_OK;
	c->relation = COMMIT_SAME;
	if (git_id_equal(&wish->accepted, &c->commit))
		return RB_OK;
	if ((rc = git_history_reaches(h, &c->commit, &wish->accepted, &reaches,
		 why)) != RB_OK)
		return rc;
	c->relation = reaches ? COMMIT_AHEAD : COMMIT_BACK;
	return RB_OK;
}

static enum rb_err
choose(struct pack_reader *r, struct git_history *h,
    const struct git_refs *refs, const struct tag_wish *wish,
    struct git_id *commit, struct fault *why)
{
	if (wish->tag.len != 0)
		return choose_asked(r, refs, wish->tag, commit, why);
	if (wish->versions_only)
		return choose_version(r, h, refs, &wish->head, commit, why);
	*commit = wish->head;
	return RB_OK;
}

enum rb_err
tag_choose(struct pack_reader *r, const struct git_refs *refs,
    const struct tag_wish *wish, struct tag_choice *out, struct fault *why)
{
	struct git_object commit = GIT_OBJECT_INIT;
	struct git_history *h = NULL;
	struct tag_choice c;
	enum rb_err rc;

	memset(&c, 0, sizeof(c));
	if ((rc = git_history_new(r, &h)) != RB_OK ||
	    (rc = choose(r, h, refs, wish, &c.commit, why)) != RB_OK ||
	    (rc = read_told(r, &c.commit, &commit, &c.told, why)) != RB_OK ||
	    (rc = relate(h, wish, &c, why)) != RB_OK ||
	    (rc = add_candidates(r, refs, wish, &commit, &c, why)) != RB_OK)
		goto out;

	*out = c;
	memset(&c, 0, sizeof(c)); /* now the caller's */
out:
	tag_choice_clear(&c);
	git_object_clear(&commit);
	git_history_free(&h);
	return rc;
}
