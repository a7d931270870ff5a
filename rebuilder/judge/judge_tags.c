/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the signatures on a commit suffice. */
#include "rebuilder/judge/judge.h"

#include <string.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "rebuilder/judge/git/git_tag.h"
#include "rebuilder/judge/mapping.h"
#include "rebuilder/judge/tag_rule.h"

#define RECORDS_BYTES_MAX (1024u * 1024 * 1024)
#define FINGERPRINT_LEN 40

static enum rb_err
take_maintainers(struct span *in, struct tag_rule *rule)
{
	struct span who;
	uint16_t n;
	enum rb_err rc;

	if ((rc = take_u16(in, &n)) != RB_OK)
		return rc;
	if (n > MAINTAINERS_MAX)
		return RB_ELIMIT;
	for (; rule->nmaintainers < n; rule->nmaintainers++) {
		if ((rc = take_bytes(in, FINGERPRINT_LEN, &who)) != RB_OK)
			return rc;
		if (who.len != FINGERPRINT_LEN)
			return RB_EFORMAT;
		rule->maintainers[rule->nmaintainers] = who;
	}
	return RB_OK;
}

static enum rb_err
take_rule(struct span in, struct tag_rule *rule)
{
	struct tag_ground *g = &rule->ground;
	uint8_t relation;
	enum rb_err rc;

	if ((rc = take_git_id(&in, &g->commit)) != RB_OK ||
	    (rc = take_bytes(&in, TAG_VERSION_MAX, &g->version)) != RB_OK ||
	    (rc = take_bytes(&in, TAG_VERSION_MAX, &g->release)) != RB_OK ||
	    (rc = take_bool(&in, &g->has_version)) != RB_OK ||
	    (rc = take_u8(&in, &relation)) != RB_OK ||
	    (rc = take_bytes(&in, GIT_REF_NAME_MAX, &rule->asked)) != RB_OK ||
	    (rc = take_bool(&in, &rule->versions_only)) != RB_OK ||
	    (rc = take_bool(&in, &rule->commit_suffices)) != RB_OK ||
	    (rc = take_bytes(&in, 2 * TAG_VERSION_MAX + 1,
		 &rule->accepted_version)) != RB_OK ||
	    (rc = take_bool(&in, &rule->standing)) != RB_OK ||
	    (rc = take_bool(&in, &rule->all)) != RB_OK ||
	    (rc = take_u64(&in, &rule->threshold)) != RB_OK ||
	    (rc = take_maintainers(&in, rule)) != RB_OK)
		return rc;
	if (relation > COMMIT_BACK)
		return RB_EFORMAT;
	g->has_commit = true;
	rule->relation = (enum commit_relation)relation;
	return take_end(in);
}

static enum rb_err
put_judgement(const struct tag_judgement *j, struct buf *body)
{
	enum rb_err rc;
	size_t i;

	if ((rc = put_u8(body, (uint8_t)j->ruling)) != RB_OK ||
	    (rc = put_bytes(body, j->tag)) != RB_OK ||
	    (rc = j->tag.len == 0 ? put_text(body, "") :
				    put_git_id(body, &j->tag_id)) != RB_OK ||
	    (rc = put_digest(body, &j->tag_sha256)) != RB_OK ||
	    (rc = put_u16(body, (uint16_t)j->nsigners)) != RB_OK)
		return rc;
	for (i = 0; i < j->nsigners; i++) {
		if ((rc = put_bytes(body, j->signers[i])) != RB_OK)
			return rc;
	}
	return RB_OK;
}

/* fds: candidates, statuses, out outcomes. */
static enum rb_err
read_tags(const struct tag_rule *rule, const int fds[3], struct buf *body,
    struct fault *why)
{
	struct mapping candidates = MAPPING_INIT, statuses = MAPPING_INIT;
	struct buf outcomes = BUF_INIT;
	struct tag_judgement j;
	enum rb_err rc;

	if ((rc = mapping_open_file(fds[0], RECORDS_BYTES_MAX, &candidates)) !=
		RB_OK ||
	    (rc = mapping_open_file(fds[1], RECORDS_BYTES_MAX, &statuses)) !=
		RB_OK)
		goto out;
	rc = tag_judge(rule, candidates.bytes, statuses.bytes, &j, &outcomes);
	if (rc != RB_OK) {
		if (rc == RB_EFORMAT)
			fault_set(why, rc,
			    "tags and what gpgv said of them do not belong "
			    "together");
		if (rc == RB_EREFUSED)
			fault_set(why, rc,
			    "a tag object was made for a SHA-1 collision");
		goto out;
	}
	if ((rc = file_write_fd(fds[2], buf_span(&outcomes))) == RB_OK)
		rc = put_judgement(&j, body);
out:
	mapping_close(&candidates);
	mapping_close(&statuses);
	buf_clear(&outcomes);
	return rc;
}

enum rb_err
judge_tags(void *self, unsigned int *state, int sock, struct msg *question)
{
	struct fault why = FAULT_INIT;
	struct tag_rule rule;
	struct msg answer;
	enum rb_err rc;

	(void)self;
	*state = DONE;
	if (question->nfds != 3)
		return RB_EFORMAT;
	memset(&rule, 0, sizeof(rule));
	if ((rc = take_rule(buf_span(&question->body), &rule)) != RB_OK)
		return rc;
	msg_init(&answer, JUDGE_TAGS_ARE);
	rc = read_tags(&rule, question->fds, &answer.body, &why);
	rc = judge_answer(sock, rc, &why, &answer);
	msg_clear(&answer);
	return rc;
}
