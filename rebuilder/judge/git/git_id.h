/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_GIT_ID_H
#define RB_REBUILDER_GIT_ID_H

#include "common/base/span.h"

#define GIT_ID_LEN 20
#define GIT_ID_HEX_LEN 40

/*
 * What git calls an object by: SHA-1 over its type, its length and its
 * bytes.  The other format of git, with SHA-256, is refused where a
 * repository says that it has it.
 */
struct git_id {
	uint8_t b[GIT_ID_LEN];
};

#define GIT_ID_INIT { { 0 } }

/* As packs number them. */
enum git_type {
	GIT_COMMIT = 1,
	GIT_TREE = 2,
	GIT_BLOB = 3,
	GIT_TAG = 4,
};

/* "commit", "tree", "blob", "tag". */
const char *git_type_name(enum git_type type);
/* RB_EFORMAT: no such type. */
enum rb_err git_type_parse(struct span name, enum git_type *out) RB_CHECK;

/* Exactly 40 lower-case digits; 64 (SHA-256) are RB_EREFUSED. */
enum rb_err git_id_parse(struct span hex, struct git_id *out) RB_CHECK;
void git_id_hex(const struct git_id *id, char out[GIT_ID_HEX_LEN + 1]);
struct span git_id_span(const struct git_id *id);
bool git_id_equal(const struct git_id *a, const struct git_id *b);
/* All zero: git's word for "no object". */
bool git_id_is_null(const struct git_id *id);

/* What is hashed in front of an object's bytes. */
#define GIT_HEAD_MAX 32
struct span git_head(enum git_type type, size_t len, char out[GIT_HEAD_MAX]);

/*
 * The id of an object with these bytes.  RB_EREFUSED: they were made so that
 * others could have the same one.
 */
enum rb_err git_id_of(enum git_type type, struct span bytes, struct git_id *out)
    RB_CHECK;

#endif
