/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/tag_rule.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/openpgp.h"
#include "common/process/msg.h"
#include "rebuilder/judge/debversion.h"
#include "rebuilder/judge/git/git_signature.h"
#include "rebuilder/judge/git/git_tag.h"
#include "rebuilder/judge/gpgv_status.h"

#define STATUS_MAX (64u * 1024)

static bool
is_version_name(struct span name)
{
	return span_starts(name, SPAN("v"));
}

/* A word behind a release: it begins so that it does not read as more of it. */
static bool
is_word(struct span s)
{
	return s.len > 1 && s.p[0] == '-' &&
	    ((s.p[1] >= 'A' && s.p[1] <= 'Z') ||
		(s.p[1] >= 'a' && s.p[1] <= 'z'));
}

/*
 * "v" version, or "v" version "-" release, or that and "-" and a word: Qubes
 * calls the kernels of one branch v7.1.8-1-latest.  Where the tree has none
 * the tag alone says which it is: one that nothing can be compared with would
 * be above and below all others.
 */
static bool
name_is_version(struct span name, const struct tag_ground *g)
{
	name = span_of(name.p + 1, name.len - 1);
	if (g->version.len == 0)
		return !g->has_version && debversion_is_valid(name) &&
		    memchr(name.p, ':', name.len) == NULL;
	if (!span_starts(name, g->version))
		return false;
	name = span_of(name.p + g->version.len, name.len - g->version.len);
	if (name.len == 0)
		return true;
	if (g->release.len == 0 || name.p[0] != '-')
		return false;
	name = span_of(name.p + 1, name.len - 1);
	if (!span_starts(name, g->release))
		return false;
	name = span_of(name.p + g->release.len, name.len - g->release.len);
	return name.len == 0 || is_word(name);
}

static enum tag_outcome
outcome_of_kind(enum git_signature_kind kind)
{
	switch (kind) {
	case GIT_SIGNED_PGP:
		return TAG_VALID;
	case GIT_UNSIGNED:
		return TAG_UNSIGNED;
	case GIT_SIGNED_SSH:
		return TAG_SSH;
	case GIT_SIGNED_X509:
		return TAG_X509;
	case GIT_SIGNED_TWICE:
		return TAG_SIGNED_TWICE;
	case GIT_SIGNED_ODDLY:
		return TAG_MALFORMED;
	}
	return TAG_MALFORMED;
}

/* What the tag object says of itself. */
static enum tag_outcome
examine_tag(const struct candidate *c)
{
	const struct tag_ground *g = &c->ground;
	struct git_tag tag;

	if (c->object.len == 0 || c->object.len > TAG_OBJECT_MAX)
		return TAG_PASSED_OVER;
	if (git_tag_parse(c->object, &tag) != RB_OK)
		return TAG_MALFORMED;
	if (tag.type == GIT_TAG)
		return TAG_NESTED;
	if (tag.type != GIT_COMMIT || !g->has_commit ||
	    !git_id_equal(&tag.object, &g->commit))
		return TAG_MALFORMED;
	if (!span_equal(tag.name, c->ref))
		return TAG_OTHER_NAME;
	if (is_version_name(tag.name) && !name_is_version(tag.name, g))
		return TAG_OTHER_VERSION;
	return TAG_VALID;
}

/*
 * One signature and nothing else is in the armour: gpgv would unpack for
 * minutes what is packed there.  Without its armour gpgv cannot read another
 * than we did.
 */
static enum rb_err
open_armour(struct span armour, enum tag_outcome *out, struct buf *signature)
{
	struct buf packets = BUF_INIT;
	struct span rest, body;
	unsigned int tag = 0;
	size_t n = 0;
	enum rb_err rc;

	*out = TAG_MALFORMED;
	rc = openpgp_armour_parse(armour, "SIGNATURE", &packets);
	for (rest = buf_span(&packets); rc == RB_OK && rest.len > 0; n++) {
		rc = openpgp_packet_take(&rest, &tag, &body);
		if (rc == RB_OK && tag != OPENPGP_SIGNATURE)
			rc = RB_EFORMAT;
	}
	if (rc == RB_OK && n > 1)
		*out = TAG_SIGNED_TWICE;
	if (rc == RB_OK && n == 1 &&
	    (rc = buf_put(signature, buf_span(&packets))) == RB_OK)
		*out = TAG_VALID;
	buf_clear(&packets);
	return rc == RB_EFORMAT ? RB_OK : rc;
}

