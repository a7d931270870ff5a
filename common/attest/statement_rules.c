/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/attest/statement_rules.h"

#include <string.h>

#include "common/base/enc.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static const char *const reasons_differs[] = { "build-id", "compression",
	"content", "control", "member-set", "metadata", "order", "size",
	"unreadable" };
static const char *const reasons_failed[] = { "build", "crashed", "log-limit",
	"memory", "not-built", "output-format", "output-limit", "timeout" };
static const char *const reasons_unavailable[] = { "binnmu", "dependencies",
	"disk", "environment", "index", "input", "machine", "published",
	"source" };

static enum rb_err
broken(struct fault *why, const char *rule)
{
	return fault_set(why, RB_EFORMAT, "statement: %s", rule);
}

static bool
is_among(struct span word, const char *const *words, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (span_equal_str(word, words[i]))
			return true;
	}
	return false;
}

bool
reason_fits(enum verdict v, struct span token)
{
	switch (v) {
	case VERDICT_REPRODUCED:
		return false;
	case VERDICT_DIFFERS:
		return is_among(token, reasons_differs,
		    LENGTH(reasons_differs));
	case VERDICT_FAILED:
		return is_among(token, reasons_failed, LENGTH(reasons_failed));
	case VERDICT_UNAVAILABLE:
		return is_among(token, reasons_unavailable,
		    LENGTH(reasons_unavailable));
	}
	return false;
}

/* 40 or 64 hexadecimal digits: `ten` is the one that follows 9. */
static bool
is_hex_id(const char *s, char ten)
{
	size_t len = strlen(s), i;

	if (len != 40 && len != 64)
		return false;
	for (i = 0; i < len; i++) {
		if ((s[i] < '0' || s[i] > '9') &&
		    (s[i] < ten || s[i] > ten + 5))
			return false;
	}
	return true;
}

static enum rb_err
check_reason(const struct statement *s, struct fault *why)
{
	if (s->attempt == 0)
		return broken(why, "attempt counts from 1");
	if (s->verdict == VERDICT_REPRODUCED && s->reason == NULL)
		return RB_OK;
	if (s->verdict == VERDICT_REPRODUCED)
		return broken(why, "reproduced needs no reason");
	if (s->reason == NULL ||
	    !reason_fits(s->verdict, span_of_str(s->reason)))
		return broken(why,
		    "reason is none that FORMATS.md lists for this verdict");
	return RB_OK;
}

static enum rb_err
check_published(const struct statement *s, struct fault *why)
{
	const char *file = s->published.file;

	if (strchr(file, '/') != NULL || strcmp(file, ".") == 0 ||
	    strcmp(file, "..") == 0)
		return broken(why, "subject is not the name of a file");
	return RB_OK;
}

static enum rb_err
check_signers(const struct statement *s, struct fault *why)
{
	size_t i;

	for (i = 0; i < s->source.nsigners; i++) {
		if (!is_hex_id(s->source.signers[i], 'A'))
			return broken(why,
			    "a signer is no OpenPGP fingerprint in upper-case "
			    "hexadecimal");
		/* One key must not count twice. */
		if (i > 0 &&
		    strcmp(s->source.signers[i - 1], s->source.signers[i]) >= 0)
			return broken(why, "signers are not strictly rising");
	}
	if (s->verdict == VERDICT_REPRODUCED &&
	    s->source.nsigners < s->source.threshold)
		return broken(why,
		    "reproduced with fewer signers than the threshold");
	return RB_OK;
}

static enum rb_err
check_debian_source(const struct statement *s, struct fault *why)
{
	if (s->source.tag != NULL || s->source.tag_object != NULL ||
	    s->source.commit != NULL || s->source.tag_sha256.is_set ||
	    s->source.tree_sha256.is_set)
		return broken(why, "a debian-source has no tag");
	if (s->verdict != VERDICT_UNAVAILABLE && !s->source.dsc.is_set)
		return broken(why, "source.dsc is missing");
	return RB_OK;
}

static enum rb_err
check_git_tag(const struct statement *s, struct fault *why)
{
	if (s->source.dsc.is_set)
		return broken(why, "a git-tag has no dsc");
	if (s->source.tag_object != NULL &&
	    !is_hex_id(s->source.tag_object, 'a'))
		return broken(why, "source.tagObject is no git object id");
	if (s->source.commit != NULL && !is_hex_id(s->source.commit, 'a'))
		return broken(why, "source.commit is no git object id");
	if (s->verdict == VERDICT_UNAVAILABLE)
		return RB_OK;
	if (s->source.tag == NULL || s->source.tag_object == NULL ||
	    s->source.commit == NULL || !s->source.tag_sha256.is_set ||
	    !s->source.tree_sha256.is_set)
		return broken(why,
		    "a git-tag that was built has tag, tagObject, commit, "
		    "tagDigest and treeDigest");
	if (s->source.threshold == 0)
		return broken(why, "a git-tag is built only when signed");
	return RB_OK;
}

