/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_TRIP_H
#define RB_REBUILDER_TRIP_H

#include "common/attest/statement.h"
#include "rebuilder/budget.h"
#include "rebuilder/depot.h"
#include "rebuilder/fetch.h"
#include "rebuilder/journal.h"
#include "rebuilder/release.h"
#include "rebuilder/settings.h"
#include "rebuilder/tag.h"

/*
 * One job is one trip: index -> source -> inputs -> environment -> build ->
 * verdict.  Each stage is one file, stage_*.c, and fills its part of the
 * trip; a later stage never calls an earlier one.  Nothing here parses what
 * came from outside: stages ask the roles and pass descriptors and digests.
 */

/* One file that a build left, as a place in its output stream. */
struct output {
	char *name; /* owned */
	uint64_t offset, len;
};

/* How one published file came out, as it is told and remembered. */
struct result {
	char *file, *package, *version, *arch; /* owned */
	struct digest published;
	enum verdict verdict;
	char *reason; /* owned; NULL for reproduced */
	struct digest statement; /* which the attestor signed */
	uint64_t leaf;
	bool is_recorded;
	/* Of what is told for the first time: */
	struct maybe_digest log, inputs, difference; /* in the depot */
};

void result_clear(struct result *r);

/*
 * Whom a trip tells how far it is, from its own thread.  `log` may be NULL;
 * its descriptor is what a machine that is being started prints to,
 * borrowed.
 */
struct trip_ear {
	void *self;
	void (*stage)(void *self, const char *stage, uint64_t done,
	    uint64_t total, const char *detail);
	void (*result)(void *self, const struct result *r);
	void (*log)(void *self, int fd);
};

/* A .buildinfo that a build follows; all digests are in the depot. */
struct buildinfo_followed {
	bool is_known;
	struct digest sha256; /* as it was published */
	struct digest text;   /* what of it is signed */
	struct digest pins;   /* its packages, for the recipe `resolve` */
	char *path;           /* owned: where it was built; NULL: elsewhere */
	int64_t date;         /* when; 0: not said */
	bool built_for_one, built_for_all; /* what kinds of packages */
	bool is_equal;        /* the real environment was shown to be equal */
};

/* What enters a source package beside the tree (FORMATS.md, "Input list"). */
struct other_input {
	const char *kind;             /* static: "file" or "module" */
	char *name, *version, *origin; /* owned */
	uint64_t size;
	struct digest sha256;
};

/* What is rebuilt of a release; a source of the archive has none of it. */
struct trip_component {
	const struct release *release;     /* borrowed; NULL: none */
	const struct component *component; /* borrowed */
	const char *distribution;          /* borrowed: "vm-bookworm" */
	const char *tag;      /* borrowed; NULL: the one that was accepted */
	size_t build, nbuilds; /* which of its source packages; of how many */
	struct tagged tagged; /* of stage_tag */
	struct other_input *others; /* owned; of stage_prepare */
	size_t nothers;
	struct maybe_digest log; /* of a source that could not be made */
};

/*
 * A source is built once as it is, and, when the archive rebuilt it without
 * a change of source (+bN), once more with the changelog entry of that.
 */
enum pass {
	PASS_SOURCE,
	PASS_BINNMU,
	/* Before both: the base system, to make a component's source in. */
	PASS_PREPARE,
};

struct trip {
	/* borrowed, the same for all trips */
	const struct node *node;
	const struct settings *settings;
	struct depot *depot;
	struct journal *journal;
	const struct trip_ear *ear;
	const struct digest *program; /* of all programs in a verdict */
	struct budget *budget; /* of all machines; NULL: without */

	/* what was asked for */
	const char *name; /* source package; of a component: stage_prepare */
	const char *version; /* NULL: the newest */
	bool again; /* do not answer from memory */

	int64_t started;
	struct fault why; /* of the first stage that failed */

	/*
	 * Where everything comes from, as trip_aim chose it.  `suites` are
	 * those in which published files are looked up; none means that they
	 * lie in `base`, beside the inputs.  `old` is read when a version is
	 * asked for that `base` has no more.
	 */
	struct repository base;
	struct repository *suites, *old; /* owned */
	size_t nsuites, nold;
	struct repository built; /* built.h; no name: nothing was built */
	/*
	 * Rules of JUDGE_OVERRIDES: the names of what the base system is made
	 * of, and the sources that may take the archive's place.  Empty: of
	 * no component.
	 */
	struct buf overrides;

