/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_TARGET_H
#define RB_REBUILDER_TARGET_H

#include "common/base/buf.h"

/*
 * What somebody asks to have rebuilt: "deb:source" or "deb:source=version".
 * Names as in Debian Policy 5.6.1, versions as in 5.6.12.
 */
#define TARGET_MAX 256
struct target {
	char name[TARGET_MAX];
	char version[TARGET_MAX]; /* "": the newest */
};

enum rb_err target_parse(const char *text, struct target *out,
    struct fault *why) RB_CHECK;

#endif
