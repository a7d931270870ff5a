/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/attest.h"

#include "common/attest/bundle.h"

#define TAIL \
	"],\"mediaType\":" \
	"\"application/vnd.qubes-rebuilder.bundle.v1+json\"}"

static struct buf vec, envelope, note, other_note;

static int
start(void **state)
{
	(void)state;
	vec = vector("bundle.json");
	envelope = vector("envelope.json");
	note = vector("checkpoint.note");
	other_note = vector("other.note");
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	buf_clear(&vec);
	buf_clear(&envelope);
	buf_clear(&note);
	buf_clear(&other_note);
	return 0;
}

static struct bundle
parse(struct span json)
{
	struct bundle b = BUNDLE_INIT;
	struct fault why = FAULT_INIT;

	if (bundle_parse(json, &b, &why) != RB_OK)
		fail_msg("%s", why.text);
	return b;
}

static void
assert_writes(const struct bundle *b, struct span want)
{
	struct buf out = BUF_INIT;

	assert_ok(bundle_write(b, &out));
	assert_span_equal(buf_span(&out), want);
	buf_clear(&out);
}

static void
refuses_every_other_spelling(void **state)
{
	const struct {
		const char *why, *from, *to;
	} rows[] = {
		{ "space", "{\"checkpoints\"", "{ \"checkpoints\"" },
		{ "another version", ".v1+json", ".v2+json" },
		{ "unknown member", ",\"mediaType\"",
		    ",\"extra\":1,\"mediaType\"" },
		{ "unknown member in evidence", ",\"index\"",
		    ",\"extra\":1,\"index\"" },
		{ "no checkpoint number", "{\"checkpoint\":0,", "{" },
		{ "a checkpoint that is not there", "{\"checkpoint\":0,",
		    "{\"checkpoint\":2," },
		{ "a huge checkpoint number", "{\"checkpoint\":0,",
		    "{\"checkpoint\":9007199254740991," },
		{ "negative", "\"index\":", "\"index\":-" },
		{ "leading zero", "\"index\":", "\"index\":0" },
		{ "text behind", "json\"}", "json\"}\n" },
		{ "a bare newline in a note", "log\\n5", "log\n5" },
		{ "another escape", "\\n5", "\\u000a5" },
		{ "an escape of nothing", "\\n5", "\\x5" },
		{ "ASCII for the dash", "\xe2\x80\x94", "\\u2014" },
		{ "another dash", "\xe2\x80\x94", "\xe2\x80\x93" },
		{ "a quote in a note", "\\n5\\n", "\\n\"5\\n" },
		{ "a note without newline", "\\n\",", "\"," },
		{ "a note that is none", "\\n\\n", "\\n" },
		{ "an empty note", "[\"", "[\"\",\"" },
		{ "comma at the end", "\\n\"],", "\\n\",]," },
		{ "no comma", "\\n\",\"", "\\n\"\"" },
		{ "short hash", "\"proof\":[\"", "\"proof\":[\"AAAA\",\"" },
		{ "empty hash", "\"proof\":[\"", "\"proof\":[\"\",\"" },
		{ "comma behind a hash", "\"]}", "\",]}" },
		{ "an envelope with a space",
		    "{\"payload\":", "{\"payload\": " },
		{ "no envelope", "\"envelope\":{", "\"envelope\":{},\"x\":{" },
	};
	struct bundle b = BUNDLE_INIT;
	struct fault why = FAULT_INIT;
	struct buf bad;
	enum rb_err rc;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bad = replaced(buf_span(&vec), rows[i].from, rows[i].to);
		rc = bundle_parse(buf_span(&bad), &b, &why);
		if (rc != RB_EFORMAT)
			fail_msg("%s: %s", rows[i].why, err_name(rc));
		assert_memory_equal(why.text, "bundle: ", 8);
		assert_int_equal(b.ncheckpoints, 0); /* untouched */
		buf_clear(&bad);
	}
	for (i = 0; i < vec.len; i++)
		assert_int_equal(bundle_parse(span_of(vec.p, i), &b, NULL),
		    RB_EFORMAT);
}

static void
put_envelope(struct buf *json, size_t checkpoint, unsigned int index)
{
	assert_ok(
	    buf_printf(json, "{\"checkpoint\":%zu,\"envelope\":", checkpoint));
	assert_ok(buf_put(json, buf_span(&envelope)));
	assert_ok(buf_printf(json, ",\"index\":%u,\"proof\":[]}", index));
}

