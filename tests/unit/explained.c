/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/explained.h"

#include <unistd.h>

#include "common/attest/statement.h"

static struct report report = REPORT_INIT;
const char *reason;

int
explained_clear(void **state)
{
	(void)state;
	report_clear(&report);
	reason = NULL;
	return 0;
}

const char *
words(void)
{
	static struct buf text;

	buf_clear(&text);
	assert_int_equal(buf_put(&text, buf_span(&report.text)), RB_OK);
	assert_int_equal(buf_put_byte(&text, 0), RB_OK);
	return (const char *)text.p;
}

static void
assert_report_is_clean(void)
{
	size_t i;

	assert_true(report.text.len <= REPORT_MAX);
	for (i = 0; i < report.text.len; i++)
		assert_true(report.text.p[i] == '\n' ||
		    (report.text.p[i] >= ' ' && report.text.p[i] <= '~'));
}

enum rb_err
explain_spans(struct span a, struct span b, const char *name)
{
	int fa = deb_file(a), fb = deb_file(b);
	struct package rebuilt = { "rebuilt", fa, 0, a.len };
	struct package published = { "published", fb, 0, b.len };
	struct fault why = FAULT_INIT;
	enum rb_err rc;

	report_clear(&report);
	reason = NULL;
	rc = explain_files(&rebuilt, &published, name, &report, &reason, &why);
	if (rc == RB_OK) {
		assert_report_is_clean();
		assert_true(reason_fits(VERDICT_DIFFERS, span_of_str(reason)));
	} else {
		assert_string_not_equal(why.text, "");
	}
	close(fa);
	close(fb);
	return rc;
}

void
assert_explained(const struct deb *a, const struct deb *b, const char *expected,
    const char *says)
{
	struct buf ours = deb_make(a), theirs = deb_make(b);

	assert_int_equal(explain_spans(buf_span(&ours), buf_span(&theirs),
			     "x_1_all.deb"),
	    RB_OK);
	if (strcmp(reason, expected) != 0 || strstr(words(), says) == NULL)
		fail_msg("not \"%s\", \"%s\" but %s in:\n%s", expected, says,
		    reason, words());
	buf_clear(&ours);
	buf_clear(&theirs);
}
