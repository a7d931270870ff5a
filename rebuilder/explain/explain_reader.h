/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_EXPLAIN_READER_H
#define RB_REBUILDER_EXPLAIN_READER_H

#include "common/base/digest.h"

/*
 * Reads a Debian package: an ar archive of *parts*, of which the control and
 * data parts are compressed tars of *members*.  Nothing is written anywhere.
 *
 * Limits, so that no bomb costs more than it is worth; each is an RB_ELIMIT
 * that says its name.
 */
#define READER_PARTS_MAX 16
#define READER_MEMBERS_MAX 500000           /* in one tar */
#define READER_NAMES_MAX (128 * 1024 * 1024)  /* bytes of names in one tar */
#define READER_NAME_MAX 4096
#define READER_UNPACKED_MAX (16ull * 1024 * 1024 * 1024) /* of one tar */
/* The same for small packages: so much, and so many times their size. */
#define READER_UNPACKED_FREE (64ull * 1024 * 1024)
#define READER_RATIO_MAX 1000

/* What an archive says about a part or a member. */
struct member {
	char *name; /* owned */
	char *link; /* owned: target of a link, or NULL */
	bool is_hard_link;
	unsigned int type, mode; /* S_IFMT bits; permissions */
	int64_t uid, gid;
	char *user, *group; /* owned, or NULL */
	int64_t mtime;
	uint64_t device; /* of device nodes */
	uint64_t size;
	struct digest sha256; /* of the content; not set by the reader */
};

#define MEMBER_INIT { .name = NULL }

void member_clear(struct member *m);

struct package {
	const char *who; /* borrowed: "rebuilt", "published" */
	int fd;          /* borrowed */
	uint64_t offset, len;
};

struct reader;

enum rb_err reader_open(const struct package *p, struct reader **out,
    struct fault *why) RB_CHECK;
void reader_close(struct reader **r);
/* RB_ENOTFOUND behind the last. */
enum rb_err reader_next_part(struct reader *r, struct member *out,
    struct fault *why) RB_CHECK;
/* The name says that the part is a tar that we read. */
bool reader_is_tar(const char *part);
/* Goes into the present part; reader_next_member then walks it. */
enum rb_err reader_enter(struct reader *r, const char *part, struct fault *why)
    RB_CHECK;
enum rb_err reader_next_member(struct reader *r, struct member *out,
    struct fault *why) RB_CHECK;
/* Bytes of the present member, or part when none was entered; 0 at its end. */
enum rb_err reader_bytes(struct reader *r, uint8_t *p, size_t len, size_t *got,
    struct fault *why) RB_CHECK;

/* The package is not what it should be: an answer, not a failure of ours. */
bool reader_says_unreadable(enum rb_err rc);

#endif
