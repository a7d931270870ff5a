/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/judge/yaml_tree.h"

static void
assert_refused(struct span in, enum rb_err want, const char *says)
{
	struct yaml_tree tree = YAML_TREE_INIT;
	const struct yaml *top = NULL;
	struct fault why = FAULT_INIT;
	enum rb_err rc;

	rc = yaml_parse(in, "t.yml", &tree, &top, &why);
	if (rc != want)
		fail_msg("%.60s: %s, not %s: %s", (const char *)in.p,
		    err_name(rc), err_name(want), why.text);
	if (strstr(why.text, says) == NULL || strstr(why.text, "t.yml") == NULL)
		fail_msg("%.60s: says: %s", (const char *)in.p, why.text);
	assert_null(top);
	yaml_tree_clear(&tree);
}

static void
refuses_what_is_not_one_plain_document(void **state)
{
	static const struct {
		const char *why, *in, *says;
	} cases[] = {
		{ "nothing", "", "holds nothing" },
		{ "comments alone", "# a\n# b\n", "holds nothing" },
		{ "two documents", "a: b\n---\nc: d\n", "second document" },
		{ "an alias of nothing", "a: *x\n", "line 1: alias 'x'" },
		{ "an alias before its anchor", "a: *x\nb: &x c\n",
		    "nothing before it" },
		{ "an alias of a map", "a: &x {b: c}\nd: *x\n",
		    "line 2: alias 'x' stands for more" },
		{ "an alias of a list of lists", "a: &x [[b]]\nd: *x\n",
		    "stands for more" },
		{ "a list that holds itself", "a: &x [b, *x]\n",
		    "stands for more" },
		{ "an alias for a key", "a: &x b\n*x : c\n", "must be a word" },
		{ "an anchor on a key", "&x a: b\n", "must be a word" },
		{ "a tag", "a: !!python/object b\n", "tag" },
		{ "a tag of ours", "a: !x b\n", "tag" },
		{ "a directive", "%TAG ! tag:x,2000:\n---\na: b\n",
		    "directive" },
		{ "a key twice", "a: b\nc: d\na: e\n",
		    "line 3: key 'a' is given twice" },
		{ "a key twice, deep", "- x: {k: 1, k: 2}\n",
		    "key 'k' is given twice" },
		{ "a key twice, in other quotes", "a: b\n'a': c\n", "twice" },
		{ "a merge key", "a:\n  <<: {b: c}\n", "line 2: key '<<'" },
		{ "a list for a key", "? [a]\n: b\n", "must be a word" },
		{ "an empty key", "'': b\n", "must be a word" },
		{ "a tab for indentation", "a:\n\t- b\n", "not YAML" },
		{ "a list not ended", "a: [b\n", "not YAML" },
		{ "bytes that are not UTF-8", "a: \xff\n", "not YAML" },
		{ "a control character", "a: \x01\n", "not YAML" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(span_of_str(cases[i].in), RB_EFORMAT,
		    cases[i].says);
	assert_refused(SPAN("a: b\0c\n"), RB_EFORMAT, "");
}

/* Names that stand for names, ten each time: a bomb. */
static void
refuses_a_bomb(void **state)
{
	(void)state;
	assert_refused(SPAN("a: &a [x,x,x,x,x,x,x,x,x,x]\n"
			    "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
			    "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"),
	    RB_EFORMAT, "line 3: alias 'b' stands for more");
}

static void
refuses_more_than_its_limits(void **state)
{
	struct buf in = BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i <= YAML_DEPTH_MAX; i++)
		assert_int_equal(buf_put_byte(&in, '['), RB_OK);
	assert_refused(buf_span(&in), RB_ELIMIT, "nested more than 16");
	for (; i < 100000; i++)
		assert_int_equal(buf_put_byte(&in, '{'), RB_OK);
	assert_refused(buf_span(&in), RB_ELIMIT, "nested more than 16");
	buf_reset(&in);
	for (i = 0; i <= YAML_CHILDREN_MAX; i++)
		assert_int_equal(buf_put_str(&in, "- a\n"), RB_OK);
	assert_refused(buf_span(&in), RB_ELIMIT, "line 4097: more than 4096");
	while (in.len <= YAML_FILE_MAX)
		assert_int_equal(buf_put_str(&in, "# filled with nothing\n"),
		    RB_OK);
	assert_refused(buf_span(&in), RB_ELIMIT, "longer than 262144 bytes");
	buf_reset(&in);
	for (i = 0; i <= YAML_ANCHORS_MAX; i++)
		assert_int_equal(buf_printf(&in, "- &a%zu a\n", i), RB_OK);
	assert_refused(buf_span(&in), RB_EFORMAT, "anchor 'a64' is one too");
	buf_reset(&in);
	assert_int_equal(buf_put_str(&in, "a: &x\n"), RB_OK);
	for (i = 0; i <= YAML_ALIASED_MAX; i++)
		assert_int_equal(buf_put_str(&in, "- a\n"), RB_OK);
	assert_int_equal(buf_put_str(&in, "b: *x\n"), RB_OK);
	assert_refused(buf_span(&in), RB_EFORMAT, "a short list of texts");
	buf_clear(&in);
}

struct sample {
	struct yaml_tree tree;
	const struct yaml *value;
};

static void
sample_read(struct sample *s, const char *in)
{
	struct fault why = FAULT_INIT;

	s->tree = (struct yaml_tree)YAML_TREE_INIT;
	if (yaml_parse(span_of_str(in), "t.yml", &s->tree, &s->value, &why) !=
	    RB_OK)
		fail_msg("%s: %s", in, why.text);
	s->value = yaml_find(s->value, "k");
	assert_non_null(s->value);
}

static void
takes_for_a_text_only_what_every_reader_does(void **state)
{
	static const struct {
		const char *in;
		bool is_text;
	} cases[] = {
		{ "k: yes\n", false },
		{ "k: Off\n", false },
		{ "k: 12\n", false },
		{ "k: 4.3\n", false },
		{ "k: 0x1f\n", false },
		{ "k: 1_000\n", false },
		{ "k: ~\n", false },
		{ "k:\n", false },
		{ "k: ''\n", false },
		{ "k: [a]\n", false },
		{ "k: {a: b}\n", false },
		{ "k: \"a\\nb\"\n", false },
		{ "k: \"\\0\"\n", false },
		{ "k: \"\\e[31m\"\n", false },
		{ "k: h\xc3\xa4user\n", false },
		{ "k: '4.3'\n", true },
		{ "k: 'yes'\n", true },
		{ "k: r4.3\n", true },
		{ "k: 0064428F455451B3EBE78A7F063938BA42CFA724\n", true },
		{ "k: \"a b\"\n", true },
	};
	struct fault why = FAULT_INIT;
	struct span text = SPAN_INIT;
	struct sample s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sample_read(&s, cases[i].in);
		if ((yaml_text(s.value, "k", &text, &why) == RB_OK) !=
		    cases[i].is_text)
			fail_msg("%s", cases[i].in);
		if (!cases[i].is_text)
			assert_non_null(strstr(why.text, "t.yml, line 1: k"));
		yaml_tree_clear(&s.tree);
	}
}

