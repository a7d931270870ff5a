/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/changelog_entry.h"

#include <stdbool.h>
#include <string.h>

#define DATE_MAX_LEN 32

/* A line of the changelog as ours are: text, in UTF-8 or not, no controls. */
static bool
is_text(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return true;
}

static bool
is_made_of(struct span s, const char *marks)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((s.p[i] < 'a' || s.p[i] > 'z') &&
		    (s.p[i] < 'A' || s.p[i] > 'Z') &&
		    (s.p[i] < '0' || s.p[i] > '9') &&
		    (s.p[i] == '\0' || strchr(marks, s.p[i]) == NULL))
			return false;
	return s.len > 0;
}

static enum rb_err
wrong(struct fault *why, enum rb_err rc, const char *what)
{
	return fault_set(why, rc,
	    "the changelog entry of the rebuild %s (deb-changelog(5))", what);
}

/* " key=value, key=value", one of them binary-only=yes. */
static enum rb_err
check_keys(struct span in, struct fault *why)
{
	struct span field, key;
	bool is_binary_only = false;

	for (;;) {
		if (span_take_until(&in, ',', &field) != RB_OK) {
			field = in;
			in.len = 0;
		}
		if (field.len < 1 || field.p[0] != ' ')
			return wrong(why, RB_EFORMAT, "has malformed keywords");
		field = span_of(field.p + 1, field.len - 1);
		if (span_equal_str(field, "binary-only=yes"))
			is_binary_only = true;
		if (span_take_until(&field, '=', &key) != RB_OK ||
		    !is_made_of(key, "-") || !is_made_of(field, "-"))
			return wrong(why, RB_EFORMAT, "has malformed keywords");
		if (in.len == 0)
			break;
	}
	if (!is_binary_only)
		return wrong(why, RB_EREFUSED, "is not binary-only");
	return RB_OK;
}

static enum rb_err
check_head(struct span line, struct span source, struct span version,
    struct fault *why)
{
	struct span field;

	if (span_take_until(&line, ' ', &field) != RB_OK ||
	    !span_equal(field, source))
		return wrong(why, RB_EREFUSED, "is not of this source");
	if (line.len == 0 || line.p[0] != '(')
		return wrong(why, RB_EFORMAT, "has no version");
	line = span_of(line.p + 1, line.len - 1);
	if (span_take_until(&line, ')', &field) != RB_OK ||
	    !span_equal(field, version))
		return wrong(why, RB_EREFUSED, "is not of this version");
	if (span_take_until(&line, ';', &field) != RB_OK ||
	    !is_made_of(field, " -.+~") || field.p[0] != ' ')
		return wrong(why, RB_EFORMAT, "has no distribution");
	return check_keys(line, why);
}

/* Letters of a name, digits, and all else as it stands. */
static bool
is_date(struct span s)
{
	static const char form[] = "Aaa, 00 Aaa 0000 00:00:00 ?0000";
	size_t i;
	uint8_t c;

	if (s.len != sizeof(form) - 1)
		return false;
	for (i = 0; i < s.len; i++) {
		c = s.p[i];
		switch (form[i]) {
		case 'A':
			if (c < 'A' || c > 'Z')
				return false;
			break;
		case 'a':
			if (c < 'a' || c > 'z')
				return false;
			break;
		case '0':
			/* A day may be written with a space or a digit less. */
			if ((c < '0' || c > '9') && !(c == ' ' && i == 5))
				return false;
			break;
		case '?':
			if (c != '+' && c != '-')
				return false;
			break;
		default:
			if (c != (uint8_t)form[i])
				return false;
		}
	}
	return true;
}

/* "name <address>  date", behind " -- ". */
static enum rb_err
check_trailer(struct span line, struct fault *why)
{
	char padded[DATE_MAX_LEN];
	struct span who;

	if (span_take_until(&line, '>', &who) != RB_OK ||
	    memchr(who.p, '<', who.len) == NULL || line.len < 2 ||
	    memcmp(line.p, "  ", 2) != 0)
		return wrong(why, RB_EFORMAT, "has no maintainer");
	line = span_of(line.p + 2, line.len - 2);
	/* "Mon, 1 Jan": as if it were " 1". */
	if (line.len == DATE_MAX_LEN - 2 && line.p[6] == ' ') {
		memcpy(padded, line.p, 5);
		padded[5] = ' ';
		memcpy(padded + 6, line.p + 5, line.len - 5);
		line = span_of(padded, line.len + 1);
	}
	if (!is_date(line))
		return wrong(why, RB_EFORMAT, "has no date");
	return RB_OK;
}

enum rb_err
changelog_entry_check(struct span text, struct span source, struct span version,
    struct fault *why)
{
	struct span line;
	bool is_ended = false;
	enum rb_err rc;

	if (text.len > CHANGELOG_ENTRY_MAX)
		return wrong(why, RB_ELIMIT, "is longer than 32 KiB");
	if (span_take_line(&text, &line) != RB_OK || !is_text(line))
		return wrong(why, RB_EFORMAT, "has no first line");
	if ((rc = check_head(line, source, version, why)) != RB_OK)
		return rc;
	while (text.len > 0) {
		if (span_take_line(&text, &line) != RB_OK || !is_text(line))
			return wrong(why, RB_EFORMAT,
			    "holds something else than lines of text");
		if (line.len == 0)
			continue;
		if (is_ended)
			return wrong(why, RB_EFORMAT,
			    "goes on behind its maintainer and date");
		if (span_starts(line, SPAN(" -- "))) {
			is_ended = true;
			rc = check_trailer(span_of(line.p + 4, line.len - 4),
			    why);
			if (rc != RB_OK)
				return rc;
		} else if (!span_starts(line, SPAN("  "))) {
			return wrong(why, RB_EFORMAT,
			    "has a line that does not belong to it");
		}
	}
	if (!is_ended)
		return wrong(why, RB_EFORMAT, "has no maintainer and date");
	return RB_OK;
}
