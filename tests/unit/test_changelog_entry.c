/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "rebuilder/judge/changelog_entry.h"

#define HEAD "tiny (1:2-3+b1) sid; urgency=low, binary-only=yes\n"
#define BODY "\n  * Binary-only upload for amd64; no source changes.\n\n"
#define MAIL " -- amd64 Daemon (x) <buildd@example.org>"
#define DATE "  Sat, 03 Dec 2022 10:11:12 +0100\n"
#define ENTRY HEAD BODY MAIL DATE

static enum rb_err
check(const char *text, struct fault *why)
{
	return changelog_entry_check(span_of_str(text), SPAN("tiny"),
	    SPAN("1:2-3+b1"), why);
}

static void
takes_an_entry_of_this_rebuild(void **state)
{
	static const char *const texts[] = {
		ENTRY,
		ENTRY "\n\n",
		HEAD MAIL DATE,
		"tiny (1:2-3+b1) sid bookworm; binary-only=yes\n" BODY MAIL
		    DATE,
		HEAD BODY MAIL "  Sat, 3 Dec 2022 10:11:12 -0000\n",
		HEAD BODY MAIL "  Sat,  3 Dec 2022 10:11:12 -0000\n",
		HEAD "  * K\303\266ln\n" MAIL DATE,
	};
	struct fault why = FAULT_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (check(texts[i], &why) != RB_OK)
			fail_msg("%s: %s", texts[i], why.text);
}

static void
takes_nothing_else(void **state)
{
	static const struct {
		const char *text;
		enum rb_err rc;
	} rows[] = {
		{ "", RB_EFORMAT },
		{ "\n" ENTRY, RB_EREFUSED },
		{ HEAD, RB_EFORMAT },
		{ HEAD BODY, RB_EFORMAT },
		{ HEAD BODY MAIL "  Sat, 03 Dec 2022 10:11:12 +0100",
		    RB_EFORMAT },
		/* Another's. */
		{ "other (1:2-3+b1) sid; binary-only=yes\n" BODY MAIL DATE,
		    RB_EREFUSED },
		{ "tiny-more (1:2-3+b1) sid; binary-only=yes\n" BODY MAIL DATE,
		    RB_EREFUSED },
		{ "tiny (2-3+b1) sid; binary-only=yes\n" BODY MAIL DATE,
		    RB_EREFUSED },
		{ "tiny (1:2-3+b10) sid; binary-only=yes\n" BODY MAIL DATE,
		    RB_EREFUSED },
		{ "tiny (1:2-3+b1) sid; urgency=low\n" BODY MAIL DATE,
		    RB_EREFUSED },
		{ "tiny (1:2-3+b1) sid; not-binary-only=yes\n" BODY MAIL DATE,
		    RB_EREFUSED },
		/* More than one, or what is put between. */
		{ ENTRY ENTRY, RB_EFORMAT },
		{ HEAD BODY HEAD BODY MAIL DATE, RB_EFORMAT },
		{ ENTRY "\n" BODY, RB_EFORMAT },
		{ ENTRY "Local variables:\n", RB_EFORMAT },
		{ HEAD BODY MAIL DATE MAIL DATE, RB_EFORMAT },
		{ HEAD " one space\n" MAIL DATE, RB_EFORMAT },
		{ HEAD "\tx\n" MAIL DATE, RB_EFORMAT },
		/* Heads. */
		{ "tiny 1:2-3+b1 sid; binary-only=yes\n" BODY MAIL DATE,
		    RB_EFORMAT },
		{ "tiny (1:2-3+b1; binary-only=yes\n" BODY MAIL DATE,
		    RB_EREFUSED },
		{ "tiny (1:2-3+b1) binary-only=yes\n" BODY MAIL DATE,
		    RB_EFORMAT },
		{ "tiny (1:2-3+b1); binary-only=yes\n" BODY MAIL DATE,
		    RB_EFORMAT },
		{ "tiny (1:2-3+b1) $(sid); binary-only=yes\n" BODY MAIL DATE,
		    RB_EFORMAT },
		{ "tiny (1:2-3+b1) sid;binary-only=yes\n" BODY MAIL DATE,
		    RB_EFORMAT },
		{ "tiny (1:2-3+b1) sid; binary-only=yes, x=\n" BODY MAIL DATE,
		    RB_EFORMAT },
		{ "tiny (1:2-3+b1) sid; =y, binary-only=yes\n" BODY MAIL DATE,
		    RB_EFORMAT },
		{ "tiny (1:2-3+b1) sid;\n" BODY MAIL DATE, RB_EFORMAT },
		/* Trailers. */
		{ HEAD BODY " -- nobody" DATE, RB_EFORMAT },
		{ HEAD BODY " -- nobody>" DATE, RB_EFORMAT },
		{ HEAD BODY MAIL "\n", RB_EFORMAT },
		{ HEAD BODY MAIL " Sat, 03 Dec 2022 10:11:12 +0100\n",
		    RB_EFORMAT },
		{ HEAD BODY MAIL "  Sat, 03 Dec 2022 10:11:12 +0100 x\n",
		    RB_EFORMAT },
		{ HEAD BODY MAIL "  Sat, 03 Dec 22 10:11:12 +0100\n",
		    RB_EFORMAT },
		{ HEAD BODY MAIL "  Sat, 03 Dec 2022 10:11:12 CEST\n",
		    RB_EFORMAT },
		{ HEAD BODY MAIL "  2022-12-03T10:11:12Z\n", RB_EFORMAT },
		{ HEAD BODY MAIL "  Sat,   3 Dec 2022 10:11:12 +0100\n",
		    RB_EFORMAT },
		/* Bytes. */
		{ HEAD "  \033[2J\n" MAIL DATE, RB_EFORMAT },
		{ HEAD "  x\r\n" MAIL DATE, RB_EFORMAT },
	};
	struct fault why = FAULT_INIT;
	enum rb_err rc;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rc = check(rows[i].text, &why);
		if (rc != rows[i].rc)
			fail_msg("%s: %s", rows[i].text, err_name(rc));
		assert_non_null(strstr(why.text, "changelog"));
	}
	assert_int_equal(changelog_entry_check(SPAN(HEAD "  x\0\n" MAIL DATE),
			     SPAN("tiny"), SPAN("1:2-3+b1"), &why),
	    RB_EFORMAT);
}

static void
takes_no_more_than_is_read(void **state)
{
	struct buf text = BUF_INIT;
	struct fault why = FAULT_INIT;

	(void)state;
	assert_int_equal(buf_put_str(&text, HEAD), RB_OK);
	while (text.len + sizeof(MAIL DATE) + 1 < CHANGELOG_ENTRY_MAX)
		assert_int_equal(buf_put_str(&text, "\n"), RB_OK);
	assert_int_equal(buf_put_str(&text, MAIL DATE), RB_OK);
	assert_int_equal(changelog_entry_check(buf_span(&text), SPAN("tiny"),
			     SPAN("1:2-3+b1"), &why),
	    RB_OK);
	assert_int_equal(buf_put_str(&text, "\n\n\n"), RB_OK);
	assert_int_equal(changelog_entry_check(buf_span(&text), SPAN("tiny"),
			     SPAN("1:2-3+b1"), &why),
	    RB_ELIMIT);
	buf_clear(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_an_entry_of_this_rebuild),
		cmocka_unit_test(takes_nothing_else),
		cmocka_unit_test(takes_no_more_than_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