static enum rb_err
check_source(const struct statement *s, struct fault *why)
{
	enum rb_err rc;

	if ((rc = check_signers(s, why)) != RB_OK)
		return rc;
	if (strcmp(s->source.kind, "debian-source") == 0)
		return check_debian_source(s, why);
	if (strcmp(s->source.kind, "git-tag") == 0)
		return check_git_tag(s, why);
	return broken(why, "source.kind is neither debian-source nor git-tag");
}

/* The heart: what `reproduced` says, the statement must bear out. */
static enum rb_err
check_rebuilt(const struct statement *s, struct fault *why)
{
	bool is_same = s->rebuilt.sha256.is_set &&
	    digest_equal(&s->rebuilt.sha256.value, &s->published.sha256);

	if (!s->rebuilt.sha256.is_set && s->rebuilt.size != 0)
		return broken(why, "rebuilt has a size but no digest");
	switch (s->verdict) {
	case VERDICT_REPRODUCED:
		if (!is_same || s->rebuilt.size != s->published.size)
			return broken(why,
			    "reproduced, but digest or size of rebuilt and "
			    "published differ");
		if (s->rebuilt.compared != COMPARED_IDENTICAL &&
		    s->rebuilt.compared != COMPARED_SPLICED)
			return broken(why, "reproduced, but not compared");
		return RB_OK;
	case VERDICT_DIFFERS:
		if (!s->rebuilt.sha256.is_set)
			return broken(why, "differs, but nothing was rebuilt");
		if (is_same)
			return broken(why, "differs, but digests are equal");
		break;
	case VERDICT_FAILED:
	case VERDICT_UNAVAILABLE:
		if (s->rebuilt.sha256.is_set)
			return broken(why,
			    "rebuilt is there, though nothing was built");
		break;
	}
	if (s->rebuilt.compared != COMPARED_NOT)
		return broken(why, "compared is for equal files");
	return RB_OK;
}

static bool
clock_is_valid(const char *clock)
{
	int64_t t;

	return strcmp(clock, "host") == 0 ||
	    utc_parse(span_of_str(clock), &t) == RB_OK;
}

static enum rb_err
check_machine(const struct statement *s, struct fault *why)
{
	static const char *const kinds[] = { "namespace", "qemu", "xen" };

	if (s->machine.kind == NULL)
		return RB_OK; /* predicate.c: the others are absent too */
	if (!is_among(span_of_str(s->machine.kind), kinds, LENGTH(kinds)))
		return broken(why,
		    "machine.kind is none of namespace, qemu, xen");
	if (s->machine.network == NULL ||
	    strcmp(s->machine.network, "none") != 0)
		return broken(why, "a build has no network");
	if (s->machine.clock == NULL || !clock_is_valid(s->machine.clock))
		return broken(why,
		    "machine.clock is neither host nor a UTC time");
	return RB_OK;
}

static enum rb_err
check_environment(const struct statement *s, struct fault *why)
{
	const char *equal = s->environment.equal;

	if ((equal != NULL) != s->environment.buildinfo.is_set)
		return broken(why,
		    "environment.equal and buildinfo go together");
	if (equal != NULL && strcmp(equal, "yes") != 0 &&
	    strcmp(equal, "no") != 0)
		return broken(why, "environment.equal is neither yes nor no");
	return RB_OK;
}

/* A build took place, and all that entered it is known. */
static enum rb_err
check_build(const struct statement *s, struct fault *why)
{
	enum rb_err rc;

	if (!s->inputs.sha256.is_set && s->inputs.count != 0)
		return broken(why, "inputs have a count but no digest");
	if (s->difference.is_set && s->verdict != VERDICT_DIFFERS)
		return broken(why, "only differs has a difference");
	if (s->verdict != VERDICT_UNAVAILABLE &&
	    (!s->inputs.sha256.is_set || !s->environment.recipe_sha256.is_set ||
		s->machine.kind == NULL))
		return broken(why,
		    "a build has inputs, environment with recipeDigest, and "
		    "machine");
	if ((rc = check_environment(s, why)) != RB_OK)
		return rc;
	return check_machine(s, why);
}

enum rb_err
statement_check(const struct statement *s, struct fault *why)
{
	enum rb_err rc;

	if ((rc = check_reason(s, why)) != RB_OK)
		return rc;
	if ((rc = check_published(s, why)) != RB_OK)
		return rc;
	if ((rc = check_source(s, why)) != RB_OK)
		return rc;
	if ((rc = check_rebuilt(s, why)) != RB_OK)
		return rc;
	return check_build(s, why);
}
