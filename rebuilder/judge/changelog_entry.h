/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_JUDGE_CHANGELOG_ENTRY_H
#define RB_JUDGE_CHANGELOG_ENTRY_H

#include "common/base/err.h"
#include "common/base/span.h"

#define CHANGELOG_ENTRY_MAX (32u * 1024)

/*
 * The one entry (deb-changelog(5)) of a rebuild without a change of source.
 * It comes out of a published package and is put before the source's own
 * changelog, where its version and its date become those of the build: so it
 * must be an entry for this source and version, binary-only, and nothing else:
 *
 *	source (version) distribution...; key=value, binary-only=yes
 *	  lines that begin with two spaces, or nothing
 *	 -- name <address>  Mon, 01 Jan 2024 00:00:00 +0000
 *
 * RB_EREFUSED: it is another's.  RB_EFORMAT: it is none.
 */
enum rb_err changelog_entry_check(struct span text, struct span source,
    struct span version, struct fault *why) RB_CHECK;

#endif
