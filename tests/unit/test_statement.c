/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/attest.h"

#include "common/attest/statement.h"

static const char *const vectors[] = {
	"statement-reproduced.json",
	"statement-differs.json",
	"statement-failed.json",
	"statement-unavailable.json",
	"statement-tag.json",
};

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

struct row {
	const char *why;
	const char *vector; /* statement-<vector>.json */
	const char *from, *to;
	const char *fault; /* a part of the sentence */
};

static void
refuse(const struct row *row)
{
	struct buf name = BUF_INIT, good, bad;
	struct fault fault = FAULT_INIT;
	struct statement s;
	enum rb_err rc;

	assert_ok(buf_printf(&name, "statement-%s.json", row->vector));
	assert_ok(buf_put_byte(&name, 0));
	good = vector((const char *)name.p);
	bad = replaced(buf_span(&good), row->from, row->to);
	statement_init(&s);
	rc = statement_parse(buf_span(&bad), &s, &fault);
	if (rc != RB_EFORMAT)
		fail_msg("%s: %s", row->why, err_name(rc));
	if (strstr(fault.text, row->fault) == NULL)
		fail_msg("%s: said '%s'", row->why, fault.text);
	assert_int_equal(s.verdict, 0); /* untouched */
	statement_clear(&s);
	buf_clear(&name);
	buf_clear(&good);
	buf_clear(&bad);
}

#define DIGEST_5891 \
	"{\"sha256\":\"5891b5b522d5df086d0ff0b110fbd9d2" \
	"1bb4fc7163af34d08286a2e846f6be03\"}"
#define DIGEST_5892 \
	"{\"sha256\":\"5892b5b522d5df086d0ff0b110fbd9d2" \
	"1bb4fc7163af34d08286a2e846f6be03\"}"
#define REBUILT \
	"\"rebuilt\":{\"compared\":\"identical\",\"digest\":" DIGEST_5891 \
	",\"size\":6},"

