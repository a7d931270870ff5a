/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_PACK_READER_H
#define RB_REBUILDER_PACK_READER_H

#include "common/base/buf.h"
#include "rebuilder/judge/git/pack_index.h"

struct git_object {
	enum git_type type;
	struct buf bytes; /* owned */
};

#define GIT_OBJECT_INIT { GIT_BLOB, BUF_INIT }

void git_object_clear(struct git_object *o);

/* Objects by id.  Pack and index are borrowed and outlive it. */
struct pack_reader;

enum rb_err pack_reader_new(const struct pack *p,
    const struct pack_index *index, struct pack_reader **out) RB_CHECK;
void pack_reader_free(struct pack_reader **r);

/* Whether the pack says that it has it. */
bool pack_reader_has(const struct pack_reader *r, const struct git_id *id);
/*
 * The object whose id this is: what was unpacked is hashed, with regard to
 * collisions (git_id_of).  RB_ENOTFOUND: the pack does not have it.
 */
enum rb_err pack_reader_get(struct pack_reader *r, const struct git_id *id,
    struct git_object *out, struct fault *why) RB_CHECK;
/* And it is of that type. */
enum rb_err pack_reader_want(struct pack_reader *r, const struct git_id *id,
    enum git_type type, struct git_object *out, struct fault *why) RB_CHECK;

#endif
