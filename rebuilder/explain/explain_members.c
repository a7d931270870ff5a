/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/explain/explain_members.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/enc.h"
#include "rebuilder/explain/explain_content.h"

#define LINK_SHOWN_MAX 300
#define PART_SHOWN_MAX 64

/* Two tars on the way to being explained. */
struct work {
	const struct pair *packages;    /* borrowed */
	const char *part_a, *part_b;    /* borrowed */
	struct listing a, b;            /* owned */
	struct report *report;          /* borrowed */
	unsigned int findings;
};

static void
begin_line(struct report *r, const char *where, const char *name)
{
	report_bytes(r, span_of_str(where), PART_SHOWN_MAX);
	report_say(r, " ");
	report_name(r, name);
	report_say(r, ": ");
}

static const char *
type_words(const struct member *m)
{
	if (m->is_hard_link)
		return "hard link";
	switch (m->type) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "symbolic link";
	case S_IFCHR:
	case S_IFBLK:
		return "device";
	case S_IFIFO:
		return "fifo";
	}
	return "something else";
}

static const char *
time_words(int64_t t, char text[UTC_LEN + 1])
{
	return utc_write(t, text) == RB_OK ? text : "a time out of range";
}

static bool
text_equal(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static void
say_text(struct report *r, const char *text)
{
	report_bytes(r, span_of_str(text != NULL ? text : ""), LINK_SHOWN_MAX);
}

static bool
report_owner(const struct member *a, const struct member *b, struct report *r)
{
	if (a->uid == b->uid && a->gid == b->gid &&
	    text_equal(a->user, b->user) && text_equal(a->group, b->group))
		return false;
	report_say(r, "    owner %lld:%lld (", (long long)b->uid,
	    (long long)b->gid);
	say_text(r, b->user);
	report_say(r, ":");
	say_text(r, b->group);
	report_say(r, ") published, %lld:%lld (", (long long)a->uid,
	    (long long)a->gid);
	say_text(r, a->user);
	report_say(r, ":");
	say_text(r, a->group);
	report_say(r, ") rebuilt\n");
	return true;
}

static bool
report_link(const struct member *a, const struct member *b, struct report *r)
{
	if (text_equal(a->link, b->link))
		return false;
	report_say(r, "    link to \"");
	say_text(r, b->link);
	report_say(r, "\" published, \"");
	say_text(r, a->link);
	report_say(r, "\" rebuilt\n");
	return true;
}

static bool
is_metadata_equal(const struct member *a, const struct member *b)
{
	return a->type == b->type && a->is_hard_link == b->is_hard_link &&
	    a->mode == b->mode && a->mtime == b->mtime &&
	    a->device == b->device && a->uid == b->uid && a->gid == b->gid &&
	    text_equal(a->user, b->user) && text_equal(a->group, b->group) &&
	    text_equal(a->link, b->link);
}

bool
members_report_metadata(const char *where, const struct member *a,
    const struct member *b, struct report *r)
{
	char ta[UTC_LEN + 1], tb[UTC_LEN + 1];

	if (is_metadata_equal(a, b))
		return false;
	begin_line(r, where, a->name);
	report_say(r, "metadata differs\n");
	if (a->type != b->type || a->is_hard_link != b->is_hard_link)
		report_say(r, "    %s published, %s rebuilt\n", type_words(b),
		    type_words(a));
	if (a->mode != b->mode)
		report_say(r, "    mode %04o published, %04o rebuilt\n",
		    b->mode, a->mode);
	if (a->mtime != b->mtime)
		report_say(r, "    time %s published, %s rebuilt\n",
		    time_words(b->mtime, tb), time_words(a->mtime, ta));
	if (a->device != b->device)
		report_say(r, "    device %llx published, %llx rebuilt\n",
		    (unsigned long long)b->device,
		    (unsigned long long)a->device);
	(void)report_owner(a, b, r);
	(void)report_link(a, b, r);
	return true;
}

static void
report_lone(const struct listing *l, const struct listing *other,
    const char *where, const char *which, struct work *w)
{
	size_t i, at;

	for (i = 0; i < l->n; i++) {
		if (listing_find(other, l->list[i].name, &at))
			continue;
		begin_line(w->report, where, l->list[i].name);
		report_say(w->report, "only in the %s package (%s)\n", which,
		    type_words(&l->list[i]));
		w->findings |= FOUND_MEMBERS;
	}
}

static bool
is_content_equal(const struct member *a, const struct member *b)
{
	return a->size == b->size && digest_equal(&a->sha256, &b->sha256);
}

/* Metadata of all pairs, and whether what both have stands in one order. */
static void
compare_pairs(struct work *w)
{
	size_t i, at, last = 0;
	bool is_ordered = true;

	for (i = 0; i < w->a.n; i++) {
		if (!listing_find(&w->b, w->a.list[i].name, &at))
			continue;
		if (at < last)
			is_ordered = false;
		last = at;
		if (members_report_metadata(w->part_a, &w->a.list[i],
			&w->b.list[at], w->report))
			w->findings |= FOUND_METADATA;
	}
	if (is_ordered)
		return;
	report_name(w->report, w->part_a);
	report_say(w->report, ": the order of members differs\n");
	w->findings |= FOUND_ORDER;
}

/* What a differing content means depends on where it lies. */
static unsigned int
classify(const char *part, const char *name, enum content content)
{
	if (strncmp(part, "control.tar", 11) == 0)
		return strcmp(name, "./md5sums") == 0 ? FOUND_MD5SUMS :
							FOUND_CONTROL;
	switch (content) {
	case CONTENT_BUILD_ID:
		return FOUND_BUILD_ID;
	case CONTENT_DIFFERS:
		break;
	}
	return FOUND_CONTENT;
}

/* Goes on to the member at `to`; `*at` is the one after the present. */
static enum rb_err
advance(struct reader *r, size_t *at, size_t to, struct fault *why)
{
	struct member m = MEMBER_INIT;
	enum rb_err rc;

	while (*at <= to) {
		rc = reader_next_member(r, &m, why);
		if (rc == RB_ENOTFOUND)
			return fault_set(why, RB_EIO,
			    "a package changed while it was read");
		if (rc != RB_OK)
			return rc;
		member_clear(&m);
		(*at)++;
	}
	return RB_OK;
}

static enum rb_err
compare_contents(struct work *w, struct reader *a, struct reader *b,
    struct fault *why)
{
	size_t i, at, next_a = 0, next_b = 0;
	const struct member *ours, *theirs;
	enum content content;
	enum rb_err rc;

	for (i = 0; i < w->a.n; i++) {
		ours = &w->a.list[i];
		if (!listing_find(&w->b, ours->name, &at))
			continue;
		theirs = &w->b.list[at];
		if (is_content_equal(ours, theirs))
			continue;
		begin_line(w->report, w->part_a, ours->name);
		report_say(w->report, "content differs\n");
		content = CONTENT_DIFFERS;
		/* Behind us in the other tar: its digest must do. */
		if (at >= next_b) {
			if ((rc = advance(a, &next_a, i, why)) != RB_OK)
				return rc;
			if ((rc = advance(b, &next_b, at, why)) != RB_OK)
				return rc;
			if ((rc = content_compare(a, b, ours->size,
				 theirs->size, w->report, &content, why)) !=
			    RB_OK)
				return rc;
		}
		w->findings |= classify(w->part_a, ours->name, content);
	}
	return RB_OK;
}

static bool
has_content_to_compare(const struct work *w)
{
	size_t i, at;

	for (i = 0; i < w->a.n; i++)
		if (listing_find(&w->b, w->a.list[i].name, &at) &&
		    !is_content_equal(&w->a.list[i], &w->b.list[at]))
			return true;
	return false;
}

static enum rb_err
reopen_and_compare(struct work *w, struct fault *why)
{
	struct reader *a = NULL, *b = NULL;
	enum rb_err rc;

	if ((rc = reader_open(&w->packages->rebuilt, &a, why)) != RB_OK ||
	    (rc = listing_enter(a, w->part_a, why)) != RB_OK)
		goto out;
	if ((rc = reader_open(&w->packages->published, &b, why)) != RB_OK ||
	    (rc = listing_enter(b, w->part_b, why)) != RB_OK)
		goto out;
	rc = compare_contents(w, a, b, why);
out:
	reader_close(&a);
	reader_close(&b);
	return rc;
}

enum rb_err
members_compare(const struct pair *packages, const char *rebuilt_part,
    const char *published_part, struct report *r, unsigned int *findings,
    struct fault *why)
{
	struct work w = { packages, rebuilt_part, published_part, LISTING_INIT,
		LISTING_INIT, r, 0 };
	enum rb_err rc;

	if ((rc = listing_read_tar(&packages->rebuilt, rebuilt_part, &w.a,
		 why)) != RB_OK)
		goto out;
	if ((rc = listing_read_tar(&packages->published, published_part, &w.b,
		 why)) != RB_OK)
		goto out;
	report_lone(&w.b, &w.a, published_part, "published", &w);
	report_lone(&w.a, &w.b, rebuilt_part, "rebuilt", &w);
	compare_pairs(&w);
	if (has_content_to_compare(&w) &&
	    (rc = reopen_and_compare(&w, why)) != RB_OK)
		goto out;
	rc = RB_OK;
out:
	*findings |= w.findings;
	listing_clear(&w.a);
	listing_clear(&w.b);
	return rc;
}
