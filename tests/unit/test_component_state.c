/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rebuilder/component_state.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct place {
	char path[64];
	struct journal *journal;
};

static int
make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -1;
	memcpy(p->path, "/tmp/test_component.XXXXXX", 27);
	if (mkdtemp(p->path) == NULL ||
	    journal_open(p->path, &p->journal, NULL) != RB_OK)
		return -1;
	*state = p;
	return 0;
}

static int
remove_place(void **state)
{
	struct place *p = *state;
	char command[96];

	journal_close(&p->journal);
	snprintf(command, sizeof(command), "rm -rf %s", p->path);
	if (system(command) != 0)
		return -1;
	free(p);
	return 0;
}

/* As a server would list them; name, id, and so on. */
static void
list_refs(struct tag_refs *out, const char *const *names, size_t n)
{
	size_t i;

	*out = (struct tag_refs)TAG_REFS_INIT;
	out->list = calloc(n / 2 + 1, sizeof(*out->list));
	assert_non_null(out->list);
	for (i = 0; i + 1 < n; i += 2) {
		out->list[out->n].name = strdup(names[i]);
		assert_non_null(out->list[out->n].name);
		memcpy(out->list[out->n++].id, names[i + 1], TAG_ID_LEN + 1);
	}
}

static void
take_over(struct component_state *s, const char *const *names, size_t n,
    enum rb_err expected, const char *says)
{
	struct tag_refs refs;
	struct fault why = FAULT_INIT;

	list_refs(&refs, names, n);
	assert_int_equal(component_state_refs(s, &refs, &why), expected);
	if (says != NULL)
		assert_non_null(strstr(why.text, says));
	tag_refs_clear(&refs);
}

static void
tells_a_tag_that_vanished_or_was_rewritten(void **state)
{
	static const char *const first[] = { "v1", ID_A, "v2", ID_A };
	static const char *const more[] = { "v1", ID_A, "v2", ID_A, "v3",
		ID_B };
	static const char *const rewritten[] = { "v1", ID_B, "v2", ID_A, "v3",
		ID_B };
	static const char *const fewer[] = { "v1", ID_B };
	struct component_state s;

	(void)state;
	component_state_init(&s);
	take_over(&s, first, 4, RB_OK, NULL);
	take_over(&s, more, 6, RB_OK, NULL);
	take_over(&s, rewritten, 6, RB_EREFUSED, "v1, which was " ID_A);
	/* It is said once. */
	take_over(&s, rewritten, 6, RB_OK, NULL);
	take_over(&s, fewer, 2, RB_EREFUSED, "has vanished, and others");
	take_over(&s, fewer, 2, RB_OK, NULL);
	component_state_clear(&s);
}

/* Or it could never be read again, and nothing that waits for it, either. */
static void
reads_again_what_a_server_with_too_many_tags_made(void **state)
{
	static const char first[] = "v1";
	const size_t n = 30000, len = 250;
	struct place *p = *state;
	struct tag_refs refs = TAG_REFS_INIT;
	struct fault why = FAULT_INIT;
	struct component_state s, again;
	size_t i;

	component_state_init(&s);
	refs.list = calloc(n, sizeof(*refs.list));
	assert_non_null(refs.list);
	for (; refs.n < n; refs.n++) {
		refs.list[refs.n].name = calloc(1, len + 1);
		assert_non_null(refs.list[refs.n].name);
		memset(refs.list[refs.n].name, 'a', len);
		(void)snprintf(refs.list[refs.n].name, 8, "%06zu-", refs.n);
		refs.list[refs.n].name[7] = 'a';
		memcpy(refs.list[refs.n].id, ID_A, TAG_ID_LEN + 1);
	}
	memcpy(refs.list[n - 1].name, first, sizeof(first));
	assert_int_equal(component_state_refs(&s, &refs, &why), RB_OK);
	assert_int_equal(component_state_put(p->journal, "many", &s), RB_OK);
	assert_int_equal(component_state_get(p->journal, "many", &again),
	    RB_OK);
	assert_true(again.nrefs > 10000 && again.nrefs < n);
	for (i = 0; i < again.nrefs; i++)
		if (strcmp(again.refs[i].name, first) == 0)
			break;
	assert_true(i < again.nrefs);
	component_state_clear(&s);
	component_state_clear(&again);
	tag_refs_clear(&refs);
}

static void
knows_nothing_of_a_component_that_is_new(void **state)
{
	struct place *p = *state;
	struct component_state s;

	assert_int_equal(component_state_get(p->journal, "new", &s), RB_OK);
	assert_false(s.is_accepted);
	assert_int_equal(s.nrefs, 0);
	assert_int_equal(s.alarms.n, 0);
	assert_null(s.refusal);
	component_state_clear(&s);
}

