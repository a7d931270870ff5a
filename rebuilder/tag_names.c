/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words for outcomes and rulings. */
#include "rebuilder/tag.h"

static const char *const outcome_names[TAG_OUTCOMES] = {
	[TAG_VALID] = "valid",
	[TAG_LIGHTWEIGHT] = "lightweight",
	[TAG_ABSENT] = "absent",
	[TAG_MALFORMED] = "malformed",
	[TAG_NESTED] = "nested",
	[TAG_OTHER_NAME] = "other-name",
	[TAG_OTHER_VERSION] = "other-version",
	[TAG_UNSIGNED] = "unsigned",
	[TAG_SSH] = "ssh-signed",
	[TAG_X509] = "x509-signed",
	[TAG_SIGNED_TWICE] = "signed-twice",
	[TAG_UNKNOWN_KEY] = "unknown-key",
	[TAG_EXPIRED_KEY] = "expired-key",
	[TAG_REVOKED_KEY] = "revoked-key",
	[TAG_EXPIRED_SIGNATURE] = "expired-signature",
	[TAG_WEAK_DIGEST] = "weak-digest",
	[TAG_BAD_SIGNATURE] = "bad-signature",
	[TAG_OTHER_KEY] = "other-key",
	[TAG_UNCLEAR] = "unclear",
	[TAG_PASSED_OVER] = "passed-over",
};

static const char *const ruling_names[TAG_RULINGS] = {
	[TAGS_ACCEPTED] = "accepted",
	[TAGS_COMMIT_ACCEPTED] = "accepted-by-commit",
	[TAGS_NONE] = "no-tag",
	[TAGS_TOO_FEW] = "too-few",
	[TAGS_NO_VERSION] = "no-version-tag",
	[TAGS_NOT_ASKED] = "asked-tag-not-valid",
	[TAGS_BRANCH_BACK] = "branch-back",
	[TAGS_VERSION_BACK] = "version-back",
};

const char *
tag_outcome_name(enum tag_outcome outcome)
{
	return outcome_names[outcome];
}

const char *
tag_ruling_name(enum tag_ruling ruling)
{
	return ruling_names[ruling];
}
