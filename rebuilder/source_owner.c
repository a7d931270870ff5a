/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/source_owner.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Names of all components that ever claimed one source. */
#define CLAIMS_BYTES_MAX (64 * 1024)

/* Of two jobs that claim one name, each sees the other's claim. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Neither name has a slash (release_component.c; Debian Policy 5.6.1). */
static enum rb_err
key_of(const struct release *r, const char *source, struct buf *out)
{
	return buf_printf(out, "source/%s/%s", r->name, source);
}

/* Names with a slash between them; empty when nobody claimed it. */
static enum rb_err
read_claims(struct journal *j, struct span key, struct buf *out)
{
	enum rb_err rc;

	rc = journal_read(j, JOURNAL_STATE, key, CLAIMS_BYTES_MAX, out);
	return rc == RB_ENOTFOUND ? RB_OK : rc;
}

/* The component of the release with that name; NULL. */
static const struct component *
find(const struct release *r, struct span name)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (span_equal_str(name, r->list[i].name))
			return &r->list[i];
	return NULL;
}

/*
 * Another component of the release that claimed it, or NULL, and whether this
 * one did.  Who is not in the release any more claims nothing.
 */
static const struct component *
other_of(const struct release *r, const struct component *c, struct span claims,
    bool *is_claimed)
{
	const struct component *other = NULL, *one;
	struct span name = SPAN_INIT;

	*is_claimed = false;
	while (span_take_until(&claims, '/', &name) == RB_OK) {
		if (span_equal_str(name, c->name))
			*is_claimed = true;
		else if ((one = find(r, name)) != NULL)
			other = one;
	}
	return other;
}

static enum rb_err
judge(const struct settings *s, const struct release *r,
    const struct component *c, const char *source,
    const struct component *other, struct fault *why)
{
	const struct span owner = settings_owner(s, source);

	if (span_equal_str(owner, c->name))
		return RB_OK;
	if (owner.len != 0)
		return fault_set(why, RB_EREFUSED,
		    "%s: makes source package %s, which is that of component "
		    "%.*s in node.yml; what is published under this name is "
		    "not attested from here",
		    c->name, source, (int)owner.len, (const char *)owner.p);
	if (other != NULL)
		return fault_set(why, RB_EREFUSED,
		    "%s: makes source package %s, as component %s of %s does; "
		    "what is published under this name is attested from "
		    "neither until release.sources in node.yml says whose it "
		    "is",
		    c->name, source, other->name, r->name);
	return RB_OK;
}

static enum rb_err
put_claim(struct journal *j, struct span key, const struct component *c,
    struct buf *claims)
{
	struct journal_write w = { JOURNAL_PUT, JOURNAL_STATE, key, SPAN_INIT };
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_printf(claims, "%s%s", claims->len == 0 ? "" : "/",
		 c->name)) != RB_OK)
		return rc;
	if (claims->len > CLAIMS_BYTES_MAX)
		return RB_ELIMIT;
	w.value = buf_span(claims);
	return journal_write(j, &w, 1);
}

static enum rb_err
ask(struct journal *j, const struct settings *s, const struct release *r,
    const struct component *c, const char *source, bool is_claim,
    struct fault *why)
{
	struct buf key = BUF_INIT, claims = BUF_INIT;
	const struct component *other;
	bool is_claimed = false;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = key_of(r, source, &key)) != RB_OK ||
	    (rc = read_claims(j, buf_span(&key), &claims)) != RB_OK)
		goto out;
	other = other_of(r, c, buf_span(&claims), &is_claimed);
	if (is_claim && !is_claimed &&
	    (rc = put_claim(j, buf_span(&key), c, &claims)) != RB_OK)
		goto out;
	rc = judge(s, r, c, source, other, why);
out:
	buf_clear(&key);
	buf_clear(&claims);
	return rc;
}

enum rb_err
source_owner_check(struct journal *j, const struct settings *s,
    const struct release *r, const struct component *c, const char *source,
    struct fault *why)
{
	return ask(j, s, r, c, source, false, why);
}

enum rb_err
source_owner_claim(struct journal *j, const struct settings *s,
    const struct release *r, const struct component *c, const char *source,
    struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;

	if (pthread_mutex_lock(&lock) != 0)
		abort();
	rc = ask(j, s, r, c, source, true, why);
	if (pthread_mutex_unlock(&lock) != 0)
		abort();
	return rc;
}
