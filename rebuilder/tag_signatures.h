/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_TAG_SIGNATURES_H
#define RB_REBUILDER_TAG_SIGNATURES_H

#include "common/base/buf.h"

/*
 * Asks gpgv about every candidate that has a signature to ask about, as many
 * at once as there are processors.  Candidates and statuses (appended) are
 * the records of JUDGE_COMMIT and JUDGE_TAGS.  `keyring` is borrowed.
 */
enum rb_err tag_signatures(int keyring, struct span candidates,
    struct buf *statuses, struct fault *why) RB_CHECK;

#endif
