/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_BUILT_INDEX_H
#define RB_REBUILDER_BUILT_INDEX_H

#include "rebuilder/judge/packages.h"

/*
 * The member `control` that the recipe `describe` leaves: for each package
 * that we built, a stanza of its control fields behind "File: name.deb".  A
 * machine wrote it: the fields are claims, good enough for apt in a machine
 * to resolve by.  What a package is, its size and digest, is ours.
 */
#define BUILT_MAX 1024
#define BUILT_CONTROL_MAX (8u * 1024 * 1024)
/* Names that the packages of one build provide, together. */
#define BUILT_PROVIDED_MAX 4096

/* How much of what is left out a sentence names. */
#define BUILT_NAMED_MAX 200

/*
 * Writes a Packages index of the files, in the order of the stanzas, each
 * under pool/built/<sha256>/<name>.  RB_EREFUSED unless every file has one
 * stanza, is called as a package of that name, version and architecture, and
 * says that it is of that source package.
 * Fields that would have a package chosen unasked are left out (Essential) or
 * are the least that there is (Priority).  A package with a relationship
 * field that apt may not be able to read is left out, for one such field has it
 * refuse the index; so is one that provides more than fits.  `left_out` gets
 * their names, as words of a sentence.
 */
enum rb_err built_index_write(struct span control, struct span source,
    const struct checksum *files, size_t n, struct buf *out,
    struct buf *left_out, struct fault *why) RB_CHECK;

#endif
