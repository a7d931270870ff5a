/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/work.h"

#include <stdio.h>
#include <string.h>

#include "common/base/note.h"
#include "common/process/msg.h"
#include "rebuilder/said.h"
#include "rebuilder/target.h"

/* Writes down what is said, and passes everything on. */
struct scribe {
	struct work *work;
	const struct task *task;
	struct buf leaves;       /* of all results, for said_mark */
	struct maybe_digest log; /* of the last result that was recorded */
};

static void
pass_stage(void *self, const char *stage, uint64_t done, uint64_t total,
    const char *detail)
{
	const struct trip_ear *ear = ((struct scribe *)self)->task->ear;

	ear->stage(ear->self, stage, done, total, detail);
}

/* No machine runs for it: its log is the one of then. */
static void
find_log(struct scribe *s, const struct result *r)
{
	struct fault why = FAULT_INIT;
	struct said said;
	char leaf[24];

	(void)snprintf(leaf, sizeof(leaf), "%llu", (unsigned long long)r->leaf);
	said_init(&said);
	if (said_find(s->work->journal, leaf, &said, &why) == RB_OK &&
	    said.log.is_set)
		s->log = said.log;
	said_clear(&said);
}

static void
pass_result(void *self, const struct result *r)
{
	struct scribe *s = self;
	const struct trip_ear *ear = s->task->ear;

	/* The verdict is signed and logged: without a note it stands, too. */
	if (!r->is_recorded &&
	    said_add(s->work->journal, s->task->target, r) != RB_OK)
		note(NOTE_WARN,
		    "%s: the journal can't be written: leaf %llu will not be "
		    "found by log, diff and inputs",
		    r->file, (unsigned long long)r->leaf);
	if (r->is_recorded)
		find_log(s, r);
	/* Without memory, why and diff know one less. */
	if (put_u64(&s->leaves, r->leaf) != RB_OK)
		note(NOTE_WARN, "%s: no memory to note its leaf", r->file);
	ear->result(ear->self, r);
}

static void
pass_log(void *self, int fd)
{
	const struct trip_ear *ear = ((struct scribe *)self)->task->ear;

	if (ear->log != NULL)
		ear->log(ear->self, fd);
}

enum rb_err
work_check(void *self, const char *target, struct fault *why)
{
	struct target parsed;

	(void)self;
	return target_parse(target, &parsed, why);
}

/* "vm-bookworm" is built from, and published for, bookworm. */
static const char *
codename(const char *distribution)
{
	const char *dash = strchr(distribution, '-');

	return dash == NULL ? distribution : dash + 1;
}

/* One source package; `of` NULL: of the archive. */
static enum rb_err
travel(struct scribe *s, const struct target *target, struct trip_component *of,
    struct report *out)
{
	const struct trip_ear ear = { s, pass_stage, pass_result, pass_log };
	const struct work *w = s->work;
	const char *distribution = NULL;
	struct trip trip;
	enum rb_err rc = RB_EINTERNAL;

	trip_init(&trip);
	trip.node = w->node;
	trip.settings = w->settings;
	trip.depot = w->depot;
	trip.journal = w->journal;
	trip.program = &w->program;
	trip.budget = w->budget;
	trip.ear = &ear;
	trip.name = target->name;
	trip.version = target->version[0] == '\0' ? NULL : target->version;
	trip.again = s->task->again;
	if (of != NULL) {
		trip.of.release = of->release;
		trip.of.component = of->component;
		trip.of.distribution = of->distribution;
		trip.of.tag = of->tag;
		trip.of.build = of->build;
		distribution = codename(of->distribution);
	}
	if ((rc = trip_aim(&trip, distribution)) == RB_OK)
		rc = trip_run(&trip);
	if (of != NULL)
		of->nbuilds = trip.of.nbuilds;
	out->why = trip.why;
	out->log = trip.of.log.is_set ? trip.of.log : trip.build.log;
	if (!out->log.is_set)
		out->log = s->log;
	if (trip.inputs.are_known) {
		out->inputs.value = trip.inputs.text;
		out->inputs.is_set = true;
	}
	trip_clear(&trip);
	return rc;
}

