/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_CLEARSIGNED_H
#define RB_REBUILDER_CLEARSIGNED_H

#include "common/base/span.h"

/*
 * A text between its armour (RFC 4880, 7).  gpgv passes over whatever stands
 * before and behind it, and over blanks at the end of its lines; so one
 * signature fits many files, and the digest of a file with a line of a
 * stranger in it would go into statements.
 *
 * RB_OK when `whole` is the armour around `text` and nothing else.  Whether
 * a signature holds is gpgv's to say.
 */
enum rb_err clearsigned_check(struct span whole, struct span text,
    struct fault *why) RB_CHECK;

#endif
