/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTEST_STATEMENT_H
#define RB_ATTEST_STATEMENT_H

#include "common/base/digest.h"

/*
 * What a node found out about one published file in one attempt, as an
 * in-toto Statement v1 with the predicate of FORMATS.md, "reproduction".
 */
#define STATEMENT_MAX (16 * 1024)
#define STATEMENT_TYPE "https://in-toto.io/Statement/v1"
#define PREDICATE_REPRODUCED "https://qubes-os.org/attestation/reproduction/v1"
#define PREDICATE_OTHER "https://qubes-os.org/attestation/nonreproduction/v1"

enum verdict {
	VERDICT_REPRODUCED = 1,
	VERDICT_DIFFERS,
	VERDICT_FAILED,      /* the build */
	VERDICT_UNAVAILABLE, /* an input or the environment */
};

enum compared {
	COMPARED_NOT = 0,
	COMPARED_IDENTICAL, /* all bytes of both files */
	COMPARED_SPLICED,   /* a signed RPM's lead and signature in front */
};

#define STATEMENT_SIGNERS_MAX 16

/* A digest that may be absent. */
struct maybe_digest {
	bool is_set;
	struct digest value;
};

/*
 * Texts are owned, terminated, printable ASCII without quote and backslash,
 * 1 to STATEMENT_TEXT_MAX bytes; NULL is absent.  Times are seconds since
 * 1970 in UTC.  Numbers are below 2^53.  Which fields a verdict must and must
 * not have is said in FORMATS.md, "Statement", and checked by statement_write
 * as well as statement_parse.
 */
#define STATEMENT_TEXT_MAX 512
struct statement {
	enum verdict verdict;
	char *reason; /* reason_fits; absent exactly for REPRODUCED */
	uint64_t attempt; /* from 1, rises with each try at the same file */
	struct {
		char *file; /* file name, no slash */
		char *repository, *suite, *path, *name, *version, *arch;
		uint64_t size;
		struct digest sha256;
		struct digest metadata; /* of the signed metadata naming it */
		int64_t seen;
	} published;
	struct {
		enum compared compared; /* of equal files: for REPRODUCED */
		struct maybe_digest sha256;
		uint64_t size;
	} rebuilt;
	struct {
		char *kind; /* "debian-source" or "git-tag" */
		char *repository, *name, *version;
		struct maybe_digest dsc;      /* debian-source */
		char *tag, *tag_object, *commit; /* git-tag */
		struct maybe_digest tag_sha256, tree_sha256;
		/* Primary fingerprints, upper-case hex, strictly rising. */
		char *signers[STATEMENT_SIGNERS_MAX];
		size_t nsigners;
		uint64_t threshold;
	} source;
	struct {
		struct maybe_digest sha256; /* also its address */
		uint64_t count;
	} inputs;
	struct {
		char *release, *distribution, *arch, *recipe;
		struct maybe_digest recipe_sha256, layer, buildinfo;
		char *equal; /* "yes", "no", or absent: no buildinfo to equal */
	} environment;
	struct {
		char *kind; /* "xen", "qemu", "namespace" */
		struct maybe_digest image, kernel;
		char *network; /* "none" */
		char *clock; /* "host", or the UTC time that it began at */
	} machine;
	struct {
		char *node, *version;
		struct digest program;
	} builder;
	int64_t started, finished;
	struct maybe_digest log, difference;
};

void statement_init(struct statement *s);
void statement_clear(struct statement *s);

/* Refuses (RB_EFORMAT) what statement_parse would refuse. */
enum rb_err statement_write(const struct statement *s, struct buf *out,
    struct fault *why) RB_CHECK;
/* Accepts exactly what statement_write writes. */
enum rb_err statement_parse(struct span json, struct statement *out,
    struct fault *why) RB_CHECK;

const char *verdict_name(enum verdict v);
enum rb_err verdict_parse(struct span name, enum verdict *out) RB_CHECK;

/* The token is one that FORMATS.md, "Reasons", lists for this verdict. */
bool reason_fits(enum verdict v, struct span token);

#endif
