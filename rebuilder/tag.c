/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/tag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/file.h"
#include "rebuilder/keyring.h"
#include "rebuilder/tag_parts.h"
#include "rebuilder/tag_signatures.h"

#define EVIDENCE_MAX (257u * 1024 * 1024)

void
tagged_init(struct tagged *t)
{
	memset(t, 0, sizeof(*t));
}

void
tagged_clear(struct tagged *t)
{
	size_t i;

	free(t->version);
	free(t->tag);
	for (i = 0; i < t->nsigners; i++)
		free(t->signers[i]);
	for (i = 0; i < t->nseen; i++) {
		free(t->seen[i].ref);
		free(t->seen[i].primary);
	}
	free(t->seen);
	for (i = 0; i < t->nsubmodules; i++)
		free(t->submodules[i].path);
	free(t->submodules);
	buf_clear(&t->builder);
	tagged_init(t);
}

bool
tagged_is_accepted(const struct tagged *t)
{
	return t->ruling == TAGS_ACCEPTED || t->ruling == TAGS_COMMIT_ACCEPTED;
}

/* The tree's version, or what a `v` tag says where the tree says nothing. */
static enum rb_err
set_version(const struct tag_ground *g, struct tagged *t)
{
	struct buf b = BUF_INIT;
	enum rb_err rc = RB_OK;

	if (g->version[0] != '\0') {
		rc = buf_put_str(&b, g->version);
		if (rc == RB_OK && g->release[0] != '\0')
			rc = buf_printf(&b, "-%s", g->release);
	} else if (g->has_version == 0 && t->tag != NULL && t->tag[0] == 'v')
		rc = buf_put_str(&b, t->tag + 1);
	if (rc == RB_OK)
		rc = str_dup_span(buf_span(&b), &t->version);
	buf_clear(&b);
	return rc;
}

#define SHOWN_MAX 3
#define SHOWN_LEN 256

/* What kept the first of them from counting. */
static void
show_outcomes(const struct tagged *t, char out[SHOWN_LEN])
{
	const struct tag_seen *s;
	size_t i, n = 0, len = 0;
	int r;

	out[0] = '\0';
	for (i = 0; i < t->nseen && n < SHOWN_MAX; i++) {
		s = &t->seen[i];
		if (s->outcome == TAG_VALID)
			continue;
		r = snprintf(out + len, SHOWN_LEN - len, "%s%.60s (%s)",
		    n++ == 0 ? ": " : ", ",
		    s->kind == CANDIDATE_COMMIT ? "the commit" : s->ref,
		    tag_outcome_name(s->outcome));
		if (r < 0 || (size_t)r >= SHOWN_LEN - len)
			return;
		len += (size_t)r;
	}
}

/* Why it was not accepted, in words. */
static void
explain(const struct tag_question *q, const struct tagged *t, struct fault *why)
{
	char shown[SHOWN_LEN];

	switch (t->ruling) {
	case TAGS_ACCEPTED:
	case TAGS_COMMIT_ACCEPTED:
		return;
	case TAGS_NONE:
		fault_set(why, RB_ESIG,
		    "%s: commit %s has no tag; did the signer forget it?",
		    q->component, t->commit);
		return;
	case TAGS_TOO_FEW:
		show_outcomes(t, shown);
		fault_set(why, RB_ESIG,
		    "%s: commit %s is signed by %zu of the maintainers, and "
		    "%llu must have signed; %zu tags and signatures were "
		    "looked at%s",
		    q->component, t->commit, t->nsigners,
		    (unsigned long long)q->threshold, t->nseen, shown);
		return;
	case TAGS_NO_VERSION:
		show_outcomes(t, shown);
		fault_set(why, RB_ESIG,
		    "%s: commit %s has no valid tag of its version, only "
		    "others%s",
		    q->component, t->commit, shown);
		return;
	case TAGS_NOT_ASKED:
		fault_set(why, RB_ESIG, "%s: tag %s itself is not valid",
		    q->component, q->tag);
		return;
	case TAGS_BRANCH_BACK:
		fault_set(why, RB_ESTALE,
		    "%s: branch %s was moved back: commit %s does not go back "
		    "to %s, which was accepted before",
		    q->component, q->branch, t->commit, q->accepted);
		return;
	case TAGS_VERSION_BACK:
		fault_set(why, RB_ESTALE,
		    "%s: version %s is lower than %s, which was accepted "
		    "before",
		    q->component, t->version, q->accepted_version);
		return;
	}
}

static enum rb_err
check_question(const struct tag_question *q, struct fault *why)
{
	if (q->unchecked)
		return fault_set(why, RB_EREFUSED,
		    "%s: its checks are switched off; such a component is "
		    "never verified",
		    q->component);
	if (q->threshold == 0 || q->nmaintainers == 0 ||
	    q->nmaintainers > TAG_SIGNERS_MAX)
		return fault_set(why, RB_EREFUSED,
		    "%s: from 1 to %d maintainers must be listed, and at "
		    "least 1 must sign",
		    q->component, TAG_SIGNERS_MAX);
	return RB_OK;
}

