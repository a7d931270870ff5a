/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/network.h"

const char *const names[NODES] = { "a.example/log", "b.example/log",
	"c.example/log", "d1.example/log", "d2.example/log" };
const char *const operators[NODES] = { "alice", "bob", "carol", "dave",
	"dave" };

struct testnode nodes[NODES], stranger;
struct policy policy;
struct bundle bundle;
struct decisions all;
char file_name[] = FILE_NAME;

void
make_policy(size_t require)
{
	struct buf text = BUF_INIT, vkey = BUF_INIT;
	struct fault why = FAULT_INIT;
	size_t i;

	policy_clear(&policy);
	assert_int_equal(buf_put_str(&text, "policy 1\n"), RB_OK);
	for (i = 0; i < NODES; i++) {
		buf_reset(&vkey);
		assert_int_equal(vkey_write(&nodes[i].vkey, &vkey), RB_OK);
		assert_int_equal(buf_printf(&text, "node %.*s http://x\n",
				     (int)vkey.len, (const char *)vkey.p),
		    RB_OK);
	}
	assert_int_equal(
	    buf_printf(&text,
		"operator alice %s\n"
		"operator bob %s\noperator carol %s\noperator dave %s %s\n"
		"require %zu\n",
		names[0], names[1], names[2], names[3], names[4], require),
	    RB_OK);
	if (policy_parse(buf_span(&text), &policy, &why) != RB_OK)
		fail_msg("%s", why.text);
	buf_clear(&text);
	buf_clear(&vkey);
}

int
network_begin(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NODES; i++)
		testnode_init(&nodes[i], names[i]);
	testnode_init(&stranger, "x.example/log");
	make_policy(2);
	return 0;
}

int
network_end(void **state)
{
	size_t i;

	(void)state;
	decisions_clear(&all);
	bundle_clear(&bundle);
	policy_clear(&policy);
	for (i = 0; i < NODES; i++)
		testnode_clear(&nodes[i]);
	testnode_clear(&stranger);
	return 0;
}

void
hear(struct testnode *t, enum verdict v, uint8_t mark)
{
	struct says says = { .verdict = v, .file = FILE_NAME, .mark = mark };
	uint64_t index = testnode_say(t, &says);

	testnode_prove(t, index, t->n, &bundle);
}

const struct decision *
decide_about(uint8_t mark)
{
	struct subject file = { digest_of_mark(mark), file_name };

	decisions_clear(&all);
	assert_int_equal(decide(&policy, &bundle, &file, 1, &all), RB_OK);
	assert_int_equal(all.n, 1);
	assert_int_equal(all.nnodes, NODES);
	return &all.list[0];
}

void
assert_refused(const struct decision *d, enum cause cause, size_t voices)
{
	assert_false(d->accepted);
	assert_string_equal(cause_name(d->cause), cause_name(cause));
	assert_int_equal(d->voices, voices);
}

void
splice(struct testnode *t, uint64_t shown, uint64_t proven)
{
	struct digest root = testnode_root(t, t->n);
	struct buf note = testnode_note(t, t->key, t->n, &root);
	struct tree_proof proof;
	size_t position;

	assert_int_equal(tree_prove_inclusion(testnode_hash, t, t->n, proven,
			     &proof),
	    RB_OK);
	assert_int_equal(bundle_add_checkpoint(&bundle, buf_span(&note),
			     &position),
	    RB_OK);
	assert_int_equal(bundle_add_evidence(&bundle,
			     buf_span(&t->leaves[shown]), proven, position,
			     &proof),
	    RB_OK);
	buf_clear(&note);
}

void
fork_node(const struct testnode *t, const struct key *signer)
{
	struct digest root = digest_of_mark(0xee);
	struct buf note = testnode_note(t, signer, t->n, &root);
	size_t position;

	assert_int_equal(bundle_add_checkpoint(&bundle, buf_span(&note),
			     &position),
	    RB_OK);
	buf_clear(&note);
}
