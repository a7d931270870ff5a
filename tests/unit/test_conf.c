/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/conf.h"

struct sample {
	char *text;
	uint64_t number, size, seconds;
	bool flag;
	struct conf_list list;
};

static const struct conf_key keys[] = {
	{ "text", CONF_TEXT, offsetof(struct sample, text), false, 0, 0 },
	{ "number", CONF_NUMBER, offsetof(struct sample, number), false, 2, 9 },
	{ "size", CONF_SIZE, offsetof(struct sample, size), false, 0, 0 },
	{ "seconds", CONF_SECONDS, offsetof(struct sample, seconds), false, 1,
	    0 },
	{ "flag", CONF_BOOL, offsetof(struct sample, flag), false, 0, 0 },
	{ "list", CONF_LIST, offsetof(struct sample, list), false, 0, 0 },
};

static const struct conf_key strict_keys[] = {
	{ "needed", CONF_TEXT, offsetof(struct sample, text), true, 0, 0 },
};

#define NKEYS (sizeof(keys) / sizeof(keys[0]))

static enum rb_err
parse(struct span yaml, struct sample *s, struct fault *why)
{
	const struct conf_section sections[] = {
		{ "sample", keys, NKEYS, s },
		{ "others", NULL, 0, NULL },
	};

	memset(s, 0, sizeof(*s));
	s->text = strdup("default");
	s->number = 5;
	assert_non_null(s->text);
	return conf_parse(yaml, "t.yml", sections, 2, why);
}

static void
sample_clear(struct sample *s)
{
	free(s->text);
	s->text = NULL;
	conf_list_clear(&s->list);
}

struct refusal {
	const char *yaml;
	enum rb_err rc;
	const char *says;
};

static void
assert_refused(const struct refusal *cases, size_t n)
{
	struct fault why;
	struct sample s;
	size_t i;

	memset(&s, 0, sizeof(s));
	for (i = 0; i < n; i++) {
		enum rb_err rc;

		memset(&why, 0, sizeof(why));
		rc = parse(span_of_str(cases[i].yaml), &s, &why);
		if (rc != cases[i].rc)
			fail_msg("%s: gives %s", cases[i].yaml, err_name(rc));
		if (strstr(why.text, cases[i].says) == NULL)
			fail_msg("says: %s; should: %s", why.text,
			    cases[i].says);
		sample_clear(&s);
	}
}

#define ASSERT_REFUSED(c) assert_refused(c, sizeof(c) / sizeof((c)[0]))

static void
refuses_what_it_would_ignore(void **state)
{
	static const struct refusal cases[] = {
		{ "sample:\n  txet: a\n", RB_EFORMAT,
		    "t.yml, line 2: unknown "
		    "key 'txet'; known: text number size seconds flag list" },
		{ "smaple:\n  text: a\n", RB_EFORMAT,
		    "line 1: unknown section 'smaple'; known: sample others" },
		{ "sample:\n  text: a\n  text: a\n", RB_EFORMAT,
		    "line 3: key 'text' is given twice" },
		{ "sample:\n  text: a\nsample:\n  flag: true\n", RB_EFORMAT,
		    "line 3: section 'sample' is given twice" },
		{ "others: {}\nothers: {}\n", RB_EFORMAT, "given twice" },
		{ "sample:\n  text: a\n---\nsample:\n  text: b\n", RB_EFORMAT,
		    "one YAML document" },
		{ "sample:\n  text: a\n...\nmore\n", RB_EFORMAT, "line 4" },
		{ "sample:\n  \"te\\0xt\": a\n", RB_EFORMAT,
		    "line 2: unknown key" },
	};

	(void)state;
	ASSERT_REFUSED(cases);
}

