/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Qubes says about its sources: release files. */
#include "rebuilder/judge/judge.h"

#include <string.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "rebuilder/judge/mapping.h"
#include "rebuilder/judge/release_file.h"

static enum rb_err
put_names(struct buf *records, const struct release_entries *e)
{
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	for (i = 0; i < e->n; i++)
		if ((rc = put_bytes(records, e->list[i].name)) != RB_OK)
			return rc;
	return RB_OK;
}

static enum rb_err
put_component(struct buf *records, const struct release_component *c)
{
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if ((rc = put_bytes(records, c->name)) != RB_OK ||
	    (rc = put_text(records, c->url)) != RB_OK ||
	    (rc = put_bytes(records, c->branch)) != RB_OK ||
	    (rc = put_u8(records, (uint8_t)c->nmaintainers)) != RB_OK)
		return rc;
	for (i = 0; i < c->nmaintainers; i++)
		if ((rc = put_bytes(records, c->maintainers[i])) != RB_OK)
			return rc;
	if ((rc = put_u64(records, c->min_distinct)) != RB_OK ||
	    (rc = put_u8(records, (uint8_t)c->mode)) != RB_OK ||
	    (rc = put_u8(records, c->versions_only ? 1 : 0)) != RB_OK ||
	    (rc = put_u8(records, c->packages ? 1 : 0)) != RB_OK)
		return rc;
	return put_u64(records, c->timeout);
}

static enum rb_err
put_notes(struct buf *records, const struct buf *notes, uint32_t *n)
{
	struct span in = buf_span(notes), line = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;

	for (*n = 0; in.len != 0; (*n)++)
		if ((rc = span_take_line(&in, &line)) != RB_OK ||
		    (rc = put_bytes(records, line)) != RB_OK)
			return rc;
	return RB_OK;
}

static enum rb_err
put_release(struct buf *body, struct buf *records, const struct release_file *r)
{
	uint32_t nnotes = 0;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if ((rc = put_names(records, &r->distributions)) != RB_OK ||
	    (rc = put_names(records, &r->templates)) != RB_OK)
		return rc;
	for (i = 0; i < r->ncomponents; i++)
		if ((rc = put_component(records, &r->components[i])) != RB_OK)
			return rc;
	if ((rc = put_notes(records, &r->notes, &nnotes)) != RB_OK ||
	    (rc = put_text(body, "")) != RB_OK ||
	    (rc = put_bytes(body, r->name)) != RB_OK ||
	    (rc = put_u32(body, (uint32_t)r->distributions.n)) != RB_OK ||
	    (rc = put_u32(body, (uint32_t)r->templates.n)) != RB_OK ||
	    (rc = put_u32(body, (uint32_t)r->ncomponents)) != RB_OK)
		return rc;
	return put_u32(body, nnotes);
}

static enum rb_err
put_lacking(struct buf *body, const char *name)
{
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if ((rc = put_text(body, name)) != RB_OK ||
	    (rc = put_text(body, "")) != RB_OK)
		return rc;
	for (i = 0; i < 4; i++)
		if ((rc = put_u32(body, 0)) != RB_OK)
			return rc;
	return RB_OK;
}

static enum rb_err
read_release_file(const struct release_input *files, size_t n, int records_fd,
    struct buf *body, struct fault *why)
{
	struct release_file r = RELEASE_FILE_INIT;
	struct buf records = BUF_INIT;
	char lacking[RELEASE_NAME_MAX + 1] = "";
	enum rb_err rc = RB_EINTERNAL;

	rc = release_file_read(files, n, &r, lacking, why);
	if (rc == RB_ENOTFOUND && lacking[0] != '\0') {
		rc = put_lacking(body, lacking);
		goto out;
	}
	if (rc != RB_OK)
		goto out;
	if ((rc = put_release(body, &records, &r)) != RB_OK)
		goto out;
	rc = file_write_fd(records_fd, buf_span(&records));
out:
	release_file_clear(&r);
	buf_clear(&records);
	return rc;
}

enum rb_err
judge_release_file(void *self, unsigned int *state, int sock,
    struct msg *question)
{
	struct mapping maps[RELEASE_FILES_MAX];
	struct release_input files[RELEASE_FILES_MAX];
	struct span in = buf_span(&question->body);
	struct fault why = FAULT_INIT;
	struct msg answer;
	uint8_t n = 0, i;
	enum rb_err rc = RB_EINTERNAL;

	(void)self;
	*state = DONE;
	for (i = 0; i < RELEASE_FILES_MAX; i++)
		maps[i] = (struct mapping)MAPPING_INIT;
	msg_init(&answer, JUDGE_RELEASE_FILE_IS);
	if ((rc = take_u8(&in, &n)) != RB_OK)
		goto out;
	if (n == 0 || n > RELEASE_FILES_MAX ||
	    question->nfds != (size_t)n + 1) {
		rc = RB_EFORMAT;
		goto out;
	}
	for (i = 0; i < n; i++) {
		if ((rc = take_bytes(&in, RELEASE_NAME_MAX, &files[i].name)) !=
		    RB_OK)
			goto out;
		rc = mapping_open_file(question->fds[i], YAML_FILE_MAX,
		    &maps[i]);
		if (rc == RB_ELIMIT)
			rc = fault_set(&why, RB_ELIMIT,
			    "%.*s: longer than %d bytes",
			    (int)files[i].name.len,
			    (const char *)files[i].name.p, YAML_FILE_MAX);
		if (rc != RB_OK)
			break;
		files[i].bytes = maps[i].bytes;
	}
	if (rc == RB_OK && (rc = take_end(in)) != RB_OK)
		goto out;
	if (rc == RB_OK)
		rc = read_release_file(files, n, question->fds[n], &answer.body,
		    &why);
	rc = judge_answer(sock, rc, &why, &answer);
out:
	for (i = 0; i < RELEASE_FILES_MAX; i++)
		mapping_close(&maps[i]);
	msg_clear(&answer);
	return rc;
}
