/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_UPDATER_DECISION_H
#define RB_UPDATER_DECISION_H

#include "common/attest/bundle.h"
#include "common/attest/statement.h"
#include "updater/policy.h"
#include "updater/subject.h"

/*
 * What follows for files from a policy and a bundle.  Pure: no input, no
 * output, no clock.
 *
 * A file is accepted when at least policy.require operators have a node that
 * proved to have reproduced its SHA-256.  Proved is: the bundle holds a
 * checkpoint signed with the node's key, an inclusion proof that leads from
 * the envelope's bytes to that checkpoint, the envelope is signed with the
 * same key, its statement names the node as builder, says `reproduced`, names
 * the digest, and is about the package that the file's name names, if it is a
 * package file's name.
 *
 * Leaving evidence out never turns a refusal into an acceptance, with one
 * exception: a node that signed two different logs of one size counts for
 * nothing, and whoever hides one of the two checkpoints hides that.
 *
 * Only forks of equal size are seen.  Whether the larger of two checkpoints
 * continues the smaller one would take a consistency proof, which a bundle
 * does not hold: a node that shows each user a log of another size is not
 * found here, but by those who follow its log.
 */
#define DECISION_FILES_MAX 16384

/* Why a piece of evidence counts for nothing. */
enum flaw {
	FLAW_NONE = 0,
	FLAW_ENVELOPE,   /* is none */
	FLAW_STATEMENT,  /* is none */
	FLAW_CHECKPOINT, /* not signed with the key in the policy */
	FLAW_BUILDER,    /* names another node as its builder */
	FLAW_PROOF,      /* does not lead to the checkpoint */
	FLAW_SIGNATURE,  /* the envelope's, not by the key in the policy */
	FLAW_FORK,       /* the node signed two logs of one size */
};

/* In words: "the proof does not lead to the checkpoint". */
const char *flaw_words(enum flaw flaw);

/*
 * What one node said about one file, as long as it concerns a file that was
 * asked about.  With a flaw it was not said: somebody claims it.
 */
struct testimony {
	size_t node; /* in policy.nodes */
	uint64_t index; /* in the node's log */
	enum flaw flaw;
	struct statement said; /* owned */
};

/* A testimony as it bears on one file. */
struct mention {
	const struct testimony *by; /* borrowed from decisions */
	bool is_other;   /* it names this file, but with other bytes */
	bool is_renamed; /* of these bytes, but of another package's name */
};

/* Why a file was refused; of several, the one that should alarm most. */
enum cause {
	CAUSE_NONE = 0,    /* accepted */
	CAUSE_DIFFERS,     /* somebody rebuilt it and got other bytes */
	CAUSE_OTHER_BYTES, /* the published file has other bytes */
	CAUSE_OTHER_NAME,  /* these bytes are another package or version */
	CAUSE_TOO_FEW,     /* reproduced, but not by enough */
	CAUSE_FAILED,      /* a build of it failed */
	CAUSE_UNAVAILABLE, /* no build: something that it needs is missing */
	CAUSE_UNPROVEN,    /* what was said proves nothing */
	CAUSE_NOBODY,      /* nobody said anything */
};

/* One token: "accepted", "differs", "other-bytes", "too-few", ... */
const char *cause_name(enum cause cause);

struct decision {
	bool accepted;
	enum cause cause;
	size_t voices;          /* operators that proved `reproduced` */
	struct mention *list;   /* owned; by node, then index */
	size_t n;
};

/* What is to be said about a node whatever the file. */
struct node_report {
	bool is_forked; /* then: the size, and the two roots */
	uint64_t size;
	struct digest roots[2];
	size_t nflawed;  /* evidence from which no file can be told */
	enum flaw flaw;  /* of the last of them */
};

struct decisions {
	struct decision *list; /* owned; in the order of the files */
	size_t n;
	struct node_report *nodes; /* owned; as policy.nodes */
	size_t nnodes;
	size_t nstrangers; /* pieces of evidence of nodes not in the policy */
	struct testimony **testimonies; /* owned, each owned */
	size_t ntestimonies;
};

#define DECISIONS_INIT { NULL, 0, NULL, 0, 0, NULL, 0 }

void decisions_clear(struct decisions *d);
/* RB_ELIMIT past DECISION_FILES_MAX.  No error is about the evidence. */
enum rb_err decide(const struct policy *policy, const struct bundle *bundle,
    const struct subject *files, size_t nfiles, struct decisions *out) RB_CHECK;

/* The operator is one of the `voices`. */
bool decision_has_voice(const struct decision *d, const struct policy *policy,
    size_t operator_);

#endif
