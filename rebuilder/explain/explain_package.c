/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/explain/explain_package.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rebuilder/explain/explain_content.h"
#include "rebuilder/explain/explain_members.h"

#define BLOCK (64 * 1024)

static enum rb_err
read_block(const struct package *p, uint64_t at, uint8_t *block, size_t len,
    struct fault *why)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = pread(p->fd, block + have, len - have,
		    (off_t)(p->offset + at + have));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return fault_set(why, RB_EIO, "%s file: cannot be read",
			    p->who);
		have += (size_t)n;
	}
	return RB_OK;
}

/* The bytes of both, whatever they mean. */
static enum rb_err
compare_bytes(const struct package *a, const struct package *b,
    struct report *r, unsigned int *findings, struct fault *why)
{
	static uint8_t ours[BLOCK], theirs[BLOCK];
	uint64_t common = a->len < b->len ? a->len : b->len;
	uint64_t at, ndiffer = 0, first = 0;
	size_t len, n, i = 0;
	enum rb_err rc;

	for (at = 0; at < common; at += len) {
		len = common - at < BLOCK ? (size_t)(common - at) : BLOCK;
		if ((rc = read_block(a, at, ours, len, why)) != RB_OK)
			return rc;
		if ((rc = read_block(b, at, theirs, len, why)) != RB_OK)
			return rc;
		n = content_count(ours, theirs, len, &i);
		if (n != 0 && ndiffer == 0)
			first = at + i;
		ndiffer += n;
	}
	report_say(r,
	    "published file: %llu bytes\nrebuilt file:   %llu bytes\n"
	    "-: published, +: rebuilt\n",
	    (unsigned long long)b->len, (unsigned long long)a->len);
	if (ndiffer != 0) {
		report_say(r, "first difference at byte %llu\n",
		    (unsigned long long)first);
		*findings |= FOUND_CONTENT;
	} else if (a->len != b->len) {
		report_say(r, "the shorter is the front of the longer\n");
		*findings |= FOUND_SIZE;
	}
	return RB_OK;
}

static bool
ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), k = strlen(suffix);

	return n >= k && strcmp(s + n - k, suffix) == 0;
}

/* Parts match when their names do, compression aside. */
static size_t
stem_len(const char *part)
{
	const char *tar = strstr(part, ".tar");

	return tar != NULL ? (size_t)(tar - part) + 4 : strlen(part);
}

static const struct member *
find_part(const struct listing *l, const char *name)
{
	size_t i, len = stem_len(name);

	for (i = 0; i < l->n; i++)
		if (stem_len(l->list[i].name) == len &&
		    memcmp(l->list[i].name, name, len) == 0)
			return &l->list[i];
	return NULL;
}

static enum rb_err
compare_part(const struct pair *packages, const struct member *a,
    const struct member *b, struct report *r, unsigned int *findings,
    struct fault *why)
{
	unsigned int inside = 0;
	enum rb_err rc;

	if (members_report_metadata(a->name, a, b, r))
		*findings |= FOUND_METADATA;
	if (strcmp(a->name, b->name) != 0) {
		report_name(r, b->name);
		report_say(r, " published, ");
		report_name(r, a->name);
		report_say(r, " rebuilt\n");
		*findings |= FOUND_COMPRESSION;
	}
	if (a->size == b->size && digest_equal(&a->sha256, &b->sha256))
		return RB_OK;
	if (!reader_is_tar(a->name)) {
		report_name(r, a->name);
		report_say(r, ": content differs\n");
		*findings |= FOUND_CONTENT;
		return RB_OK;
	}
	if ((rc = members_compare(packages, a->name, b->name, r, &inside,
		 why)) != RB_OK)
		return rc;
	if (inside == 0) {
		report_name(r, a->name);
		report_say(r,
		    ": all members are the same; only the archive "
		    "or its compression differs\n");
		inside = FOUND_COMPRESSION;
	}
	*findings |= inside;
	return RB_OK;
}

static enum rb_err
compare_parts(const struct pair *packages, const struct listing *a,
    const struct listing *b, struct report *r, unsigned int *findings,
    struct fault *why)
{
	const struct member *twin;
	enum rb_err rc;
	size_t i;

