/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/release.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/enc.h"
#include "rebuilder/judge/deb822.h"

#define DAY (24 * 60 * 60)

/* Three letters each, in order. */
static const char days[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* Position of a name of three letters, `n` when it is none of them. */
static unsigned int
find_name(const char *names, unsigned int n, struct span s, size_t at)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (memcmp(names + (size_t)3 * i, s.p + at, 3) == 0)
			break;
	}
	return i;
}

/* "Ddd, dd Mmm yyyy hh:mm:ss UTC" by way of the form that enc.h checks. */
enum rb_err
release_date_parse(struct span in, uint64_t *out)
{
	const char *p = (const char *)in.p;
	unsigned int day, month;
	char utc[UTC_LEN + 1];
	int64_t t;

	if (in.len != 29 || memcmp(p + 3, ", ", 2) != 0 || p[7] != ' ' ||
	    p[11] != ' ' || p[16] != ' ' || memcmp(p + 25, " UTC", 4) != 0)
		return RB_EFORMAT;
	day = find_name(days, 7, in, 0);
	month = find_name(months, 12, in, 8);
	if (day == 7 || month == 12)
		return RB_EFORMAT;
	(void)snprintf(utc, sizeof(utc), "%.4s-%02u-%.2sT%.8sZ", p + 12,
	    month + 1, p + 5, p + 17);
	if (utc_parse(span_of_str(utc), &t) != RB_OK)
		return RB_EFORMAT;
	/* 1970 began on a Thursday; a wrong day means a forged date. */
	if ((t / DAY + 4) % 7 != day)
		return RB_EFORMAT;
	*out = (uint64_t)t;
	return RB_OK;
}

static enum rb_err
read_date(const struct deb822 *stanza, const char *name, uint64_t *out,
    struct fault *why)
{
	struct span text;
	enum rb_err rc;

	if ((rc = deb822_text(stanza, name, &text, why)) != RB_OK)
		return rc;
	if (release_date_parse(text, out) != RB_OK)
		return fault_set(why, RB_EFORMAT,
		    "Release: %s is not a date like 'Sat, 11 Jul 2026 10:16:37 "
		    "UTC'",
		    name);
	return RB_OK;
}

static enum rb_err
read_name(const struct deb822 *stanza, const char *name, struct span *out,
    struct fault *why)
{
	struct span text;
	enum rb_err rc;

	if ((rc = deb822_text(stanza, name, &text, why)) != RB_OK)
		return rc;
	if (!archive_path_is_plain(text))
		return fault_set(why, RB_EFORMAT,
		    "Release: %s is not the name of a suite", name);
	*out = text;
	return RB_OK;
}

static int
compare_path(const void *a, const void *b)
{
	const struct checksum *x = a, *y = b;

	return span_compare(x->path, y->path);
}

static enum rb_err
read_list(struct span lines, struct release *r, struct fault *why)
{
	struct span rest = lines, line;
	size_t i, cap = 0;
	enum rb_err rc;

	while ((rc = deb822_line_take(&rest, &line)) == RB_OK)
		cap++;
	if (rc != RB_ENOTFOUND || cap == 0)
		return fault_set(why, RB_EFORMAT,
		    "Release: SHA256 is not a list of files");
	if (cap > RELEASE_ENTRIES_MAX)
		return fault_set(why, RB_ELIMIT,
		    "Release lists more than %d files", RELEASE_ENTRIES_MAX);
	r->entries = calloc(cap, sizeof(*r->entries));
	if (r->entries == NULL)
		return RB_ENOMEM;
	while (deb822_line_take(&lines, &line) == RB_OK) {
		if (checksum_parse(line, &r->entries[r->n]) != RB_OK)
			return fault_set(why, RB_EFORMAT,
			    "Release: '%.*s' is not SHA256, size and a plain "
			    "path",
			    line.len < 200 ? (int)line.len : 200,
			    (const char *)line.p);
		r->n++;
	}
	qsort(r->entries, r->n, sizeof(*r->entries), compare_path);
	for (i = 1; i < r->n; i++) {
		line = r->entries[i].path;
		if (span_equal(r->entries[i - 1].path, line))
			return fault_set(why, RB_EFORMAT,
			    "Release lists '%.*s' twice",
			    line.len < 200 ? (int)line.len : 200,
			    (const char *)line.p);
	}
	return RB_OK;
}

