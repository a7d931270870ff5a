/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_BASE_CONF_READER_H
#define RB_BASE_CONF_READER_H

#include <yaml.h>

#include "common/base/conf.h"

/*
 * The events of a YAML file, one at a time: for conf and for what else reads
 * YAML.  Tags and directives are refused, and so are anchors and aliases, but
 * to who says that it knows them.
 */
struct reader {
	yaml_parser_t parser; /* owned, as is the event while there is one */
	yaml_event_t event;
	bool has_event;
	const char *name;     /* borrowed: of the file */
	struct fault *why;    /* may be NULL */
	bool knows_anchors;
};

/* `in` is all zero; `yaml` stays the caller's and must live on. */
enum rb_err reader_open(struct reader *in, struct span yaml) RB_CHECK;
void reader_close(struct reader *in);
/* Takes the next event, which is none of those that no section may hold. */
enum rb_err reader_next(struct reader *in) RB_CHECK;
/* The scalar that the event is. */
struct span reader_scalar(const struct reader *in);
size_t reader_line(const struct reader *in);
/* RB_EFORMAT, saying where, then: what 'object' rest. */
enum rb_err reader_refuse(struct reader *in, const char *what,
    const char *object, const char *rest);

/* Reads a value, of which the event is the first, into `field` of `into`. */
enum rb_err conf_value_read(struct reader *in, const struct conf_key *key,
    void *into) RB_CHECK;
/* " wants a number", ... */
const char *conf_kind_says(enum conf_kind kind);

#endif
