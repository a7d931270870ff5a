/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/component.h"
#include "rebuilder/trip.h"

/*
 * tag: which commit of a component is built, by whose signatures; its tree
 * lies in the depot.
 */

enum rb_err
stage_tag(struct trip *t)
{
	const struct fetch_context fetch = trip_fetch(t);
	enum rb_err rc = RB_EINTERNAL;

	trip_tell(t, "verifying tag", 0, 0, "");
	if ((rc = component_tag(&fetch, t->journal, t->of.component, t->of.tag,
		 &t->of.tagged)) != RB_OK)
		return rc;
	/* A statement names a tag: signed commits are accepted, not stated. */
	if (t->of.tagged.tag == NULL)
		return fault_set(&t->why, RB_EREFUSED,
		    "%s: commit %s is signed, but no tag is: without a signed "
		    "tag nothing is attested",
		    t->of.component->name, t->of.tagged.commit);
	return RB_OK;
}
