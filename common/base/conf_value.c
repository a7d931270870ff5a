/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/conf_reader.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/enc.h"

#define LIST_MAX 1024

static bool
scalar_is_plain(const struct reader *in)
{
	return in->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

/* Nothing that moves a cursor, whatever the encoding of the terminal. */
static bool
text_is_printable(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
		/* U+0080 to U+009F */
		if (s.p[i] == 0xc2 && i + 1 < s.len && s.p[i + 1] < 0xa0)
			return false;
	}
	return true;
}

static bool
scalar_is_null(const struct reader *in)
{
	struct span s = reader_scalar(in);

	return scalar_is_plain(in) &&
	    (s.len == 0 || span_equal_str(s, "~") ||
		span_equal_str(s, "null") || span_equal_str(s, "Null") ||
		span_equal_str(s, "NULL"));
}

static enum rb_err
text_read(struct reader *in, const char *key, char **out)
{
	struct span s = reader_scalar(in);

	if (scalar_is_null(in))
		return reader_refuse(in, "key", key,
		    " has no value: write one, or \"\" for an empty text");
	if (!text_is_printable(s))
		return reader_refuse(in, "key", key,
		    " holds control characters");
	return str_dup_span(s, out);
}

/* The factor of a unit letter; 0: it is none of this kind. */
static uint64_t
unit_factor(enum conf_kind kind, uint8_t letter)
{
	static const struct {
		enum conf_kind kind;
		uint8_t letter;
		uint64_t factor;
	} units[] = {
		{ CONF_SIZE, 'K', 1024 },
		{ CONF_SIZE, 'M', 1024 * 1024 },
		{ CONF_SIZE, 'G', 1024 * 1024 * 1024 },
		{ CONF_SECONDS, 's', 1 },
		{ CONF_SECONDS, 'm', 60 },
		{ CONF_SECONDS, 'h', 3600 },
		{ CONF_SECONDS, 'd', 86400 },
	};
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].kind == kind && units[i].letter == letter)
			return units[i].factor;
	}
	return 0;
}

const char *
conf_kind_says(enum conf_kind kind)
{
	switch (kind) {
	case CONF_TEXT:
		return " wants a text";
	case CONF_NUMBER:
		return " wants a number";
	case CONF_SIZE:
		return " wants a number of bytes, such as 4096, 64K, 20M or 2G";
	case CONF_SECONDS:
		return " wants a time, such as 90, 90s, 15m, 2h or 1d";
	case CONF_BOOL:
		return " wants true or false";
	case CONF_LIST:
		return " wants a list";
	}
	return "";
}

static enum rb_err
number_read(struct reader *in, const struct conf_key *key, uint64_t *out)
{
	struct span s = reader_scalar(in);
	uint64_t factor = 1, v = 0;
	uint64_t max = key->max == 0 ? UINT64_MAX : key->max;
	enum rb_err rc;

	if (s.len > 1 && unit_factor(key->kind, s.p[s.len - 1]) != 0) {
		factor = unit_factor(key->kind, s.p[s.len - 1]);
		s.len--;
	}
	rc = dec_parse(s, UINT64_MAX / factor, &v);
	if (rc == RB_EFORMAT || !scalar_is_plain(in))
		return reader_refuse(in, "key", key->name,
		    conf_kind_says(key->kind));
	if (rc != RB_OK || v * factor > max || v * factor < key->min)
		return fault_set(in->why, RB_ELIMIT,
		    "%s, line %zu: key '%s' must be from %llu to %llu",
		    in->name, reader_line(in), key->name,
		    (unsigned long long)key->min, (unsigned long long)max);
	*out = v * factor;
	return RB_OK;
}

static enum rb_err
bool_read(struct reader *in, const struct conf_key *key, bool *out)
{
	bool is_true = span_equal_str(reader_scalar(in), "true");

	if (!scalar_is_plain(in) ||
	    (!is_true && !span_equal_str(reader_scalar(in), "false")))
		return reader_refuse(in, "key", key->name,
		    conf_kind_says(CONF_BOOL));
	*out = is_true;
	return RB_OK;
}

void
conf_list_clear(struct conf_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->items[i]);
	free(l->items);
	l->items = NULL;
	l->n = 0;
}

static enum rb_err
list_add(struct conf_list *l, char **item)
{
	char **items;

	items = reallocarray(l->items, l->n + 1, sizeof(*items));
	if (items == NULL)
		return RB_ENOMEM;
	l->items = items;
	l->items[l->n++] = *item;
	*item = NULL; /* now the list's */
	return RB_OK;
}

/* The event is the start of the list. */
static enum rb_err
list_read(struct reader *in, const struct conf_key *key, struct conf_list *out)
{
	struct conf_list list = { NULL, 0 };
	enum rb_err rc = RB_EINTERNAL;
	char *item = NULL;

	for (;;) {
		if ((rc = reader_next(in)) != RB_OK)
			goto out;
		if (in->event.type == YAML_SEQUENCE_END_EVENT)
			break;
		if (in->event.type != YAML_SCALAR_EVENT) {
			rc = reader_refuse(in, "key", key->name,
			    " wants a list of texts and nothing deeper");
			goto out;
		}
		if (list.n == LIST_MAX) {
			rc = reader_refuse(in, "key", key->name,
			    " has too many entries");
			goto out;
		}
		if ((rc = text_read(in, key->name, &item)) != RB_OK)
			goto out;
		if ((rc = list_add(&list, &item)) != RB_OK)
			goto out;
	}

	conf_list_clear(out);
	*out = list;
	list = (struct conf_list){ NULL, 0 }; /* now the caller's */
	rc = RB_OK;
out:
	free(item);
	conf_list_clear(&list);
	return rc;
}

enum rb_err
conf_value_read(struct reader *in, const struct conf_key *key, void *into)
{
	void *field = (char *)into + key->offset;
	enum rb_err rc = RB_EINTERNAL;
	char *text = NULL;
	yaml_event_type_t wanted = key->kind == CONF_LIST ?
	    YAML_SEQUENCE_START_EVENT :
	    YAML_SCALAR_EVENT;

	if (in->event.type != wanted)
		return reader_refuse(in, "key", key->name,
		    conf_kind_says(key->kind));
	switch (key->kind) {
	case CONF_TEXT:
		if ((rc = text_read(in, key->name, &text)) != RB_OK)
			return rc;
		free(*(char **)field); /* the default */
		*(char **)field = text;
		return RB_OK;
	case CONF_NUMBER:
	case CONF_SIZE:
	case CONF_SECONDS:
		return number_read(in, key, field);
	case CONF_BOOL:
		return bool_read(in, key, field);
	case CONF_LIST:
		return list_read(in, key, field);
	}
	return RB_EINTERNAL;
}
