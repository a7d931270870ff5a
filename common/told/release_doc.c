/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/told/release_doc.h"

#include <stdlib.h>
#include <string.h>

#include "common/attest/json.h"

void
release_doc_init(struct release_doc *d)
{
	memset(d, 0, sizeof(*d));
}

static void
texts_clear(char ***list, size_t *n)
{
	while (*n > 0)
		free((*list)[--*n]);
	free(*list);
	*list = NULL;
}

static void
component_clear(struct release_component *c)
{
	free(c->name);
	free(c->tag);
	free(c->state);
	free(c->note);
	texts_clear(&c->alarms, &c->nalarms);
	while (c->nbuilds > 0) {
		c->nbuilds--;
		free(c->builds[c->nbuilds].distribution);
		free(c->builds[c->nbuilds].state);
		free(c->builds[c->nbuilds].note);
	}
	free(c->builds);
}

void
release_doc_clear(struct release_doc *d)
{
	free(d->name);
	texts_clear(&d->distributions, &d->ndistributions);
	while (d->ncomponents > 0)
		component_clear(&d->components[--d->ncomponents]);
	free(d->components);
	release_doc_init(d);
}

enum rb_err
release_text(const char *text, char **out)
{
	char shown[RELEASE_TEXT_MAX + 1];
	size_t i;

	text_show(text, shown, sizeof(shown));
	for (i = 0; shown[i] != '\0'; i++) {
		if (shown[i] == '"')
			shown[i] = '\'';
		if (shown[i] == '\\')
			shown[i] = '/';
	}
	*out = strdup(i == 0 ? "-" : shown);
	return *out == NULL ? RB_ENOMEM : RB_OK;
}

static enum rb_err
put_text(struct buf *out, const char *text)
{
	char *shown = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = release_text(text, &shown)) == RB_OK)
		rc = json_put_text(out, span_of_str(shown), RELEASE_TEXT_MAX);
	free(shown);
	return rc;
}

/* `before` is what stands between it and the member before. */
static enum rb_err
put_member(struct buf *out, const char *before, const char *text)
{
	enum rb_err rc = buf_put_str(out, before);

	if (rc != RB_OK)
		return rc;
	return text == NULL ? buf_put_str(out, "null") : put_text(out, text);
}

static enum rb_err
put_texts(struct buf *out, const char *before, char *const *list, size_t n,
    size_t max)
{
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if (n > max)
		return RB_ELIMIT;
	if ((rc = buf_put_str(out, before)) != RB_OK)
		return rc;
	for (i = 0; i < n && rc == RB_OK; i++)
		rc = put_member(out, i == 0 ? "" : ",", list[i]);
	return rc == RB_OK ? buf_put_str(out, "]") : rc;
}

static enum rb_err
put_builds(struct buf *out, const struct release_component *c)
{
	const struct release_build *b;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if (c->nbuilds > RELEASE_DISTRIBUTIONS_MAX)
		return RB_ELIMIT;
	if ((rc = buf_put_str(out, ",\"builds\":[")) != RB_OK)
		return rc;
	for (i = 0; i < c->nbuilds; i++) {
		b = &c->builds[i];
		if ((rc = put_member(out,
			 i == 0 ? "{\"distribution\":" : ",{\"distribution\":",
			 b->distribution)) != RB_OK ||
		    (rc = put_member(out, ",\"state\":", b->state)) != RB_OK ||
		    (rc = put_member(out, ",\"note\":", b->note)) != RB_OK ||
		    (rc = buf_put_str(out, "}")) != RB_OK)
			return rc;
	}
	return buf_put_str(out, "]");
}

static enum rb_err
put_component(struct buf *out, const char *before,
    const struct release_component *c)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_put_str(out, before)) != RB_OK ||
	    (rc = put_member(out, "{\"name\":", c->name)) != RB_OK ||
	    (rc = put_member(out, ",\"tag\":", c->tag)) != RB_OK ||
	    (rc = put_member(out, ",\"state\":", c->state)) != RB_OK ||
	    (rc = put_member(out, ",\"note\":", c->note)) != RB_OK ||
	    (rc = put_texts(out, ",\"alarms\":[", c->alarms, c->nalarms,
		 RELEASE_ALARMS_MAX)) != RB_OK ||
	    (rc = put_builds(out, c)) != RB_OK)
		return rc;
	return buf_put_str(out, "}");
}

enum rb_err
release_doc_write(const struct release_doc *d, struct buf *out)
{
	size_t i, start = out->len;
	enum rb_err rc = RB_EINTERNAL;

	if (d->ncomponents > RELEASE_COMPONENTS_MAX)
		return RB_ELIMIT;
	if ((rc = put_member(out, "{\"format\":1,\"name\":", d->name)) !=
		RB_OK ||
	    (rc = buf_put_str(out, ",\"time\":")) != RB_OK ||
	    (rc = json_put_number(out, d->time)) != RB_OK ||
	    (rc = put_texts(out, ",\"distributions\":[", d->distributions,
		 d->ndistributions, RELEASE_DISTRIBUTIONS_MAX)) != RB_OK ||
	    (rc = buf_put_str(out, ",\"components\":[")) != RB_OK)
		goto out;
	for (i = 0; i < d->ncomponents && rc == RB_OK; i++)
		rc = put_component(out, i == 0 ? "" : ",", &d->components[i]);
	if (rc == RB_OK)
		rc = buf_put_str(out, "]}");
	if (rc == RB_OK && out->len - start > RELEASE_DOC_MAX)
		rc = RB_ELIMIT;
out:
	if (rc != RB_OK)
		out->len = start;
	return rc;
}

