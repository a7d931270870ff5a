/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "rebuilder/judge/overrides.h"
#include "rebuilder/judge/relations.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check_name(const struct overrides *o, struct span name)
{
	size_t i;

	for (i = 0; i < o->nbase; i++)
		if (span_equal(o->base[i], name))
			abort();
}

/* Nothing that is offered has a name of the base system. */
static void
check_offered(const struct overrides *o, struct span offered)
{
	const struct span *value;
	struct deb822 stanza;
	struct span name, provides;
	struct relation r;

	while (deb822_take(&offered, "Packages", &stanza, NULL) == RB_OK) {
		if (deb822_text(&stanza, "Package", &name, NULL) != RB_OK)
			abort();
		check_name(o, name);
		if ((value = deb822_find(&stanza, "Provides")) == NULL)
			continue;
		provides = *value;
		while (relation_take(&provides, &r) == RB_OK)
			check_name(o, r.name);
	}
	if (offered.len != 0)
		abort();
}

/* Rules, an empty line, and an index, cut into ours and two others. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = span_of(data, len), line, built, archive, published;
	struct sifted once = SIFTED_INIT, again = SIFTED_INIT;
	struct overrides o = OVERRIDES_INIT;
	struct fault why;
	size_t i;

	do
		if (span_take_line(&in, &line) != RB_OK)
			return 0;
	while (line.len != 0);
	if (overrides_parse(span_of(data, len - in.len - 1), &o, &why) != RB_OK)
		return 0;
	built = span_of(in.p, in.len / 2);
	archive = span_of(in.p + in.len / 2, in.len / 4);
	published = span_of(archive.p + archive.len,
	    in.len - built.len - archive.len);
	if (overrides_sift(&o, built, archive, &published, 1, &once, &why) ==
	    RB_OK) {
		check_offered(&o, buf_span(&once.offered));
		/* What passed once passes again. */
		if (overrides_sift(&o, buf_span(&once.offered), archive,
			&published, 1, &again, &why) != RB_OK ||
		    !span_equal(buf_span(&once.offered),
			buf_span(&again.offered)))
			abort();
		for (i = 0; i < WITHHELD_REASONS; i++)
			if ((once.withheld[i].n == 0) !=
				(once.withheld[i].names.len == 0) ||
			    once.withheld[i].names.len >
				OVERRIDES_NAMED_MAX + 60 ||
			    again.withheld[i].n != 0)
				abort();
	}
	overrides_clear(&o);
	sifted_clear(&once);
	sifted_clear(&again);
	return 0;
}