static void
put_start(struct buf *json)
{
	uint8_t *end = memmem(vec.p, vec.len, ",\"evidence\":[", 13);

	assert_non_null(end);
	buf_reset(json);
	assert_ok(buf_put(json, span_of(vec.p, (size_t)(end - vec.p) + 13)));
}

static void
refuses_duplicates_and_other_orders(void **state)
{
	static const struct {
		unsigned int checkpoint[2], index[2];
		enum rb_err rc;
	} rows[] = {
		{ { 0, 0 }, { 1, 2 }, RB_OK },
		{ { 0, 1 }, { 2, 1 }, RB_OK },
		{ { 0, 0 }, { 1, 1 }, RB_EFORMAT },
		{ { 0, 0 }, { 2, 1 }, RB_EFORMAT },
		{ { 1, 0 }, { 1, 2 }, RB_EFORMAT },
	};
	struct bundle b = BUNDLE_INIT;
	struct buf json = BUF_INIT, bad;
	enum rb_err rc;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put_start(&json);
		put_envelope(&json, rows[i].checkpoint[0], rows[i].index[0]);
		assert_ok(buf_put_byte(&json, ','));
		put_envelope(&json, rows[i].checkpoint[1], rows[i].index[1]);
		assert_ok(buf_put_str(&json, TAIL));
		rc = bundle_parse(buf_span(&json), &b, NULL);
		if (rc != rows[i].rc)
			fail_msg("row %zu: %s", i, err_name(rc));
		bundle_clear(&b);
	}
	/* other.example stands in front of rebuilder.example */
	bad = replaced(buf_span(&vec), "other.example/log\\n", "z/log\\n");
	assert_int_equal(bundle_parse(buf_span(&bad), &b, NULL), RB_EFORMAT);
	buf_clear(&bad);
	buf_clear(&json);
}

static void
refuses_more_than_it_may_hold(void **state)
{
	struct bundle b = BUNDLE_INIT;
	struct tree_proof proof = TREE_PROOF_INIT;
	struct fault why = FAULT_INIT;
	struct buf text = BUF_INIT, bad, out = BUF_INIT;
	size_t i, position;

	(void)state;
	for (i = 0; i <= TREE_LEVELS; i++)
		assert_ok(buf_put_str(&text,
		    "\"1JsKwxN0kaSafldhFk1/"
		    "bG1lWlO7jK3nxHO9ysHM6w8=\","));
	assert_ok(buf_put_byte(&text, 0));
	assert_ok(buf_put_str(&out, "\"proof\":["));
	assert_ok(buf_put(&out, buf_span(&text)));
	bad = replaced(buf_span(&vec), "\"proof\":[", (const char *)out.p);
	assert_int_equal(bundle_parse(buf_span(&bad), &b, &why), RB_ELIMIT);
	buf_clear(&bad);
	bad = replaced(buf_span(&vec),
	    "\"index\":", "\"index\":9007199254740992");
	assert_int_equal(bundle_parse(buf_span(&bad), &b, &why), RB_ELIMIT);
	buf_clear(&bad);

	buf_reset(&text);
	for (i = 0; i <= BUNDLE_CHECKPOINTS_MAX; i++) {
		buf_reset(&text);
		assert_ok(buf_printf(&text,
		    "a\n%zu\n1JsKwxN0kaSafldhFk"
		    "1/bG1lWlO7jK3nxHO9ysHM6w8=\n\n\xe2\x80\x94 a AAAAAAA=\n",
		    i + 1));
		assert_int_equal(bundle_add_checkpoint(&b, buf_span(&text),
				     &position),
		    i < BUNDLE_CHECKPOINTS_MAX ? RB_OK : RB_ELIMIT);
	}
	assert_int_equal(b.ncheckpoints, BUNDLE_CHECKPOINTS_MAX);

	assert_int_equal(bundle_add_evidence(&b, buf_span(&envelope), 0,
			     b.ncheckpoints, &proof),
	    RB_ENOTFOUND);
	assert_int_equal(bundle_add_evidence(&b, buf_span(&envelope),
			     UINT64_C(1) << 53, 0, &proof),
	    RB_ELIMIT);
	proof.n = TREE_LEVELS + 1;
	assert_int_equal(bundle_add_evidence(&b, buf_span(&envelope), 0, 0,
			     &proof),
	    RB_ELIMIT);
	proof.n = 0;
	assert_int_equal(bundle_add_evidence(&b,
			     span_of(envelope.p, envelope.len - 1), 0, 0,
			     &proof),
	    RB_EFORMAT);
	assert_int_equal(bundle_add_evidence(&b, buf_span(&vec), 0, 0, &proof),
	    RB_EFORMAT);
	assert_int_equal(bundle_add_checkpoint(&b, SPAN("hello"), &position),
	    RB_ELIMIT);
	assert_int_equal(b.nevidence, 0);
	bundle_clear(&b);
	assert_int_equal(bundle_add_checkpoint(&b, SPAN("hello"), &position),
	    RB_EFORMAT);
	bundle_clear(&b);
	bundle_clear(&b);
	buf_clear(&text);
	buf_clear(&out);
}

