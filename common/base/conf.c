/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/conf.h"

#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "common/base/enc.h"

/* More than any configuration needs; a table over 64 is our mistake. */
#define TABLE_MAX 64
#define DEPTH_MAX 8
#define LIST_MAX 1024
#define NAMES_MAX 320

/* One event at a time. */
struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	bool has_event;
	const char *name; /* borrowed: of the file */
	struct fault *why;
};

static size_t
reader_line(const struct reader *in)
{
	return in->event.start_mark.line + 1;
}

/* Says where, then what. */
static enum rb_err
refuse(struct reader *in, const char *what, const char *object,
    const char *rest)
{
	return fault_set(in->why, RB_EFORMAT, "%s, line %zu: %s%s%s%s%s",
	    in->name, reader_line(in), what, *object == '\0' ? "" : " '",
	    object, *object == '\0' ? "" : "'", rest);
}

static enum rb_err
refuse_yaml(struct reader *in)
{
	const yaml_parser_t *p = &in->parser;

	if (p->error == YAML_MEMORY_ERROR)
		return RB_ENOMEM;
	return fault_set(in->why, RB_EFORMAT, "%s, line %zu: not YAML: %s",
	    in->name, p->problem_mark.line + 1,
	    p->problem == NULL ? "unreadable" : p->problem);
}

static enum rb_err
check_plain_node(struct reader *in, const yaml_char_t *anchor,
    const yaml_char_t *tag)
{
	if (anchor != NULL)
		return refuse(in, "anchor", (const char *)anchor,
		    ": write the value where it is used");
	if (tag != NULL)
		return refuse(in, "tag", (const char *)tag,
		    ": the key alone says what kind its value has");
	return RB_OK;
}

/* Takes the next event, which is none of those that no section may hold. */
static enum rb_err
reader_next(struct reader *in)
{
	const yaml_event_t *e = &in->event;

	if (in->has_event)
		yaml_event_delete(&in->event);
	in->has_event = false;
	if (yaml_parser_parse(&in->parser, &in->event) == 0)
		return refuse_yaml(in);
	in->has_event = true;

	if (e->type == YAML_ALIAS_EVENT)
		return refuse(in, "alias", (const char *)e->data.alias.anchor,
		    ": write the value where it is used");
	if (e->type == YAML_SCALAR_EVENT)
		return check_plain_node(in, e->data.scalar.anchor,
		    e->data.scalar.tag);
	if (e->type == YAML_SEQUENCE_START_EVENT)
		return check_plain_node(in, e->data.sequence_start.anchor,
		    e->data.sequence_start.tag);
	if (e->type == YAML_MAPPING_START_EVENT)
		return check_plain_node(in, e->data.mapping_start.anchor,
		    e->data.mapping_start.tag);
	if (e->type == YAML_DOCUMENT_START_EVENT &&
	    (e->data.document_start.version_directive != NULL ||
	    e->data.document_start.tag_directives.start !=
	    e->data.document_start.tag_directives.end))
		return refuse(in, "directive", "", " is not allowed here");
	return RB_OK;
}

static struct span
scalar_span(const struct reader *in)
{
	return span_of(in->event.data.scalar.value,
	    in->event.data.scalar.length);
}

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
	struct span s = scalar_span(in);

	return scalar_is_plain(in) && (s.len == 0 || span_equal_str(s, "~") ||
	    span_equal_str(s, "null") || span_equal_str(s, "Null") ||
	    span_equal_str(s, "NULL"));
}

