/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/process/msg.h"
#include "rebuilder/prepare_plan.h"

#define ok(call) assert_int_equal(call, RB_OK)

struct said {
	struct buf answer, records; /* owned */
};

static void
put_file(struct buf *b, uint8_t uncompress, uint8_t check, size_t sum,
    const char *signature, uint8_t nkeys)
{
	uint8_t zero[80] = { 0 };
	uint8_t i;

	ok(put_text(b, "https://else.example/a.tar.gz"));
	ok(put_text(b, "a.tar.gz"));
	ok(put_u8(b, uncompress));
	ok(put_u8(b, check));
	ok(put_bytes(b, span_of(zero, sum)));
	ok(put_text(b, signature));
	ok(put_u8(b, nkeys));
	for (i = 0; i < nkeys; i++)
		ok(put_bytes(b, SPAN("a key")));
}

static void
put_head(struct buf *b, uint8_t is_archive, uint32_t nbuilds, uint32_t nmodules,
    uint32_t nfiles)
{
	buf_reset(b);
	ok(put_text(b, "4.2.8"));
	ok(put_text(b, "1"));
	ok(put_text(b, ""));
	ok(put_u8(b, is_archive));
	ok(put_u32(b, nbuilds));
	ok(put_u32(b, nmodules));
	ok(put_u32(b, nfiles));
}

/* Two packages, one module, and a file of each kind. */
static void
say(struct said *s)
{
	put_head(&s->answer, 1, 2, 1, 3);
	buf_reset(&s->records);
	ok(put_text(&s->records, "debian"));
	ok(put_text(&s->records, "debian-pkg/debian"));
	ok(put_text(&s->records, "lib"));
	ok(put_text(&s->records, "https://git.example/lib.git"));
	put_file(&s->records, 0, 0, 32, "", 0);
	put_file(&s->records, 1, 1, 64, "", 0);
	put_file(&s->records, 1, 2, 0, "https://else.example/a.sig", 2);
}

static void
said_clear(struct said *s)
{
	buf_clear(&s->answer);
	buf_clear(&s->records);
}

static void
is_wrong(const char *why, const struct said *s)
{
	struct plan p = PLAN_INIT;
	enum rb_err rc = plan_take(buf_span(&s->answer), buf_span(&s->records),
	    &p);

	if (rc != RB_EFORMAT && rc != RB_ELIMIT)
		fail_msg("%s: %s", why, err_name(rc));
	/* Nothing is written. */
	assert_null(p.version);
	assert_null(p.builds);
	assert_int_equal(p.nfiles, 0);
}

static void
refuses_all_that_is_cut_or_too_long(void **state)
{
	struct said s = { BUF_INIT, BUF_INIT };
	size_t len;

	(void)state;
	say(&s);
	for (len = s.answer.len; len > 0;) {
		s.answer.len = --len;
		is_wrong("a cut answer", &s);
	}
	say(&s);
	for (len = s.records.len; len > 0;) {
		s.records.len = --len;
		is_wrong("cut records", &s);
	}
	say(&s);
	ok(buf_put_byte(&s.records, 0));
	is_wrong("more records", &s);
	say(&s);
	ok(buf_put_byte(&s.answer, 0));
	is_wrong("a longer answer", &s);
	said_clear(&s);
}

static void
refuses_what_no_plan_is(void **state)
{
	static const struct {
		const char *why;
		uint8_t uncompress, check;
		size_t sum;
	} files[] = {
		{ "neither packed nor not", 2, 0, 32 },
		{ "a check that there is not", 0, 3, 0 },
		{ "half a SHA-256", 0, 0, 16 },
		{ "SHA-256 for SHA-512", 0, 1, 32 },
		{ "SHA-512 for SHA-256", 0, 0, 64 },
		{ "a sum that is longer than any", 0, 1, 65 },
		{ "a sum and a signature", 0, 2, 32 },
	};
	static const uint32_t many[][3] = { { 65, 0, 0 }, { 0, 65, 0 },
		{ 0, 0, 65 }, { UINT32_MAX, 0, 0 }, { 0, UINT32_MAX, 0 },
		{ 0, 0, UINT32_MAX } };
	struct said s = { BUF_INIT, BUF_INIT };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		put_head(&s.answer, 0, 0, 0, 1);
		buf_reset(&s.records);
		put_file(&s.records, files[i].uncompress, files[i].check,
		    files[i].sum, "", 0);
		is_wrong(files[i].why, &s);
	}
	buf_reset(&s.records);
	for (i = 0; i < sizeof(many) / sizeof(many[0]); i++) {
		put_head(&s.answer, 0, many[i][0], many[i][1], many[i][2]);
		is_wrong("more than there may be", &s);
	}
	put_head(&s.answer, 2, 0, 0, 0);
	is_wrong("neither an archive nor none", &s);
	said_clear(&s);
}

static void
takes_what_the_judge_says(void **state)
{
	struct said s = { BUF_INIT, BUF_INIT };
	struct plan p = PLAN_INIT;

	(void)state;
	say(&s);
	ok(plan_take(buf_span(&s.answer), buf_span(&s.records), &p));
	assert_string_equal(p.version, "4.2.8");
	assert_string_equal(p.release, "1");
	assert_string_equal(p.unavailable, "");
	assert_true(p.is_archive);
	assert_int_equal(p.nbuilds, 2);
	assert_string_equal(p.builds[1], "debian-pkg/debian");
	assert_int_equal(p.nmodules, 1);
	assert_string_equal(p.modules[0].path, "lib");
	assert_string_equal(p.modules[0].url, "https://git.example/lib.git");
	assert_int_equal(p.nfiles, 3);
	assert_false(p.files[0].uncompress);
	assert_int_equal(p.files[0].sum.len, 32);
	assert_true(p.files[1].uncompress);
	assert_int_equal(p.files[1].check, 1);
	assert_int_equal(p.files[1].sum.len, 64);
	assert_string_equal(p.files[2].signature, "https://else.example/a.sig");
	assert_int_equal(p.files[2].nkeys, 2);
	assert_true(span_equal_str(buf_span(&p.files[2].keys[1]), "a key"));
	plan_clear(&p);
	plan_clear(&p);

	/* Nothing for this distribution. */
	put_head(&s.answer, 0, 0, 0, 0);
	buf_reset(&s.records);
	ok(plan_take(buf_span(&s.answer), buf_span(&s.records), &p));
	assert_int_equal(p.nbuilds, 0);
	plan_clear(&p);
	said_clear(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_all_that_is_cut_or_too_long),
		cmocka_unit_test(refuses_what_no_plan_is),
		cmocka_unit_test(takes_what_the_judge_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