/* As the .qubesbuilder of Qubes' core-libvirt has it. */
static void
lets_an_alias_stand_for_a_text_or_a_list_of_texts(void **state)
{
	static const char *const in[] = {
		"keys: &id001\n- a.asc\n- b.asc\nk: *id001\n",
		"a: &x a.asc\nb: &y b.asc\nk: [*x, *y]\n",
		"a: &x [c]\nb: &x [a.asc, b.asc]\nk: *x\n",
	};
	struct sample s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
		sample_read(&s, in[i]);
		assert_int_equal(s.value->kind, YAML_LIST);
		assert_int_equal(s.value->n, 2);
		assert_true(
		    span_equal_str(s.value->first->value->text, "a.asc"));
		assert_true(
		    span_equal_str(s.value->last->value->text, "b.asc"));
		yaml_tree_clear(&s.tree);
	}
}

static void
takes_truths_and_numbers_without_quotes_alone(void **state)
{
	static const struct {
		const char *in;
		int truth; /* -1: none */
		int number;
	} cases[] = {
		{ "k: True\n", 1, -1 },
		{ "k: no\n", 0, -1 },
		{ "k: 'true'\n", -1, -1 },
		{ "k: tRUE\n", -1, -1 },
		{ "k: y\n", -1, -1 },
		{ "k: 1\n", -1, 1 },
		{ "k: 9\n", -1, 9 },
		{ "k: 0\n", -1, -1 },
		{ "k: 10\n", -1, -1 },
		{ "k: -1\n", -1, -1 },
		{ "k: 01\n", -1, -1 },
		{ "k: 1.0\n", -1, -1 },
		{ "k: '1'\n", -1, -1 },
		{ "k: [1]\n", -1, -1 },
		{ "k: 99999999999999999999\n", -1, -1 },
	};
	struct fault why = FAULT_INIT;
	struct sample s;
	uint64_t number = 0;
	bool truth = false;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sample_read(&s, cases[i].in);
		if (yaml_truth(s.value, "k", &truth, &why) == RB_OK)
			assert_int_equal(truth, cases[i].truth);
		else
			assert_int_equal(cases[i].truth, -1);
		if (yaml_number(s.value, "k", 1, 9, &number, &why) == RB_OK)
			assert_int_equal(number, cases[i].number);
		else
			assert_int_equal(cases[i].number, -1);
		yaml_tree_clear(&s.tree);
	}
}

static void
keeps_order_and_lines(void **state)
{
	const struct yaml_child *child;
	struct sample s;
	size_t i = 0;

	(void)state;
	sample_read(&s, "k:\n- b\n- {x: 1}\n- []\n");
	assert_int_equal(s.value->kind, YAML_LIST);
	assert_int_equal(s.value->n, 3);
	for (child = s.value->first; child != NULL; child = child->next)
		assert_int_equal(child->value->line, 2 + i++);
	child = s.value->first;
	if (child == NULL || child->next == NULL) {
		fail();
		return;
	}
	assert_true(span_equal_str(child->value->text, "b"));
	assert_null(yaml_find(child->next->value, "y"));
	assert_int_equal(s.value->last->value->kind, YAML_LIST);
	yaml_tree_clear(&s.tree);
	yaml_tree_clear(&s.tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_not_one_plain_document),
		cmocka_unit_test(refuses_a_bomb),
		cmocka_unit_test(refuses_more_than_its_limits),
		cmocka_unit_test(takes_for_a_text_only_what_every_reader_does),
		cmocka_unit_test(
		    lets_an_alias_stand_for_a_text_or_a_list_of_texts),
		cmocka_unit_test(takes_truths_and_numbers_without_quotes_alone),
		cmocka_unit_test(keeps_order_and_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
