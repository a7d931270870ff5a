/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/explain/explain_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_LEN 1024 /* of our own words, and of a fault */
#define NAME_SHOWN_MAX 300

static const char cut[] = "\n(the report is cut here)\n";

void
report_clear(struct report *r)
{
	buf_clear(&r->text);
	*r = (struct report)REPORT_INIT;
}

static void
put(struct report *r, struct span s)
{
	if (r->is_cut || r->has_failed)
		return;
	if (s.len > REPORT_MAX - sizeof(cut) - r->text.len) {
		r->is_cut = true;
		s = SPAN(cut);
	}
	if (buf_put(&r->text, s) != RB_OK)
		r->has_failed = true;
}

void
report_say(struct report *r, const char *fmt, ...)
{
	char line[LINE_MAX_LEN];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line)) {
		r->has_failed = true; /* we wrote a line that is too long */
		return;
	}
	put(r, span_of(line, (size_t)n));
}

void
report_bytes(struct report *r, struct span s, size_t max)
{
	char hex[8];
	size_t i;

	for (i = 0; i < s.len && i < max; i++) {
		if (s.p[i] >= 0x20 && s.p[i] <= 0x7e && s.p[i] != '\\') {
			put(r, span_of(s.p + i, 1));
			continue;
		}
		snprintf(hex, sizeof(hex), "\\x%02x", s.p[i]);
		put(r, span_of_str(hex));
	}
	if (i < s.len)
		put(r, SPAN("..."));
}

void
report_name(struct report *r, const char *name)
{
	put(r, SPAN("\""));
	report_bytes(r, span_of_str(name), NAME_SHOWN_MAX);
	put(r, SPAN("\""));
}
