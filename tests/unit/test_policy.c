/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "updater/policy.h"

/* Verifier keys of nodes that nobody has the secret half of. */
static struct buf vkeys[4];

static int
make_keys(void **state)
{
	struct key_public key;
	struct vkey v;
	char name[32];
	uint8_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		memset(&key, 0x10 + i, sizeof(key));
		snprintf(name, sizeof(name), "%c.example/log", 'a' + i);
		if (vkey_make(name, i == 3 ? VKEY_COSIGNATURE : VKEY_ED25519,
			&key, &v) != RB_OK ||
		    vkey_write(&v, &vkeys[i]) != RB_OK ||
		    buf_put_byte(&vkeys[i], 0) != RB_OK)
			return -1;
	}
	return 0;
}

static int
clear_keys(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		buf_clear(&vkeys[i]);
	return 0;
}

static const char *
vkey_text(size_t i)
{
	return (const char *)vkeys[i].p;
}

/* The key of node a under the name of node b. */
static void
put_renamed(struct buf *out)
{
	struct vkey v;

	assert_int_equal(vkey_parse(span_of_str(vkey_text(0)), &v), RB_OK);
	assert_int_equal(vkey_make("b.example/log", VKEY_ED25519, &v.key, &v),
	    RB_OK);
	assert_int_equal(vkey_write(&v, out), RB_OK);
}

/* $a, $b, $c stand for good keys, $w for a witness', $A for put_renamed. */
static struct buf
expand(const char *text)
{
	struct buf out = BUF_INIT;
	enum rb_err rc;
	const char *p;

	for (p = text; *p != '\0'; p++) {
		if (*p != '$') {
			rc = buf_put_byte(&out, (uint8_t)*p);
			assert_int_equal(rc, RB_OK);
			continue;
		}
		p++;
		if (*p == 'A') {
			put_renamed(&out);
			continue;
		}
		rc = buf_put_str(&out,
		    vkey_text(*p == 'w' ? 3 : (size_t)(*p - 'a')));
		assert_int_equal(rc, RB_OK);
	}
	return out;
}

static enum rb_err
parse(const char *text, struct policy *out, struct fault *why)
{
	struct buf b = expand(text);
	enum rb_err rc;

	memset(why, 0, sizeof(*why));
	rc = policy_parse(buf_span(&b), out, why);
	buf_clear(&b);
	return rc;
}

#define TWO \
	"policy 1\n" \
	"node $a https://a.example\n" \
	"node $b https://b.example\n"
#define BOTH TWO "operator alice a.example/log\noperator bob b.example/log\n"

static void
refuses_what_it_cannot_stand_for(void **state)
{
	static const struct {
		const char *why, *text, *says;
	} t[] = {
		{ "nothing", "", "empty" },
		{ "only a comment", "# policy 1\n", "empty" },
		{ "no version", "require 1\n", "policy 1" },
		{ "a bundle", "{\"checkpoints\":[]", "it is no policy" },
		{ "no version, after a comment", "# mine\nrequire 1\n",
		    "policy 1" },
		{ "another version", "policy 2\n", "version 1" },
		{ "no number", "policy\n", "version 1" },
		{ "version twice", "policy 1\npolicy 1\n", "once" },
		{ "cut off", BOTH "require 2", "line 6" },
		{ "a word of the future", BOTH "require 1\nveto alice\n",
		    "\"veto\"" },
		{ "wrong case", BOTH "Require 1\n", "\"Require\"" },
		{ "no threshold", BOTH, "require" },
		{ "always accepts", BOTH "require 0\n", "always" },
		{ "never accepts", BOTH "require 3\n", "never" },
		{ "never accepts, without operators", "policy 1\nrequire 1\n",
		    "never" },
		{ "threshold twice", BOTH "require 1\nrequire 1\n", "twice" },
		{ "second spelling of a number", BOTH "require 01\n",
		    "number" },
		{ "negative", BOTH "require -1\n", "number" },
		{ "over all limits", BOTH "require 18446744073709551617\n",
		    "number" },
		{ "two numbers", BOTH "require 1 2\n", "number" },
		{ "node twice", TWO "node $a https://c.example\n", "twice" },
		{ "one key under two names",
		    "policy 1\nnode $a https://a.example\n"
		    "node $A https://b.example\n",
		    "counted as two" },
		{ "a witness' key", "policy 1\nnode $w https://a.example\n",
		    "signs a log" },
		{ "no key", "policy 1\nnode a+b+c https://a.example\n",
		    "verifier key" },
		{ "no address", "policy 1\nnode $a\n", "address" },
		{ "address with a file",
		    "policy 1\nnode $a file:///etc/passwd\n", "http" },
		{ "address without host", "policy 1\nnode $a https:///x\n",
		    "host" },
		{ "address with a password",
		    "policy 1\nnode $a https://u:p@a.example\n", "user" },
		{ "address with a query",
		    "policy 1\nnode $a https://a.example/?x=\n", "query" },
		{ "address and more", "policy 1\nnode $a https://a.example x\n",
		    "address" },
		{ "node without operator",
		    TWO "operator alice a.example/log\nrequire 1\n",
		    "b.example/log has no operator" },
		{ "node with two operators",
		    BOTH "operator carol a.example/log\n", "two voices" },
		{ "node twice in one operator",
		    TWO "operator alice a.example/log a.example/log\n",
		    "two voices" },
		{ "operator twice",
		    TWO "operator alice a.example/log\n"
			"operator alice b.example/log\n",
		    "already: name all its nodes on one line, or, if that is "
		    "another party, give it another name" },
		{ "operator of nothing", TWO "operator alice\n", "operator" },
		{ "operator of a later node",
		    "policy 1\noperator alice a.example/log\n"
		    "node $a https://a.example\n",
		    "above" },
		{ "operator with a strange name",
		    TWO "operator al,ice a.example/log\n", "name" },
		{ "repository twice",
		    BOTH "require 1\nrepository debian debian\n", "twice" },
		{ "no repository", BOTH "require 1\nrepository\n",
		    "repository" },
		{ "control character", BOTH "require 1\v\n", "printable" },
		{ "line end of another system", BOTH "require 1\r\n",
		    "printable" },
		{ "beyond ASCII", BOTH "require 1 \xc2\xb2\n", "printable" },
	};
	struct policy p = POLICY_INIT;
	struct fault why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		print_message("%s\n", t[i].why);
		assert_int_equal(parse(t[i].text, &p, &why), RB_EFORMAT);
		assert_null(p.nodes);
		if (strstr(why.text, t[i].says) == NULL)
			fail_msg("\"%s\" does not say \"%s\"", why.text,
			    t[i].says);
	}
}

