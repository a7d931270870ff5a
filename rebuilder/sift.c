/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/sift.h"

#include <stdlib.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"

#define WORDS_LIMIT 1024
#define JUDGE_SECONDS 120

static enum rb_err
add_index(struct trip *t, struct msg *m, const struct digest *index)
{
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = depot_get(t->depot, index, &fd)) == RB_OK)
		rc = ask_add_copy(m, fd);
	fd_close(&fd);
	return rc;
}

void
withheld_clear(struct withheld *w)
{
	free(w->of_archive);
	free(w->of_published);
	free(w->second);
	*w = (struct withheld)WITHHELD_INIT;
}

static enum rb_err
withheld_take(struct span in, struct withheld *w)
{
	char **const words[] = { &w->of_archive, &w->of_published, &w->second };
	uint32_t n = 0;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if ((rc = take_u32(&in, &n)) != RB_OK ||
		    (rc = take_text(&in, WORDS_LIMIT, words[i])) != RB_OK)
			return rc;
		if ((n == 0) != ((*words[i])[0] == '\0'))
			return RB_EPEER;
	}
	return take_end(in);
}

static enum rb_err
add_indices(struct trip *t, struct msg *m, const struct digest *built)
{
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = add_index(t, m, built)) != RB_OK)
		return rc;
	rc = add_index(t, m, &t->base.index.packages);
	for (i = 0; i < t->nsuites && rc == RB_OK; i++)
		rc = add_index(t, m, &t->suites[i].index.packages);
	return rc;
}

enum rb_err
sift(struct trip *t, const struct digest *built, struct digest *out,
    struct withheld *withheld)
{
	struct msg question, answer;
	int rules = -1, fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	/* Without rules nothing would be withheld. */
	if (t->overrides.len == 0)
		return RB_EINTERNAL;
	msg_init(&question, JUDGE_OVERRIDES);
	msg_init(&answer, 0);
	if ((rc = memory_file("rules", buf_span(&t->overrides), &rules)) !=
		RB_OK ||
	    (rc = depot_scratch(t->depot, &fd)) != RB_OK ||
	    (rc = ask_add_copy(&question, fd)) != RB_OK ||
	    (rc = ask_add_copy(&question, rules)) != RB_OK ||
	    (rc = add_indices(t, &question, built)) != RB_OK ||
	    (rc = ask_role("rebuilder-judge", &question, JUDGE_OVERRIDES_ARE,
		 JUDGE_SECONDS, &answer, &t->why)) != RB_OK ||
	    (rc = withheld_take(buf_span(&answer.body), withheld)) != RB_OK)
		goto out;
	rc = depot_add(t->depot, fd, out);
out:
	fd_close(&rules);
	fd_close(&fd);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}