static void
no_other_statement_passes_for_reproduced(void **state)
{
	const struct row rows[] = {
		{ "a no under the type of a yes", "differs", PREDICATE_OTHER,
		    PREDICATE_REPRODUCED, "predicateType" },
		{ "a yes under the type of a no", "reproduced",
		    PREDICATE_REPRODUCED, PREDICATE_OTHER, "predicateType" },
		{ "verdict alone", "differs", "\"differs\"", "\"reproduced\"",
		    "predicateType" },
		{ "a failure under the type of a yes", "failed",
		    PREDICATE_OTHER, PREDICATE_REPRODUCED, "predicateType" },
		{ "rebuilt differs", "reproduced", DIGEST_5891, DIGEST_5892,
		    "digest or size" },
		{ "sizes differ", "reproduced", "\"size\":6}", "\"size\":7}",
		    "digest or size" },
		{ "nothing rebuilt", "reproduced", REBUILT, "",
		    "digest or size" },
		{ "not compared", "reproduced", "\"compared\":\"identical\",",
		    "", "not compared" },
		{ "compared otherwise", "reproduced", "identical", "similar",
		    "rebuilt.compared" },
		{ "a reason", "reproduced", "\"rebuilt\":",
		    "\"reason\":\"size\",\"rebuilt\":", "no reason" },
		{ "too few signers", "tag", "\"threshold\":2",
		    "\"threshold\":3", "threshold" },
		{ "unsigned tag", "tag", "\"threshold\":2", "\"threshold\":0",
		    "only when signed" },
		{ "a key twice", "tag",
		    "\"0064428F455451B3EBE78A7F063938BA42CFA724\",",
		    "\"274E12AB03F2FE293765FC06DA0434BC706E1FCF\",", "rising" },
		{ "signers in another order", "tag",
		    "\"0064428F455451B3EBE78A7F063938BA42CFA724\",",
		    "\"3064428F455451B3EBE78A7F063938BA42CFA724\",", "rising" },
		{ "a network", "reproduced", "\"none\"", "\"some\"",
		    "no network" },
		{ "a difference", "reproduced", "\"environment\"",
		    "\"difference\":" DIGEST_5891 ",\"environment\"",
		    "only differs" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++)
		refuse(&rows[i]);
}

static void
refuses_what_does_not_fit_the_verdict(void **state)
{
	const struct row rows[] = {
		{ "no reason", "differs", "\"reason\":\"content\",", "",
		    "reason" },
		{ "reason of another verdict", "differs", "\"content\"",
		    "\"timeout\"", "reason" },
		{ "unknown reason", "failed", "\"timeout\"", "\"moon\"",
		    "reason" },
		{ "differs, and equal", "differs",
		    "\"digest\":{\"sha256\":\"d9298a10d1b0735837dc4bd85dac641b"
		    "0f3cef27a47e5d53a54f2f3f5b2fcffa\"}",
		    "\"digest\":" DIGEST_5891, "digests are equal" },
		{ "failed, and rebuilt", "failed", "\"source\"",
		    "\"rebuilt\":{\"digest\":" DIGEST_5892
		    ",\"size\":6},\"source\"",
		    "nothing was built" },
		{ "differs, yet compared", "differs", "\"rebuilt\":{",
		    "\"rebuilt\":{\"compared\":\"identical\",",
		    "for equal files" },
		{ "unavailable, yet a difference", "unavailable",
		    "\"finished\"",
		    "\"difference\":" DIGEST_5891 ",\"finished\"",
		    "only differs" },
		{ "attempt 0", "failed", "\"attempt\":2", "\"attempt\":0",
		    "counts from 1" },
		{ "a build without a machine", "failed",
		    "\"machine\":{"
		    "\"clock\":\"host\",\"kind\":\"namespace\","
		    "\"network\":\"none\"},",
		    "", "has inputs" },
		{ "a build without a recipe", "failed",
		    "\"recipeDigest\":{"
		    "\"sha256\":\"e1d8e552330911f9f779f85b6f2c00a1"
		    "5e790dcc3fbb3b28f5da1d660a30c5b8\"},",
		    "", "has inputs" },
		{ "unknown machine", "failed", "\"namespace\"", "\"docker\"",
		    "machine.kind" },
		{ "unknown clock", "failed", "\"host\"", "\"noon\"",
		    "machine.clock" },
		{ "a tag in a Debian source", "failed", "\"threshold\"",
		    "\"tag\":\"v1\",\"threshold\"", "has no tag" },
		{ "a dsc in a tag", "tag", "\"kind\":\"git-tag\"",
		    "\"dsc\":" DIGEST_5891 ",\"kind\":\"git-tag\"",
		    "has no dsc" },
		{ "a tag without tree", "tag",
		    ",\"treeDigest\":{\"sha256\":"
		    "\"dc9c5edb8b2d479e697b4b0b8ab874f3"
		    "2b325138598ce9e7b759eb8292110622\"}",
		    "", "was built" },
		{ "no git object", "tag", "\"9b9b", "\"9B9b", "source.commit" },
		{ "short git object", "tag", "\"3a3a", "\"3a", "tagObject" },
		{ "no fingerprint", "tag", "\"274E", "\"274e", "fingerprint" },
		{ "another kind of source", "failed", "debian-source",
		    "debian-sources", "source.kind" },
		{ "equal without buildinfo", "failed", "\"layer\"",
		    "\"equal\":\"yes\",\"layer\"", "buildinfo" },
		{ "equal, perhaps", "tag", "\"equal\":\"no\"",
		    "\"equal\":\"maybe\"", "neither yes nor no" },
		{ "a path for a name", "failed", "\"hello_1.0-1_amd64.deb\"}",
		    "\"../hello\"}", "name of a file" },
		{ "the directory for a name", "failed",
		    "\"hello_1.0-1_amd64.deb\"}", "\"..\"}", "name of a file" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++)
		refuse(&rows[i]);
}

static void
refuses_every_other_spelling(void **state)
{
	const struct row rows[] = {
		{ "space", "failed", "{\"_type\"", "{ \"_type\"", "in-toto" },
		{ "another statement", "failed", "Statement/v1",
		    "Statement/v0.1", "in-toto" },
		{ "unknown member in front", "failed", "\"attempt\"",
		    "\"about\":1,\"attempt\"", "attempt" },
		{ "unknown member between", "failed", "\"published\"",
		    "\"opinion\":1,\"published\"", "published" },
		{ "unknown member in an object", "failed", "\"program\"",
		    "\"os\":\"x\",\"program\"", "builder.program" },
		{ "unknown member at the end of an object", "failed",
		    "\"version\":\"0.1.0\"", "\"version\":\"0.1.0\",\"z\":1",
		    "builder" },
		{ "unknown member at the end", "failed",
		    "\"verdict\":\"failed\"", "\"verdict\":\"failed\",\"z\":1",
		    "predicateType" },
		{ "a member twice", "failed", "\"attempt\":2",
		    "\"attempt\":2,\"attempt\":2", "builder" },
		{ "another order", "failed", "\"count\":3,\"digest\"",
		    "\"digest\"", "inputs.count" },
		{ "another name", "failed", "\"architecture\"",
		    "\"Architecture\"", "architecture" },
		{ "empty object", "unavailable", "\"finished\"",
		    "\"environment\":{},\"finished\"",
		    "environment.architecture" },
		{ "null", "failed", "\"layer\"", "\"equal\":null,\"layer\"",
		    "equal" },
		{ "leading zero", "failed", "\"attempt\":2", "\"attempt\":02",
		    "attempt" },
		{ "fraction", "failed", "\"attempt\":2", "\"attempt\":2.0",
		    "builder" },
		{ "exponent", "failed", "\"attempt\":2", "\"attempt\":2e0",
		    "builder" },
		{ "negative", "failed", "\"attempt\":2", "\"attempt\":-2",
		    "attempt" },
		{ "text for a number", "failed", "\"attempt\":2",
		    "\"attempt\":\"2\"", "attempt" },
		{ "escape", "failed", "\"amd64\"", "\"\\u0061md64\"",
		    "architecture" },
		{ "zero byte", "failed", "\"amd64\"", "\"amd64\\u0000\"",
		    "architecture" },
		{ "not ASCII", "failed", "\"amd64\"", "\"\xc3\xa1md64\"",
		    "architecture" },
		{ "control character", "failed", "\"amd64\"", "\"amd\t64\"",
		    "architecture" },
		{ "empty text", "failed", "\"amd64\"", "\"\"", "architecture" },
		{ "upper-case digest", "failed", "{\"sha256\":\"1",
		    "{\"sha256\":\"F", "" },
		{ "another digest", "failed", "\"sha256\"", "\"sha512\"",
		    "builder.program" },
		{ "two digests", "failed", "\"},\"version\":\"0.1.0\"",
		    "\",\"sha512\":\"\"},\"version\":\"0.1.0\"",
		    "builder.program" },
		{ "time with a zone", "failed", "09:09:00Z", "09:09:00+00:00",
		    "finished" },
		{ "no such day", "failed", "2026-07-11T09:09:00Z",
		    "2026-02-30T09:09:00Z", "finished" },
		{ "two subjects", "failed", "}]}", "},{}]}", "subject" },
		{ "no subject", "failed", "\"subject\":[{\"digest\":",
		    "\"subject\":[],\"x\":[{\"digest\":", "predicateType" },
		{ "newline behind", "failed", "}]}", "}]}\n", "subject" },
		{ "missing", "failed", "\"suite\":\"bookworm\",", "",
		    "published.suite" },
		{ "missing object", "failed",
		    "\"inputs\":{\"count\":3,"
		    "\"digest\":",
		    "\"log\":{\"sha256\":", "log" },
		{ "comma at the end", "tag", "\"],\"tag\"", "\",],\"tag\"",
		    "signers" },
		{ "no comma", "tag", "\",\"274E", "\"\"274E", "signers" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++)
		refuse(&rows[i]);
}

static void
refuses_every_prefix_and_every_altered_byte(void **state)
{
	struct buf good = vector("statement-reproduced.json"), bad, again;
	struct statement s;
	size_t i;

	(void)state;
	for (i = 0; i < good.len; i++)
		assert_int_equal(statement_parse(span_of(good.p, i), &s, NULL),
		    RB_EFORMAT);
	/* What is accepted nevertheless is written as it was read. */
	for (i = 0; i < good.len; i++) {
		bad = altered(buf_span(&good), i, good.p[i] ^ 1);
		again = (struct buf)BUF_INIT;
		if (statement_parse(buf_span(&bad), &s, NULL) == RB_OK) {
			assert_ok(statement_write(&s, &again, NULL));
			assert_span_equal(buf_span(&again), buf_span(&bad));
			statement_clear(&s);
		}
		buf_clear(&bad);
		buf_clear(&again);
	}
	buf_clear(&good);
}

static void
refuses_what_is_too_long(void **state)
{
	char text[STATEMENT_TEXT_MAX + 2];
	struct buf good = vector("statement-failed.json"), out = BUF_INIT;
	struct fault why = FAULT_INIT;
	struct statement s;
	size_t i;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[STATEMENT_TEXT_MAX + 1] = '\0';
	assert_ok(statement_parse(buf_span(&good), &s, NULL));
	free(s.published.suite);
	assert_non_null(s.published.suite = strdup(text));
	assert_int_equal(statement_write(&s, &out, &why), RB_ELIMIT);
	assert_non_null(strstr(why.text, "published.suite"));
	s.published.suite[STATEMENT_TEXT_MAX] = '\0';
	assert_ok(statement_write(&s, &out, &why));
	assert_int_equal(out.len > 0, 1);
	s.attempt = UINT64_C(1) << 53;
	assert_int_equal(statement_write(&s, &out, &why), RB_ELIMIT);
	s.attempt--;
	assert_ok(statement_write(&s, &out, &why));
	s.source.nsigners = STATEMENT_SIGNERS_MAX + 1;
	assert_int_equal(statement_write(&s, &out, &why), RB_ELIMIT);
	s.source.nsigners = 0;
	statement_clear(&s);

	buf_reset(&out);
	for (i = 0; i <= STATEMENT_MAX; i++)
		assert_ok(buf_put_byte(&out, ' '));
	assert_int_equal(statement_parse(buf_span(&out), &s, &why), RB_ELIMIT);
	buf_clear(&out);
	buf_clear(&good);
}

/* A writer that forgot something learns it before anything is signed. */
static void
write_refuses_what_is_missing_or_left_over(void **state)
{
	struct buf good = vector("statement-unavailable.json");
	struct buf out = BUF_INIT;
	struct fault why = FAULT_INIT;
	struct statement s;

	(void)state;
	statement_init(&s);
	assert_int_equal(statement_write(&s, &out, &why), RB_EFORMAT);
	statement_clear(&s);
	assert_ok(statement_parse(buf_span(&good), &s, NULL));
	s.inputs.count = 1;
	assert_int_equal(statement_write(&s, &out, &why), RB_EFORMAT);
	assert_non_null(strstr(why.text, "no digest"));
	s.inputs.count = 0;
	s.rebuilt.size = 1;
	assert_int_equal(statement_write(&s, &out, &why), RB_EFORMAT);
	assert_non_null(strstr(why.text, "no digest"));
	s.rebuilt.size = 0;
	s.environment.equal = strdup("yes"); /* half an environment */
	assert_int_equal(statement_write(&s, &out, &why), RB_EFORMAT);
	assert_non_null(strstr(why.text, "environment.architecture"));
	free(s.environment.equal);
	s.environment.equal = NULL;
	s.verdict = (enum verdict)9;
	assert_int_equal(statement_write(&s, &out, &why), RB_EFORMAT);
	s.verdict = (enum verdict)0;
	assert_int_equal(statement_write(&s, &out, &why), RB_EFORMAT);
	s.verdict = VERDICT_UNAVAILABLE;
	s.started = -1;
	assert_int_not_equal(statement_write(&s, &out, &why), RB_OK);
	assert_non_null(strstr(why.text, "started"));
	s.started = 0;
	assert_int_equal(out.len, 0); /* nothing was appended */
	assert_ok(statement_write(&s, &out, &why));
	statement_clear(&s);
	statement_clear(&s);
	buf_clear(&out);
	buf_clear(&good);
}

static void
vectors_are_written_as_they_were_read(void **state)
{
	struct buf in, out = BUF_INIT;
	struct statement s;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(vectors); i++) {
		in = vector(vectors[i]);
		assert_ok(statement_parse(buf_span(&in), &s, NULL));
		buf_reset(&out);
		assert_ok(statement_write(&s, &out, NULL));
		assert_span_equal(buf_span(&out), buf_span(&in));
		statement_clear(&s);
		buf_clear(&in);
	}
	buf_clear(&out);
}

static void
vectors_say_what_they_say(void **state)
{
	struct buf in = vector("statement-tag.json"), list;
	struct statement s;
	struct digest d;

	(void)state;
	list = vector("inputs.txt");
	assert_ok(digest_of(buf_span(&list), &d));
	assert_ok(statement_parse(buf_span(&in), &s, NULL));
	assert_int_equal(s.verdict, VERDICT_REPRODUCED);
	assert_null(s.reason);
	assert_string_equal(s.published.file, "hello_1.0-1_amd64.deb");
	assert_string_equal(s.published.arch, "amd64");
	assert_int_equal(s.published.seen, 1783756800);
	assert_int_equal(s.rebuilt.compared, COMPARED_SPLICED);
	assert_true(digest_equal(&s.rebuilt.sha256.value, &s.published.sha256));
	assert_string_equal(s.source.kind, "git-tag");
	assert_string_equal(s.source.tag, "v1.0-1");
	assert_int_equal(s.source.nsigners, 2);
	assert_true(s.inputs.sha256.is_set);
	assert_true(digest_equal(&s.inputs.sha256.value, &d));
	assert_string_equal(s.environment.arch, "x86_64");
	assert_false(s.environment.layer.is_set);
	assert_string_equal(s.machine.clock, "2026-07-11T09:08:07Z");
	assert_true(s.log.is_set);
	assert_false(s.difference.is_set);
	statement_clear(&s);
	buf_clear(&in);
	buf_clear(&list);
}

static void
verdicts_and_reasons_have_one_word_each(void **state)
{
	const enum verdict all[] = { VERDICT_REPRODUCED, VERDICT_DIFFERS,
		VERDICT_FAILED, VERDICT_UNAVAILABLE };
	enum verdict v;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(all); i++) {
		assert_ok(verdict_parse(span_of_str(verdict_name(all[i])), &v));
		assert_int_equal(v, all[i]);
		assert_false(reason_fits(all[i], SPAN("")));
		assert_false(reason_fits(all[i], SPAN("Content")));
	}
	assert_int_equal(verdict_parse(SPAN("Reproduced"), &v), RB_EFORMAT);
	assert_int_equal(verdict_parse(SPAN("unknown"), &v), RB_EFORMAT);
	assert_int_equal(verdict_parse(SPAN(""), &v), RB_EFORMAT);
	assert_false(reason_fits(VERDICT_REPRODUCED, SPAN("content")));
	assert_true(reason_fits(VERDICT_DIFFERS, SPAN("build-id")));
	assert_true(reason_fits(VERDICT_FAILED, SPAN("not-built")));
	assert_true(reason_fits(VERDICT_UNAVAILABLE, SPAN("binnmu")));
	assert_false(reason_fits(VERDICT_UNAVAILABLE, SPAN("not-built")));
}

#define DOCUMENT "../../../common/attest/FORMATS.md"

/* Each row of the table "Reasons", and the code has no other. */
static void
reasons_are_those_of_the_document(void **state)
{
	struct buf text = vector(DOCUMENT);
	struct span rest = buf_span(&text), line, cell;
	size_t n[VERDICT_UNAVAILABLE + 1] = { 0 };
	enum verdict v;

	(void)state;
	while (span_take_line(&rest, &line) == RB_OK) {
		if (!span_starts(line, SPAN("| `")) ||
		    span_take_until(&line, '`', &cell) != RB_OK ||
		    span_take_until(&line, '`', &cell) != RB_OK ||
		    verdict_parse(cell, &v) != RB_OK ||
		    !span_starts(line, SPAN(" | `")) ||
		    span_take_until(&line, '`', &cell) != RB_OK ||
		    span_take_until(&line, '`', &cell) != RB_OK ||
		    memchr(cell.p, '/', cell.len) != NULL)
			continue;
		if (!reason_fits(v, cell))
			fail_msg("%.*s", (int)cell.len, (const char *)cell.p);
		n[v]++;
	}
	assert_int_equal(n[VERDICT_REPRODUCED], 0);
	assert_int_equal(n[VERDICT_DIFFERS], 9);
	assert_int_equal(n[VERDICT_FAILED], 8);
	assert_int_equal(n[VERDICT_UNAVAILABLE], 9);
	buf_clear(&text);
}

static void
document_shows_the_vectors(void **state)
{
	static const char *const shown[] = { "signing.vkey", "keyid",
		"checkpoint.note", "inputs.txt" };
	struct buf text = vector(DOCUMENT), part;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(shown); i++) {
		part = vector(shown[i]);
		if (memmem(text.p, text.len, part.p, part.len) == NULL)
			fail_msg("%s", shown[i]);
		buf_clear(&part);
	}
	buf_clear(&text);
}

