/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/attest/statement.h"

#include <stdlib.h>
#include <string.h>

#include "common/attest/json.h"
#include "common/attest/predicate.h"
#include "common/attest/statement_rules.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* What stands around the predicate; in-toto Statement v1. */
static const char head[] = "{\"_type\":\"" STATEMENT_TYPE "\",\"predicate\":{";
static const char type_reproduced[] =
    "},\"predicateType\":\"" PREDICATE_REPRODUCED
    "\",\"subject\":[{\"digest\":";
static const char type_other[] = "},\"predicateType\":\"" PREDICATE_OTHER
				 "\",\"subject\":[{\"digest\":";
static const char subject_name[] = ",\"name\":";
static const char tail[] = "}]}";

static const struct {
	enum verdict verdict;
	const char *name;
} verdicts[] = {
	{ VERDICT_REPRODUCED, "reproduced" },
	{ VERDICT_DIFFERS, "differs" },
	{ VERDICT_FAILED, "failed" },
	{ VERDICT_UNAVAILABLE, "unavailable" },
};

const char *
verdict_name(enum verdict v)
{
	size_t i;

	for (i = 0; i < LENGTH(verdicts); i++) {
		if (verdicts[i].verdict == v)
			return verdicts[i].name;
	}
	return "unknown";
}

enum rb_err
verdict_parse(struct span name, enum verdict *out)
{
	size_t i;

	for (i = 0; i < LENGTH(verdicts); i++) {
		if (span_equal_str(name, verdicts[i].name)) {
			*out = verdicts[i].verdict;
			return RB_OK;
		}
	}
	return RB_EFORMAT;
}

void
statement_init(struct statement *s)
{
	memset(s, 0, sizeof(*s));
}

void
statement_clear(struct statement *s)
{
	predicate_clear(s);
	free(s->published.file);
	statement_init(s);
}

static const char *
type_of(enum verdict v)
{
	return v == VERDICT_REPRODUCED ? type_reproduced : type_other;
}

enum rb_err
statement_write(const struct statement *s, struct buf *out, struct fault *why)
{
	struct buf b = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (s->published.file == NULL) {
		rc = fault_set(why, RB_EFORMAT, "statement: no subject");
		goto out;
	}
	if ((rc = buf_put_str(&b, head)) != RB_OK)
		goto out;
	if ((rc = predicate_put(s, &b, why)) != RB_OK)
		goto out;
	if ((rc = statement_check(s, why)) != RB_OK)
		goto out;
	if ((rc = buf_put_str(&b, type_of(s->verdict))) != RB_OK)
		goto out;
	if ((rc = json_put_digest(&b, &s->published.sha256)) != RB_OK)
		goto out;
	if ((rc = buf_put_str(&b, subject_name)) != RB_OK)
		goto out;
	if ((rc = json_put_text(&b, span_of_str(s->published.file),
		 STATEMENT_TEXT_MAX)) != RB_OK) {
		fault_set(why, rc,
		    "statement: subject: wrong characters in the file name, or "
		    "too long");
		goto out;
	}
	if ((rc = buf_put_str(&b, tail)) != RB_OK)
		goto out;
	if (b.len > STATEMENT_MAX) {
		rc = fault_set(why, RB_ELIMIT, "statement: over %d bytes",
		    STATEMENT_MAX);
		goto out;
	}
	rc = buf_put(out, buf_span(&b));
out:
	buf_clear(&b);
	return rc;
}

static enum rb_err
take_statement(struct span in, struct statement *s, struct fault *why)
{
	struct span file;
	enum rb_err rc;

	if (!json_skip(&in, head))
		return fault_set(why, RB_EFORMAT,
		    "statement: not an in-toto Statement v1");
	if ((rc = predicate_take(&in, s, why)) != RB_OK)
		return rc;
	if (!json_skip(&in, type_of(s->verdict)))
		return fault_set(why, RB_EFORMAT,
		    "statement: predicateType is not the one of its verdict, "
		    "or missing");
	if (json_take_digest(&in, &s->published.sha256) != RB_OK ||
	    !json_skip(&in, subject_name) ||
	    json_take_text(&in, STATEMENT_TEXT_MAX, &file) != RB_OK ||
	    !json_skip(&in, tail) || in.len != 0)
		return fault_set(why, RB_EFORMAT,
		    "statement: not one subject with sha256 and name");
	return str_dup_span(file, &s->published.file);
}

enum rb_err
statement_parse(struct span json, struct statement *out, struct fault *why)
{
	struct statement s;
	struct buf again = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	statement_init(&s);
	if (json.len > STATEMENT_MAX) {
		rc = fault_set(why, RB_ELIMIT, "statement: over %d bytes",
		    STATEMENT_MAX);
		goto out;
	}
	if ((rc = take_statement(json, &s, why)) != RB_OK)
		goto out;
	/* Also applies the rules; so exactly what is written is read. */
	if ((rc = statement_write(&s, &again, why)) != RB_OK)
		goto out;
	if (!span_equal(buf_span(&again), json)) {
		rc = fault_set(why, RB_EFORMAT,
		    "statement: not in the one spelling of FORMATS.md");
		goto out;
	}

	*out = s;
	statement_init(&s); /* now the caller's */
	rc = RB_OK;
out:
	buf_clear(&again);
	statement_clear(&s);
	return rc;
}
