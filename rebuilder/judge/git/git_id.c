/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/git/git_id.h"

#include <stdio.h>
#include <string.h>

#include "common/base/enc.h"
#include "rebuilder/judge/git/sha1.h"

#define SHA256_HEX_LEN 64

static const char *const type_names[] = {
	[GIT_COMMIT] = "commit",
	[GIT_TREE] = "tree",
	[GIT_BLOB] = "blob",
	[GIT_TAG] = "tag",
};

const char *
git_type_name(enum git_type type)
{
	return type_names[type];
}

enum rb_err
git_type_parse(struct span name, enum git_type *out)
{
	enum git_type type;

	for (type = GIT_COMMIT; type <= GIT_TAG; type++) {
		if (span_equal_str(name, type_names[type])) {
			*out = type;
			return RB_OK;
		}
	}
	return RB_EFORMAT;
}

enum rb_err
git_id_parse(struct span hex, struct git_id *out)
{
	uint8_t long_id[SHA256_HEX_LEN / 2];

	if (hex.len == SHA256_HEX_LEN &&
	    hex_parse(hex, long_id, sizeof(long_id)) == RB_OK)
		return RB_EREFUSED;
	return hex_parse(hex, out->b, GIT_ID_LEN);
}

void
git_id_hex(const struct git_id *id, char out[GIT_ID_HEX_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < GIT_ID_LEN; i++) {
		out[2 * i] = digits[id->b[i] >> 4];
		out[2 * i + 1] = digits[id->b[i] & 15];
	}
	out[GIT_ID_HEX_LEN] = '\0';
}

struct span
git_id_span(const struct git_id *id)
{
	return span_of(id->b, GIT_ID_LEN);
}

bool
git_id_equal(const struct git_id *a, const struct git_id *b)
{
	return memcmp(a->b, b->b, GIT_ID_LEN) == 0;
}

bool
git_id_is_null(const struct git_id *id)
{
	static const struct git_id null = GIT_ID_INIT;

	return git_id_equal(id, &null);
}

struct span
git_head(enum git_type type, size_t len, char out[GIT_HEAD_MAX])
{
	int r;

	r = snprintf(out, GIT_HEAD_MAX, "%s %zu", git_type_name(type), len);
	return span_of(out, (size_t)r + 1); /* with its zero */
}

enum rb_err
git_id_of(enum git_type type, struct span bytes, struct git_id *out)
{
	char text[GIT_HEAD_MAX];
	struct sha1 s;

	sha1_start(&s);
	sha1_put(&s, git_head(type, bytes.len, text));
	sha1_put(&s, bytes);
	return sha1_end(&s, out->b);
}