static enum rb_err
take_text(struct span *in, const char *before, char **out)
{
	struct span text = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = json_take(in, before)) != RB_OK ||
	    (rc = json_take_text(in, RELEASE_TEXT_MAX, &text)) != RB_OK)
		return rc;
	return str_dup_span(text, out);
}

static enum rb_err
take_maybe(struct span *in, const char *before, char **out)
{
	struct span text = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = json_take(in, before)) != RB_OK || json_skip(in, "null"))
		return rc;
	if ((rc = json_take_text(in, RELEASE_TEXT_MAX, &text)) != RB_OK)
		return rc;
	return str_dup_span(text, out);
}

/* Room for one more entry of `size`; powers of two. */
static enum rb_err
grow(void *list, size_t n, size_t max, size_t size)
{
	void **at = list, *grown;

	if (n == max)
		return RB_ELIMIT;
	if ((n & (n - 1)) != 0)
		return RB_OK;
	grown = reallocarray(*at, n == 0 ? 1 : 2 * n, size);
	if (grown == NULL)
		return RB_ENOMEM;
	*at = grown;
	memset((char *)grown + n * size, 0, (n == 0 ? 1 : n) * size);
	return RB_OK;
}

static enum rb_err
take_texts(struct span *in, const char *before, size_t max, char ***list,
    size_t *n)
{
	enum rb_err rc = json_take(in, before);

	while (rc == RB_OK && !json_skip(in, "]")) {
		if ((rc = grow(list, *n, max, sizeof(**list))) == RB_OK &&
		    (rc = take_text(in, *n == 0 ? "" : ",", &(*list)[*n])) ==
			RB_OK)
			++*n;
	}
	return rc;
}

static enum rb_err
take_build(struct span *in, struct release_component *c)
{
	struct release_build *b;
	const char *before = c->nbuilds == 0 ? "{\"distribution\":" :
					       ",{\"distribution\":";
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = grow(&c->builds, c->nbuilds, RELEASE_DISTRIBUTIONS_MAX,
		 sizeof(*c->builds))) != RB_OK)
		return rc;
	b = &c->builds[c->nbuilds++];
	if ((rc = take_text(in, before, &b->distribution)) != RB_OK ||
	    (rc = take_text(in, ",\"state\":", &b->state)) != RB_OK ||
	    (rc = take_maybe(in, ",\"note\":", &b->note)) != RB_OK)
		return rc;
	return json_take(in, "}");
}

static enum rb_err
take_component(struct span *in, struct release_doc *d)
{
	struct release_component *c;
	const char *before = d->ncomponents == 0 ? "{\"name\":" : ",{\"name\":";
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = grow(&d->components, d->ncomponents, RELEASE_COMPONENTS_MAX,
		 sizeof(*d->components))) != RB_OK)
		return rc;
	c = &d->components[d->ncomponents++];
	if ((rc = take_text(in, before, &c->name)) != RB_OK ||
	    (rc = take_maybe(in, ",\"tag\":", &c->tag)) != RB_OK ||
	    (rc = take_text(in, ",\"state\":", &c->state)) != RB_OK ||
	    (rc = take_maybe(in, ",\"note\":", &c->note)) != RB_OK ||
	    (rc = take_texts(in, ",\"alarms\":[", RELEASE_ALARMS_MAX,
		 &c->alarms, &c->nalarms)) != RB_OK ||
	    (rc = json_take(in, ",\"builds\":[")) != RB_OK)
		return rc;
	while (rc == RB_OK && !json_skip(in, "]"))
		rc = take_build(in, c);
	return rc == RB_OK ? json_take(in, "}") : rc;
}

enum rb_err
release_doc_parse(struct span in, struct release_doc *out)
{
	struct release_doc d;
	enum rb_err rc = RB_EINTERNAL;

	release_doc_init(&d);
	if (in.len > RELEASE_DOC_MAX)
		return RB_ELIMIT;
	if ((rc = take_text(&in, "{\"format\":1,\"name\":", &d.name)) !=
		RB_OK ||
	    (rc = json_take(&in, ",\"time\":")) != RB_OK ||
	    (rc = json_take_number(&in, &d.time)) != RB_OK ||
	    (rc = take_texts(&in, ",\"distributions\":[",
		 RELEASE_DISTRIBUTIONS_MAX, &d.distributions,
		 &d.ndistributions)) != RB_OK ||
	    (rc = json_take(&in, ",\"components\":[")) != RB_OK)
		goto out;
	while (rc == RB_OK && !json_skip(&in, "]"))
		rc = take_component(&in, &d);
	if (rc == RB_OK && (rc = json_take(&in, "}")) == RB_OK && in.len != 0)
		rc = RB_EFORMAT;
	if (rc != RB_OK)
		goto out;
	*out = d;
	release_doc_init(&d); /* now the caller's */
out:
	release_doc_clear(&d);
	return rc;
}