static void
refuses_what_yaml_could_hide(void **state)
{
	static const struct refusal cases[] = {
		{ "sample:\n  text: &x a\n", RB_EFORMAT, "line 2: anchor 'x'" },
		{ "sample:\n  text: *x\n", RB_EFORMAT, "line 2: alias 'x'" },
		{ "sample:\n  text: !!str a\n", RB_EFORMAT, "line 2: tag" },
		{ "sample:\n  text: !x a\n", RB_EFORMAT, "line 2: tag" },
		{ "sample: &x\n  text: a\n", RB_EFORMAT, "anchor" },
		{ "sample: !x\n  text: a\n", RB_EFORMAT, "tag" },
		{ "sample:\n  list: !x [a]\n", RB_EFORMAT, "tag" },
		{ "sample:\n  list: [&x a, *x]\n", RB_EFORMAT, "anchor" },
		{ "others:\n  any: &x a\n", RB_EFORMAT, "anchor" },
		{ "others:\n  <<: *x\n", RB_EFORMAT, "alias" },
		{ "%YAML 1.1\n---\nsample:\n  text: a\n", RB_EFORMAT,
		    "directive" },
		{ "%TAG ! x\n---\nsample:\n  text: a\n", RB_EFORMAT,
		    "directive" },
	};

	(void)state;
	ASSERT_REFUSED(cases);
}

static void
refuses_what_is_no_map_of_sections(void **state)
{
	static const struct refusal cases[] = {
		{ "text", RB_EFORMAT, "map of sections" },
		{ "- sample\n", RB_EFORMAT, "map of sections" },
		{ "---\n", RB_EFORMAT, "map of sections" },
		{ "sample: a\n", RB_EFORMAT, "'key: value' lines" },
		{ "sample:\n", RB_EFORMAT, "'key: value' lines" },
		{ "sample: [a]\n", RB_EFORMAT, "'key: value' lines" },
		{ "others: a\n", RB_EFORMAT, "'key: value' lines" },
		{ "[a]: b\n", RB_EFORMAT, "must be a word" },
		{ "sample:\n  [a]: b\n", RB_EFORMAT, "simple keys" },
		{ "sample:\n  list: [a\n", RB_EFORMAT, "not YAML" },
		{ "sample:\n\ttext: a\n", RB_EFORMAT, "not YAML" },
		{ "\xff\xfes\0", RB_EFORMAT, "not YAML" },
		{ "sample:\n  text: \"\xc3\x28\"\n", RB_EFORMAT, "not YAML" },
		{ "others: {a: [[[[[[[[[[x]]]]]]]]]]}\n", RB_EFORMAT,
		    "too deep" },
	};

	(void)state;
	ASSERT_REFUSED(cases);
}

