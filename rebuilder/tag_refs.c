/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a git server lists. */
#include "rebuilder/tag_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/file.h"
#include "rebuilder/ask.h"

#define JUDGE_SECONDS 120
#define RECORDS_MAX (64u * 1024 * 1024)
#define NAME_LIMIT 255

void
tag_refs_clear(struct tag_refs *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		free(r->list[i].name);
	free(r->list);
	fd_close(&r->records);
	*r = (struct tag_refs)TAG_REFS_INIT;
}

/* The records of `n` tags, as the judge wrote them. */
static enum rb_err
take_records(struct span in, uint32_t n, struct tag_refs *r)
{
	struct tag_ref *ref;
	enum rb_err rc;

	if (n > in.len) /* each is longer than a byte */
		return RB_EPEER;
	r->list = calloc((size_t)n + 1, sizeof(*r->list));
	if (r->list == NULL)
		return RB_ENOMEM;
	while (r->n < n) {
		ref = &r->list[r->n];
		if ((rc = take_text(&in, NAME_LIMIT, &ref->name)) != RB_OK)
			return rc;
		r->n++; /* the name is owned from here on */
		if ((rc = tag_take_id(&in, ref->id)) != RB_OK ||
		    (rc = tag_take_id(&in, ref->peeled)) != RB_OK)
			return rc;
		if (r->n > 1 && strcmp(ref[-1].name, ref->name) >= 0)
			return RB_EPEER;
	}
	return take_end(in);
}

static enum rb_err
take_refs(struct span body, struct tag_refs *r)
{
	struct buf records = BUF_INIT;
	uint32_t n = 0;
	enum rb_err rc;

	if ((rc = tag_take_id(&body, r->head)) != RB_OK ||
	    (rc = take_u32(&body, &n)) != RB_OK ||
	    (rc = take_u32(&body, &r->nskipped)) != RB_OK ||
	    (rc = take_end(body)) != RB_OK)
		return rc;
	if (r->head[0] == '\0')
		return RB_EPEER;
	if (lseek(r->records, 0, SEEK_SET) != 0)
		return RB_EIO;
	if ((rc = file_read_fd(r->records, RECORDS_MAX, &records)) == RB_OK)
		rc = take_records(buf_span(&records), n, r);
	buf_clear(&records);
	return rc;
}

enum rb_err
tag_refs(int fd, const struct tag_question *q, struct tag_refs *out,
    struct fault *why)
{
	struct tag_refs r = TAG_REFS_INIT;
	struct msg question, answer;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_REFS);
	msg_init(&answer, 0);
	r.records = memfd_create("refs", MFD_CLOEXEC);
	if (r.records == -1) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = put_text(&question.body, q->branch)) != RB_OK ||
	    (rc = ask_add_copy(&question, fd)) != RB_OK ||
	    (rc = ask_add_copy(&question, r.records)) != RB_OK ||
	    (rc = ask_role("rebuilder-judge", &question, JUDGE_REFS_ARE,
		 JUDGE_SECONDS, &answer, why)) != RB_OK ||
	    (rc = take_refs(buf_span(&answer.body), &r)) != RB_OK)
		goto out;

	*out = r;
	r = (struct tag_refs)TAG_REFS_INIT; /* now the caller's */
out:
	tag_refs_clear(&r);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

const struct tag_ref *
tag_refs_find(const struct tag_refs *r, const char *name)
{
	size_t low = 0, high = r->n, middle;
	int c;

	while (low < high) {
		middle = low + (high - low) / 2;
		c = strcmp(r->list[middle].name, name);
		if (c == 0)
			return &r->list[middle];
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

enum tag_change
tag_refs_change(const struct tag_refs *r, const char *name, const char *id)
{
	const struct tag_ref *ref = tag_refs_find(r, name);

	if (ref == NULL)
		return TAG_VANISHED;
	return strcmp(ref->id, id) == 0 ? TAG_STAYS : TAG_REWRITTEN;
}
