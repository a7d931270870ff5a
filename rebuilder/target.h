/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_TARGET_H
#define RB_REBUILDER_TARGET_H

#include "common/base/buf.h"

/*
 * What somebody asks to have rebuilt:
 *   deb:SOURCE[=VERSION]         a source package of the archive; names as in
 *                                Debian Policy 5.6.1, versions as in 5.6.12
 *   COMPONENT[@TAG][/DISTRIBUTION]
 *                                a component of the release that the node
 *                                watches, for one of its distributions or
 *                                for all of them
 */
#define TARGET_MAX 256
enum target_kind { TARGET_DEB, TARGET_COMPONENT };

struct target {
	enum target_kind kind;
	char name[TARGET_MAX];
	char version[TARGET_MAX];      /* DEB; "": the newest */
	char tag[TARGET_MAX];          /* COMPONENT; "": the one accepted */
	char distribution[TARGET_MAX]; /* COMPONENT; "": all of them */
};

enum rb_err target_parse(const char *text, struct target *out,
    struct fault *why) RB_CHECK;

#endif