typedef enum rb_err (*split_fn)(struct span object,
    enum git_signature_kind *kind, struct buf *payload, struct buf *armour);

static enum rb_err
take_apart(const struct candidate *c, split_fn split, enum tag_outcome *out,
    struct buf *payload, struct buf *signature)
{
	enum git_signature_kind kind;
	struct buf armour = BUF_INIT;
	size_t len = payload->len;
	enum rb_err rc;

	if ((rc = split(c->object, &kind, payload, &armour)) == RB_OK) {
		*out = outcome_of_kind(kind);
		if (*out == TAG_VALID)
			rc = open_armour(buf_span(&armour), out, signature);
		if (*out != TAG_VALID)
			payload->len = len;
	}
	buf_clear(&armour);
	return rc;
}

enum rb_err
tag_examine(const struct candidate *c, enum tag_outcome *out,
    struct buf *payload, struct buf *signature)
{
	enum tag_outcome outcome = TAG_MALFORMED;
	enum rb_err rc = RB_OK;

	switch (c->kind) {
	case CANDIDATE_LIGHTWEIGHT:
		outcome = TAG_LIGHTWEIGHT;
		break;
	case CANDIDATE_ABSENT:
		outcome = TAG_ABSENT;
		break;
	case CANDIDATE_TAG:
		outcome = examine_tag(c);
		if (outcome == TAG_VALID)
			rc = take_apart(c, git_tag_split, &outcome, payload,
			    signature);
		break;
	case CANDIDATE_COMMIT:
		if (c->object.len <= TAG_OBJECT_MAX &&
		    git_id_equal(&c->id, &c->ground.commit))
			rc = take_apart(c, git_commit_split, &outcome, payload,
			    signature);
		break;
	}
	*out = outcome;
	return rc;
}

/* How one candidate came out. */
struct seen {
	enum tag_outcome outcome;
	struct gpgv_detached signature;
};

static const struct span *
find_maintainer(const struct tag_rule *rule, const char *fingerprint)
{
	size_t i;

	for (i = 0; i < rule->nmaintainers; i++) {
		if (span_equal_str(rule->maintainers[i], fingerprint))
			return &rule->maintainers[i];
	}
	return NULL;
}

static enum tag_outcome
outcome_of_gpgv(const struct tag_rule *rule, const struct gpgv_detached *d)
{
	enum tag_outcome good = TAG_OTHER_KEY;

	if (find_maintainer(rule, d->signer.fingerprint) != NULL)
		good = TAG_VALID;
	switch (d->result) {
	case GPGV_GOOD:
		return good;
	case GPGV_EXPIRED_KEY:
		/* What was accepted was good at that time. */
		return rule->standing ? good : TAG_EXPIRED_KEY;
	case GPGV_WEAK:
		return TAG_WEAK_DIGEST;
	case GPGV_EXPIRED_SIGNATURE:
		return TAG_EXPIRED_SIGNATURE;
	case GPGV_REVOKED_KEY:
		return TAG_REVOKED_KEY;
	case GPGV_UNKNOWN_KEY:
		return TAG_UNKNOWN_KEY;
	case GPGV_BAD:
		return TAG_BAD_SIGNATURE;
	case GPGV_SEVERAL:
		return TAG_SIGNED_TWICE;
	case GPGV_UNCLEAR:
		return TAG_UNCLEAR;
	}
	return TAG_UNCLEAR;
}

/* One candidate and what gpgv said about it. */
static enum rb_err
see(const struct tag_rule *rule, const struct candidate *c,
    struct span *statuses, struct seen *out)
{
	struct buf payload = BUF_INIT, signature = BUF_INIT;
	struct git_id id;
	struct span status;
	uint32_t exit_status;
	bool asked;
	enum rb_err rc;

