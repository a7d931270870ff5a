/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_TAG_H
#define RB_REBUILDER_TAG_H

#include "common/base/digest.h"
#include "common/process/frames.h"
#include "rebuilder/depot.h"

/*
 * From what a git server sent to a commit that maintainers signed, and its
 * files as one tar.  Nothing that came from outside is parsed here: the judge
 * reads it, gpgv checks signatures, both in jails.
 */
#define TAG_ID_LEN 40
#define TAG_SIGNERS_MAX 64
#define TAG_SUBMODULES_MAX 1024

/* What is asked; all borrowed. */
struct tag_question {
	const char *component, *url, *branch; /* the first two for notes */
	const char *const *maintainers; /* 40 upper-case digits each */
	size_t nmaintainers;
	uint64_t threshold;   /* distinct maintainers, at least 1 */
	bool versions_only;   /* the newest `v*` tag, not the branch's head */
	bool commit_suffices; /* the commit's own signature counts too */
	/* Its checks are switched off: then nothing is ever verified here. */
	bool unchecked;
	const char *tag;              /* NULL: the newest on the branch */
	const char *accepted;         /* commit accepted before, or NULL */
	const char *accepted_version; /* its version, or NULL */
	const char *keys;             /* directory of FINGERPRINT.asc */
};

/* The tags that a server lists; its word alone. */
struct tag_ref {
	char *name;                  /* owned: behind "refs/tags/" */
	char id[TAG_ID_LEN + 1];
	char peeled[TAG_ID_LEN + 1]; /* "": not annotated, as it says */
};

struct tag_refs {
	char head[TAG_ID_LEN + 1]; /* of the branch */
	struct tag_ref *list;      /* owned; by name */
	size_t n;
	uint32_t nskipped;         /* names that no tag here may have */
	int records;               /* owned: the same, for the judge */
};

#define TAG_REFS_INIT { { 0 }, NULL, 0, 0, -1 }

void tag_refs_clear(struct tag_refs *r);

/*
 * Reads the answer to `<url>/info/refs?service=git-upload-pack` (`fd`, from
 * its start).  RB_EREFUSED: it is no such answer; that or RB_ENOTFOUND: there
 * is no such branch.
 */
enum rb_err tag_refs(int fd, const struct tag_question *q, struct tag_refs *out,
    struct fault *why) RB_CHECK;

/* NULL: no such tag. */
const struct tag_ref *tag_refs_find(const struct tag_refs *r, const char *name);

/*
 * What became of a tag that was accepted before.  A tag stays where it is:
 * one that is gone, or is another object now, smells of an attack.
 */
enum tag_change { TAG_STAYS, TAG_VANISHED, TAG_REWRITTEN };
enum tag_change tag_refs_change(const struct tag_refs *r, const char *name,
    const char *id);

/* How one tag for the commit, or the commit's own signature, came out. */
struct tag_seen {
	enum candidate_kind kind;
	char *ref;               /* owned; "" of the commit */
	char id[TAG_ID_LEN + 1];
	enum tag_outcome outcome;
	char *primary;           /* owned; "": not known */
	int64_t time;            /* of the signature, as it says */
};

struct tag_submodule {
	char *path;                  /* owned */
	char commit[TAG_ID_LEN + 1]; /* of the other repository */
};

struct tagged {
	enum tag_ruling ruling;
	char commit[TAG_ID_LEN + 1];
	int64_t commit_time;
	enum commit_relation relation;
	/*
	 * "": the tree does not say, and nor does a tag.  `version` comes
	 * with "-" and the release where there is one.
	 */
	char *version; /* owned */
	char *signers[TAG_SIGNERS_MAX]; /* owned: primary keys */
	size_t nsigners;
	uint64_t threshold;
	int64_t verified; /* when this was decided */
	struct tag_seen *seen; /* owned: every candidate */
	size_t nseen;
	uint32_t counts[TAG_OUTCOMES]; /* of `seen` */

	/* Only of what was accepted: */
	char *tag;        /* owned; NULL: by the commit's own signature */
	char tag_object[TAG_ID_LEN + 1];
	struct digest tag_sha256;  /* of the raw tag object */
	struct digest tree_sha256; /* the tar, in the depot */
	uint64_t tree_size;
	/* In the depot: all that tag_stands needs. */
	struct digest evidence;
	/* The file `.qubesbuilder`. */
	bool has_builder;
	struct buf builder; /* owned */
	struct tag_submodule *submodules; /* owned; in the order of the tar */
	size_t nsubmodules;
};

void tagged_init(struct tagged *t);
void tagged_clear(struct tagged *t);

/* TAGS_ACCEPTED, or with the commit's own signature. */
bool tagged_is_accepted(const struct tagged *t);

/*
 * `pack` holds the branch and its tags, whole, and nobody writes to it any
 * more (fetch_pack).  RB_OK: it was judged, and
 * `ruling` says how; `why` then says in words what kept it from being
 * accepted.  RB_EREFUSED: what the server sent is malformed, or q->unchecked;
 * that or RB_ENOTFOUND: it lacks something.
 */
enum rb_err tag_verify(const struct tag_question *q,
    const struct tag_refs *refs, int pack, struct depot *depot,
    struct tagged *out, struct fault *why) RB_CHECK;

/*
 * How each tag that the server lists comes out, whichever commit it is for:
 * out->seen and out->counts.  Nothing is accepted.
 */
enum rb_err tag_count(const struct tag_question *q, const struct tag_refs *refs,
    int pack, struct tagged *out, struct fault *why) RB_CHECK;

/*
 * Whether what was accepted would still be, by the keys of today: a key that
 * expired takes nothing back, one that was revoked or is not listed does.
 * `evidence` as tag_verify left it.
 */
enum rb_err tag_stands(const struct tag_question *q,
    const struct digest *evidence, struct depot *depot, bool *out,
    struct fault *why) RB_CHECK;

/*
 * The files of a commit that a verified tree pins as a submodule, from a pack
 * of its repository, as a tar in the depot.
 */
enum rb_err tag_submodule_tree(const char *commit, int pack,
    struct depot *depot, struct digest *out, struct fault *why) RB_CHECK;

/* "valid", "other-name", ...: one word each. */
const char *tag_outcome_name(enum tag_outcome outcome);
/* "accepted", "too-few", ... */
const char *tag_ruling_name(enum tag_ruling ruling);

#endif
