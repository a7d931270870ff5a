/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/attest.h"

#include "common/attest/checkpoint.h"
#include "common/attest/proof.h"

static void
refuses_every_other_spelling(void **state)
{
	const struct {
		const char *why, *from, *to;
	} rows[] = {
		{ "another version", "@v1", "@v2" },
		{ "an extra line", "index", "extra AA==\nindex" },
		{ "no index", "index 0\n", "" },
		{ "leading zero", "index 0", "index 00" },
		{ "negative", "index 0", "index -0" },
		{ "two spaces", "index 0", "index  0" },
		{ "short hash",
		    "1JsKwxN0kaSafldhFk1/bG1lWlO7jK3nxHO9ysHM6w8=", "1JsK" },
		{ "carriage return", "M6w8=\n", "M6w8=\r\n" },
		{ "no empty line", "Sa2b4=\n\n", "Sa2b4=\n" },
		{ "a note that is none", "\n\xe2\x80\x94 rebuilder",
		    "\xe2\x80\x94 rebuilder" },
	};
	struct buf good = vector("envelope.tlog-proof"), bad;
	struct proof p = PROOF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bad = replaced(buf_span(&good), rows[i].from, rows[i].to);
		if (proof_parse(buf_span(&bad), &p) != RB_EFORMAT)
			fail_msg("%s", rows[i].why);
		assert_null(p.note.p); /* untouched */
		buf_clear(&bad);
	}
	buf_clear(&good);
}

static void
refuses_what_is_too_long(void **state)
{
	struct buf good = vector("envelope.tlog-proof"), bad;
	struct buf many = BUF_INIT, text = BUF_INIT;
	struct proof p = PROOF_INIT;
	size_t i;

	(void)state;
	bad = replaced(buf_span(&good), "index 0", "index 9223372036854775808");
	assert_int_equal(proof_parse(buf_span(&bad), &p), RB_ELIMIT);
	buf_clear(&bad);
	for (i = 0; i <= TREE_LEVELS; i++)
		assert_ok(buf_put_str(&many,
		    "1JsKwxN0kaSafldhFk1/bG1lWlO7jK3nxHO9ysHM6w8=\n"));
	assert_ok(buf_put_byte(&many, 0));
	bad = replaced(buf_span(&good), "1JsK", (const char *)many.p);
	assert_int_equal(proof_parse(buf_span(&bad), &p), RB_ELIMIT);
	buf_clear(&bad);
	while (text.len <= PROOF_MAX)
		assert_ok(buf_put(&text, buf_span(&good)));
	assert_int_equal(proof_parse(buf_span(&text), &p), RB_ELIMIT);

	p.hashes.n = TREE_LEVELS + 1;
	assert_int_equal(proof_write(&p, &text), RB_ELIMIT);
	p.hashes.n = 0;
	assert_int_equal(proof_write(&p, &text), RB_EFORMAT); /* no note */
	buf_clear(&text);
	buf_clear(&many);
	buf_clear(&good);
}

static void
vector_leads_from_the_envelope_to_the_checkpoint(void **state)
{
	struct buf text = vector("envelope.tlog-proof"), out = BUF_INIT;
	struct buf leaf = vector("envelope.json"), note;
	struct vkey log = vector_vkey("signing.vkey");
	struct proof p = PROOF_INIT;
	struct checkpoint cp;
	struct digest d;

	(void)state;
	note = vector("checkpoint.note");
	assert_ok(proof_parse(buf_span(&text), &p));
	assert_int_equal(p.index, 0);
	assert_int_equal(p.hashes.n, 3);
	assert_span_equal(buf_span(&p.note), buf_span(&note));
	assert_ok(checkpoint_open(buf_span(&p.note), &log, &cp));
	assert_ok(tree_leaf_hash(buf_span(&leaf), &d));
	assert_ok(
	    tree_verify_inclusion(&p.hashes, cp.size, p.index, &d, &cp.root));
	assert_ok(tree_leaf_hash(span_of(leaf.p, leaf.len - 1), &d));
	assert_int_equal(tree_verify_inclusion(&p.hashes, cp.size, p.index, &d,
			     &cp.root),
	    RB_ESIG);
	assert_ok(proof_write(&p, &out));
	assert_span_equal(buf_span(&out), buf_span(&text));
	proof_clear(&p);
	proof_clear(&p);
	buf_clear(&note);
	buf_clear(&out);
	buf_clear(&leaf);
	buf_clear(&text);
}

static void
survives_scarce_memory(void **state)
{
	struct buf text = vector("envelope.tlog-proof"), out = BUF_INIT;
	struct proof p = PROOF_INIT;
	enum rb_err rc = RB_ENOMEM;
	size_t i;

	(void)state;
	for (i = 1; rc == RB_ENOMEM; i++) {
		scarce_begin(i);
		if ((rc = proof_parse(buf_span(&text), &p)) == RB_OK)
			rc = proof_write(&p, &out);
		assert_true(scarce_end() == (rc == RB_ENOMEM));
		proof_clear(&p);
		assert_int_equal(out.len != 0, rc == RB_OK);
	}
	assert_ok(rc);
	assert_true(i > 5);
	buf_clear(&out);
	buf_clear(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_every_other_spelling),
		cmocka_unit_test(refuses_what_is_too_long),
		cmocka_unit_test(
		    vector_leads_from_the_envelope_to_the_checkpoint),
		cmocka_unit_test(survives_scarce_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
