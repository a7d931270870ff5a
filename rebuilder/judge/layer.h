/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_LAYER_H
#define RB_REBUILDER_LAYER_H

#include "common/base/digest.h"

/*
 * A root file system as a tar, written again in canonical form: one tree has
 * one spelling (tar_writer.h), whatever made the tar that came out of a
 * machine: GNU tar with --format=gnu or --format=ustar and --sort=name, or
 * another program.  A pax archive is refused, because libarchive changes
 * names in it.
 *
 * Members are files, directories, symbolic links, and hard links to an
 * earlier file.  Anything else is refused, as are names that are absolute,
 * climb, or do not stand below a directory of the archive (never below a
 * link), and members out of order: they come as a walk of the tree sorted by
 * name (of whole names, "/" before every other byte), each once.
 *
 * Changed on the way: "./" in front goes ("./" itself is the root); times
 * after `newest` become `newest`, those before 1970 become 1970; a hard
 * link gets the metadata of its file, a symbolic link mode 0777; names of
 * users and groups, extended attributes and everything else go.
 */
#define LAYER_MEMBERS_MAX 1000000
#define LAYER_NAMES_MAX (256u * 1024 * 1024)
#define LAYER_BYTES_MAX (64ull * 1024 * 1024 * 1024)
#define LAYER_ID_MAX 65535

/*
 * Reads `len` bytes of `in` from `offset` by pread, writes to the position
 * of `out`.  RB_EREFUSED names the member and the rule; what was written by
 * then is to be thrown away.
 */
enum rb_err layer_write(int in, uint64_t offset, uint64_t len, uint64_t newest,
    int out, uint64_t *size, struct digest *digest, struct fault *why) RB_CHECK;

#endif