static enum rb_err
read_fields(const struct deb822 *stanza, struct release *r, struct fault *why)
{
	const struct span *by_hash = deb822_find(stanza, "Acquire-By-Hash");
	const struct span *list = deb822_find(stanza, "SHA256");
	enum rb_err rc;

	if ((rc = read_name(stanza, "Codename", &r->codename, why)) != RB_OK ||
	    (rc = read_date(stanza, "Date", &r->date, why)) != RB_OK)
		return rc;
	if (deb822_find(stanza, "Suite") != NULL &&
	    (rc = read_name(stanza, "Suite", &r->suite, why)) != RB_OK)
		return rc;
	if (deb822_find(stanza, "Valid-Until") != NULL &&
	    (rc = read_date(stanza, "Valid-Until", &r->valid_until, why)) !=
		RB_OK)
		return rc;
	r->is_by_hash = by_hash != NULL && span_equal_str(*by_hash, " yes");
	if (list == NULL)
		return fault_set(why, RB_EFORMAT,
		    "Release has no SHA256 list; weaker digests are not read");
	return read_list(*list, r, why);
}

enum rb_err
release_parse(struct span in, struct release *out, struct fault *why)
{
	struct release r = RELEASE_INIT;
	struct deb822 stanza;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = deb822_take(&in, "Release", &stanza, why)) == RB_ENOTFOUND)
		rc = fault_set(why, RB_EFORMAT, "Release is empty");
	if (rc != RB_OK || (rc = read_fields(&stanza, &r, why)) != RB_OK)
		goto out;
	if (in.len != 0) {
		rc = fault_set(why, RB_EFORMAT,
		    "Release has more than one stanza");
		goto out;
	}

	*out = r;
	r = (struct release)RELEASE_INIT; /* now the caller's */
	rc = RB_OK;
out:
	release_clear(&r);
	return rc;
}

void
release_clear(struct release *r)
{
	free(r->entries);
	*r = (struct release)RELEASE_INIT;
}

const struct checksum *
release_find(const struct release *r, struct span path)
{
	struct checksum key = { path, 0, DIGEST_INIT };

	if (r->n == 0)
		return NULL;
	return bsearch(&key, r->entries, r->n, sizeof(*r->entries),
	    compare_path);
}

enum rb_err
release_check(const struct release *r, struct span asked, uint64_t now,
    uint64_t newest, enum release_age age, struct fault *why)
{
	if (asked.len == 0 ||
	    (!span_equal(r->codename, asked) && !span_equal(r->suite, asked)))
		return fault_set(why, RB_EREFUSED,
		    "Release is of '%.*s', not of '%.*s'", (int)r->codename.len,
		    (const char *)r->codename.p, (int)asked.len,
		    (const char *)asked.p);
	if (age == RELEASE_OF_TODAY && r->date < newest)
		return fault_set(why, RB_ESTALE,
		    "Release is older than one seen before: the mirror lags or "
		    "replays; try later or another one");
	if (age == RELEASE_OF_TODAY && r->valid_until != 0 &&
	    now > r->valid_until)
		return fault_set(why, RB_ESTALE,
		    "Release was valid until %llu, now it is %llu (seconds "
		    "since 1970): the mirror lags or replays",
		    (unsigned long long)r->valid_until,
		    (unsigned long long)now);
	if (r->date > now && r->date - now > RELEASE_AHEAD_MAX)
		return fault_set(why, RB_EREFUSED,
		    "Release is dated more than a day from now: is this "
		    "machine's clock right?");
	return RB_OK;
}
