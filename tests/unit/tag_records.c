/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/tag_records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/process/msg.h"

void
records_clear(struct records *r)
{
	buf_clear(&r->candidates);
	buf_clear(&r->statuses);
}

struct tag_ground
records_ground(void)
{
	struct tag_ground g = { .has_commit = true, .has_version = true };

	assert_int_equal(git_id_parse(SPAN(COMMIT), &g.commit), RB_OK);
	g.version = SPAN("1.2");
	g.release = SPAN("3");
	return g;
}

struct tag_rule
records_rule(uint64_t threshold)
{
	struct tag_rule r;

	memset(&r, 0, sizeof(r));
	r.ground = records_ground();
	r.asked = r.accepted_version = SPAN("");
	r.threshold = threshold;
	r.maintainers[0] = SPAN(FPR_A);
	r.maintainers[1] = SPAN(FPR_B);
	r.nmaintainers = 2;
	return r;
}

void
records_put_status(struct records *r, bool asked, const char *status,
    uint32_t exit_status)
{
	assert_int_equal(put_u8(&r->statuses, asked ? 1 : 0), RB_OK);
	assert_int_equal(put_u32(&r->statuses, exit_status), RB_OK);
	assert_int_equal(put_text(&r->statuses, status), RB_OK);
}

struct buf
records_tag_text(const char *name, const char *commit, const char *signature)
{
	struct buf b = BUF_INIT;

	assert_int_equal(buf_printf(&b,
			     "object %s\ntype commit\ntag %s\n"
			     "tagger T <t> 1700000000 +0000\n\nm\n%s",
			     commit, name, signature),
	    RB_OK);
	return b;
}

void
records_put(struct records *r, struct candidate *c)
{
	struct buf payload = BUF_INIT, signature = BUF_INIT;
	enum tag_outcome outcome;

	assert_int_equal(tag_examine(c, &outcome, &payload, &signature), RB_OK);
	c->payload = buf_span(&payload);
	c->signature = buf_span(&signature);
	assert_int_equal(candidate_put(c, &r->candidates), RB_OK);
	buf_clear(&payload);
	buf_clear(&signature);
}

void
records_add(struct records *r, const char *ref, const char *name,
    const char *commit, const char *signature, const char *status,
    uint32_t exit_status)
{
	struct buf text = records_tag_text(name, commit, signature);
	struct candidate c;

	memset(&c, 0, sizeof(c));
	c.kind = CANDIDATE_TAG;
	c.ref = span_of_str(ref);
	c.ground = records_ground();
	c.object = buf_span(&text);
	assert_int_equal(git_id_of(GIT_TAG, c.object, &c.id), RB_OK);
	records_put(r, &c);
	records_put_status(r, true, status, exit_status);
	buf_clear(&text);
}

void
records_add_good(struct records *r, const char *name, const char *status)
{
	records_add(r, name, name, COMMIT, SIG, status, 0);
}

enum tag_ruling
records_judge(const struct tag_rule *rule, const struct records *r,
    struct tag_judgement *j, enum tag_outcome outcomes[8])
{
	struct buf out = BUF_INIT;
	struct span in, passed;
	uint8_t number;
	uint64_t time;
	size_t n = 0;

	assert_int_equal(tag_judge(rule, buf_span(&r->candidates),
			     buf_span(&r->statuses), j, &out),
	    RB_OK);
	in = buf_span(&out);
	while (in.len > 0 && n < 8) {
		assert_int_equal(take_u8(&in, &number), RB_OK);
		assert_int_equal(take_bytes(&in, 100, &passed), RB_OK);
		assert_int_equal(take_bytes(&in, 100, &passed), RB_OK);
		assert_int_equal(take_u8(&in, &number), RB_OK);
		assert_int_equal(take_bytes(&in, 100, &passed), RB_OK);
		assert_int_equal(take_u64(&in, &time), RB_OK);
		outcomes[n++] = (enum tag_outcome)number;
	}
	buf_clear(&out);
	return j->ruling;
}
