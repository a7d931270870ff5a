/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/conf.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/conf_reader.h"

/* More than any configuration needs; a table over 64 is our mistake. */
#define TABLE_MAX 64
#define DEPTH_MAX 8
#define NAMES_MAX 320

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

	rc = str_dup_span(reader_scalar(in), &name);
	/* RB_EFORMAT: a name with a zero byte in it is not shown. */
	if (rc == RB_OK || rc == RB_EFORMAT)
		rc = fault_set(in->why, RB_EFORMAT,
		    "%s, line %zu: unknown %s '%.64s'; known: %s", in->name,
		    reader_line(in), what, name == NULL ? "?" : name, names);
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
		return reader_refuse(in, "section", s->name,
		    " wants simple keys");
	for (i = 0; i < s->nkeys; i++) {
		name_add(names, s->keys[i].name);
		if (!span_equal_str(reader_scalar(in), s->keys[i].name))
			continue;
		if ((*seen & UINT64_C(1) << i) != 0)
			return reader_refuse(in, "key", s->keys[i].name,
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
			    conf_kind_says(s->keys[i].kind));
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
		if ((rc = conf_value_read(in, key, s->into)) != RB_OK)
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
			return reader_refuse(in, "value", "",
			    " is nested too deep");
	}
	return RB_OK;
}

static enum rb_err
section_find(struct reader *in, const struct conf_section *sections, size_t n,
    uint64_t *seen, size_t *out)
{
	char names[NAMES_MAX] = "";
	size_t i;

	if (in->event.type != YAML_SCALAR_EVENT)
		return reader_refuse(in, "a section's name", "",
		    " must be a word");
	for (i = 0; i < n; i++) {
		name_add(names, sections[i].name);
		if (!span_equal_str(reader_scalar(in), sections[i].name))
			continue;
		if ((*seen & UINT64_C(1) << i) != 0)
			return reader_refuse(in, "section", sections[i].name,
			    " is given twice: join them");
		*seen |= UINT64_C(1) << i;
		*out = i;
		return RB_OK;
	}
	return refuse_unknown(in, "section", names);
}

/* The event is the start of the document's map. */
static enum rb_err
sections_read(struct reader *in, const struct conf_section *sections, size_t n,
    uint64_t *seen)
{
	enum rb_err rc = RB_EINTERNAL;
	size_t which = 0;

	for (;;) {
		const struct conf_section *s;

		if ((rc = reader_next(in)) != RB_OK)
			return rc;
		if (in->event.type == YAML_MAPPING_END_EVENT)
			return RB_OK;
		if ((rc = section_find(in, sections, n, seen, &which)) != RB_OK)
			return rc;
		s = &sections[which];
		if ((rc = reader_next(in)) != RB_OK)
			return rc;
		if (in->event.type != YAML_MAPPING_START_EVENT)
			return reader_refuse(in, "section", s->name,
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
		return reader_refuse(in, "the file", "",
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
	if ((rc = reader_open(&in, yaml)) != RB_OK)
		goto out;
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
	reader_close(&in);
	return rc;
}
