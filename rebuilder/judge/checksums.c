/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/checksums.h"

#include <string.h>

#include "common/base/enc.h"

#define NAME_MAX_LEN 128

enum rb_err
checksum_parse(struct span line, struct checksum *out)
{
	struct checksum sum = { SPAN_INIT, 0, DIGEST_INIT };
	struct span field;
	enum rb_err rc;

	if ((rc = span_take_until(&line, ' ', &field)) != RB_OK ||
	    (rc = digest_parse(field, &sum.digest)) != RB_OK)
		return rc;
	while (line.len > 0 && line.p[0] == ' ')
		line = span_of(line.p + 1, line.len - 1);
	if ((rc = span_take_until(&line, ' ', &field)) != RB_OK ||
	    (rc = dec_parse(field, ARCHIVE_SIZE_MAX, &sum.size)) != RB_OK)
		return rc;
	if (!archive_path_is_plain(line))
		return RB_EFORMAT;
	sum.path = line;
	*out = sum;
	return RB_OK;
}

bool
archive_path_is_plain(struct span path)
{
	struct span part;
	size_t i;

	if (path.len == 0 || path.len > ARCHIVE_PATH_MAX ||
	    path.p[path.len - 1] == '/')
		return false;
	for (i = 0; i < path.len; i++) {
		if (path.p[i] <= 0x20 || path.p[i] >= 0x7f ||
		    strchr("%?#\\", path.p[i]) != NULL)
			return false;
	}
	while (span_take_until(&path, '/', &part) == RB_OK) {
		if (part.len == 0 || span_equal_str(part, ".") ||
		    span_equal_str(part, ".."))
			return false;
	}
	return true;
}

bool
archive_path_is_pool(struct span path)
{
	return archive_path_is_plain(path) && span_starts(path, SPAN("pool/"));
}

static bool
is_alphanumeric(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool
package_name_is_valid(struct span name)
{
	size_t i;

	if (name.len == 0 || name.len > NAME_MAX_LEN ||
	    !is_alphanumeric(name.p[0]))
		return false;
	for (i = 1; i < name.len; i++) {
		if (!is_alphanumeric(name.p[i]) && name.p[i] != '+' &&
		    name.p[i] != '-' && name.p[i] != '.')
			return false;
	}
	return true;
}
