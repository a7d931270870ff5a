/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/conf_reader.h"

#include <string.h>

enum rb_err
reader_open(struct reader *in, struct span yaml)
{
	if (yaml_parser_initialize(&in->parser) == 0)
		return RB_ENOMEM;
	yaml_parser_set_encoding(&in->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&in->parser,
	    yaml.len == 0 ? (const unsigned char *)"" : yaml.p, yaml.len);
	return RB_OK;
}

void
reader_close(struct reader *in)
{
	if (in->has_event)
		yaml_event_delete(&in->event);
	in->has_event = false;
	yaml_parser_delete(&in->parser);
}

size_t
reader_line(const struct reader *in)
{
	return in->event.start_mark.line + 1;
}

enum rb_err
reader_refuse(struct reader *in, const char *what, const char *object,
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
	if (anchor != NULL && !in->knows_anchors)
		return reader_refuse(in, "anchor", (const char *)anchor,
		    ": write the value where it is used");
	if (tag != NULL)
		return reader_refuse(in, "tag", (const char *)tag,
		    ": the key alone says what kind its value has");
	return RB_OK;
}

enum rb_err
reader_next(struct reader *in)
{
	const yaml_event_t *e = &in->event;

	if (in->has_event)
		yaml_event_delete(&in->event);
	in->has_event = false;
	if (yaml_parser_parse(&in->parser, &in->event) == 0)
		return refuse_yaml(in);
	in->has_event = true;

	if (e->type == YAML_ALIAS_EVENT && !in->knows_anchors)
		return reader_refuse(in, "alias",
		    (const char *)e->data.alias.anchor,
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
		return reader_refuse(in, "directive", "",
		    " is not allowed here");
	return RB_OK;
}

struct span
reader_scalar(const struct reader *in)
{
	return span_of(in->event.data.scalar.value,
	    in->event.data.scalar.length);
}