static void
vector_is_written_as_it_was_read(void **state)
{
	struct bundle b = parse(buf_span(&vec));

	(void)state;
	assert_int_equal(b.ncheckpoints, 2);
	assert_span_equal(buf_span(&b.checkpoints[0]), buf_span(&other_note));
	assert_span_equal(buf_span(&b.checkpoints[1]), buf_span(&note));
	assert_int_equal(b.nevidence, 3);
	assert_writes(&b, buf_span(&vec));
	bundle_clear(&b);
}

/* What the updater does with every piece of it. */
static void
vector_verifies(void **state)
{
	struct bundle b = parse(buf_span(&vec));
	struct vkey keys[2];
	struct checkpoint cp;
	struct envelope e = ENVELOPE_INIT;
	struct digest leaf;
	size_t i;

	(void)state;
	keys[0] = vector_vkey("other.vkey");
	keys[1] = vector_vkey("signing.vkey");
	for (i = 0; i < b.nevidence; i++) {
		const struct evidence *ev = &b.evidence[i];

		assert_ok(
		    checkpoint_open(buf_span(&b.checkpoints[ev->checkpoint]),
			&keys[ev->checkpoint], &cp));
		assert_ok(tree_leaf_hash(buf_span(&ev->envelope), &leaf));
		assert_ok(tree_verify_inclusion(&ev->proof, cp.size, ev->index,
		    &leaf, &cp.root));
		assert_ok(envelope_parse(buf_span(&ev->envelope), &e, NULL));
		assert_ok(envelope_verify(&e, &keys[ev->checkpoint].key));
		assert_int_equal(envelope_verify(&e,
				     &keys[1 - ev->checkpoint].key),
		    RB_ESIG);
		envelope_clear(&e);
	}
	bundle_clear(&b);
}

static void
equal_evidence_has_equal_bytes(void **state)
{
	struct bundle b = BUNDLE_INIT, from = parse(buf_span(&vec));
	size_t at[2], round, i;

	(void)state;
	/* Backwards, and all of it twice. */
	for (round = 0; round < 2; round++) {
		for (i = 2; i-- > 0;)
			assert_ok(bundle_add_checkpoint(&b,
			    buf_span(&from.checkpoints[i]), &at[i]));
		for (i = from.nevidence; i-- > 0;)
			assert_ok(bundle_add_evidence(&b,
			    buf_span(&from.evidence[i].envelope),
			    from.evidence[i].index,
			    at[from.evidence[i].checkpoint],
			    &from.evidence[i].proof));
	}
	assert_int_equal(at[0], 1);
	assert_int_equal(b.ncheckpoints, 2);
	assert_writes(&b, buf_span(&vec));
	bundle_clear(&b);
	bundle_clear(&from);
}

static void
merging_is_the_union(void **state)
{
	struct bundle parts[3] = { BUNDLE_INIT, BUNDLE_INIT, BUNDLE_INIT };
	struct bundle b = BUNDLE_INIT, from = parse(buf_span(&vec));
	size_t i, at;

	(void)state;
	for (i = 0; i < 3; i++) {
		const struct evidence *e = &from.evidence[i];

		assert_ok(bundle_add_checkpoint(&parts[i],
		    buf_span(&from.checkpoints[e->checkpoint]), &at));
		assert_ok(bundle_add_evidence(&parts[i], buf_span(&e->envelope),
		    e->index, at, &e->proof));
	}
	for (i = 0; i < 9; i++)
		assert_ok(bundle_merge(&b, &parts[(7 * i) % 3]));
	assert_int_equal(b.nevidence, 3);
	assert_writes(&b, buf_span(&vec));
	assert_ok(bundle_merge(&b, &from));
	assert_int_equal(b.nevidence, 3);
	assert_writes(&b, buf_span(&vec));
	for (i = 0; i < 3; i++)
		bundle_clear(&parts[i]);
	bundle_clear(&b);
	bundle_clear(&from);
}