	for (i = 0; i < b->n; i++) {
		if (find_part(a, b->list[i].name) != NULL)
			continue;
		report_name(r, b->list[i].name);
		report_say(r, ": only in the published package\n");
		*findings |= FOUND_MEMBERS;
	}
	for (i = 0; i < a->n; i++) {
		twin = find_part(b, a->list[i].name);
		if (twin != NULL) {
			if ((rc = compare_part(packages, &a->list[i], twin, r,
				 findings, why)) != RB_OK)
				return rc;
			if (twin != &b->list[i])
				*findings |= FOUND_ORDER;
			continue;
		}
		report_name(r, a->list[i].name);
		report_say(r, ": only in the rebuilt package\n");
		*findings |= FOUND_MEMBERS;
	}
	return RB_OK;
}

static enum rb_err
compare_packages(const struct pair *packages, struct report *r,
    unsigned int *findings, struct fault *why)
{
	struct listing a = LISTING_INIT, b = LISTING_INIT;
	enum rb_err rc;

	if ((rc = listing_read_parts(&packages->rebuilt, &a, why)) != RB_OK)
		goto out;
	if ((rc = listing_read_parts(&packages->published, &b, why)) != RB_OK)
		goto out;
	rc = compare_parts(packages, &a, &b, r, findings, why);
out:
	listing_clear(&a);
	listing_clear(&b);
	return rc;
}

/* What weighs most stands first. */
static const struct {
	unsigned int finding;
	const char *reason;
} weights[] = {
	{ FOUND_UNREADABLE, "unreadable" },
	{ FOUND_CONTENT, "content" },
	{ FOUND_MEMBERS, "member-set" },
	{ FOUND_CONTROL, "control" },
	{ FOUND_METADATA, "metadata" },
	{ FOUND_BUILD_ID, "build-id" },
	{ FOUND_ORDER, "order" },
	{ FOUND_COMPRESSION, "compression" },
	{ FOUND_SIZE, "size" },
};

/*
 * md5sums follow from the data; alone, they are a difference of the control
 * part like any other.
 */
static unsigned int
settle(unsigned int findings)
{
	const unsigned int data = FOUND_CONTENT | FOUND_BUILD_ID |
	    FOUND_MEMBERS;

	if ((findings & FOUND_MD5SUMS) != 0 && (findings & data) == 0)
		findings |= FOUND_CONTROL;
	return findings;
}

static const char *
weigh(unsigned int findings)
{
	size_t i;

	for (i = 0; i < sizeof(weights) / sizeof(weights[0]); i++)
		if ((findings & weights[i].finding) != 0)
			return weights[i].reason;
	return NULL;
}

enum rb_err
explain_files(const struct package *rebuilt, const struct package *published,
    const char *file, struct report *r, const char **reason, struct fault *why)
{
	const struct pair packages = { *rebuilt, *published };
	unsigned int bytes = 0, inside = 0;
	struct fault broken = FAULT_INIT;
	enum rb_err rc;

	report_name(r, file);
	report_say(r, "\n");
	if ((rc = compare_bytes(rebuilt, published, r, &bytes, why)) != RB_OK)
		return rc;
	if (bytes == 0)
		return fault_set(why, RB_EREFUSED,
		    "both files are equal: there is nothing to explain");
	if (ends_with(file, ".deb") || ends_with(file, ".udeb")) {
		rc = compare_packages(&packages, r, &inside, &broken);
		if (reader_says_unreadable(rc)) {
			report_say(r, "unreadable: %s\n", broken.text);
			inside |= FOUND_UNREADABLE;
		} else if (rc != RB_OK) {
			return fault_set(why, rc, "%s", broken.text);
		}
		/* Bytes that no part accounts for. */
		bytes = inside != 0 ? settle(inside) : FOUND_SIZE;
	}
	*reason = weigh(bytes);
	report_say(r, "reason: %s\n", *reason);
	return r->has_failed ? RB_ENOMEM : RB_OK;
}
