/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_EXPLAIN_PACKAGE_H
#define RB_REBUILDER_EXPLAIN_PACKAGE_H

#include "rebuilder/explain/explain_reader.h"
#include "rebuilder/explain/explain_report.h"

/*
 * How two files differ that are known to differ.  A .deb or .udeb (by `file`,
 * its name) is opened; of anything else only the bytes are looked at.
 *
 * `reason` is the token of FORMATS.md, "Reasons", for what weighs most:
 * unreadable, content, member-set, control, metadata, build-id, order,
 * compression, size.  What a package says about itself (md5sums) is never
 * believed, only compared.
 *
 * RB_EREFUSED: the files are equal.  A package that cannot be read is no
 * error: the report says which rule it broke, and the reason is `unreadable`.
 */
enum rb_err explain_files(const struct package *rebuilt,
    const struct package *published, const char *file, struct report *r,
    const char **reason, struct fault *why) RB_CHECK;

#endif
