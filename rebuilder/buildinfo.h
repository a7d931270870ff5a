/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_BUILDINFO_FILE_H
#define RB_REBUILDER_BUILDINFO_FILE_H

#include "rebuilder/trip.h"

/*
 * Looks for the .buildinfo beside the published files of this pass, in
 * repositories that name a keyring for them, into t->buildinfo.  No index
 * lists these files: whose signature holds, which is about this source, and
 * which names most of the published files by digest, is followed.  Nothing is
 * believed of it but which versions to look for in signed indices.  None is
 * no error; one that is wrong is the trip's obstacle.
 */
enum rb_err buildinfo_find(struct trip *t) RB_CHECK;

/*
 * Whether the build of this trip had the packages of the .buildinfo that was
 * followed, by our own input list and by the .buildinfo that the build left,
 * into t->buildinfo.is_equal.
 */
enum rb_err buildinfo_compare(struct trip *t) RB_CHECK;

/*
 * Whether a build of ours can be where a .buildinfo says that one was: in a
 * directory below /build, of one spelling and of no name that a program takes
 * for an option.
 */
bool buildinfo_is_place(const char *path);

#endif