static void
refuses_a_zero_byte(void **state)
{
	static const char text[] = "policy 1\0\n";
	struct policy p = POLICY_INIT;

	(void)state;
	assert_int_equal(policy_parse(span_of(text, sizeof(text) - 1), &p,
			     NULL),
	    RB_EFORMAT);
}

static void
refuses_more_than_its_limits(void **state)
{
	struct buf b = BUF_INIT;
	struct policy p = POLICY_INIT;
	struct fault why = FAULT_INIT;
	int i;

	(void)state;
	assert_int_equal(buf_put_str(&b, "policy 1\n"), RB_OK);
	for (i = 0; i <= POLICY_REPOSITORIES_MAX; i++)
		assert_int_equal(buf_printf(&b, "repository r%d\n", i), RB_OK);
	assert_int_equal(policy_parse(buf_span(&b), &p, &why), RB_ELIMIT);

	buf_reset(&b);
	assert_int_equal(buf_put_str(&b, "policy 1\nrepository"), RB_OK);
	for (i = 0; i <= POLICY_REPOSITORIES_MAX + 1; i++)
		assert_int_equal(buf_printf(&b, " r%d", i), RB_OK);
	assert_int_equal(buf_put_byte(&b, '\n'), RB_OK);
	assert_int_equal(policy_parse(buf_span(&b), &p, &why), RB_ELIMIT);

	buf_reset(&b);
	for (i = 0; i <= POLICY_MAX / 2; i++)
		assert_int_equal(buf_put_str(&b, "#\n"), RB_OK);
	assert_int_equal(policy_parse(buf_span(&b), &p, &why), RB_ELIMIT);
	buf_clear(&b);
}

static void
names_the_line_of_a_fault(void **state)
{
	struct policy p = POLICY_INIT;
	struct fault why;

	(void)state;
	assert_int_equal(parse("# one\n\npolicy 1\n\t\nnope\n", &p, &why),
	    RB_EFORMAT);
	assert_non_null(strstr(why.text, "line 5"));
}

static void
reads_what_it_says(void **state)
{
	struct policy p = POLICY_INIT;
	struct fault why;

	(void)state;
	assert_int_equal(parse("# whom I trust\n\n"
			       "policy 1\n"
			       "node $a https://a.example/rebuilder/\n"
			       "\tnode  $b\thttp://[::1]:8080\n"
			       "node $c http://abc.onion\n"
			       "operator alice a.example/log c.example/log\n"
			       "operator bob b.example/log\n"
			       "  # two of two\n"
			       "require 2\n"
			       "repository debian qubes-r4.3\n"
			       "repository fedora\n",
			     &p, &why),
	    RB_OK);
	assert_int_equal(p.nnodes, 3);
	assert_string_equal(p.nodes[0].key.name, "a.example/log");
	assert_string_equal(p.nodes[0].url, "https://a.example/rebuilder");
	assert_string_equal(p.nodes[1].url, "http://[::1]:8080");
	assert_int_equal(p.noperators, 2);
	assert_int_equal(p.nodes[0].operator_, 0);
	assert_int_equal(p.nodes[1].operator_, 1);
	assert_int_equal(p.nodes[2].operator_, 0);
	assert_string_equal(p.operators[1].name, "bob");
	assert_int_equal(p.require, 2);
	assert_int_equal(p.nrepositories, 3);
	assert_string_equal(p.repositories[2], "fedora");
	assert_ptr_equal(policy_find_node(&p, "b.example/log"), &p.nodes[1]);
	assert_null(policy_find_node(&p, "b.example/lo"));
	assert_null(policy_find_node(&p, ""));
	policy_clear(&p);
	policy_clear(&p);
}

static void
writes_what_it_reads_again(void **state)
{
	struct policy p = POLICY_INIT, q = POLICY_INIT;
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct fault why;

	(void)state;
	assert_int_equal(parse(BOTH "require 2\nrepository x y\n", &p, &why),
	    RB_OK);
	assert_int_equal(policy_write(&p, &first), RB_OK);
	assert_int_equal(policy_parse(buf_span(&first), &q, &why), RB_OK);
	assert_int_equal(policy_write(&q, &second), RB_OK);
	assert_true(span_equal(buf_span(&first), buf_span(&second)));
	assert_int_equal(q.require, 2);
	policy_clear(&p);
	policy_clear(&q);
	buf_clear(&first);
	buf_clear(&second);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_it_cannot_stand_for),
		cmocka_unit_test(refuses_a_zero_byte),
		cmocka_unit_test(refuses_more_than_its_limits),
		cmocka_unit_test(names_the_line_of_a_fault),
		cmocka_unit_test(reads_what_it_says),
		cmocka_unit_test(writes_what_it_reads_again),
	};

	return cmocka_run_group_tests_name("policy", tests, make_keys,
	    clear_keys);
}