/* gpgv, then the rule. */
static enum rb_err
judge(const struct tag_question *q, const struct tag_ground *g,
    enum tag_purpose purpose, struct tagged *t, struct fault *why)
{
	struct buf statuses = BUF_INIT;
	int keyring = -1;
	enum rb_err rc;

	if ((rc = keyring_make(q->keys, q->maintainers, q->nmaintainers,
		 &keyring, why)) == RB_OK &&
	    (rc = tag_signatures(keyring, buf_span(&g->candidates), &statuses,
		 why)) == RB_OK)
		rc = tag_ask_rule(q, g, buf_span(&statuses), purpose, t, why);
	fd_close(&keyring);
	buf_clear(&statuses);
	return rc;
}

enum rb_err
tag_verify(const struct tag_question *q, const struct tag_refs *refs, int pack,
    struct depot *depot, struct tagged *out, struct fault *why)
{
	struct tag_ground g;
	struct tagged t;
	int index = -1;
	enum rb_err rc = RB_EINTERNAL;

	memset(&g, 0, sizeof(g));
	tagged_init(&t);
	if ((rc = check_question(q, why)) != RB_OK ||
	    (rc = tag_output(&index)) != RB_OK ||
	    (rc = tag_ask_commit(q, refs, false, pack, index, &g, why)) !=
		RB_OK ||
	    (rc = judge(q, &g, TAG_TO_ACCEPT, &t, why)) != RB_OK)
		goto out;
	memcpy(t.commit, g.commit, sizeof(t.commit));
	t.commit_time = (int64_t)g.time;
	t.relation = (enum commit_relation)g.relation;
	t.threshold = q->threshold;
	t.verified = (int64_t)time(NULL);
	if ((rc = set_version(&g, &t)) != RB_OK)
		goto out;
	if (tagged_is_accepted(&t) &&
	    ((rc = tag_evidence_keep(&g, depot, &t.evidence)) != RB_OK ||
		(rc = tag_add_tree(&g, pack, index, depot, &t, why)) != RB_OK))
		goto out;
	explain(q, &t, why);

	*out = t;
	tagged_init(&t); /* now the caller's */
out:
	tagged_clear(&t);
	tag_ground_clear(&g);
	fd_close(&index);
	return rc;
}

enum rb_err
tag_count(const struct tag_question *q, const struct tag_refs *refs, int pack,
    struct tagged *out, struct fault *why)
{
	struct tag_question all = *q;
	struct tag_ground g;
	struct tagged t;
	int index = -1;
	enum rb_err rc = RB_EINTERNAL;

	memset(&g, 0, sizeof(g));
	tagged_init(&t);
	/* No commit is chosen but the branch's head, which always is there. */
	all.tag = all.accepted = all.accepted_version = NULL;
	all.versions_only = all.commit_suffices = false;
	if ((rc = check_question(q, why)) != RB_OK ||
	    (rc = tag_output(&index)) != RB_OK ||
	    (rc = tag_ask_commit(&all, refs, true, pack, index, &g, why)) !=
		RB_OK ||
	    (rc = judge(&all, &g, TAG_TO_COUNT, &t, why)) != RB_OK)
		goto out;
	t.ruling = TAGS_NONE;

	*out = t;
	tagged_init(&t); /* now the caller's */
out:
	tagged_clear(&t);
	tag_ground_clear(&g);
	fd_close(&index);
	return rc;
}

enum rb_err
tag_stands(const struct tag_question *q, const struct digest *evidence,
    struct depot *depot, bool *out, struct fault *why)
{
	struct tag_question standing = *q;
	struct buf kept = BUF_INIT;
	struct tag_ground g;
	struct tagged t;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	memset(&g, 0, sizeof(g));
	tagged_init(&t);
	/* Only about the signatures. */
	standing.tag = standing.accepted = standing.accepted_version = NULL;
	standing.versions_only = false;
	if ((rc = check_question(q, why)) != RB_OK ||
	    (rc = depot_get(depot, evidence, &fd)) != RB_OK ||
	    (rc = file_read_fd(fd, EVIDENCE_MAX, &kept)) != RB_OK ||
	    (rc = tag_evidence_take(buf_span(&kept), &g)) != RB_OK)
		goto out;
	if ((rc = judge(&standing, &g, TAG_STANDING, &t, why)) != RB_OK) {
		/* Evidence that is there is not evidence that is gone. */
		if (rc == RB_ENOTFOUND)
			rc = RB_EREFUSED;
		goto out;
	}
	memcpy(t.commit, g.commit, sizeof(t.commit));
	explain(&standing, &t, why);
	*out = tagged_is_accepted(&t);
out:
	tagged_clear(&t);
	tag_ground_clear(&g);
	buf_clear(&kept);
	fd_close(&fd);
	return rc;
}
