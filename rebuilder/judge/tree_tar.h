/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_TREE_TAR_H
#define RB_REBUILDER_TREE_TAR_H

#include "common/base/digest.h"
#include "rebuilder/judge/git/pack_reader.h"

/*
 * The files of a commit as one canonical tar (tar_writer.h), in the order of
 * the tree; each directory stands in front of what is in it.  Modes are 0644,
 * 0755, of directories 0755, of symbolic links 0777; user and group are 0;
 * every time is the commit's.  A submodule is an empty directory, as after
 * `git clone`, and a record.
 */
#define TREE_MEMBERS_MAX 1000000
#define TREE_BYTES_MAX (1024ull * 1024 * 1024) /* of its files together */
/* The tar: with a header, a block of padding each, and its end. */
#define TREE_TAR_MAX (TREE_BYTES_MAX + 1024ull * TREE_MEMBERS_MAX + 10240)
#define TREE_DEPTH_MAX 64
#define TREE_FILE_MAX (32u * 1024) /* of the three below */

/* Three files that say what to build; of the top directory. */
enum { TREE_VERSION, TREE_RELEASE, TREE_BUILDER, TREE_FILES };

struct tree_tar {
	uint64_t size;
	struct digest digest;
	int64_t time;
	bool has[TREE_FILES];
	struct buf files[TREE_FILES]; /* owned */
	struct buf submodules;        /* owned: records of frames.h */
	uint32_t nsubmodules;
};

void tree_tar_clear(struct tree_tar *t);

/* Writes to the position of `fd`. */
enum rb_err tree_tar_write(struct pack_reader *r, const struct git_id *commit,
    int fd, struct tree_tar *out, struct fault *why) RB_CHECK;

#endif
