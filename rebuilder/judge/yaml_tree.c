/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/yaml_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/conf_reader.h"
#include "common/base/enc.h"

/* All that a tree may hold, in bytes: many times the largest file. */
#define TREE_MAX (64u * 1024 * 1024)
#define FAULT_PART 256

struct yaml_room {
	struct yaml_room *next;
	max_align_t bytes[];
};

/* Zeroed, and the tree's. */
static enum rb_err
room_take(struct yaml_tree *tree, size_t len, void **out)
{
	struct yaml_room *room;

	if (len > TREE_MAX - tree->used)
		return RB_ELIMIT;
	if ((room = calloc(1, sizeof(*room) + len)) == NULL)
		return RB_ENOMEM;
	tree->used += len;
	room->next = tree->rooms;
	tree->rooms = room;
	*out = room->bytes;
	return RB_OK;
}

void
yaml_tree_clear(struct yaml_tree *tree)
{
	struct yaml_room *next;

	while (tree->rooms != NULL) {
		next = tree->rooms->next;
		free(tree->rooms);
		tree->rooms = next;
	}
	tree->used = 0;
}

static enum rb_err
span_keep(struct yaml_tree *tree, struct span s, struct span *out)
{
	void *copy = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = room_take(tree, s.len + 1, &copy)) != RB_OK)
		return rc;
	if (s.len != 0)
		memcpy(copy, s.p, s.len);
	*out = span_of(copy, s.len);
	return RB_OK;
}

enum rb_err
yaml_refuse(const struct yaml *at, struct fault *why, const char *fmt, ...)
{
	char text[FAULT_PART];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return fault_set(why, RB_EFORMAT, "%s, line %zu: %s", at->file,
	    at->line, text);
}

enum rb_err
yaml_add_node(struct yaml_tree *tree, enum yaml_kind kind,
    const struct yaml *at, struct yaml **out)
{
	struct yaml *node = NULL;
	void *room = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = room_take(tree, sizeof(*node), &room)) != RB_OK)
		return rc;
	node = room;
	node->kind = kind;
	node->file = at->file;
	node->line = at->line;
	*out = node;
	return RB_OK;
}

enum rb_err
yaml_add_child(struct yaml_tree *tree, struct yaml *parent, struct span key,
    const struct yaml *value)
{
	struct yaml_child *child;
	void *room = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if (parent->n == YAML_CHILDREN_MAX)
		return RB_ELIMIT;
	if ((rc = room_take(tree, sizeof(*child), &room)) != RB_OK)
		return rc;
	child = room;
	child->key = key;
	child->value = value;
	if (parent->last == NULL)
		parent->first = child;
	else
		parent->last->next = child;
	parent->last = child;
	parent->n++;
	return RB_OK;
}

/* A map or list that is not ended yet, and the key that waits in it. */
struct level {
	struct yaml *node;
	struct span key;
	bool has_key;
};

/* What an alias may stand for from here on. */
struct anchor {
	struct span name;
	const struct yaml *node;
};

struct parser {
	struct reader in;
	struct yaml_tree *tree;
	struct level levels[YAML_DEPTH_MAX];
	size_t depth;
	struct anchor anchors[YAML_ANCHORS_MAX];
	size_t nanchors;
	const struct yaml *top; /* NULL: none yet */
};

static enum rb_err
node_new(struct parser *p, enum yaml_kind kind, struct yaml **out)
{
	const struct yaml at = { .file = p->in.name,
		.line = reader_line(&p->in) };

	return yaml_add_node(p->tree, kind, &at, out);
}

static enum rb_err
take_key(struct parser *p, struct level *level)
{
	struct span key = SPAN_INIT;
	struct yaml_child *child;
	enum rb_err rc = RB_EINTERNAL;

	if (p->in.event.type != YAML_SCALAR_EVENT ||
	    p->in.event.data.scalar.anchor != NULL ||
	    (key = reader_scalar(&p->in)).len == 0)
		return reader_refuse(&p->in, "a key", "", " must be a word");
	if (span_equal_str(key, "<<"))
		return reader_refuse(&p->in, "key", "<<",
		    ": maps are not merged so: write the values where they "
		    "are used");
	if ((rc = span_keep(p->tree, key, &level->key)) != RB_OK)
		return rc;
	for (child = level->node->first; child != NULL; child = child->next)
		if (span_equal(child->key, level->key))
			return reader_refuse(&p->in, "key",
			    (const char *)level->key.p,
			    " is given twice: remove one");
	level->has_key = true;
	return RB_OK;
}

/* Hangs a node where the next one belongs. */
static enum rb_err
hang(struct parser *p, const struct yaml *node)
{
	struct level *level;
	enum rb_err rc = RB_EINTERNAL;

	if (p->depth == 0) {
		p->top = node;
		return RB_OK;
	}
	level = &p->levels[p->depth - 1];
	rc = yaml_add_child(p->tree, level->node,
	    level->has_key ? level->key : span_of(NULL, 0), node);
	if (rc == RB_ELIMIT)
		rc = fault_set(p->in.why, RB_ELIMIT,
		    "%s, line %zu: more than %d entries", p->in.name,
		    reader_line(&p->in), YAML_CHILDREN_MAX);
	level->has_key = false;
	return rc;
}