static enum rb_err
text_read(struct reader *in, const char *key, char **out)
{
	struct span s = scalar_span(in);

	if (scalar_is_null(in))
		return refuse(in, "key", key,
		    " has no value: write one, or \"\" for an empty text");
	if (!text_is_printable(s))
		return refuse(in, "key", key, " holds control characters");
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

static const char *
kind_says(enum conf_kind kind)
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
	struct span s = scalar_span(in);
	uint64_t factor = 1, v = 0;
	uint64_t max = key->max == 0 ? UINT64_MAX : key->max;
	enum rb_err rc;

	if (s.len > 1 && unit_factor(key->kind, s.p[s.len - 1]) != 0) {
		factor = unit_factor(key->kind, s.p[s.len - 1]);
		s.len--;
	}
	rc = dec_parse(s, UINT64_MAX / factor, &v);
	if (rc == RB_EFORMAT || !scalar_is_plain(in))
		return refuse(in, "key", key->name, kind_says(key->kind));
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
	bool is_true = span_equal_str(scalar_span(in), "true");

	if (!scalar_is_plain(in) || (!is_true &&
	    !span_equal_str(scalar_span(in), "false")))
		return refuse(in, "key", key->name, kind_says(CONF_BOOL));
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
			rc = refuse(in, "key", key->name,
			    " wants a list of texts and nothing deeper");
			goto out;
		}
		if (list.n == LIST_MAX) {
			rc = refuse(in, "key", key->name,
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

/* The event is the value's first. */
static enum rb_err
value_read(struct reader *in, const struct conf_key *key, void *into)
{
	void *field = (char *)into + key->offset;
	enum rb_err rc = RB_EINTERNAL;
	char *text = NULL;
	yaml_event_type_t wanted = key->kind == CONF_LIST ?
	    YAML_SEQUENCE_START_EVENT : YAML_SCALAR_EVENT;

	if (in->event.type != wanted)
		return refuse(in, "key", key->name, kind_says(key->kind));
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

static void
name_add(char names[NAMES_MAX], const char *name)
{
	size_t len = strlen(names);

	if (len + strlen(name) + 2 >= NAMES_MAX)
		return;
	if (len != 0)
		names[len++] = ' ';
	memcpy(names + len, name, strlen(name) + 1);
}

static enum rb_err
refuse_unknown(struct reader *in, const char *what, const char *names)
{
	char *name = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = str_dup_span(scalar_span(in), &name)) == RB_OK)
		rc = fault_set(in->why, RB_EFORMAT,
		    "%s, line %zu: unknown %s '%.64s'; known: %s", in->name,
		    reader_line(in), what, name, names);
	free(name);
	return rc;
}

/* Finds the key that the event names; each only once. */
static enum rb_err
key_find(struct reader *in, const struct conf_section *s, uint64_t *seen,
    const struct conf_key **out)
{
	char names[NAMES_MAX] = "";
	size_t i;

	if (in->event.type != YAML_SCALAR_EVENT)
		return refuse(in, "section", s->name, " wants simple keys");
	for (i = 0; i < s->nkeys; i++) {
		name_add(names, s->keys[i].name);
		if (!span_equal_str(scalar_span(in), s->keys[i].name))
			continue;
		if ((*seen & UINT64_C(1) << i) != 0)
			return refuse(in, "key", s->keys[i].name,
			    " is given twice: remove one");
		*seen |= UINT64_C(1) << i;
		*out = &s->keys[i];
		return RB_OK;
	}
	return refuse_unknown(in, "key", names);
}

static enum rb_err
section_check(struct reader *in, const struct conf_section *s, uint64_t seen)
{
	size_t i;

	for (i = 0; i < s->nkeys; i++) {
		if (s->keys[i].required && (seen & UINT64_C(1) << i) == 0)
			return fault_set(in->why, RB_EFORMAT,
			    "%s: key '%s' of section '%s' is missing; it%s",
			    in->name, s->keys[i].name, s->name,
			    kind_says(s->keys[i].kind));
	}
	return RB_OK;
}

/* The event is the start of the section's map. */
static enum rb_err
section_read(struct reader *in, const struct conf_section *s)
{
	const struct conf_key *key = NULL;
	enum rb_err rc = RB_EINTERNAL;
	uint64_t seen = 0;

	for (;;) {
		if ((rc = reader_next(in)) != RB_OK)
			return rc;
		if (in->event.type == YAML_MAPPING_END_EVENT)
			return section_check(in, s, seen);
		if ((rc = key_find(in, s, &seen, &key)) != RB_OK)
			return rc;
		if ((rc = reader_next(in)) != RB_OK)
			return rc;
		if ((rc = value_read(in, key, s->into)) != RB_OK)
			return rc;
	}
}

/* The event is the start of a section that others read. */
static enum rb_err
section_skip(struct reader *in)
{
	enum rb_err rc = RB_EINTERNAL;
	unsigned int depth = 1;

	while (depth != 0) {
		if ((rc = reader_next(in)) != RB_OK)
			return rc;
		if (in->event.type == YAML_MAPPING_START_EVENT ||
		    in->event.type == YAML_SEQUENCE_START_EVENT)
			depth++;
		if (in->event.type == YAML_MAPPING_END_EVENT ||
		    in->event.type == YAML_SEQUENCE_END_EVENT)
			depth--;
		if (depth > DEPTH_MAX)
			return refuse(in, "value", "", " is nested too deep");
	}
	return RB_OK;
}

static enum rb_err
section_find(struct reader *in, const struct conf_section *sections, size_t n,
    uint64_t *seen, const struct conf_section **out)
{
	char names[NAMES_MAX] = "";
	size_t i;

	if (in->event.type != YAML_SCALAR_EVENT)
		return refuse(in, "a section's name", "", " must be a word");
	for (i = 0; i < n; i++) {
		name_add(names, sections[i].name);
		if (!span_equal_str(scalar_span(in), sections[i].name))
			continue;
		if ((*seen & UINT64_C(1) << i) != 0)
			return refuse(in, "section", sections[i].name,
			    " is given twice: join them");
		*seen |= UINT64_C(1) << i;
		*out = &sections[i];
		return RB_OK;
	}
	return refuse_unknown(in, "section", names);
}

/* The event is the start of the document's map. */
static enum rb_err
sections_read(struct reader *in, const struct conf_section *sections, size_t n,
    uint64_t *seen)
{
	const struct conf_section *s = NULL;
	enum rb_err rc = RB_EINTERNAL;

	for (;;) {
		if ((rc = reader_next(in)) != RB_OK)
			return rc;
		if (in->event.type == YAML_MAPPING_END_EVENT)
			return RB_OK;
		if ((rc = section_find(in, sections, n, seen, &s)) != RB_OK)
			return rc;
		if ((rc = reader_next(in)) != RB_OK)
			return rc;
		if (in->event.type != YAML_MAPPING_START_EVENT)
			return refuse(in, "section", s->name,
			    " wants 'key: value' lines below it");
		rc = s->keys == NULL ? section_skip(in) : section_read(in, s);
		if (rc != RB_OK)
			return rc;
	}
}

/* Takes an event of this type, or says what the file should be. */
static enum rb_err
expect(struct reader *in, yaml_event_type_t type)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = reader_next(in)) != RB_OK)
		return rc;
	if (in->event.type != type)
		return refuse(in, "the file", "",
		    " must be one YAML document that is a map of sections");
	return RB_OK;
}

