/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_COMMAND_APT_H
#define RB_COMMAND_APT_H

#include "common/base/buf.h"

/*
 * The Debian archive that this computer's own apt uses: its main suite, not
 * updates or security, and the keyring that vouches for it.
 */
struct apt_archive {
	char *uri, *suite, *component, *architecture, *keyring; /* owned */
};

void apt_archive_clear(struct apt_archive *a);

/* RB_ENOTFOUND: apt knows no such archive; the fault says what to do. */
enum rb_err apt_archive_find(struct apt_archive *out, struct fault *why)
    RB_CHECK;

#endif