/* NULL: the node has none. */
static enum rb_err
take_anchor(struct parser *p, const yaml_char_t *name, const struct yaml *node)
{
	struct anchor *a;

	if (name == NULL)
		return RB_OK;
	if (p->nanchors == YAML_ANCHORS_MAX)
		return reader_refuse(&p->in, "anchor", (const char *)name,
		    " is one too many: write the value where it is used");
	a = &p->anchors[p->nanchors++];
	a->node = node;
	return span_keep(p->tree, span_of_str((const char *)name), &a->name);
}

static bool
is_open(const struct parser *p, const struct yaml *node)
{
	size_t i;

	for (i = 0; i < p->depth; i++)
		if (p->levels[i].node == node)
			return true;
	return false;
}

/* A text, or a short list of texts that has ended. */
static bool
may_stand_again(const struct parser *p, const struct yaml *node)
{
	const struct yaml_child *child;

	if (node->kind == YAML_TEXT)
		return true;
	if (node->kind != YAML_LIST || node->n > YAML_ALIASED_MAX ||
	    is_open(p, node))
		return false;
	for (child = node->first; child != NULL; child = child->next)
		if (child->value->kind != YAML_TEXT)
			return false;
	return true;
}

static enum rb_err
take_alias(struct parser *p)
{
	const char *name = (const char *)p->in.event.data.alias.anchor;
	size_t i = p->nanchors;

	/* The last of that name counts. */
	while (i > 0 && !span_equal_str(p->anchors[i - 1].name, name))
		i--;
	if (i == 0)
		return reader_refuse(&p->in, "alias", name,
		    ": nothing before it has that anchor");
	if (!may_stand_again(p, p->anchors[i - 1].node))
		return reader_refuse(&p->in, "alias", name,
		    " stands for more than a text or a short list of texts: "
		    "write the value where it is used");
	return hang(p, p->anchors[i - 1].node);
}

static enum rb_err
take_text_node(struct parser *p)
{
	struct yaml *node = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = node_new(p, YAML_TEXT, &node)) != RB_OK ||
	    (rc = span_keep(p->tree, reader_scalar(&p->in), &node->text)) !=
		RB_OK)
		return rc;
	node->is_plain = p->in.event.data.scalar.style ==
	    YAML_PLAIN_SCALAR_STYLE;
	if ((rc = take_anchor(p, p->in.event.data.scalar.anchor, node)) !=
	    RB_OK)
		return rc;
	return hang(p, node);
}

static enum rb_err
begin(struct parser *p, enum yaml_kind kind, const yaml_char_t *anchor)
{
	struct yaml *node = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if (p->depth == YAML_DEPTH_MAX)
		return fault_set(p->in.why, RB_ELIMIT,
		    "%s, line %zu: nested more than %d deep", p->in.name,
		    reader_line(&p->in), YAML_DEPTH_MAX);
	if ((rc = node_new(p, kind, &node)) != RB_OK ||
	    (rc = take_anchor(p, anchor, node)) != RB_OK ||
	    (rc = hang(p, node)) != RB_OK)
		return rc;
	p->levels[p->depth++] = (struct level){ node, SPAN_INIT, false };
	return RB_OK;
}

/* One event inside the document. */
static enum rb_err
take_event(struct parser *p)
{
	yaml_event_type_t type = p->in.event.type;
	struct level *level = p->depth == 0 ? NULL : &p->levels[p->depth - 1];

	if (type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT) {
		if (level == NULL)
			return RB_EINTERNAL;
		p->depth--;
		return RB_OK;
	}
	if (level != NULL && level->node->kind == YAML_MAP && !level->has_key)
		return take_key(p, level);
	if (type == YAML_SCALAR_EVENT)
		return take_text_node(p);
	if (type == YAML_SEQUENCE_START_EVENT)
		return begin(p, YAML_LIST,
		    p->in.event.data.sequence_start.anchor);
	if (type == YAML_MAPPING_START_EVENT)
		return begin(p, YAML_MAP,
		    p->in.event.data.mapping_start.anchor);
	if (type == YAML_ALIAS_EVENT)
		return take_alias(p);
	return RB_EINTERNAL;
}

static enum rb_err
take_document(struct parser *p)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = reader_next(&p->in)) != RB_OK)
		return rc;
	if (p->in.event.type != YAML_STREAM_START_EVENT)
		return RB_EINTERNAL;
	if ((rc = reader_next(&p->in)) != RB_OK)
		return rc;
	if (p->in.event.type != YAML_DOCUMENT_START_EVENT)
		return fault_set(p->in.why, RB_EFORMAT, "%s: holds nothing",
		    p->in.name);
	do {
		if ((rc = reader_next(&p->in)) != RB_OK ||
		    (rc = take_event(p)) != RB_OK)
			return rc;
	} while (p->depth != 0);
	if ((rc = reader_next(&p->in)) != RB_OK)
		return rc;
	if (p->in.event.type != YAML_DOCUMENT_END_EVENT)
		return RB_EINTERNAL;
	if ((rc = reader_next(&p->in)) != RB_OK)
		return rc;
	if (p->in.event.type != YAML_STREAM_END_EVENT)
		return reader_refuse(&p->in, "a second document", "",
		    " is not read: write one file for each");
	return RB_OK;
}