static void
fill(struct component_state *s)
{
	static const char *const names[] = { "v1", ID_A };
	struct tagged *t = &s->accepted;
	bool is_new = false;

	component_state_init(s);
	take_over(s, names, 2, RB_OK, NULL);
	s->refusal = strdup("too few");
	memset(s->advertisement.b, 1, sizeof(s->advertisement.b));
	memset(s->terms.b, 2, sizeof(s->terms.b));
	memset(s->place.b, 3, sizeof(s->place.b));
	s->is_accepted = true;
	t->ruling = TAGS_ACCEPTED;
	memcpy(t->commit, ID_B, sizeof(t->commit));
	memcpy(t->tag_object, ID_A, sizeof(t->tag_object));
	t->commit_time = 1700000000;
	t->verified = 1700000001;
	t->threshold = 2;
	t->version = strdup("4.2.8-1");
	t->tag = strdup("v4.2.8");
	t->signers[0] = strdup("0064428F455451B3EBE78A7F063938BA42CFA724");
	t->signers[1] = strdup("274E12AB03F2FE293765FC06DA0434BC706E1FCF");
	t->nsigners = 2;
	memset(t->tag_sha256.b, 3, sizeof(t->tag_sha256.b));
	memset(t->tree_sha256.b, 4, sizeof(t->tree_sha256.b));
	memset(t->evidence.b, 5, sizeof(t->evidence.b));
	t->tree_size = 12345;
	t->has_builder = true;
	assert_int_equal(buf_put_str(&t->builder, "host:\n  deb:\n"), RB_OK);
	t->submodules = calloc(1, sizeof(*t->submodules));
	assert_non_null(t->submodules);
	t->submodules[0].path = strdup("sub/module");
	memcpy(t->submodules[0].commit, ID_A, TAG_ID_LEN + 1);
	t->nsubmodules = 1;
	assert_int_equal(alarms_add(&s->alarms, 17, "back", &is_new), RB_OK);
	assert_true(is_new);
}

static void
finds_everything_again(void **state)
{
	struct place *p = *state;
	struct component_state in, out;
	const struct tagged *t = &out.accepted;

	fill(&in);
	assert_int_equal(component_state_put(p->journal, "one", &in), RB_OK);
	journal_close(&p->journal);
	assert_int_equal(journal_open(p->path, &p->journal, NULL), RB_OK);
	assert_int_equal(component_state_get(p->journal, "one", &out), RB_OK);
	assert_true(digest_equal(&out.advertisement, &in.advertisement));
	assert_true(digest_equal(&out.terms, &in.terms));
	assert_true(digest_equal(&out.place, &in.place));
	assert_string_equal(out.refusal, "too few");
	assert_int_equal(out.nrefs, 1);
	assert_string_equal(out.refs[0].name, "v1");
	assert_string_equal(out.refs[0].id, ID_A);
	assert_int_equal(out.alarms.n, 1);
	assert_int_equal(out.alarms.list[0].time, 17);
	assert_string_equal(out.alarms.list[0].sentence, "back");
	assert_true(out.is_accepted);
	assert_int_equal(t->ruling, TAGS_ACCEPTED);
	assert_string_equal(t->commit, ID_B);
	assert_string_equal(t->tag_object, ID_A);
	assert_int_equal(t->commit_time, 1700000000);
	assert_int_equal(t->verified, 1700000001);
	assert_int_equal(t->threshold, 2);
	assert_string_equal(t->version, "4.2.8-1");
	assert_string_equal(t->tag, "v4.2.8");
	assert_int_equal(t->nsigners, 2);
	assert_string_equal(t->signers[1], in.accepted.signers[1]);
	assert_true(digest_equal(&t->tag_sha256, &in.accepted.tag_sha256));
	assert_true(digest_equal(&t->tree_sha256, &in.accepted.tree_sha256));
	assert_true(digest_equal(&t->evidence, &in.accepted.evidence));
	assert_int_equal(t->tree_size, 12345);
	assert_true(t->has_builder);
	assert_true(span_equal_str(buf_span(&t->builder), "host:\n  deb:\n"));
	assert_int_equal(t->nsubmodules, 1);
	assert_string_equal(t->submodules[0].path, "sub/module");
	assert_string_equal(t->submodules[0].commit, ID_A);
	component_state_clear(&in);
	component_state_clear(&out);
}

