/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/component.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"

#define KEY_MAX (1024 * 1024)
/* So many bytes of names fit into one question to rebuilder-net. */
#define NAMES_MAX (48 * 1024)
#define HEADS "refs/heads/"
#define TAGS "refs/tags/"

void
component_question(const struct component *c, const struct settings *settings,
    const char *tag, const struct component_state *before,
    struct tag_question *out)
{
	memset(out, 0, sizeof(*out));
	out->component = c->name;
	out->url = c->url;
	out->branch = c->branch;
	out->maintainers = (const char *const *)c->maintainers;
	out->nmaintainers = c->nmaintainers;
	out->threshold = c->min_distinct;
	out->versions_only = c->versions_only;
	out->commit_suffices = c->mode == VERIFY_TAG_OR_COMMIT;
	out->unchecked = c->mode == VERIFY_NOTHING;
	out->tag = tag;
	if (before != NULL && before->is_accepted) {
		out->accepted = before->accepted.commit;
		out->accepted_version = before->accepted.version;
	}
	out->keys = settings->release.keys;
}

enum rb_err
component_terms(const struct component *c, const struct settings *settings,
    struct digest *out, struct fault *why)
{
	struct buf all = BUF_INIT, key = BUF_INIT;
	char name[64];
	size_t i;
	int dir = -1;
	enum rb_err rc = RB_EINTERNAL;

	dir = open(settings->release.keys, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1) {
		rc = fault_set(why, RB_ENOTFOUND,
		    "release.keys: %s cannot be opened",
		    settings->release.keys);
		goto out;
	}
	if ((rc = put_text(&all, c->url)) != RB_OK ||
	    (rc = put_text(&all, c->branch)) != RB_OK ||
	    (rc = put_u64(&all, c->min_distinct)) != RB_OK ||
	    (rc = put_u8(&all, (uint8_t)c->mode)) != RB_OK ||
	    (rc = put_u8(&all, c->versions_only ? 1 : 0)) != RB_OK)
		goto out;
	for (i = 0; i < c->nmaintainers; i++) {
		buf_reset(&key);
		snprintf(name, sizeof(name), "%s.asc", c->maintainers[i]);
		rc = file_read_at(dir, name, KEY_MAX, &key);
		/* Whom we have no key of can sign nothing. */
		if (rc != RB_OK && rc != RB_ENOTFOUND)
			goto out;
		if ((rc = put_text(&all, name)) != RB_OK ||
		    (rc = put_bytes(&all, buf_span(&key))) != RB_OK)
			goto out;
	}
	rc = digest_of(buf_span(&all), out);
out:
	buf_clear(&all);
	buf_clear(&key);
	fd_close(&dir);
	return rc;
}

enum rb_err
component_place(const struct component *c, struct digest *out)
{
	struct buf all = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_text(&all, c->url)) == RB_OK &&
	    (rc = put_text(&all, c->branch)) == RB_OK)
		rc = digest_of(buf_span(&all), out);
	buf_clear(&all);
	return rc;
}

/* The refs that may matter, as rebuilder-net asks for them. */
struct names {
	char **list; /* owned, each owned */
	size_t n, bytes;
};

static void
names_clear(struct names *x)
{
	while (x->n > 0)
		free(x->list[--x->n]);
	free(x->list);
	x->list = NULL;
}

/* Past a limit a name is left out: those that matter most come first. */
static enum rb_err
names_add(struct names *x, const char *prefix, const char *name)
{
	struct buf text = BUF_INIT;
	size_t len = strlen(prefix) + strlen(name) + 4;
	enum rb_err rc = RB_EINTERNAL;

	if (x->n == PACK_REFS_MAX || x->bytes + len > NAMES_MAX)
		return RB_OK;
	if ((rc = buf_printf(&text, "%s%s", prefix, name)) != RB_OK ||
	    (rc = str_dup_span(buf_span(&text), &x->list[x->n])) != RB_OK)
		goto out;
	x->n++;
	x->bytes += len;
out:
	buf_clear(&text);
	return rc;
}

static unsigned int
importance(const struct tag_question *q, const struct tag_refs *refs,
    const struct tag_ref *r)
{
	if (q->tag != NULL && strcmp(r->name, q->tag) == 0)
		return 0;
	if (strcmp(r->peeled, refs->head) == 0)
		return 1;
	return r->name[0] == 'v' ? 2 : 3;
}

