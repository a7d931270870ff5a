/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/network.h"

#include "common/attest/checkpoint.h"
#include "common/attest/envelope.h"

/* The rules once more, slowly and without any of the updater's helpers. */

static bool
naive_is_forked(size_t node)
{
	struct checkpoint a, b;
	size_t i, k;

	for (i = 0; i < bundle.ncheckpoints; i++)
		for (k = 0; k < bundle.ncheckpoints; k++)
			if (checkpoint_open(buf_span(&bundle.checkpoints[i]),
				&nodes[node].vkey, &a) == RB_OK &&
			    checkpoint_open(buf_span(&bundle.checkpoints[k]),
				&nodes[node].vkey, &b) == RB_OK &&
			    a.size == b.size && !digest_equal(&a.root, &b.root))
				return true;
	return false;
}

static bool
naive_is_voice(const struct evidence *e, size_t node, const struct digest *d)
{
	struct envelope envelope = ENVELOPE_INIT;
	struct checkpoint cp;
	struct statement said;
	struct digest leaf;
	bool yes = false;

	statement_init(&said);
	if (checkpoint_open(buf_span(&bundle.checkpoints[e->checkpoint]),
		&nodes[node].vkey, &cp) != RB_OK)
		return false;
	if (envelope_parse(buf_span(&e->envelope), &envelope, NULL) == RB_OK &&
	    envelope_verify(&envelope, &nodes[node].vkey.key) == RB_OK &&
	    statement_parse(buf_span(&envelope.payload), &said, NULL) ==
		RB_OK &&
	    said.verdict == VERDICT_REPRODUCED &&
	    digest_equal(&said.published.sha256, d) &&
	    strcmp(said.published.version, "1.0-1") == 0 &&
	    strcmp(said.builder.node, names[node]) == 0 &&
	    tree_leaf_hash(buf_span(&e->envelope), &leaf) == RB_OK &&
	    tree_verify_inclusion(&e->proof, cp.size, e->index, &leaf,
		&cp.root) == RB_OK)
		yes = true;
	statement_clear(&said);
	envelope_clear(&envelope);
	return yes;
}

static size_t
naive_voices(uint8_t mark)
{
	const char *heard[NODES];
	struct digest d = digest_of_mark(mark);
	size_t i, k, m, n = 0;

	for (i = 0; i < bundle.nevidence; i++)
		for (k = 0; k < NODES; k++) {
			if (!naive_is_voice(&bundle.evidence[i], k, &d) ||
			    naive_is_forked(k))
				continue;
			for (m = 0; m < n; m++)
				if (strcmp(heard[m], operators[k]) == 0)
					break;
			if (m == n)
				heard[n++] = operators[k];
		}
	return n;
}

static uint32_t seed;

static uint32_t
draw(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

/* One piece of evidence, mostly honest. */
static void
hear_something(void)
{
	static const enum verdict verdicts[] = { VERDICT_REPRODUCED,
		VERDICT_REPRODUCED, VERDICT_REPRODUCED, VERDICT_DIFFERS,
		VERDICT_FAILED, VERDICT_UNAVAILABLE };
	struct testnode *t = draw(12) == 0 ? &stranger : &nodes[draw(NODES)];
	struct says says = { .verdict = verdicts[draw(6)],
		.file = FILE_NAME,
		.mark = draw(6) == 0 ? BAD : GOOD };
	uint64_t index;

	if (draw(12) == 0)
		says.version = "1.0-0";
	if (draw(12) == 0)
		says.builder = names[draw(NODES)];
	if (draw(12) == 0)
		says.signer = nodes[draw(NODES)].key;
	index = testnode_say(t, &says);
	if (draw(10) == 0 && index > 0)
		splice(t, index, draw((uint32_t)index));
	else
		testnode_prove(t, index, t->n, &bundle);
}

static void
start_again(void)
{
	size_t i, k;

	bundle_clear(&bundle);
	for (i = 0; i < NODES; i++) {
		for (k = 0; k < nodes[i].n; k++)
			buf_clear(&nodes[i].leaves[k]);
		nodes[i].n = 0;
	}
	for (k = 0; k < stranger.n; k++)
		buf_clear(&stranger.leaves[k]);
	stranger.n = 0;
}

/* The evidence `skip` is left out; the checkpoints stay. */
static bool
is_accepted_without(size_t skip, uint8_t mark)
{
	struct bundle whole = bundle;
	const struct evidence *e;
	bool accepted;
	size_t i, position;
	enum rb_err rc;

	bundle = (struct bundle)BUNDLE_INIT;
	for (i = 0; i < whole.ncheckpoints; i++) {
		rc = bundle_add_checkpoint(&bundle,
		    buf_span(&whole.checkpoints[i]), &position);
		assert_int_equal(rc, RB_OK);
	}
	for (i = 0; i < whole.nevidence; i++) {
		if (i == skip)
			continue;
		e = &whole.evidence[i];
		rc = bundle_add_evidence(&bundle, buf_span(&e->envelope),
		    e->index, e->checkpoint, &e->proof);
		assert_int_equal(rc, RB_OK);
	}
	accepted = decide_about(mark)->accepted;
	bundle_clear(&bundle);
	bundle = whole;
	return accepted;
}

static void
agrees_with_the_naive_rules_and_is_monotone(void **state)
{
	static const uint8_t marks[] = { GOOD, BAD };
	unsigned int round, naccepted = 0, nrefused = 0;
	size_t i, k, n, voices;
	bool accepted;

	(void)state;
	for (round = 0; round < 40; round++) {
		seed = round * 2654435761u;
		start_again();
		make_policy(1 + draw(3));
		n = 4 + draw(10);
		for (i = 0; i < n; i++)
			hear_something();
		k = draw(NODES);
		if (draw(8) == 0 && nodes[k].n != 0)
			fork_node(&nodes[k], nodes[draw(NODES)].key);
		for (k = 0; k < sizeof(marks); k++) {
			voices = naive_voices(marks[k]);
			accepted = decide_about(marks[k])->accepted;
			assert_int_equal(all.list[0].voices, voices);
			assert_int_equal(accepted, voices >= policy.require);
			naccepted += accepted;
			nrefused += !accepted;
			for (i = 0; i < bundle.nevidence && !accepted; i++)
				assert_false(is_accepted_without(i, marks[k]));
		}
	}
	print_message("%u accepted, %u refused\n", naccepted, nrefused);
	/* Else the test shows nothing. */
	assert_true(naccepted > 15 && nrefused > 15);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    agrees_with_the_naive_rules_and_is_monotone, network_begin,
		    network_end),
	};

	return cmocka_run_group_tests_name("decision_rules", tests, NULL, NULL);
}
