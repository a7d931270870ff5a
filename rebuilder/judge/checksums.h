/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_CHECKSUMS_H
#define RB_REBUILDER_CHECKSUMS_H

#include "common/base/digest.h"

/*
 * One line of a list of digests: "<sha256> <size> <path>" in Checksums-Sha256
 * of Sources; in SHA256 of Release the size may have blanks in front.
 */
struct checksum {
	struct span path; /* borrowed */
	uint64_t size;
	struct digest digest;
};

#define ARCHIVE_PATH_MAX 1024
/* The largest number that a statement can say. */
#define ARCHIVE_SIZE_MAX ((UINT64_C(1) << 53) - 1)

enum rb_err checksum_parse(struct span line, struct checksum *out) RB_CHECK;

/*
 * A path that names one thing below the archive, however it is looked at:
 * printable ASCII, relative, no part empty, "." or "..", nothing that means
 * something else in a URL ("%", "?", "#", "\").
 */
bool archive_path_is_plain(struct span path);
/* The same, and below pool/. */
bool archive_path_is_pool(struct span path);

/*
 * Package and architecture names (Debian Policy, 5.6.1): lower case letters,
 * digits, "+", "-", ".", not starting with a mark, at most 128 bytes.
 */
bool package_name_is_valid(struct span name);

#endif
