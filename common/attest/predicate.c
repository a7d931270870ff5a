/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/attest/predicate.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/attest/json.h"
#include "common/base/enc.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

enum kind {
	OPEN,     /* of an object; absent when all that could be absent is */
	CLOSE,
	TEXT,     /* char * */
	NUMBER,   /* uint64_t */
	TIME,     /* int64_t */
	DIGEST,   /* struct digest */
	MAYBE,    /* struct maybe_digest */
	SIGNERS,  /* source.signers and nsigners */
	COMPARED, /* enum compared */
	VERDICT,  /* enum verdict */
};

enum presence {
	MUST, /* in its object, when that is there */
	MAY,
};

struct member {
	const char *name;
	enum kind kind;
	enum presence presence;
	size_t offset; /* in struct statement */
};

/* The predicate, member after member: both what is written and read. */
#define AT(field) offsetof(struct statement, field)
static const struct member members[] = {
	{ "attempt", NUMBER, MUST, AT(attempt) },
	{ "builder", OPEN, MUST, 0 },
	{ "node", TEXT, MUST, AT(builder.node) },
	{ "program", DIGEST, MUST, AT(builder.program) },
	{ "version", TEXT, MUST, AT(builder.version) },
	{ NULL, CLOSE, MUST, 0 },
	{ "difference", MAYBE, MAY, AT(difference) },
	{ "environment", OPEN, MAY, 0 },
	{ "architecture", TEXT, MUST, AT(environment.arch) },
	{ "buildinfo", MAYBE, MAY, AT(environment.buildinfo) },
	{ "distribution", TEXT, MUST, AT(environment.distribution) },
	{ "equal", TEXT, MAY, AT(environment.equal) },
	{ "layer", MAYBE, MAY, AT(environment.layer) },
	{ "recipe", TEXT, MUST, AT(environment.recipe) },
	{ "recipeDigest", MAYBE, MAY, AT(environment.recipe_sha256) },
	{ "release", TEXT, MUST, AT(environment.release) },
	{ NULL, CLOSE, MUST, 0 },
	{ "finished", TIME, MUST, AT(finished) },
	{ "inputs", OPEN, MAY, 0 },
	{ "count", NUMBER, MUST, AT(inputs.count) },
	{ "digest", MAYBE, MUST, AT(inputs.sha256) },
	{ NULL, CLOSE, MUST, 0 },
	{ "log", MAYBE, MAY, AT(log) },
	{ "machine", OPEN, MAY, 0 },
	{ "clock", TEXT, MUST, AT(machine.clock) },
	{ "image", MAYBE, MAY, AT(machine.image) },
	{ "kernel", MAYBE, MAY, AT(machine.kernel) },
	{ "kind", TEXT, MUST, AT(machine.kind) },
	{ "network", TEXT, MUST, AT(machine.network) },
	{ NULL, CLOSE, MUST, 0 },
	{ "published", OPEN, MUST, 0 },
	{ "architecture", TEXT, MUST, AT(published.arch) },
	{ "metadata", DIGEST, MUST, AT(published.metadata) },
	{ "name", TEXT, MUST, AT(published.name) },
	{ "path", TEXT, MUST, AT(published.path) },
	{ "repository", TEXT, MUST, AT(published.repository) },
	{ "seen", TIME, MUST, AT(published.seen) },
	{ "size", NUMBER, MUST, AT(published.size) },
	{ "suite", TEXT, MUST, AT(published.suite) },
	{ "version", TEXT, MUST, AT(published.version) },
	{ NULL, CLOSE, MUST, 0 },
	{ "reason", TEXT, MAY, AT(reason) },
	{ "rebuilt", OPEN, MAY, 0 },
	{ "compared", COMPARED, MAY, AT(rebuilt.compared) },
	{ "digest", MAYBE, MUST, AT(rebuilt.sha256) },
	{ "size", NUMBER, MUST, AT(rebuilt.size) },
	{ NULL, CLOSE, MUST, 0 },
	{ "source", OPEN, MUST, 0 },
	{ "commit", TEXT, MAY, AT(source.commit) },
	{ "dsc", MAYBE, MAY, AT(source.dsc) },
	{ "kind", TEXT, MUST, AT(source.kind) },
	{ "name", TEXT, MUST, AT(source.name) },
	{ "repository", TEXT, MUST, AT(source.repository) },
	{ "signers", SIGNERS, MUST, 0 },
	{ "tag", TEXT, MAY, AT(source.tag) },
	{ "tagDigest", MAYBE, MAY, AT(source.tag_sha256) },
	{ "tagObject", TEXT, MAY, AT(source.tag_object) },
	{ "threshold", NUMBER, MUST, AT(source.threshold) },
	{ "treeDigest", MAYBE, MAY, AT(source.tree_sha256) },
	{ "version", TEXT, MUST, AT(source.version) },
	{ NULL, CLOSE, MUST, 0 },
	{ "started", TIME, MUST, AT(started) },
	{ "verdict", VERDICT, MUST, AT(verdict) },
};
#undef AT

