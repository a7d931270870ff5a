/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/target.h"

#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static enum rb_err
parse_deb(const char *text, struct target *t, struct fault *why)
{
	const char *name = text + strlen("deb:"), *equal;
	size_t len;

	if ((equal = strchr(name, '=')) == NULL)
		equal = name + strlen(name);
	len = (size_t)(equal - name);
	memcpy(t->name, name, len);
	if (len < 2 || strspn(t->name, LOWER DIGITS "+-.") != len ||
	    strchr("+-.", t->name[0]) != NULL)
		return fault_set(why, RB_EFORMAT,
		    "target \"%s\": \"%s\" is "
		    "not a source package name (Debian Policy 5.6.1: at "
		    "least two of a-z 0-9 + - ., starting with a letter or "
		    "digit)",
		    text, t->name);
	if (*equal == '=') {
		len = strlen(equal + 1);
		memcpy(t->version, equal + 1, len);
		if (len == 0 ||
		    strspn(t->version, LOWER UPPER DIGITS "+-.~:") != len ||
		    strchr(DIGITS, t->version[0]) == NULL)
			return fault_set(why, RB_EFORMAT,
			    "target \"%s\": "
			    "\"%s\" is not a version (Debian Policy 5.6.12)",
			    text, t->version);
	}
	t->kind = TARGET_DEB;
	return RB_OK;
}

/* A name that can be neither an option, a path nor another target. */
static bool
is_word(const char *s)
{
	size_t len = strlen(s);

	return len != 0 && strspn(s, LOWER UPPER DIGITS "+-._~") == len &&
	    strchr("-.", s[0]) == NULL;
}

static enum rb_err
parse_component(const char *text, struct target *t, struct fault *why)
{
	const char *at, *slash;

	if ((slash = strchr(text, '/')) == NULL)
		slash = text + strlen(text);
	at = memchr(text, '@', (size_t)(slash - text));
	if (at == NULL)
		at = slash;
	memcpy(t->name, text, (size_t)(at - text));
	if (at != slash)
		memcpy(t->tag, at + 1, (size_t)(slash - at - 1));
	if (*slash == '/')
		memcpy(t->distribution, slash + 1, strlen(slash + 1));
	if (!is_word(t->name) || (at != slash && !is_word(t->tag)) ||
	    (*slash == '/' && !is_word(t->distribution)))
		return fault_set(why, RB_EFORMAT,
		    "target \"%s\": say deb:SOURCE, deb:SOURCE=VERSION, or "
		    "COMPONENT, COMPONENT@TAG, COMPONENT/DISTRIBUTION of the "
		    "release (letters, digits and + - . _ ~)",
		    text);
	t->kind = TARGET_COMPONENT;
	return RB_OK;
}

enum rb_err
target_parse(const char *text, struct target *out, struct fault *why)
{
	struct target t;
	enum rb_err rc = RB_EINTERNAL;

	memset(&t, 0, sizeof(t));
	if (strlen(text) >= TARGET_MAX)
		return fault_set(why, RB_ELIMIT, "target: over %d bytes",
		    TARGET_MAX - 1);
	if (strncmp(text, "deb:", strlen("deb:")) == 0)
		rc = parse_deb(text, &t, why);
	else
		rc = parse_component(text, &t, why);
	if (rc == RB_OK)
		*out = t;
	return rc;
}
