/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/recipe.h"

#include <string.h>

/* Made by the build from the files in rebuilder/guest. */
#include "recipe_texts.h"

enum rb_err
recipe_text(const char *name, struct span *out)
{
	size_t i;

	for (i = 0; i < sizeof(recipe_texts) / sizeof(recipe_texts[0]); i++) {
		if (strcmp(recipe_texts[i].name, name) == 0) {
			*out = span_of(recipe_texts[i].text,
			    recipe_texts[i].len);
			return RB_OK;
		}
	}
	return RB_ENOTFOUND;
}

enum rb_err
recipe_digest(const char *name, struct digest *out)
{
	struct span text = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = recipe_text(name, &text)) != RB_OK)
		return rc;
	return digest_of(text, out);
}