	struct trip_component of;

	struct {
		char *name; /* owned; NULL: as it was asked for */
		char *version, *directory, *dsc; /* owned */
		struct digest dsc_sha256, stanza;
		struct listing files;
	} source;
	struct listing published;

	/* What follows is of the present pass. */
	enum pass pass;
	struct buildinfo_followed buildinfo;
	struct {
		const struct listed *from; /* borrowed: of `published` */
		struct digest text; /* in the depot */
		uint64_t size;
		bool is_known;
	} changelog; /* entry of a rebuild, for PASS_BINNMU */

	struct {
		struct listing list; /* with is_base */
		struct digest base, build; /* index stanzas of each group */
		struct digest text; /* of the input list */
		size_t count; /* of its lines */
		bool are_known;
	} inputs;

	struct {
		struct digest layer;
		struct digest recipe; /* of the deb recipe */
		bool is_known;
	} environment;

	struct {
		int fd; /* owned: output stream */
		struct output *outputs; /* owned */
		size_t noutputs;
		struct maybe_digest log; /* compressed, in the depot */
		char *kind, *clock; /* owned: the machine's */
		struct maybe_digest image, kernel;
		bool is_known;
	} build;

	/*
	 * Why no build can be compared: FAILED or UNAVAILABLE with a reason,
	 * or 0 while all is well.
	 */
	enum verdict obstacle;
	const char *reason; /* static */
};

void trip_init(struct trip *t);
void trip_clear(struct trip *t);

/*
 * Takes the repositories from the settings; once, before trip_run.  Of a
 * component of the release, `distribution` (such as bookworm) is the suite of
 * the archive, and what the suites of section `published` begin with.  NULL:
 * what is rebuilt is the archive's own.
 */
enum rb_err trip_aim(struct trip *t, const char *distribution) RB_CHECK;

/*
 * Goes the whole way and has every verdict signed and logged.  RB_OK: each
 * published file has its verdict, also when that is `failed`.  Otherwise no
 * verdict could be made, and t->why says why.
 */
enum rb_err trip_run(struct trip *t) RB_CHECK;

/* Whether a published file is to come out of the present pass. */
bool trip_concerns(const struct trip *t, const struct listed *item);

/* The stages, in the order of the way. */
enum rb_err stage_index(struct trip *t) RB_CHECK;
enum rb_err stage_source(struct trip *t) RB_CHECK;
/* Of a component, in the place of stage_source: */
enum rb_err stage_tag(struct trip *t) RB_CHECK;
enum rb_err stage_prepare(struct trip *t) RB_CHECK;
enum rb_err stage_inputs(struct trip *t) RB_CHECK;
enum rb_err stage_environment(struct trip *t) RB_CHECK;
enum rb_err stage_build(struct trip *t) RB_CHECK;
enum rb_err stage_verdict(struct trip *t) RB_CHECK;

/*
 * For stages: an obstacle ends the build but not the trip, because it is
 * itself a verdict.  Returns RB_EREFUSED; t->why must have been set.
 */
enum rb_err trip_obstacle(struct trip *t, enum verdict verdict,
    const char *reason) RB_CHECK;
/* What fetch.h wants; valid as long as the trip. */
struct fetch_context trip_fetch(struct trip *t);
void trip_tell(struct trip *t, const char *stage, uint64_t done, uint64_t total,
    const char *detail);

/*
 * The digest that a step's result is remembered under: over the name of the
 * step and everything that goes into it, each ended by its length.
 */
struct memory_key {
	struct buf bytes;
	enum rb_err rc; /* sticky */
};
#define MEMORY_KEY_INIT { BUF_INIT, RB_OK }
void memory_key_text(struct memory_key *k, const char *s);
void memory_key_digest(struct memory_key *k, const struct digest *d);
void memory_key_number(struct memory_key *k, uint64_t n);
/* Ends and clears. */
enum rb_err memory_key_end(struct memory_key *k, struct digest *out) RB_CHECK;

#endif
