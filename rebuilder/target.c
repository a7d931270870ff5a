/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/target.h"

#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

enum rb_err
target_parse(const char *text, struct target *out, struct fault *why)
{
	struct target t = { { 0 }, { 0 } };
	const char *name, *equal;
	size_t len;

	if (strlen(text) >= TARGET_MAX)
		return fault_set(why, RB_ELIMIT, "target: over %d bytes",
		    TARGET_MAX - 1);
	if (strncmp(text, "deb:", 4) != 0)
		return fault_set(why, RB_EFORMAT,
		    "target \"%s\": say "
		    "deb:SOURCE or deb:SOURCE=VERSION",
		    text);
	name = text + 4;
	if ((equal = strchr(name, '=')) == NULL)
		equal = name + strlen(name);
	len = (size_t)(equal - name);
	memcpy(t.name, name, len);
	if (len < 2 || strspn(t.name, LOWER DIGITS "+-.") != len ||
	    strchr("+-.", t.name[0]) != NULL)
		return fault_set(why, RB_EFORMAT,
		    "target \"%s\": \"%s\" is "
		    "not a source package name (Debian Policy 5.6.1: at "
		    "least two of a-z 0-9 + - ., starting with a letter or "
		    "digit)",
		    text, t.name);
	if (*equal == '=') {
		len = strlen(equal + 1);
		memcpy(t.version, equal + 1, len);
		if (len == 0 ||
		    strspn(t.version, LOWER UPPER DIGITS "+-.~:") != len ||
		    strchr(DIGITS, t.version[0]) == NULL)
			return fault_set(why, RB_EFORMAT,
			    "target \"%s\": "
			    "\"%s\" is not a version (Debian Policy 5.6.12)",
			    text, t.version);
	}
	*out = t;
	return RB_OK;
}