/* A liar's evidence about a leaf stands beside the true one. */
static void
contradictions_do_not_exclude_each_other(void **state)
{
	struct bundle b = BUNDLE_INIT, from = parse(buf_span(&vec)), again;
	const struct evidence *e = &from.evidence[2];
	struct buf lie, out = BUF_INIT;
	struct tree_proof proof = e->proof;
	size_t at, i, n = 0;

	(void)state;
	lie = replaced(buf_span(&e->envelope), ":\"eyJ", ":\"eyK");
	assert_ok(bundle_add_checkpoint(&b,
	    buf_span(&from.checkpoints[e->checkpoint]), &at));
	assert_ok(
	    bundle_add_evidence(&b, buf_span(&lie), e->index, at, &e->proof));
	proof.hashes[0].b[0] ^= 1;
	assert_ok(bundle_add_evidence(&b, buf_span(&e->envelope), e->index, at,
	    &proof));
	proof.n--;
	assert_ok(bundle_add_evidence(&b, buf_span(&e->envelope), e->index, at,
	    &proof));
	assert_ok(bundle_merge(&b, &from));
	assert_ok(bundle_write(&b, &out));
	again = parse(buf_span(&out));
	assert_int_equal(again.nevidence, 6);
	for (i = 0; i < again.nevidence; i++)
		n += again.evidence[i].index == e->index &&
		    span_equal(buf_span(&again.evidence[i].envelope),
			buf_span(&e->envelope));
	assert_int_equal(n, 3);
	assert_writes(&again, buf_span(&out));
	bundle_clear(&again);
	bundle_clear(&b);
	bundle_clear(&from);
	buf_clear(&lie);
	buf_clear(&out);
}

static void
nothing_is_a_bundle_too(void **state)
{
	struct bundle b = BUNDLE_INIT, none = BUNDLE_INIT;
	struct span empty = SPAN("{\"checkpoints\":[],\"evidence\":[" TAIL);
	size_t at;

	(void)state;
	assert_writes(&b, empty);
	assert_ok(bundle_parse(empty, &b, NULL));
	assert_ok(bundle_merge(&b, &none));
	assert_writes(&b, empty);
	/* "I know nothing about this file", signed for this size. */
	assert_ok(bundle_add_checkpoint(&b, buf_span(&note), &at));
	assert_ok(bundle_merge(&none, &b));
	assert_int_equal(none.ncheckpoints, 1);
	bundle_clear(&b);
	bundle_clear(&none);
}

static void
survives_scarce_memory(void **state)
{
	struct bundle b = BUNDLE_INIT, to = BUNDLE_INIT;
	struct tree_proof proof = TREE_PROOF_INIT;
	struct buf out = BUF_INIT, before = BUF_INIT;
	enum rb_err rc = RB_ENOMEM;
	size_t i, at;

	(void)state;
	/* Something that must stay as it is when a merge fails. */
	assert_ok(bundle_add_checkpoint(&to, buf_span(&note), &at));
	assert_ok(bundle_add_evidence(&to, buf_span(&envelope), 4, at, &proof));
	assert_ok(bundle_write(&to, &before));
	for (i = 1; rc == RB_ENOMEM; i++) {
		scarce_begin(i);
		if ((rc = bundle_parse(buf_span(&vec), &b, NULL)) == RB_OK &&
		    (rc = bundle_merge(&to, &b)) == RB_OK)
			rc = bundle_write(&b, &out);
		assert_true(scarce_end() == (rc == RB_ENOMEM));
		assert_int_equal(out.len != 0, rc == RB_OK);
		if (rc != RB_OK && to.nevidence == 1)
			assert_writes(&to, buf_span(&before));
		else
			assert_int_equal(to.nevidence, 4);
		bundle_clear(&b);
	}
	assert_ok(rc);
	assert_true(i > 20);
	assert_span_equal(buf_span(&out), buf_span(&vec));
	bundle_clear(&to);
	buf_clear(&out);
	buf_clear(&before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_every_other_spelling),
		cmocka_unit_test(refuses_duplicates_and_other_orders),
		cmocka_unit_test(refuses_more_than_it_may_hold),
		cmocka_unit_test(vector_is_written_as_it_was_read),
		cmocka_unit_test(vector_verifies),
		cmocka_unit_test(equal_evidence_has_equal_bytes),
		cmocka_unit_test(merging_is_the_union),
		cmocka_unit_test(contradictions_do_not_exclude_each_other),
		cmocka_unit_test(nothing_is_a_bundle_too),
		cmocka_unit_test(survives_scarce_memory),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
