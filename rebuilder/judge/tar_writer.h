/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_TAR_WRITER_H
#define RB_REBUILDER_TAR_WRITER_H

#include "common/base/digest.h"

/*
 * The canonical tar of a layer: our own bytes, not a library's, since their
 * digest stands in signed statements and must not move when a library does.
 *
 * GNU tar's format, because its names are bytes.  (A pax header holds text:
 * readers may normalise it, and then two files become one.)  A name or link
 * of more than 100 bytes stands in a member "././@LongLink" of type L or K
 * in front (K first), ended by a zero; directories end in "/"; no user and
 * group names; numbers in octal with leading zeros; two zero blocks at the
 * end and nothing behind.
 */
enum tar_kind { TAR_FILE, TAR_HARDLINK, TAR_SYMLINK, TAR_DIRECTORY };

struct tar_member {
	enum tar_kind kind;
	struct span name; /* borrowed; as written */
	struct span link; /* borrowed; of the two kinds of links */
	uint32_t mode;    /* below 010000 */
	uint32_t uid, gid; /* below 65536 */
	uint64_t mtime;   /* up to TAR_NUMBER_MAX */
	uint64_t size;    /* of a file, up to TAR_NUMBER_MAX */
};

#define TAR_NUMBER_MAX 077777777777ull /* 11 octal digits */
#define TAR_NAME_MAX 4096

struct tar_writer;

/* Writes to the position of `fd`, which stays the caller's. */
enum rb_err tar_writer_new(int fd, struct tar_writer **out) RB_CHECK;
void tar_writer_free(struct tar_writer **w);

/* A file's bytes follow by tar_writer_put, exactly `size` of them. */
enum rb_err tar_writer_member(struct tar_writer *w, const struct tar_member *m)
    RB_CHECK;
enum rb_err tar_writer_put(struct tar_writer *w, struct span bytes) RB_CHECK;
/* Ends the archive; size and digest of all that was written. */
enum rb_err tar_writer_end(struct tar_writer *w, uint64_t *size,
    struct digest *digest) RB_CHECK;

#endif
