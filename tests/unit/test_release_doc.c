/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/told/release_doc.h"

#define ok(call) assert_int_equal(call, RB_OK)
#define HEAD "{\"format\":1,\"name\":\"r4.3\",\"time\":7,\"distributions\":["
#define COMPONENT \
	"{\"name\":\"a\",\"tag\":null,\"state\":\"watched\",\"note\":null," \
	"\"alarms\":[],\"builds\":[]}"

static void
refuses_every_other_spelling(void **state)
{
	static const struct {
		const char *why, *text;
	} wrong[] = {
		{ "nothing", "" },
		{ "no object", "[]" },
		{ "another format",
		    "{\"format\":2,\"name\":\"r\",\"time\":7,"
		    "\"distributions\":[],\"components\":[]}" },
		{ "white space", HEAD "], \"components\":[]}" },
		{ "something behind it", HEAD "],\"components\":[]}\n" },
		{ "an empty text", HEAD "\"\"],\"components\":[]}" },
		{ "an escape", HEAD "\"\\u0041\"],\"components\":[]}" },
		{ "a control", HEAD "\"a\nb\"],\"components\":[]}" },
		{ "a missing comma", HEAD "\"a\"\"b\"],\"components\":[]}" },
		{ "a comma too many", HEAD "\"a\",],\"components\":[]}" },
		{ "a comma first", HEAD ",\"a\"],\"components\":[]}" },
		{ "no component", HEAD "],\"components\":[{}]}" },
		{ "two without a comma",
		    HEAD "],\"components\":[" COMPONENT COMPONENT "]}" },
		{ "an end that is missing",
		    HEAD "],\"components\":[" COMPONENT "]" },
		{ "a time with a zero in front",
		    "{\"format\":1,\"name\":\"r\",\"time\":07,"
		    "\"distributions\":[],\"components\":[]}" },
		{ "a build in another order",
		    HEAD "],\"components\":[{\"name\":\"a\",\"tag\":null,"
			 "\"state\":\"x\",\"note\":null,\"alarms\":[],"
			 "\"builds\":[{\"state\":\"x\",\"distribution\":\"d\","
			 "\"note\":null}]}]}" },
	};
	struct release_doc d;
	size_t i;

	(void)state;
	release_doc_init(&d);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (release_doc_parse(span_of_str(wrong[i].text), &d) !=
		    RB_EFORMAT)
			fail_msg("%s", wrong[i].why);
	ok(release_doc_parse(SPAN(HEAD "],\"components\":[" COMPONENT
				       "," COMPONENT "]}"),
	    &d));
	assert_int_equal(d.ncomponents, 2);
	release_doc_clear(&d);
}

static void
refuses_more_than_its_limits(void **state)
{
	struct release_doc d;
	struct buf text = BUF_INIT;
	size_t i;

	(void)state;
	release_doc_init(&d);
	ok(buf_put_str(&text, HEAD));
	for (i = 0; i <= RELEASE_DISTRIBUTIONS_MAX; i++)
		ok(buf_printf(&text, "%s\"d%zu\"", i == 0 ? "" : ",", i));
	ok(buf_put_str(&text, "],\"components\":[]}"));
	assert_int_equal(release_doc_parse(buf_span(&text), &d), RB_ELIMIT);
	buf_reset(&text);
	ok(buf_put_str(&text, HEAD "],\"components\":["));
	for (i = 0; i <= RELEASE_COMPONENTS_MAX; i++)
		ok(buf_printf(&text, "%s" COMPONENT, i == 0 ? "" : ","));
	ok(buf_put_str(&text, "]}"));
	assert_int_equal(release_doc_parse(buf_span(&text), &d), RB_ELIMIT);
	buf_reset(&text);
	ok(buf_put_str(&text, HEAD "\""));
	for (i = 0; i <= RELEASE_TEXT_MAX; i++)
		ok(buf_put_byte(&text, 'x'));
	ok(buf_put_str(&text, "\"],\"components\":[]}"));
	assert_int_equal(release_doc_parse(buf_span(&text), &d), RB_ELIMIT);
	buf_clear(&text);
}

static void
writes_what_it_can_read_whatever_it_is_given(void **state)
{
	char hostile[] = "a \"tag\" with \\ and \33[2J and \xc3\xa9",
	     empty[] = "";
	char name[] = "core", word[] = "watched", *alarms[] = { hostile };
	char *distributions[] = { name };
	struct release_build build = { name, word, hostile };
	struct release_component c = { name, NULL, word, empty, alarms, 1,
		&build, 1 };
	struct release_doc d = { hostile, 7, distributions, 1, &c, 1 };
	struct release_doc back;
	struct buf text = BUF_INIT, again = BUF_INIT;

	(void)state;
	release_doc_init(&back);
	ok(release_doc_write(&d, &text));
	ok(release_doc_parse(buf_span(&text), &back));
	assert_string_equal(back.name,
	    "a 'tag' with / and /x1b[2J and /xc3/xa9");
	assert_string_equal(back.components[0].note, "-");
	assert_null(back.components[0].tag);
	ok(release_doc_write(&back, &again));
	assert_true(span_equal(buf_span(&text), buf_span(&again)));
	release_doc_clear(&back);
	release_doc_clear(&back);
	buf_clear(&text);
	buf_clear(&again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_every_other_spelling),
		cmocka_unit_test(refuses_more_than_its_limits),
		cmocka_unit_test(writes_what_it_can_read_whatever_it_is_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
