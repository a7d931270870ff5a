/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_BASE_CONF_H
#define RB_BASE_CONF_H

#include "common/base/buf.h"

/*
 * Configuration: a YAML file of sections, each a map of scalars or of lists
 * of scalars.  A table says which keys a section has; a key that no table
 * knows, a key given twice, an anchor, an alias, a tag, a second document
 * or a value of the wrong kind is an error that names line and key: nothing
 * in a configuration is ever silently ignored.
 */
enum conf_kind {
	/* char *, owned; printable, no control characters */
	CONF_TEXT,
	/* uint64_t, with `min` and `max` */
	CONF_NUMBER,
	/* uint64_t bytes: a number, or one with K, M, G (1024) */
	CONF_SIZE,
	/* uint64_t: a number, or one with s, m, h, d */
	CONF_SECONDS,
	/* bool: true, false */
	CONF_BOOL,
	/* struct conf_list */
	CONF_LIST,
};

struct conf_list {
	char **items; /* owned, each owned */
	size_t n;
};

struct conf_key {
	const char *name;
	enum conf_kind kind;
	size_t offset; /* of the field in the section's struct */
	bool required;
	uint64_t min, max; /* for numbers, sizes and seconds; 0,0: no bound */
};

struct conf_section {
	const char *name;
	const struct conf_key *keys; /* NULL: known, but read by others */
	size_t nkeys;
	void *into; /* struct whose fields hold the defaults; texts owned */
};

#define CONF_FILE_MAX (256 * 1024)

/*
 * Reads all sections.  A section that is absent leaves its defaults, unless
 * it has a required key.  On error nothing owned is leaked and the structs
 * may be partly filled: clear them.
 */
enum rb_err conf_parse(struct span yaml, const char *name,
    const struct conf_section *sections, size_t n, struct fault *why) RB_CHECK;

void conf_list_clear(struct conf_list *l);

#endif
