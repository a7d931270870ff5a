/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TOLD_TOLD_H
#define RB_TOLD_TOLD_H

#include "common/base/buf.h"

/*
 * What rebuilder tells httpd: one document in one file below told/, which both
 * open before their jails.  It is written in place: httpd needs no right to
 * open anything for that, and no name ever changes.  The document stands
 * behind a line
 *   told 1 SP sha256 SP length LF
 * so that a reader who comes in the middle of a write sees it and looks again.
 * Nothing of it must outlive a power cut; who starts anew tells anew.
 */
#define TOLD_STATUS "told/status"   /* common/told/status.h */
#define TOLD_RELEASE "told/release" /* common/told/release_doc.h */
#define TOLD_MAX (8 * 1024 * 1024)

enum rb_err told_write(int fd, struct span document) RB_CHECK;
/*
 * RB_ENOTFOUND: nothing was told yet.  RB_EFORMAT: damaged, or being written
 * for long.  RB_ELIMIT: more than `max`.
 */
enum rb_err told_read(int fd, size_t max, struct buf *out) RB_CHECK;

#endif
