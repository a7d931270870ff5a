/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_COMPONENT_H
#define RB_REBUILDER_COMPONENT_H

#include "rebuilder/component_state.h"
#include "rebuilder/fetch_git.h"
#include "rebuilder/release.h"

/*
 * From what the release says of a component to a tag that its maintainers
 * signed: the one place where the rules of the release become a question to
 * the judge (tag.h).
 */

/* `tag` NULL: the newest; `before` NULL: as if nothing was accepted yet. */
void component_question(const struct component *c,
    const struct settings *settings, const char *tag,
    const struct component_state *before, struct tag_question *out);

/*
 * Over all that its tags are judged by: where it is, who must have signed and
 * how, and the key files of its maintainers.  What was accepted under another
 * digest was accepted under other terms.
 */
enum rb_err component_terms(const struct component *c,
    const struct settings *settings, struct digest *out, struct fault *why)
    RB_CHECK;

/* Over where it is: its address and branch. */
enum rb_err component_place(const struct component *c, struct digest *out)
    RB_CHECK;

/*
 * Fetches what the refs lead to and has it judged.  RB_OK: tag_verify said
 * how; a fault in `why` is then what kept it from being accepted.
 */
enum rb_err component_verify(const struct fetch_context *fetch,
    const struct tag_question *q, const struct tag_refs *refs,
    struct tagged *out) RB_CHECK;

/*
 * The tag of a component that is to be built, with its tree in the depot: the
 * one accepted, or `tag`.  Asks the server when the depot lacks it, or when it
 * was accepted under other terms than those of today.
 */
enum rb_err component_tag(const struct fetch_context *fetch,
    struct journal *journal, const struct component *c, const char *tag,
    struct tagged *out) RB_CHECK;

#endif