void
predicate_clear(struct statement *s)
{
	size_t i;

	for (i = 0; i < LENGTH(members); i++) {
		if (members[i].kind == TEXT)
			free(*(char **)((char *)s + members[i].offset));
	}
	for (i = 0; i < STATEMENT_SIGNERS_MAX; i++)
		free(s->source.signers[i]);
}

static bool
can_be_absent(const struct member *m)
{
	return m->kind == TEXT || m->kind == MAYBE || m->kind == COMPARED;
}

/* What has no value for "absent" is always there. */
static bool
member_is_there(const struct statement *s, const struct member *m)
{
	const void *field = (const char *)s + m->offset;

	switch (m->kind) {
	case TEXT:
		return *(char *const *)field != NULL;
	case MAYBE:
		return ((const struct maybe_digest *)field)->is_set;
	case COMPARED:
		return *(const enum compared *)field != COMPARED_NOT;
	case OPEN:
		for (m++; m->kind != CLOSE; m++) {
			if (can_be_absent(m) && member_is_there(s, m))
				return true;
		}
		return false;
	case CLOSE:
	case NUMBER:
	case TIME:
	case DIGEST:
	case SIGNERS:
	case VERDICT:
		break;
	}
	return true;
}

/* The error of a member, by its full name. */
static enum rb_err
at_fault(struct fault *why, enum rb_err rc, const char *group,
    const struct member *m, const char *what)
{
	if (rc == RB_ENOMEM)
		what = "does not fit into memory";
	return fault_set(why, rc, "statement: %s%s%s %s",
	    group == NULL ? "" : group, group == NULL ? "" : ".",
	    m->kind == CLOSE ? "(end)" : m->name, what);
}

static enum rb_err
put_signers(const struct statement *s, struct buf *out)
{
	size_t i;
	enum rb_err rc;

	if (s->source.nsigners > STATEMENT_SIGNERS_MAX)
		return RB_ELIMIT;
	if ((rc = buf_put_byte(out, '[')) != RB_OK)
		return rc;
	for (i = 0; i < s->source.nsigners; i++) {
		if (i > 0 && (rc = buf_put_byte(out, ',')) != RB_OK)
			return rc;
		if ((rc = json_put_text(out, span_of_str(s->source.signers[i]),
			 STATEMENT_TEXT_MAX)) != RB_OK)
			return rc;
	}
	return buf_put_byte(out, ']');
}

static enum rb_err
take_signers(struct span *in, struct statement *s)
{
	struct span text;
	enum rb_err rc;

	if ((rc = json_take(in, "[")) != RB_OK)
		return rc;
	while (!json_skip(in, "]")) {
		if (s->source.nsigners == STATEMENT_SIGNERS_MAX)
			return RB_ELIMIT;
		if (s->source.nsigners > 0 &&
		    (rc = json_take(in, ",")) != RB_OK)
			return rc;
		if ((rc = json_take_text(in, STATEMENT_TEXT_MAX, &text)) !=
		    RB_OK)
			return rc;
		if ((rc = str_dup_span(text,
			 &s->source.signers[s->source.nsigners])) != RB_OK)
			return rc;
		s->source.nsigners++;
	}
	return RB_OK;
}

static enum rb_err
put_time(struct buf *out, int64_t t)
{
	char text[UTC_LEN + 1];
	enum rb_err rc;

	if ((rc = utc_write(t, text)) != RB_OK)
		return rc;
	return json_put_text(out, span_of_str(text), UTC_LEN);
}

static enum rb_err
take_time(struct span *in, int64_t *t)
{
	struct span text;
	enum rb_err rc;

	if ((rc = json_take_text(in, STATEMENT_TEXT_MAX, &text)) != RB_OK)
		return rc;
	return utc_parse(text, t);
}