static void
survives_scarce_memory(void **state)
{
	struct buf in = vector("statement-tag.json"), out = BUF_INIT;
	struct statement s;
	enum rb_err rc = RB_ENOMEM;
	size_t i;

	(void)state;
	for (i = 1; rc == RB_ENOMEM; i++) {
		statement_init(&s);
		scarce_begin(i);
		if ((rc = statement_parse(buf_span(&in), &s, NULL)) == RB_OK)
			rc = statement_write(&s, &out, NULL);
		assert_true(scarce_end() == (rc == RB_ENOMEM));
		assert_int_equal(out.len != 0, rc == RB_OK);
		statement_clear(&s);
	}
	assert_ok(rc);
	assert_true(i > 20);
	buf_clear(&in);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_other_statement_passes_for_reproduced),
		cmocka_unit_test(refuses_what_does_not_fit_the_verdict),
		cmocka_unit_test(refuses_every_other_spelling),
		cmocka_unit_test(refuses_every_prefix_and_every_altered_byte),
		cmocka_unit_test(refuses_what_is_too_long),
		cmocka_unit_test(write_refuses_what_is_missing_or_left_over),
		cmocka_unit_test(vectors_are_written_as_they_were_read),
		cmocka_unit_test(vectors_say_what_they_say),
		cmocka_unit_test(verdicts_and_reasons_have_one_word_each),
		cmocka_unit_test(reasons_are_those_of_the_document),
		cmocka_unit_test(document_shows_the_vectors),
		cmocka_unit_test(survives_scarce_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
