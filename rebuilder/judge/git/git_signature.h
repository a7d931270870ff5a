/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_GIT_SIGNATURE_H
#define RB_REBUILDER_GIT_SIGNATURE_H

#include "common/base/buf.h"

/*
 * A signed tag or commit, taken apart as git does before it asks gpg: what
 * was signed, and the signature.
 */
enum git_signature_kind {
	GIT_UNSIGNED,
	GIT_SIGNED_PGP,
	GIT_SIGNED_SSH,
	GIT_SIGNED_X509,
	GIT_SIGNED_TWICE, /* more than one signature, or one of two formats */
	GIT_SIGNED_ODDLY, /* begins as one, and is none; or text behind it */
};

/*
 * `kind` says what it is; payload and signature are set (both are appended
 * to) for GIT_SIGNED_PGP alone, and then the signature is one armour from
 * its first to its last line.
 */
enum rb_err git_tag_split(struct span tag, enum git_signature_kind *kind,
    struct buf *payload, struct buf *signature) RB_CHECK;
enum rb_err git_commit_split(struct span commit, enum git_signature_kind *kind,
    struct buf *payload, struct buf *signature) RB_CHECK;

#endif
