/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_COMPONENT_STATE_H
#define RB_REBUILDER_COMPONENT_STATE_H

#include "rebuilder/alarms.h"
#include "rebuilder/journal.h"
#include "rebuilder/tag.h"

/* A tag as it was when the server listed it last. */
struct known_ref {
	char *name; /* owned */
	char id[TAG_ID_LEN + 1];
};

/*
 * What the node knows of one component of the release, kept in the journal
 * under the component's name.  It only ever moves forward: what was accepted
 * stays until something newer is, whatever a server says meanwhile.
 */
struct component_state {
	/* Of the advertisement that was judged last; zero: none was. */
	struct digest advertisement;
	/* What `accepted` was judged by (component_terms), and where it is. */
	struct digest terms, place;
	bool is_accepted;
	/* Without `seen` and `counts`. */
	struct tagged accepted;
	char *refusal; /* owned: why the newest was not accepted; NULL */
	struct alarms alarms;
	struct known_ref *refs; /* owned */
	size_t nrefs;
};

void component_state_init(struct component_state *s);
void component_state_clear(struct component_state *s);

/* Nothing known yet is no error: `out` is as component_state_init leaves it. */
enum rb_err component_state_get(struct journal *j, const char *component,
    struct component_state *out) RB_CHECK;
/*
 * The same for whoever deals with more than this component: what cannot be
 * read is as if nothing were known, and an alarm.
 */
enum rb_err component_state_see(struct journal *j, const char *component,
    struct component_state *out) RB_CHECK;
/* Durable at return. */
enum rb_err component_state_put(struct journal *j, const char *component,
    const struct component_state *s) RB_CHECK;

/*
 * The tag that was accepted is another object in `t`, be that signed as well:
 * `why` says it.
 */
bool component_state_is_rewritten(const struct component_state *s,
    const struct tagged *t, struct fault *why);

/* As if no server had listed anything yet. */
void component_state_forget_refs(struct component_state *s);

/*
 * Takes over what a server lists now.  A tag that is gone or has become
 * another object since is a fault in `why`, RB_EREFUSED; the list is taken
 * over all the same, so that it is said once.  Of a list that is longer than
 * any honest one the rest is not remembered, tags of versions last.
 */
enum rb_err component_state_refs(struct component_state *s,
    const struct tag_refs *now, struct fault *why) RB_CHECK;

#endif
