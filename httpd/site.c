/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "httpd/site.h"

#include <stdlib.h>

#include "common/base/note.h"
#include "httpd/build.h"
#include "httpd/evidence.h"
#include "httpd/release_table.h"
#include "httpd/style.h"
#include "httpd/tile.h"

#define HTML "text/html; charset=utf-8"
#define TEXT "text/plain; charset=utf-8"
#define JSON "application/json"
#define BYTES "application/octet-stream"
#define METRICS "text/plain; version=0.0.4; charset=utf-8"

enum rb_err
site_refuse(struct site *s, const struct request *rq, unsigned int status,
    const char *why, struct answer *out)
{
	struct page p = PAGE_INIT;
	enum rb_err rc;

	buf_clear(&out->body);
	out->status = status;
	out->life = ANSWER_NEVER_KEEP;
	out->coding = CODING_NONE;
	out->is_tagged = false;
	out->is_page = rq->takes_html;
	if (!rq->takes_html) {
		out->type = TEXT;
		return buf_printf(&out->body, "%u: %s.\n", status, why);
	}
	out->type = HTML;
	page_error(&p, &s->about, status, why);
	rc = p.rc;
	if (rc == RB_OK) {
		out->body = p.out;
		p.out = (struct buf)BUF_INIT; /* now the answer's */
	}
	page_clear(&p);
	return rc;
}

static enum rb_err
page_answer(struct site *s, const struct view *v, const struct route *r,
    struct answer *out, struct fault *why)
{
	struct page p = PAGE_INIT;
	struct about about = s->about;
	enum rb_err rc = RB_OK;

	about.has_release = s->catalog != NULL && news_has_release(&s->news);
	switch (r->kind) {
	case ROUTE_PACKAGE:
		rc = page_package(&p, &about, v, r, why);
		break;
	case ROUTE_BUILD:
		rc = page_build(&p, &about, v, r->index, why);
		break;
	case ROUTE_BEFORE:
		page_dashboard(&p, &about, v, r->index);
		break;
	default: /* ROUTE_DASHBOARD */
		page_dashboard(&p, &about, v, UINT64_MAX);
		break;
	}
	if (rc == RB_OK)
		rc = p.rc;
	if (rc == RB_OK) {
		out->type = HTML;
		out->is_page = true;
		out->life = ANSWER_ASK_AGAIN;
		out->body = p.out;
		p.out = (struct buf)BUF_INIT; /* now the answer's */
	}
	page_clear(&p);
	return rc;
}

static enum rb_err
batch_answer(const struct view *v, struct span body, struct answer *out,
    struct fault *why)
{
	struct digest *digests = NULL;
	size_t n = 0;
	enum rb_err rc = RB_ENOMEM;

	digests = calloc(EVIDENCE_DIGESTS_MAX, sizeof(*digests));
	if (digests == NULL)
		goto out;
	if ((rc = batch_parse(body, digests, &n, why)) != RB_OK)
		goto out;
	out->type = JSON;
	rc = evidence_for_digests(v, digests, n, &out->body, why);
out:
	free(digests);
	return rc;
}

static enum rb_err
put_span(struct answer *out, const char *type, enum answer_life life,
    struct span bytes)
{
	out->type = type;
	out->life = life;
	return buf_put(&out->body, bytes);
}

static enum rb_err
node_answer(const struct view *v, struct answer *out)
{
	struct span json;
	enum rb_err rc;

	if ((rc = store_node_json(v->txn, &json)) != RB_OK)
		return rc;
	return put_span(out, JSON, ANSWER_ASK_AGAIN, json);
}

static enum rb_err
checkpoint_answer(const struct view *v, struct answer *out)
{
	if (v->note.len == 0)
		return RB_ENOTFOUND;
	return put_span(out, TEXT, ANSWER_ASK_AGAIN, v->note);
}

/* The page or its JSON, of what rebuilder tells and the log says. */
static enum rb_err
release_answer(struct site *s, const struct view *v, const struct route *r,
    struct answer *out, struct fault *why)
{
	struct page p = PAGE_INIT;
	struct release_doc doc;
	struct release_table t = { &doc, s->catalog, v };
	enum rb_err rc = RB_ENOTFOUND;

	release_doc_init(&doc);
	if (s->catalog != NULL)
		rc = news_release(&s->news, &doc, why);
	if (rc == RB_ENOTFOUND)
		fault_set(why, rc, "this node watches no release");
	if (rc != RB_OK)
		goto out;
	out->life = ANSWER_ASK_AGAIN;
	catalog_lock(s->catalog);
	if (r->kind == ROUTE_RELEASE) {
		page_release(&p, &s->about, &t);
		rc = p.rc;
	} else {
		rc = release_table_json(&t, &out->body);
	}
	catalog_unlock(s->catalog);
	out->type = r->kind == ROUTE_RELEASE ? HTML : JSON;
	if (rc == RB_OK && r->kind == ROUTE_RELEASE) {
		out->is_page = true;
		out->body = p.out;
		p.out = (struct buf)BUF_INIT; /* now the answer's */
	}
out:
	page_clear(&p);
	release_doc_clear(&doc);
	return rc;
}