/* Whatever another version wrote, or a disk made of it. */
static void
starts_anew_or_refuses_what_it_did_not_write(void **state)
{
	struct place *p = *state;
	struct component_state s;
	struct buf value = BUF_INIT;
	struct journal_write w = { JOURNAL_PUT, JOURNAL_STATE,
		SPAN("component/one"), SPAN_INIT };
	size_t len;
	enum rb_err rc;

	fill(&s);
	assert_int_equal(component_state_put(p->journal, "one", &s), RB_OK);
	component_state_clear(&s);
	assert_int_equal(journal_read(p->journal, JOURNAL_STATE, w.key, 1 << 20,
			     &value),
	    RB_OK);
	for (len = 0; len < value.len; len++) {
		w.value = span_of(value.p, len);
		assert_int_equal(journal_write(p->journal, &w, 1), RB_OK);
		rc = component_state_get(p->journal, "one", &s);
		assert_true(rc != RB_OK);
	}
	value.p[0]++;
	w.value = buf_span(&value);
	assert_int_equal(journal_write(p->journal, &w, 1), RB_OK);
	assert_int_equal(component_state_get(p->journal, "one", &s), RB_OK);
	assert_false(s.is_accepted);
	component_state_clear(&s);
	buf_clear(&value);
}

static void
keeps_the_first_alarms_once_each(void **state)
{
	struct component_state s;
	char sentence[16];
	bool is_new = false;
	int i;

	(void)state;
	component_state_init(&s);
	for (i = 0; i < ALARMS_MAX + 2; i++) {
		assert_int_equal(s.alarms.has_more, i > ALARMS_MAX);
		snprintf(sentence, sizeof(sentence), "alarm %d", i);
		assert_int_equal(alarms_add(&s.alarms, i, sentence, &is_new),
		    RB_OK);
		assert_true(is_new);
		assert_int_equal(alarms_add(&s.alarms, i + 100, sentence,
				     &is_new),
		    RB_OK);
		assert_int_equal(is_new, i >= ALARMS_MAX);
	}
	assert_int_equal(s.alarms.n, ALARMS_MAX);
	assert_string_equal(s.alarms.list[0].sentence, "alarm 0");
	assert_string_equal(s.alarms.list[ALARMS_MAX - 1].sentence, "alarm 15");
	component_state_clear(&s);
}

/* The same name must not mean two things, however well it is signed. */
static void
a_tag_that_was_accepted_stays_what_it_is(void **state)
{
	static const struct {
		const char *why, *tag, *object;
		bool is_rewritten;
	} cases[] = {
		{ "the same", "v1.0", ID_A, false },
		{ "another object", "v1.0", ID_B, true },
		{ "another tag", "v1.1", ID_B, false },
		{ "a commit without a tag", NULL, "", false },
	};
	struct component_state s;
	struct fault why = FAULT_INIT;
	struct tagged t;
	size_t i;

	(void)state;
	component_state_init(&s);
	tagged_init(&t);
	memcpy(t.tag_object, ID_B, sizeof(ID_B));
	t.tag = strdup("v1.0");
	assert_false(component_state_is_rewritten(&s, &t, &why));
	s.is_accepted = true;
	assert_false(component_state_is_rewritten(&s, &t, &why));
	s.accepted.tag = strdup("v1.0");
	memcpy(s.accepted.tag_object, ID_A, sizeof(ID_A));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		free(t.tag);
		t.tag = cases[i].tag == NULL ? NULL : strdup(cases[i].tag);
		(void)snprintf(t.tag_object, sizeof(t.tag_object), "%s",
		    cases[i].object);
		if (component_state_is_rewritten(&s, &t, &why) !=
		    cases[i].is_rewritten)
			fail_msg("%s", cases[i].why);
	}
	assert_string_equal(why.text,
	    "tag v1.0 was " ID_A " when it was accepted and is " ID_B
	    " now; a tag stays what it is");
	tagged_clear(&t);
	component_state_clear(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_a_tag_that_vanished_or_was_rewritten),
		cmocka_unit_test_setup_teardown(
		    reads_again_what_a_server_with_too_many_tags_made,
		    make_place, remove_place),
		cmocka_unit_test_setup_teardown(
		    knows_nothing_of_a_component_that_is_new, make_place,
		    remove_place),
		cmocka_unit_test_setup_teardown(finds_everything_again,
		    make_place, remove_place),
		cmocka_unit_test_setup_teardown(
		    starts_anew_or_refuses_what_it_did_not_write, make_place,
		    remove_place),
		cmocka_unit_test(keeps_the_first_alarms_once_each),
		cmocka_unit_test(a_tag_that_was_accepted_stays_what_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