static void
refuses_values_of_another_kind(void **state)
{
	static const struct refusal cases[] = {
		{ "sample:\n  text:\n", RB_EFORMAT, "'text' has no value" },
		{ "sample:\n  text: ~\n", RB_EFORMAT, "has no value" },
		{ "sample:\n  text: null\n", RB_EFORMAT, "has no value" },
		{ "sample:\n  text: [a]\n", RB_EFORMAT, "wants a text" },
		{ "sample:\n  text: {a: b}\n", RB_EFORMAT, "wants a text" },
		{ "sample:\n  text: \"a\\nb\"\n", RB_EFORMAT,
		    "control characters" },
		{ "sample:\n  text: |\n    a\n", RB_EFORMAT,
		    "control characters" },
		{ "sample:\n  text: \"\\e[31m\"\n", RB_EFORMAT,
		    "control characters" },
		{ "sample:\n  text: \"\\x9b\"\n", RB_EFORMAT,
		    "control characters" },
		{ "sample:\n  text: \"a\\0b\"\n", RB_EFORMAT,
		    "control characters" },
		{ "sample:\n  number: a\n", RB_EFORMAT, "wants a number" },
		{ "sample:\n  number: \"5\"\n", RB_EFORMAT, "wants a number" },
		{ "sample:\n  number: 05\n", RB_EFORMAT, "wants a number" },
		{ "sample:\n  number: 0x5\n", RB_EFORMAT, "wants a number" },
		{ "sample:\n  number: -5\n", RB_EFORMAT, "wants a number" },
		{ "sample:\n  number: 5K\n", RB_EFORMAT, "wants a number" },
		{ "sample:\n  number: [5]\n", RB_EFORMAT, "wants a number" },
		{ "sample:\n  number:\n", RB_EFORMAT, "wants a number" },
		{ "sample:\n  number: 1\n", RB_ELIMIT, "from 2 to 9" },
		{ "sample:\n  number: 10\n", RB_ELIMIT, "from 2 to 9" },
		{ "sample:\n  number: 99999999999999999999\n", RB_ELIMIT,
		    "from 2 to 9" },
		{ "sample:\n  size: K\n", RB_EFORMAT, "64K" },
		{ "sample:\n  size: 1k\n", RB_EFORMAT, "64K" },
		{ "sample:\n  size: 1T\n", RB_EFORMAT, "64K" },
		{ "sample:\n  size: 1 K\n", RB_EFORMAT, "64K" },
		{ "sample:\n  size: 1s\n", RB_EFORMAT, "64K" },
		{ "sample:\n  size: 1.5G\n", RB_EFORMAT, "64K" },
		{ "sample:\n  size: 17179869184G\n", RB_ELIMIT, "must be" },
		{ "sample:\n  seconds: 1K\n", RB_EFORMAT, "15m" },
		{ "sample:\n  seconds: 1h30m\n", RB_EFORMAT, "15m" },
		{ "sample:\n  seconds: 0\n", RB_ELIMIT, "must be from 1" },
		{ "sample:\n  flag: yes\n", RB_EFORMAT, "true or false" },
		{ "sample:\n  flag: True\n", RB_EFORMAT, "true or false" },
		{ "sample:\n  flag: 1\n", RB_EFORMAT, "true or false" },
		{ "sample:\n  flag: \"true\"\n", RB_EFORMAT, "true or false" },
		{ "sample:\n  list: a\n", RB_EFORMAT, "wants a list" },
		{ "sample:\n  list: {a: b}\n", RB_EFORMAT, "wants a list" },
		{ "sample:\n  list: [a, [b]]\n", RB_EFORMAT, "nothing deeper" },
		{ "sample:\n  list: [a, {b: c}]\n", RB_EFORMAT,
		    "nothing deeper" },
		{ "sample:\n  list: [a, ~]\n", RB_EFORMAT, "has no value" },
		{ "sample:\n  list: [a, \"\\n\"]\n", RB_EFORMAT,
		    "control characters" },
	};

	(void)state;
	ASSERT_REFUSED(cases);
}

static void
refuses_a_list_or_a_file_without_end(void **state)
{
	struct buf yaml = BUF_INIT;
	struct fault why = FAULT_INIT;
	struct sample s;
	int i;

	(void)state;
	assert_int_equal(buf_put_str(&yaml, "sample:\n  list: ["), RB_OK);
	for (i = 0; i < 1025; i++)
		assert_int_equal(buf_put_str(&yaml, "a,"), RB_OK);
	assert_int_equal(buf_put_str(&yaml, "]\n"), RB_OK);
	assert_int_equal(parse(buf_span(&yaml), &s, &why), RB_EFORMAT);
	assert_non_null(strstr(why.text, "too many"));
	sample_clear(&s);

	buf_reset(&yaml);
	assert_int_equal(buf_put_str(&yaml, "#"), RB_OK);
	while (yaml.len <= CONF_FILE_MAX)
		assert_int_equal(buf_put_str(&yaml, "#"), RB_OK);
	assert_int_equal(parse(buf_span(&yaml), &s, &why), RB_ELIMIT);
	sample_clear(&s);
	yaml.len--;
	assert_int_equal(parse(buf_span(&yaml), &s, &why), RB_OK);
	sample_clear(&s);
	buf_clear(&yaml);
}

