/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/offers.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"
#include "rebuilder/index_read.h"

#define WORDS_LIMIT 1024
#define JUDGE_SECONDS 300

static uint8_t
kind_of(const struct repository *from)
{
	switch (from->use) {
	case USE_BASE:
	case USE_PUBLISHED:
		return 0;
	case USE_OLD:
		return 1;
	case USE_BUILT:
		return 2;
	}
	return 0;
}

static enum rb_err
put_offers(const struct trip *t, const struct offers *o, struct msg *m)
{
	int fd = -1;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	for (i = 0; i < o->n; i++) {
		if ((rc = depot_get(t->depot, &o->from[i]->index.packages,
			 &fd)) != RB_OK)
			return rc;
		rc = ask_add_copy(m, fd);
		fd_close(&fd);
		if (rc != RB_OK)
			return rc;
	}
	return RB_OK;
}

static enum rb_err
put_question(struct trip *t, const struct offers *o, int pins, int out,
    struct msg *m)
{
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_text(&m->body, t->base.architecture)) != RB_OK ||
	    (rc = put_u8(&m->body, (uint8_t)o->n)) != RB_OK)
		return rc;
	for (i = 0; i < o->n; i++)
		if ((rc = put_u8(&m->body, kind_of(o->from[i]))) != RB_OK)
			return rc;
	if ((rc = ask_add_copy(m, pins)) != RB_OK ||
	    (rc = ask_add_copy(m, out)) != RB_OK)
		return rc;
	return put_offers(t, o, m);
}

/* Pins that nobody offers, and those that only our own builds do. */
struct lack {
	char *missing; /* owned, words of a sentence, "" for nothing */
	uint32_t nbuilt;
};

/* Has the judge write one index. */
static enum rb_err
merge(struct trip *t, struct offers *o, struct lack *lack)
{
	struct msg question, answer;
	struct span in;
	uint32_t n = 0;
	int pins = -1, out = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_PINS);
	msg_init(&answer, 0);
	free(lack->missing);
	lack->missing = NULL;
	if (t->buildinfo.is_known)
		rc = depot_get(t->depot, &t->buildinfo.pins, &pins);
	else
		rc = memory_file("pins", (struct span)SPAN_INIT, &pins);
	if (rc != RB_OK || (rc = depot_scratch(t->depot, &out)) != RB_OK ||
	    (rc = put_question(t, o, pins, out, &question)) != RB_OK ||
	    (rc = ask_role("rebuilder-judge", &question, JUDGE_PINS_ARE,
		 JUDGE_SECONDS, &answer, &t->why)) != RB_OK)
		goto out;
	in = buf_span(&answer.body);
	if ((rc = take_u32(&in, &n)) != RB_OK ||
	    (rc = take_text(&in, WORDS_LIMIT, &lack->missing)) != RB_OK ||
	    (rc = take_u32(&in, &lack->nbuilt)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		goto out;
	if ((n == 0) != (lack->missing[0] == '\0')) {
		rc = RB_EPEER;
		goto out;
	}
	rc = depot_add(t->depot, out, &o->packages);
out:
	fd_close(&pins);
	fd_close(&out);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

/* What we built comes last: it stands in for nothing that others have. */
static void
list_offers(const struct trip *t, size_t nold, struct offers *o)
{
	size_t i;

	o->n = 0;
	o->from[o->n++] = &t->base;
	for (i = 0; i < nold; i++)
		o->from[o->n++] = &t->old[i];
	if (t->built.name != NULL)
		o->from[o->n++] = &t->built;
}

enum rb_err
offers_make(struct trip *t, struct offers *out)
{
	const size_t nold = t->nold < OFFERS_MAX - 2 ? t->nold : OFFERS_MAX - 2;
	struct offers o = { .n = 0 };
	struct lack lack = { NULL, 0 };
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	list_offers(t, 0, &o);
	o.packages = t->base.index.packages;
	if (o.n == 1 && !t->buildinfo.is_known) {
		*out = o;
		return RB_OK;
	}
	if ((rc = merge(t, &o, &lack)) != RB_OK)
		goto out;
	if ((lack.missing[0] != '\0' || lack.nbuilt > 0) && nold > 0) {
		for (i = 0; i < nold; i++)
			if ((rc = index_read(t, &t->old[i])) != RB_OK)
				goto out;
		list_offers(t, nold, &o);
		if ((rc = merge(t, &o, &lack)) != RB_OK)
			goto out;
	}
	if (lack.missing[0] != '\0') {
		fault_set(&t->why, RB_EREFUSED,
		    "%s %s: its .buildinfo names versions that neither the "
		    "archive, nor %zu old ones, nor this node's own builds "
		    "have: %s; archive.old in node.yml names further ones, "
		    "such as debian-security",
		    t->name, t->source.version, nold, lack.missing);
		rc = trip_obstacle(t, VERDICT_UNAVAILABLE, "dependencies");
		goto out;
	}
	*out = o;
out:
	free(lack.missing);
	return rc;
}

enum rb_err
offers_origin(const struct repository *from, char **out)
{
	struct buf origin = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (from->use == USE_BUILT)
		rc = buf_put_str(&origin, "built");
	else
		rc = buf_printf(&origin, "%s/%s/%s", from->name, from->suite,
		    from->component);
	if (rc == RB_OK)
		rc = str_dup_span(buf_span(&origin), out);
	buf_clear(&origin);
	return rc;
}