	memset(out, 0, sizeof(*out));
	if (!rule->all && !tag_ground_equal(&c->ground, &rule->ground))
		return RB_EFORMAT;
	if ((rc = take_bool(statuses, &asked)) != RB_OK ||
	    (rc = take_u32(statuses, &exit_status)) != RB_OK ||
	    (rc = take_bytes(statuses, STATUS_MAX, &status)) != RB_OK ||
	    (rc = tag_examine(c, &out->outcome, &payload, &signature)) !=
		RB_OK ||
	    out->outcome != TAG_VALID)
		goto out;
	/* What gpgv looked at must be a part of the object with this id. */
	rc = git_id_of(c->kind == CANDIDATE_COMMIT ? GIT_COMMIT : GIT_TAG,
	    c->object, &id);
	if (rc != RB_OK)
		goto out;
	if (!asked) {
		out->outcome = TAG_PASSED_OVER;
	} else if (!git_id_equal(&id, &c->id) ||
	    !span_equal(buf_span(&payload), c->payload) ||
	    !span_equal(buf_span(&signature), c->signature)) {
		rc = RB_EFORMAT;
	} else {
		gpgv_detached_read(status, exit_status, &out->signature);
		out->outcome = outcome_of_gpgv(rule, &out->signature);
	}
out:
	buf_clear(&payload);
	buf_clear(&signature);
	return rc;
}

static enum rb_err
put_outcome(const struct candidate *c, const struct seen *s, struct buf *out)
{
	enum rb_err rc;

	if ((rc = put_u8(out, (uint8_t)c->kind)) != RB_OK ||
	    (rc = put_bytes(out, c->ref)) != RB_OK ||
	    (rc = put_git_id(out, &c->id)) != RB_OK ||
	    (rc = put_u8(out, (uint8_t)s->outcome)) != RB_OK ||
	    (rc = put_text(out, s->signature.signer.fingerprint)) != RB_OK)
		return rc;
	return put_u64(out, (uint64_t)s->signature.time);
}

/* What adds up while the candidates pass by. */
struct tally {
	size_t ntags;
	bool counts[MAINTAINERS_MAX]; /* by a tag */
	bool commits[MAINTAINERS_MAX]; /* by the commit */
	bool has_tag, has_version, has_asked;
	struct candidate best; /* of has_tag */
};

static void
count(const struct tag_rule *rule, const struct candidate *c,
    const struct seen *s, struct tally *t)
{
	const struct span *who;
	bool is_asked;

	if (c->kind != CANDIDATE_COMMIT)
		t->ntags++;
	if (s->outcome != TAG_VALID)
		return;
	who = find_maintainer(rule, s->signature.signer.fingerprint);
	if (c->kind == CANDIDATE_COMMIT) {
		t->commits[who - rule->maintainers] = true;
		return;
	}
	t->counts[who - rule->maintainers] = true;
	is_asked = span_equal(c->ref, rule->asked);
	/* Version tags come first; one that was asked for goes before them. */
	if (!t->has_tag || (is_asked && !t->has_asked))
		t->best = *c;
	t->has_tag = true;
	if (is_version_name(c->ref))
		t->has_version = true;
	if (is_asked)
		t->has_asked = true;
}

/*
 * The version that is compared with the one accepted before: what the tree
 * says, or where it says nothing, what its tag does; as tag_verify has it.
 */
static enum rb_err
put_version(const struct tag_rule *rule, const struct tally *t, struct buf *out)
{
	const struct tag_ground *g = &rule->ground;
	enum rb_err rc = RB_OK;

	if (g->version.len != 0) {
		if ((rc = buf_put(out, g->version)) == RB_OK &&
		    g->release.len != 0 &&
		    (rc = buf_put_str(out, "-")) == RB_OK)
			rc = buf_put(out, g->release);
	} else if (!g->has_version && t->has_tag &&
	    is_version_name(t->best.ref))
		rc = buf_put(out,
		    span_of(t->best.ref.p + 1, t->best.ref.len - 1));
	return rc;
}

/*
 * Whether the version is lower than the one accepted before.  One that had a
 * version, and has none that can be compared, is.
 */