static void
a_required_key_is_required(void **state)
{
	struct sample s = { NULL, 0, 0, 0, false, { NULL, 0 } };
	const struct conf_section sections[] = {
		{ "strict", strict_keys, 1, &s },
	};
	struct fault why = FAULT_INIT;

	(void)state;
	/* With the section, without it, and without anything. */
	assert_int_equal(conf_parse(SPAN("strict: {}\n"), "t.yml", sections, 1,
			     &why),
	    RB_EFORMAT);
	assert_non_null(strstr(why.text,
	    "key 'needed' of section 'strict' is "
	    "missing; it wants a text"));
	assert_int_equal(conf_parse(SPAN("{}"), "t.yml", sections, 1, &why),
	    RB_EFORMAT);
	assert_int_equal(conf_parse(SPAN(""), "t.yml", sections, 1, NULL),
	    RB_EFORMAT);
	assert_int_equal(conf_parse(SPAN("strict:\n  needed: yes\n"), "t.yml",
			     sections, 1, &why),
	    RB_OK);
	assert_string_equal(s.text, "yes");
	sample_clear(&s);
}

static void
reads_every_kind(void **state)
{
	struct fault why = FAULT_INIT;
	struct sample s;

	(void)state;
	assert_int_equal(
	    parse(SPAN("# comment\n"
		       "others:\n  any: [thing, {deep: er}]\n"
		       "sample:\n"
		       "  text: \"caf\xc3\xa9 'x'\"\n"
		       "  number: 9 # the most\n"
		       "  size: 3G\n"
		       "  seconds: 2h\n"
		       "  flag: true\n"
		       "  list:\n    - a\n    - 'b c'\n    - \"\"\n"),
		&s, &why),
	    RB_OK);
	assert_string_equal(s.text, "caf\xc3\xa9 'x'");
	assert_int_equal(s.number, 9);
	assert_true(s.size == UINT64_C(3) << 30);
	assert_int_equal(s.seconds, 7200);
	assert_true(s.flag);
	assert_int_equal(s.list.n, 3);
	assert_string_equal(s.list.items[0], "a");
	assert_string_equal(s.list.items[1], "b c");
	assert_string_equal(s.list.items[2], "");
	sample_clear(&s);
}

static void
what_is_absent_keeps_its_default(void **state)
{
	struct sample s;

	(void)state;
	assert_int_equal(parse(SPAN(""), &s, NULL), RB_OK);
	assert_string_equal(s.text, "default");
	assert_int_equal(s.number, 5);
	sample_clear(&s);
	assert_int_equal(parse(SPAN("sample:\n  text: \"\"\n  size: 16K\n"), &s,
			     NULL),
	    RB_OK);
	assert_string_equal(s.text, "");
	assert_int_equal(s.number, 5);
	assert_int_equal(s.size, 16384);
	sample_clear(&s);
}

static void
units_multiply(void **state)
{
	static const struct {
		const char *yaml;
		uint64_t size, seconds;
	} cases[] = {
		{ "sample: {size: 0, seconds: 7}", 0, 7 },
		{ "sample: {size: 7K, seconds: 7s}", 7168, 7 },
		{ "sample: {size: 7M, seconds: 7m}", 7340032, 420 },
		{ "sample: {size: 17179869183G, seconds: 7h}",
		    UINT64_C(0xffffffffc0000000), 25200 },
		{ "sample: {size: 18446744073709551615, seconds: 7d}",
		    UINT64_MAX, 604800 },
	};
	struct sample s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(span_of_str(cases[i].yaml), &s, NULL),
		    RB_OK);
		assert_true(s.size == cases[i].size);
		assert_true(s.seconds == cases[i].seconds);
		sample_clear(&s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_it_would_ignore),
		cmocka_unit_test(refuses_what_yaml_could_hide),
		cmocka_unit_test(refuses_what_is_no_map_of_sections),
		cmocka_unit_test(refuses_values_of_another_kind),
		cmocka_unit_test(refuses_a_list_or_a_file_without_end),
		cmocka_unit_test(a_required_key_is_required),
		cmocka_unit_test(reads_every_kind),
		cmocka_unit_test(what_is_absent_keeps_its_default),
		cmocka_unit_test(units_multiply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