enum rb_err
yaml_parse(struct span in, const char *file, struct yaml_tree *tree,
    const struct yaml **out, struct fault *why)
{
	struct parser p;
	struct span name;
	enum rb_err rc = RB_EINTERNAL;

	if (in.len > YAML_FILE_MAX)
		return fault_set(why, RB_ELIMIT, "%s: longer than %d bytes",
		    file, YAML_FILE_MAX);
	memset(&p, 0, sizeof(p));
	if ((rc = span_keep(tree, span_of_str(file), &name)) != RB_OK)
		return rc;
	p.tree = tree;
	p.in.name = (const char *)name.p;
	p.in.why = why;
	p.in.knows_anchors = true;
	if ((rc = reader_open(&p.in, in)) != RB_OK)
		goto out;
	if ((rc = take_document(&p)) == RB_OK)
		*out = p.top;
out:
	reader_close(&p.in);
	return rc;
}

const struct yaml *
yaml_find(const struct yaml *map, const char *key)
{
	const struct yaml_child *child;

	for (child = map->first; child != NULL; child = child->next)
		if (span_equal_str(child->key, key))
			return child->value;
	return NULL;
}

static bool
is_one_of(struct span s, const char *const *words, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (span_equal_str(s, words[i]))
			return true;
	return false;
}

bool
yaml_is_nothing(const struct yaml *value)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };

	return value->kind == YAML_TEXT && value->is_plain &&
	    is_one_of(value->text, words, sizeof(words) / sizeof(words[0]));
}

/* The spellings of YAML 1.1 that are in use. */
static const char *const truths[] = { "yes", "Yes", "YES", "true", "True",
	"TRUE", "on", "On", "ON" };
static const char *const untruths[] = { "no", "No", "NO", "false", "False",
	"FALSE", "off", "Off", "OFF" };

#define NTRUTHS (sizeof(truths) / sizeof(truths[0]))
#define NUNTRUTHS (sizeof(untruths) / sizeof(untruths[0]))

static bool
is_one_byte_of(uint8_t c, const char *set)
{
	return c != 0 && strchr(set, c) != NULL;
}

/* What a reader of YAML could take for a number, in whatever base. */
static bool
looks_like_number(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!is_one_byte_of(s.p[i], "0123456789_.:+-"))
			return i == 1 && s.p[0] == '0' &&
			    (s.p[1] == 'x' || s.p[1] == 'b' || s.p[1] == 'o');
	return true;
}

enum rb_err
yaml_text(const struct yaml *value, const char *what, struct span *out,
    struct fault *why)
{
	struct span s = value->text;
	size_t i;

	if (value->kind != YAML_TEXT || yaml_is_nothing(value) || s.len == 0)
		return yaml_refuse(value, why, "%s must be a text", what);
	for (i = 0; i < s.len; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7e)
			return yaml_refuse(value, why,
			    "%s holds what is not printable ASCII", what);
	if (value->is_plain &&
	    (is_one_of(s, truths, NTRUTHS) ||
		is_one_of(s, untruths, NUNTRUTHS) || looks_like_number(s)))
		return yaml_refuse(value, why,
		    "%s: '%.64s' is no text for YAML: write it in quotes", what,
		    (const char *)s.p);
	*out = s;
	return RB_OK;
}

enum rb_err
yaml_truth(const struct yaml *value, const char *what, bool *out,
    struct fault *why)
{
	bool is_text = value->kind == YAML_TEXT && value->is_plain;

	if (is_text && is_one_of(value->text, truths, NTRUTHS))
		*out = true;
	else if (is_text && is_one_of(value->text, untruths, NUNTRUTHS))
		*out = false;
	else
		return yaml_refuse(value, why,
		    "%s must be true or false, without quotes", what);
	return RB_OK;
}

enum rb_err
yaml_number(const struct yaml *value, const char *what, uint64_t min,
    uint64_t max, uint64_t *out, struct fault *why)
{
	uint64_t number = 0;

	if (value->kind != YAML_TEXT || !value->is_plain ||
	    dec_parse(value->text, max, &number) != RB_OK || number < min)
		return yaml_refuse(value, why,
		    "%s must be a whole number from %llu to %llu, without "
		    "quotes",
		    what, (unsigned long long)min, (unsigned long long)max);
	*out = number;
	return RB_OK;
}

enum rb_err
yaml_expect(const struct yaml *value, enum yaml_kind kind, const char *what,
    struct fault *why)
{
	if (value->kind == kind)
		return RB_OK;
	switch (kind) {
	case YAML_TEXT:
		return yaml_refuse(value, why, "%s must be a text", what);
	case YAML_LIST:
		return yaml_refuse(value, why,
		    "%s must be a list ('- entry' lines, or [])", what);
	case YAML_MAP:
		return yaml_refuse(value, why,
		    "%s must be a map ('key: value' lines)", what);
	}
	return RB_EINTERNAL;
}