static enum rb_err
is_lower(const struct tag_rule *rule, const struct tally *t, bool *out)
{
	struct buf b = BUF_INIT;
	enum rb_err rc = RB_OK;

	*out = false;
	if (rule->accepted_version.len == 0)
		return RB_OK;
	if ((rc = put_version(rule, t, &b)) == RB_OK)
		*out = !debversion_is_valid(buf_span(&b)) ||
		    !debversion_is_valid(rule->accepted_version) ||
		    debversion_compare(buf_span(&b), rule->accepted_version) <
			0;
	buf_clear(&b);
	return rc;
}

static void
add_signers(const struct tag_rule *rule, const bool who[MAINTAINERS_MAX],
    const bool more[MAINTAINERS_MAX], struct tag_judgement *j)
{
	size_t i;

	j->nsigners = 0;
	for (i = 0; i < rule->nmaintainers; i++) {
		if (who[i] || (more != NULL && more[i]))
			j->signers[j->nsigners++] = rule->maintainers[i];
	}
}

static enum rb_err
decide(const struct tag_rule *rule, const struct tally *t,
    struct tag_judgement *j)
{
	bool lower = false, by_commit = false;
	enum rb_err rc;

	add_signers(rule, t->counts, NULL, j);
	if (j->nsigners < rule->threshold && rule->commit_suffices) {
		add_signers(rule, t->counts, t->commits, j);
		by_commit = true;
	}
	/* Of an older commit that was asked for, nothing newer is expected. */
	if (rule->asked.len == 0 && (rc = is_lower(rule, t, &lower)) != RB_OK)
		return rc;
	if (rule->asked.len == 0 && rule->relation == COMMIT_BACK)
		j->ruling = TAGS_BRANCH_BACK;
	else if (rule->asked.len == 0 && lower)
		j->ruling = TAGS_VERSION_BACK;
	else if (j->nsigners < rule->threshold)
		j->ruling = t->ntags == 0 ? TAGS_NONE : TAGS_TOO_FEW;
	else if (rule->asked.len != 0 && !t->has_asked && !by_commit)
		j->ruling = TAGS_NOT_ASKED;
	else if (rule->asked.len == 0 && rule->versions_only &&
	    !t->has_version && !by_commit)
		j->ruling = TAGS_NO_VERSION;
	else
		j->ruling = by_commit ? TAGS_COMMIT_ACCEPTED : TAGS_ACCEPTED;
	return RB_OK;
}

static enum rb_err
name_tag(const struct tally *t, struct tag_judgement *j)
{
	if ((j->ruling != TAGS_ACCEPTED && j->ruling != TAGS_COMMIT_ACCEPTED) ||
	    !t->has_tag)
		return RB_OK;
	j->tag = t->best.ref;
	j->tag_id = t->best.id;
	return digest_of(t->best.object, &j->tag_sha256);
}

enum rb_err
tag_judge(const struct tag_rule *rule, struct span candidates,
    struct span statuses, struct tag_judgement *out, struct buf *outcomes)
{
	struct tag_judgement j;
	struct candidate c;
	struct tally t;
	struct seen s;
	size_t len = outcomes->len;
	enum rb_err rc;

	memset(&j, 0, sizeof(j));
	memset(&t, 0, sizeof(t));
	j.tag = SPAN("");
	if (rule->threshold == 0 || rule->nmaintainers > MAINTAINERS_MAX)
		return RB_EFORMAT;
	while (candidates.len > 0) {
		if ((rc = candidate_take(&candidates, &c)) != RB_OK ||
		    (rc = see(rule, &c, &statuses, &s)) != RB_OK ||
		    (rc = put_outcome(&c, &s, outcomes)) != RB_OK)
			goto out;
		count(rule, &c, &s, &t);
	}
	if ((rc = take_end(statuses)) != RB_OK ||
	    (rc = decide(rule, &t, &j)) != RB_OK ||
	    (rc = name_tag(&t, &j)) != RB_OK)
		goto out;
	*out = j;
out:
	if (rc != RB_OK)
		outcomes->len = len;
	return rc;
}