static enum rb_err
choose(const struct tag_question *q, const struct tag_refs *refs,
    struct names *out)
{
	unsigned int rank;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	out->list = calloc(refs->n + 1, sizeof(*out->list));
	if (out->list == NULL)
		return RB_ENOMEM;
	if ((rc = names_add(out, HEADS, q->branch)) != RB_OK)
		return rc;
	for (rank = 0; rank <= 3; rank++)
		for (i = 0; i < refs->n; i++)
			if (importance(q, refs, &refs->list[i]) == rank &&
			    (rc = names_add(out, TAGS, refs->list[i].name)) !=
				RB_OK)
				return rc;
	return RB_OK;
}

enum rb_err
component_verify(const struct fetch_context *fetch,
    const struct tag_question *q, const struct tag_refs *refs,
    struct tagged *out)
{
	struct names names = { NULL, 0, 0 };
	int pack = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = choose(q, refs, &names)) != RB_OK ||
	    (rc = fetch_pack(fetch, q->url, (const char *const *)names.list,
		 names.n, &pack)) != RB_OK)
		goto out;
	rc = tag_verify(q, refs, pack, fetch->depot, out, fetch->why);
out:
	names_clear(&names);
	fd_close(&pack);
	return rc;
}

static enum rb_err
ask_server(const struct fetch_context *fetch, const struct tag_question *q,
    struct tagged *out)
{
	struct advert advert = { q->url, -1, DIGEST_INIT, FAULT_INIT };
	struct tag_refs refs = TAG_REFS_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = fetch_adverts(fetch, &advert, 1)) != RB_OK)
		goto out;
	if (advert.fd == -1) {
		*fetch->why = advert.why;
		rc = RB_EREFUSED;
		goto out;
	}
	if ((rc = tag_refs(advert.fd, q, &refs, fetch->why)) == RB_OK)
		rc = component_verify(fetch, q, &refs, out);
out:
	adverts_clear(&advert, 1);
	tag_refs_clear(&refs);
	return rc;
}

enum rb_err
component_tag(const struct fetch_context *fetch, struct journal *journal,
    const struct component *c, const char *tag, struct tagged *out)
{
	struct component_state state;
	struct digest terms = DIGEST_INIT;
	struct tag_question q;
	struct tagged t;
	enum rb_err rc = RB_EINTERNAL;

	tagged_init(&t);
	component_state_init(&state);
	if ((rc = component_state_get(journal, c->name, &state)) != RB_OK)
		goto out;
	if (tag == NULL && !state.is_accepted) {
		rc = fault_set(fetch->why, RB_ENOTFOUND,
		    "%s: no tag of it has been accepted%s%s", c->name,
		    state.refusal == NULL ? " yet; the next round will look" :
					    ": ",
		    state.refusal == NULL ? "" : state.refusal);
		goto out;
	}
	if (state.is_accepted && state.accepted.tag != NULL &&
	    (tag == NULL || strcmp(tag, state.accepted.tag) == 0)) {
		tag = state.accepted.tag;
		if ((rc = component_terms(c, fetch->settings, &terms,
			 fetch->why)) != RB_OK)
			goto out;
		/* A revoked key is not believed until a server answers. */
		if (digest_equal(&terms, &state.terms) &&
		    depot_has(fetch->depot, &state.accepted.tree_sha256)) {
			*out = state.accepted;
			tagged_init(&state.accepted); /* now the caller's */
			rc = RB_OK;
			goto out;
		}
	}
	/* By its name, whatever has been accepted since. */
	component_question(c, fetch->settings, tag, tag == NULL ? &state : NULL,
	    &q);
	if ((rc = ask_server(fetch, &q, &t)) != RB_OK)
		goto out;
	if (!tagged_is_accepted(&t)) {
		rc = RB_EREFUSED; /* tag_verify said why */
		goto out;
	}
	if (component_state_is_rewritten(&state, &t, fetch->why)) {
		rc = RB_EREFUSED;
		goto out;
	}
	*out = t;
	tagged_init(&t); /* now the caller's */
out:
	tagged_clear(&t);
	component_state_clear(&state);
	return rc;
}