static enum rb_err
metrics_answer(struct site *s, const struct view *v, struct answer *out)
{
	struct status status;
	struct fault why = FAULT_INIT;
	enum rb_err rc = RB_EINTERNAL;

	out->type = METRICS;
	if ((rc = metrics_write(&s->metrics, v, &out->body)) != RB_OK)
		return rc;
	/* Without news there is no such number: that is what alerts are for. */
	rc = news_status(&s->news, &status, &why);
	if (rc == RB_OK)
		return metrics_write_status(&status, &out->body);
	return rc == RB_ENOMEM ? rc : RB_OK;
}

static enum rb_err
route_answer(struct site *s, const struct view *v, const struct route *r,
    const struct request *rq, struct answer *out, struct fault *why)
{
	switch (r->kind) {
	case ROUTE_DASHBOARD:
	case ROUTE_BEFORE:
	case ROUTE_PACKAGE:
	case ROUTE_BUILD:
		return page_answer(s, v, r, out, why);
	case ROUTE_BUILD_LOG:
	case ROUTE_BUILD_DIFFERENCE:
	case ROUTE_BUILD_ENVELOPE:
	case ROUTE_BUILD_PROOF:
	case ROUTE_INPUTS:
		return build_answer(v, r, rq->takes_zstd, out, why);
	case ROUTE_NODE:
		return node_answer(v, out);
	case ROUTE_EVIDENCE_BATCH:
		return batch_answer(v, rq->body, out, why);
	case ROUTE_EVIDENCE_FILE:
	case ROUTE_EVIDENCE_PREFIX:
	case ROUTE_EVIDENCE_PACKAGE:
	case ROUTE_EVIDENCE_PACKAGE_PREFIX:
		out->type = JSON;
		out->life = ANSWER_ASK_AGAIN;
		return evidence_for_route(v, r, &out->body, why);
	case ROUTE_CHECKPOINT:
		return checkpoint_answer(v, out);
	case ROUTE_TILE:
		out->type = BYTES;
		out->life = ANSWER_KEEP;
		return tile_hashes(v, r, &out->body);
	case ROUTE_ENTRIES:
		out->type = BYTES;
		out->life = ANSWER_KEEP;
		return tile_entries(v, r, &out->body);
	case ROUTE_METRICS:
		return metrics_answer(s, v, out);
	case ROUTE_RELEASE:
	case ROUTE_RELEASE_JSON:
		return release_answer(s, v, r, out, why);
	case ROUTE_STYLE:
		return put_span(out, "text/css; charset=utf-8",
		    ANSWER_KEEP_HOUR, span_of(style_css, style_css_len));
	}
	return RB_EINTERNAL;
}

static const char *
methods_of(const struct route *r)
{
	return r->kind == ROUTE_EVIDENCE_BATCH ? "POST" : "GET, HEAD";
}

static bool
method_fits(const struct route *r, enum method m)
{
	if (r->kind == ROUTE_EVIDENCE_BATCH)
		return m == METHOD_POST;
	return m == METHOD_GET || m == METHOD_HEAD;
}

/* Status and sentence for what went wrong; NULL: the fault's own. */
static unsigned int
status_of(enum rb_err rc, const char **words)
{
	*words = NULL;
	switch (rc) {
	case RB_OK:
		return 200;
	case RB_EFORMAT:
	case RB_ELIMIT:
		return 400;
	case RB_ENOTFOUND:
		*words = "there is nothing at this path";
		return 404;
	case RB_ESTALE:
		return 503;
	default:
		*words = "this node cannot read its own store now; its "
			 "operator's notes say why";
		return 500;
	}
}

enum rb_err
site_answer(struct site *s, const struct request *rq, struct answer *out)
{
	struct view v = VIEW_INIT;
	struct fault why = FAULT_INIT;
	struct route r;
	const char *words;
	unsigned int status;
	enum rb_err rc;

	rc = route_parse(rq->target, &r, &why);
	if (rc == RB_OK && !method_fits(&r, rq->method)) {
		out->allow = methods_of(&r);
		return site_refuse(s, rq, 405,
		    "this path answers other methods (see Allow)", out);
	}
	if (rc == RB_ELIMIT)
		return site_refuse(s, rq, 414, why.text, out);
	/* From here on a wrong value is ours, unless a sentence says more. */
	if (rc == RB_OK && (rc = view_open(s->store, &v)) == RB_OK) {
		rc = route_answer(s, &v, &r, rq, out, &why);
		if (rc == RB_EFORMAT && why.text[0] == '\0')
			rc = RB_EINTERNAL;
	}
	view_close(&v);

	status = status_of(rc, &words);
	if (status == 500)
		note(NOTE_ERROR, "answering %.*s: %s", (int)rq->target.len,
		    (const char *)rq->target.p, err_name(rc));
	if (rc != RB_OK)
		return site_refuse(s, rq, status,
		    why.text[0] != '\0' ? why.text : words, out);
	out->status = 200;
	return answer_finish(out, rq);
}