/* All source packages that a component has for one distribution. */
static enum rb_err
travel_all(struct scribe *s, const struct target *target,
    struct trip_component *of, struct report *out)
{
	enum rb_err rc = RB_EINTERNAL, worst = RB_OK;

	of->build = of->nbuilds = 0;
	do {
		rc = travel(s, target, of, out);
		if (worst == RB_OK)
			worst = rc;
	} while (++of->build < of->nbuilds);
	return worst;
}

static bool
has_distribution(const struct release *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->ndistributions; i++)
		if (strcmp(r->distributions[i], name) == 0)
			return true;
	return false;
}

static enum rb_err
find_component(const struct work *w, const struct target *target,
    const struct release *r, struct trip_component *of, struct fault *why)
{
	of->release = r;
	of->component = release_find(r, target->name);
	of->tag = target->tag[0] == '\0' ? NULL : target->tag;
	if (of->component == NULL)
		return fault_set(why, RB_ENOTFOUND,
		    "%s: %s has no such component; for a source package of "
		    "the archive say deb:%s",
		    target->name, w->settings->release.file, target->name);
	if (of->component->mode == VERIFY_NOTHING)
		return fault_set(why, RB_EREFUSED,
		    "%s: the release file exempts it from checking: it is "
		    "never attested",
		    target->name);
	if (!of->component->packages)
		return fault_set(why, RB_EREFUSED,
		    "%s: the release file says that it has no packages",
		    target->name);
	if (target->distribution[0] != '\0' &&
	    !has_distribution(r, target->distribution))
		return fault_set(why, RB_ENOTFOUND,
		    "%s: %s has no such distribution", target->distribution,
		    w->settings->release.file);
	return RB_OK;
}

static enum rb_err
work_on_component(struct scribe *s, const struct target *target,
    struct report *out)
{
	const struct work *w = s->work;
	struct trip_component of;
	struct release release = RELEASE_INIT;
	size_t i;
	enum rb_err rc = RB_EINTERNAL, worst = RB_OK;

	memset(&of, 0, sizeof(of));
	if (w->settings->release.file == NULL)
		return fault_set(&out->why, RB_EREFUSED,
		    "%s: this node watches no release (section release of "
		    "node.yml); for a source package of the archive say deb:%s",
		    target->name, target->name);
	if ((rc = release_read(w->settings, &release, &out->why)) != RB_OK ||
	    (rc = find_component(w, target, &release, &of, &out->why)) != RB_OK)
		goto out;
	for (i = 0; i < release.ndistributions; i++) {
		of.distribution = release.distributions[i];
		if (target->distribution[0] != '\0' &&
		    strcmp(of.distribution, target->distribution) != 0)
			continue;
		rc = travel_all(s, target, &of, out);
		if (worst == RB_OK)
			worst = rc;
	}
	rc = worst;
out:
	release_clear(&release);
	return rc;
}

enum rb_err
work_do(void *self, const struct task *task, struct report *out)
{
	struct work *w = self;
	struct scribe scribe = { w, task, BUF_INIT, { .is_set = false } };
	struct target target;
	uint64_t mark = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = target_parse(task->target, &target, &out->why)) != RB_OK ||
	    (rc = depot_enter(w->depot, &mark)) != RB_OK)
		return rc;
	switch (target.kind) {
	case TARGET_DEB:
		rc = travel(&scribe, &target, NULL, out);
		break;
	case TARGET_COMPONENT:
		rc = work_on_component(&scribe, &target, out);
		break;
	}
	depot_leave(w->depot, mark);
	if (scribe.leaves.len > 0 &&
	    said_mark(w->journal, task->target, buf_span(&scribe.leaves)) !=
		RB_OK)
		note(NOTE_WARN, "%s: why and diff will not find its verdicts",
		    task->target);
	buf_clear(&scribe.leaves);
	return rc;
}
