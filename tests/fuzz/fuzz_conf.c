/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/base/conf.h"

/*
 * A refusal says why, in printable ASCII, and leaks nothing; what is
 * accepted is within the bounds of its key, and means the same twice.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	{ "seconds", CONF_SECONDS, offsetof(struct sample, seconds), false, 0,
	    0 },
	{ "flag", CONF_BOOL, offsetof(struct sample, flag), false, 0, 0 },
	{ "list", CONF_LIST, offsetof(struct sample, list), false, 0, 0 },
};

static void
check(bool claim)
{
	if (!claim)
		abort();
}

static enum rb_err
parse(struct span in, struct sample *s, struct fault *why)
{
	const struct conf_section sections[] = {
		{ "sample", keys, sizeof(keys) / sizeof(keys[0]), s },
		{ "others", NULL, 0, NULL },
	};

	memset(s, 0, sizeof(*s));
	s->number = 2;
	return conf_parse(in, "fuzz", sections, 2, why);
}

static void
check_text(const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		check((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static bool
text_equal(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
check_alike(const struct sample *a, const struct sample *b)
{
	size_t i;

	check(text_equal(a->text, b->text));
	check(a->number == b->number && a->size == b->size &&
	    a->seconds == b->seconds && a->flag == b->flag);
	check(a->list.n == b->list.n);
	for (i = 0; i < a->list.n; i++)
		check(text_equal(a->list.items[i], b->list.items[i]));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	struct fault why = FAULT_INIT;
	struct sample s, again;
	enum rb_err rc;
	size_t i;

	rc = parse(in, &s, &why);
	check(parse(in, &again, NULL) == rc);
	if (rc == RB_OK) {
		check(s.number >= 2 && s.number <= 9);
		check_text(s.text);
		for (i = 0; i < s.list.n; i++)
			check_text(s.list.items[i]);
		check_alike(&s, &again);
	} else {
		check(rc == RB_EFORMAT || rc == RB_ELIMIT);
		check(strncmp(why.text, "fuzz", 4) == 0);
	}
	free(s.text);
	free(again.text);
	conf_list_clear(&s.list);
	conf_list_clear(&again.list);
	return 0;
}
