/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/source_owner.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/note.h"

#define NAME_LIMIT 1024

/* Of two jobs that claim one name, one is the first. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Neither name has a slash (release_component.c; Debian Policy 5.6.1). */
static enum rb_err
key_of(const struct release *r, const char *source, struct buf *out)
{
	return buf_printf(out, "source/%s/%s", r->name, source);
}

/* Who has it; `owner` is empty when nobody does. */
static enum rb_err
read_owner(struct journal *j, struct span key, struct buf *owner)
{
	enum rb_err rc;

	rc = journal_read(j, JOURNAL_STATE, key, NAME_LIMIT, owner);
	if (rc == RB_ENOTFOUND)
		rc = RB_OK;
	return rc == RB_OK ? buf_put_byte(owner, 0) : rc;
}

static enum rb_err
compare(const struct release *r, const struct component *c, const char *source,
    const char *owner, struct fault *why)
{
	if (owner[0] == '\0' || strcmp(owner, c->name) == 0 ||
	    release_find(r, owner) == NULL)
		return RB_OK;
	return fault_set(why, RB_EREFUSED,
	    "%s: makes source package %s, which is that of component %s of %s; "
	    "what is published under this name is not attested from here",
	    c->name, source, owner, r->name);
}

enum rb_err
source_owner_check(struct journal *j, const struct release *r,
    const struct component *c, const char *source, struct fault *why)
{
	struct buf key = BUF_INIT, owner = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = key_of(r, source, &key)) == RB_OK &&
	    (rc = read_owner(j, buf_span(&key), &owner)) == RB_OK)
		rc = compare(r, c, source, (const char *)owner.p, why);
	buf_clear(&key);
	buf_clear(&owner);
	return rc;
}

static enum rb_err
claim(struct journal *j, const struct release *r, const struct component *c,
    const char *source, struct span key, struct fault *why)
{
	const struct journal_write w = { JOURNAL_PUT, JOURNAL_STATE, key,
		span_of_str(c->name) };
	struct buf owner = BUF_INIT;
	const char *before;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = read_owner(j, key, &owner)) != RB_OK)
		goto out;
	before = (const char *)owner.p;
	if ((rc = compare(r, c, source, before, why)) != RB_OK ||
	    strcmp(before, c->name) == 0)
		goto out;
	if ((rc = journal_write(j, &w, 1)) == RB_OK && before[0] != '\0')
		note(NOTE_WARN,
		    "%s: takes over source package %s from %s, which the "
		    "release has no more",
		    c->name, source, before);
out:
	buf_clear(&owner);
	return rc;
}

enum rb_err
source_owner_claim(struct journal *j, const struct release *r,
    const struct component *c, const char *source, struct fault *why)
{
	struct buf key = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = key_of(r, source, &key)) != RB_OK)
		return rc;
	if (pthread_mutex_lock(&lock) != 0)
		abort();
	rc = claim(j, r, c, source, buf_span(&key), why);
	if (pthread_mutex_unlock(&lock) != 0)
		abort();
	buf_clear(&key);
	return rc;
}
