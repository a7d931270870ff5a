/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "rebuilder/judge/buildinfo.h"
#include "rebuilder/judge/pins.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What it says to be installed is a list of pins, which says the same. */
static void
check_pins(const struct buildinfo *b)
{
	struct buf text = BUF_INIT;
	struct pins p = PINS_INIT;
	size_t i;

	if (buildinfo_write_pins(b, &text) != RB_OK ||
	    pins_parse(buf_span(&text), &p, NULL) != RB_OK ||
	    p.n != b->ninstalled)
		abort();
	for (i = 0; i < p.n; i++)
		if (!span_equal(p.list[i].name, b->installed[i].name) ||
		    !span_equal(p.list[i].architecture,
			b->installed[i].architecture) ||
		    !span_equal(p.list[i].version, b->installed[i].version))
			abort();
	pins_clear(&p);
	buf_clear(&text);
}

/* Everything that was read lies in the text, and lists are in order. */
static void
check_spans(const struct buildinfo *b, const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < b->nfiles; i++) {
		if (b->files[i].path.p < data ||
		    b->files[i].path.p + b->files[i].path.len > data + len ||
		    memchr(b->files[i].path.p, '/', b->files[i].path.len) !=
			NULL)
			abort();
		if (i > 0 &&
		    span_compare(b->files[i - 1].path, b->files[i].path) >= 0)
			abort();
	}
	for (i = 0; i < b->nenvironment; i++)
		if (b->environment[i].name.len == 0 ||
		    b->environment[i].value.p + b->environment[i].value.len >
			data + len)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buildinfo a = BUILDINFO_INIT, b = BUILDINFO_INIT;
	struct fault why;
	size_t half = len / 2;

	if (buildinfo_parse(span_of(data, len), &a, &why) == RB_OK) {
		check_pins(&a);
		check_spans(&a, data, len);
		if (!buildinfo_equal(&a, &a, &why) ||
		    buildinfo_check(&a, a.source, a.source_version, &why) !=
			RB_OK)
			abort();
		buildinfo_clear(&a);
	}
	/* Two texts are equal both ways or neither. */
	if (buildinfo_parse(span_of(data, half), &a, &why) == RB_OK &&
	    buildinfo_parse(span_of(data + half, len - half), &b, &why) ==
		RB_OK &&
	    buildinfo_equal(&a, &b, &why) != buildinfo_equal(&b, &a, &why))
		abort();
	buildinfo_clear(&a);
	buildinfo_clear(&b);
	return 0;
}