static enum rb_err
put_value(const struct statement *s, const struct member *m, struct buf *out)
{
	const void *field = (const char *)s + m->offset;

	switch (m->kind) {
	case OPEN:
		return buf_put_byte(out, '{');
	case CLOSE:
		return buf_put_byte(out, '}');
	case TEXT:
		return json_put_text(out, span_of_str(*(char *const *)field),
		    STATEMENT_TEXT_MAX);
	case NUMBER:
		return json_put_number(out, *(const uint64_t *)field);
	case TIME:
		return put_time(out, *(const int64_t *)field);
	case DIGEST:
		return json_put_digest(out, field);
	case MAYBE:
		return json_put_digest(out,
		    &((const struct maybe_digest *)field)->value);
	case SIGNERS:
		return put_signers(s, out);
	case COMPARED:
		if (*(const enum compared *)field == COMPARED_SPLICED)
			return buf_put_str(out, "\"spliced\"");
		return buf_put_str(out, "\"identical\"");
	case VERDICT:
		return buf_printf(out, "\"%s\"",
		    verdict_name(*(const enum verdict *)field));
	}
	return RB_EINTERNAL;
}

static enum rb_err
take_value(struct span *in, const struct member *m, struct statement *s)
{
	void *field = (char *)s + m->offset;
	struct span text;
	enum rb_err rc;

	switch (m->kind) {
	case OPEN:
		return json_take(in, "{");
	case CLOSE:
		return json_take(in, "}");
	case TEXT:
		rc = json_take_text(in, STATEMENT_TEXT_MAX, &text);
		return rc != RB_OK ? rc : str_dup_span(text, field);
	case NUMBER:
		return json_take_number(in, field);
	case TIME:
		return take_time(in, field);
	case DIGEST:
		return json_take_digest(in, field);
	case MAYBE:
		((struct maybe_digest *)field)->is_set = true;
		return json_take_digest(in,
		    &((struct maybe_digest *)field)->value);
	case SIGNERS:
		return take_signers(in, s);
	case COMPARED:
		*(enum compared *)field = COMPARED_SPLICED;
		if (json_skip(in, "\"spliced\""))
			return RB_OK;
		*(enum compared *)field = COMPARED_IDENTICAL;
		return json_take(in, "\"identical\"");
	case VERDICT:
		rc = json_take_text(in, STATEMENT_TEXT_MAX, &text);
		return rc != RB_OK ? rc : verdict_parse(text, field);
	}
	return RB_EINTERNAL;
}

/* An absent object takes its members with it. */
static size_t
skip_member(size_t i)
{
	if (members[i].kind == OPEN) {
		while (members[i].kind != CLOSE)
			i++;
	}
	return i;
}

enum rb_err
predicate_put(const struct statement *s, struct buf *out, struct fault *why)
{
	const char *group = NULL;
	bool is_first = true;
	enum rb_err rc;
	size_t i;

	for (i = 0; i < LENGTH(members); i++) {
		const struct member *m = &members[i];

		if (!member_is_there(s, m)) {
			if (m->presence == MUST)
				return at_fault(why, RB_EFORMAT, group, m,
				    "is missing");
			i = skip_member(i);
			continue;
		}
		if (m->kind != CLOSE &&
		    (rc = buf_printf(out, "%s\"%s\":", is_first ? "" : ",",
			 m->name)) != RB_OK)
			return rc;
		if ((rc = put_value(s, m, out)) != RB_OK)
			return at_fault(why, rc, group, m,
			    "has a value that cannot be written: wrong "
			    "characters or too long");
		is_first = m->kind == OPEN;
		if (m->kind == OPEN)
			group = m->name;
		else if (m->kind == CLOSE)
			group = NULL;
	}
	return RB_OK;
}

/* `"name":`, with a comma in front unless it is the object's first. */
static bool
skip_name(struct span *in, bool is_first, const char *name)
{
	struct span rest = *in;

	if (!is_first && !json_skip(&rest, ","))
		return false;
	if (!json_skip(&rest, "\"") || !json_skip(&rest, name) ||
	    !json_skip(&rest, "\":"))
		return false;
	*in = rest;
	return true;
}

enum rb_err
predicate_take(struct span *in, struct statement *s, struct fault *why)
{
	const char *group = NULL;
	bool is_first = true;
	enum rb_err rc;
	size_t i;

	for (i = 0; i < LENGTH(members); i++) {
		const struct member *m = &members[i];

		if (m->kind != CLOSE && !skip_name(in, is_first, m->name)) {
			if (m->presence == MUST)
				return at_fault(why, RB_EFORMAT, group, m,
				    "is missing or not in its place");
			i = skip_member(i);
			continue;
		}
		if ((rc = take_value(in, m, s)) != RB_OK)
			return at_fault(why, rc, group, m,
			    "has no value of its kind, or an unknown member "
			    "stands in front of it");
		is_first = m->kind == OPEN;
		if (m->kind == OPEN)
			group = m->name;
		else if (m->kind == CLOSE)
			group = NULL;
	}
	return RB_OK;
}