static enum rb_err
stream_read(struct reader *in, const struct conf_section *sections, size_t n,
    uint64_t *seen)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = expect(in, YAML_STREAM_START_EVENT)) != RB_OK)
		return rc;
	if ((rc = reader_next(in)) != RB_OK)
		return rc;
	/* Nothing, or comments alone: every section is absent. */
	if (in->event.type == YAML_STREAM_END_EVENT)
		return RB_OK;
	if (in->event.type != YAML_DOCUMENT_START_EVENT)
		return RB_EINTERNAL;
	if ((rc = expect(in, YAML_MAPPING_START_EVENT)) != RB_OK)
		return rc;
	if ((rc = sections_read(in, sections, n, seen)) != RB_OK)
		return rc;
	if ((rc = expect(in, YAML_DOCUMENT_END_EVENT)) != RB_OK)
		return rc;
	return expect(in, YAML_STREAM_END_EVENT);
}

static enum rb_err
tables_check(const struct conf_section *sections, size_t n)
{
	size_t i;

	if (n > TABLE_MAX)
		return RB_EINTERNAL;
	for (i = 0; i < n; i++) {
		if (sections[i].nkeys > TABLE_MAX)
			return RB_EINTERNAL;
	}
	return RB_OK;
}

enum rb_err
conf_parse(struct span yaml, const char *name,
    const struct conf_section *sections, size_t n, struct fault *why)
{
	struct reader in;
	enum rb_err rc = RB_EINTERNAL;
	uint64_t seen = 0;
	size_t i;

	if ((rc = tables_check(sections, n)) != RB_OK)
		return rc;
	if (yaml.len > CONF_FILE_MAX)
		return fault_set(why, RB_ELIMIT, "%s: longer than %d bytes",
		    name, CONF_FILE_MAX);
	memset(&in, 0, sizeof(in));
	in.name = name;
	in.why = why;
	if (yaml_parser_initialize(&in.parser) == 0)
		return RB_ENOMEM;
	yaml_parser_set_encoding(&in.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&in.parser,
	    yaml.len == 0 ? (const unsigned char *)"" : yaml.p, yaml.len);

	if ((rc = stream_read(&in, sections, n, &seen)) != RB_OK)
		goto out;
	for (i = 0; i < n; i++) {
		if ((seen & UINT64_C(1) << i) != 0 || sections[i].keys == NULL)
			continue;
		if ((rc = section_check(&in, &sections[i], 0)) != RB_OK)
			goto out;
	}
	rc = RB_OK;
out:
	if (in.has_event)
		yaml_event_delete(&in.event);
	yaml_parser_delete(&in.parser);
	return rc;
}
