/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/judge/tag_choice.h"
#include "rebuilder/judge/tag_rule.h"
#include "tests/unit/repository.h"

#define TIME 1700000000
#define REFS_MAX 8

/* Refs by hand; they must come in order. */
struct listed {
	struct git_ref list[REFS_MAX];
	struct git_refs refs;
};

static void
add_ref(struct listed *l, const char *name, const struct git_id *id,
    const struct git_id *peeled)
{
	struct git_ref *ref = &l->list[l->refs.n++];

	memset(ref, 0, sizeof(*ref));
	ref->name = span_of_str(name);
	ref->id = *id;
	ref->is_peeled = peeled != NULL;
	if (peeled != NULL)
		ref->peeled = *peeled;
	l->refs.tags = l->list;
}

/* Two commits on a line, with their tree. */
struct world {
	struct repository r;
	struct listed l;
	struct git_id tree, old, new;
};

static void
start(struct world *w, const char *version)
{
	struct buf tree = BUF_INIT;
	struct git_id blob;

	memset(w, 0, sizeof(*w));
	repository_start(&w->r);
	if (version != NULL) {
		blob = repository_put(&w->r, GIT_BLOB, span_of_str(version));
		tree_put(&tree, GIT_MODE_FILE, "version", &blob);
	}
	w->tree = repository_put(&w->r, GIT_TREE, buf_span(&tree));
	w->old = repository_commit(&w->r, &w->tree, TIME, NULL, NULL);
	w->new = repository_commit(&w->r, &w->tree, TIME + 1, &w->old, NULL);
	buf_clear(&tree);
}

static struct tag_wish
wish(const struct git_id *head)
{
	struct tag_wish wish;

	memset(&wish, 0, sizeof(wish));
	wish.head = *head;
	wish.tag = SPAN("");
	return wish;
}

static enum rb_err
choose(struct world *w, const struct tag_wish *wish, struct tag_choice *c)
{
	struct fault why = FAULT_INIT;
	enum rb_err rc;

	rc = tag_choose(w->r.reader, &w->l.refs, wish, c, &why);
	assert_int_equal(rc == RB_OK, why.text[0] == '\0');
	return rc;
}

/* The kind of the i-th candidate. */
static enum candidate_kind
kind_of(const struct tag_choice *c, size_t i)
{
	struct span in = buf_span(&c->candidates);
	struct candidate candidate;

	do
		assert_int_equal(candidate_take(&in, &candidate), RB_OK);
	while (i-- > 0);
	return candidate.kind;
}

static void
refuses_a_history_that_is_not_there(void **state)
{
	struct git_id nowhere = { { 1 } }, orphan, loose;
	struct tag_wish q;
	struct tag_choice c;
	struct world w;

	(void)state;
	start(&w, NULL);
	orphan = repository_commit(&w.r, &w.tree, TIME, &nowhere, NULL);
	loose = repository_put(&w.r, GIT_COMMIT, SPAN("tree x\n"));
	repository_open(&w.r);
	q = wish(&nowhere);
	assert_int_equal(choose(&w, &q, &c), RB_ENOTFOUND);
	q = wish(&w.tree);
	assert_int_equal(choose(&w, &q, &c), RB_EFORMAT);
	q = wish(&loose);
	assert_int_equal(choose(&w, &q, &c), RB_EFORMAT);
	/* Only who looks back misses the parent. */
	q = wish(&orphan);
	assert_int_equal(choose(&w, &q, &c), RB_OK);
	tag_choice_clear(&c);
	q.has_accepted = true;
	q.accepted = w.old;
	assert_int_equal(choose(&w, &q, &c), RB_EFORMAT);
	q = wish(&orphan);
	q.versions_only = true;
	assert_int_equal(choose(&w, &q, &c), RB_EFORMAT);
	repository_clear(&w.r);
}

static void
says_how_a_commit_stands_to_the_one_before(void **state)
{
	struct tag_choice c;
	struct tag_wish q;
	struct world w;
	struct git_id nowhere = { { 1 } };

	(void)state;
	start(&w, NULL);
	repository_open(&w.r);
	q = wish(&w.new);
	assert_int_equal(choose(&w, &q, &c), RB_OK);
	assert_int_equal(c.relation, COMMIT_FIRST);
	tag_choice_clear(&c);
	q.has_accepted = true;
	q.accepted = w.new;
	assert_int_equal(choose(&w, &q, &c), RB_OK);
	assert_int_equal(c.relation, COMMIT_SAME);
	tag_choice_clear(&c);
	q.accepted = w.old;
	assert_int_equal(choose(&w, &q, &c), RB_OK);
	assert_int_equal(c.relation, COMMIT_AHEAD);
	tag_choice_clear(&c);
	q.accepted = nowhere;
	assert_int_equal(choose(&w, &q, &c), RB_OK);
	assert_int_equal(c.relation, COMMIT_BACK);
	tag_choice_clear(&c);
	q = wish(&w.old);
	q.has_accepted = true;
	q.accepted = w.new;
	assert_int_equal(choose(&w, &q, &c), RB_OK);
	assert_int_equal(c.relation, COMMIT_BACK);
	tag_choice_clear(&c);
	repository_clear(&w.r);
}

/* Where a tag leads is what the pack says, not the server. */
static void
believes_the_pack_and_not_the_list(void **state)
{
	struct git_id nowhere = { { 1 } }, tag, nested, tree_tag;
	struct tag_choice c;
	struct tag_wish q;
	struct world w;

	(void)state;
	start(&w, NULL);
	tag = repository_tag(&w.r, "v1", GIT_COMMIT, &w.old);
	nested = repository_tag(&w.r, "n", GIT_TAG, &tag);
	tree_tag = repository_tag(&w.r, "t", GIT_TREE, &w.tree);
	repository_open(&w.r);
	add_ref(&w.l, "absent", &nowhere, &w.old);
	add_ref(&w.l, "light", &w.old, NULL);
	add_ref(&w.l, "nested", &nested, &w.new);
	add_ref(&w.l, "tree", &tree_tag, &w.old);
	add_ref(&w.l, "v1", &tag, &w.new); /* the server lies */
	add_ref(&w.l, "v2", &w.new, NULL); /* lightweight: no version */
	q = wish(&w.new);
	assert_int_equal(choose(&w, &q, &c), RB_OK);
	assert_int_equal(c.ncandidates, 1);
	assert_int_equal(kind_of(&c, 0), CANDIDATE_LIGHTWEIGHT);
	tag_choice_clear(&c);
	q.versions_only = true;
	assert_int_equal(choose(&w, &q, &c), RB_OK);
	assert_true(git_id_equal(&c.commit, &w.old));
	assert_int_equal(c.ncandidates, 4);
	assert_int_equal(kind_of(&c, 0), CANDIDATE_TAG); /* `v` first */
	assert_int_equal(kind_of(&c, 1), CANDIDATE_ABSENT);
	assert_int_equal(kind_of(&c, 2), CANDIDATE_LIGHTWEIGHT);
	assert_int_equal(kind_of(&c, 3), CANDIDATE_TAG);
	tag_choice_clear(&c);
	q.with_commit = true;
	assert_int_equal(choose(&w, &q, &c), RB_OK);
	assert_int_equal(kind_of(&c, 4), CANDIDATE_COMMIT);
	tag_choice_clear(&c);
	q = wish(&w.new);
	q.all = true;
	assert_int_equal(choose(&w, &q, &c), RB_OK);
	assert_int_equal(c.ncandidates, 6);
	tag_choice_clear(&c);
	q.all = false;
	q.tag = SPAN("absent");
	assert_int_equal(choose(&w, &q, &c), RB_ENOTFOUND);
	q.tag = SPAN("tree");
	assert_int_equal(choose(&w, &q, &c), RB_EFORMAT);
	q.tag = SPAN("nested");
	assert_int_equal(choose(&w, &q, &c), RB_OK);
	assert_true(git_id_equal(&c.commit, &w.old));
	tag_choice_clear(&c);
	repository_clear(&w.r);
}

static void
tags_of_tags_end_somewhere(void **state)
{
	struct tag_choice c;
	struct tag_wish q;
	struct git_id tag;
	struct world w;
	size_t i;

	(void)state;
	start(&w, NULL);
	tag = w.old;
	for (i = 0; i < 100; i++)
		tag = repository_tag(&w.r, "v1", i == 0 ? GIT_COMMIT : GIT_TAG,
		    &tag);
	repository_open(&w.r);
	add_ref(&w.l, "v1", &tag, NULL);
	q = wish(&w.new);
	q.versions_only = true;
	assert_int_equal(choose(&w, &q, &c), RB_ENOTFOUND);
	q.tag = SPAN("v1");
	assert_int_equal(choose(&w, &q, &c), RB_EFORMAT);
	repository_clear(&w.r);
}

/* One object under many names, or large ones: who may push could do it. */
static void
keeps_no_more_of_tags_than_there_is_room_for(void **state)
{
	enum { N = 1300, FILLING = 60000 };
	static char names[N][16], filling[FILLING + 1];
	struct git_ref *list = calloc(N + 1, sizeof(*list));
	struct buf text = BUF_INIT;
	char hex[GIT_ID_HEX_LEN + 1];
	struct candidate candidate;
	struct tag_choice c;
	struct tag_wish q;
	struct git_id large, small;
	struct span in;
	struct world w;
	size_t i, whole = 0;

	(void)state;
	assert_non_null(list);
	start(&w, "1\n");
	git_id_hex(&w.new, hex);
	memset(filling, 'x', FILLING);
	assert_int_equal(buf_printf(&text,
			     "object %s\ntype commit\ntag large\n"
			     "tagger T <t> 1 +0000\n\n%s\n",
			     hex, filling),
	    RB_OK);
	large = repository_put(&w.r, GIT_TAG, buf_span(&text));
	small = repository_tag(&w.r, "v1", GIT_COMMIT, &w.new);
	repository_open(&w.r);
	for (i = 0; i < N; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "a%05zu", i);
		list[i].name = span_of_str(names[i]);
		list[i].id = large;
	}
	list[N].name = SPAN("v1");
	list[N].id = small;
	w.l.refs.tags = list;
	w.l.refs.n = N + 1;
	q = wish(&w.new);
	assert_int_equal(choose(&w, &q, &c), RB_OK);
	assert_int_equal(c.ncandidates, N + 1);
	assert_true(c.candidates.len < TAG_OBJECTS_MAX + (N + 1) * 256);
	in = buf_span(&c.candidates);
	assert_int_equal(candidate_take(&in, &candidate), RB_OK);
	assert_true(span_equal_str(candidate.ref, "v1"));
	assert_true(candidate.object.len > 0);
	while (in.len > 0) {
		assert_int_equal(candidate_take(&in, &candidate), RB_OK);
		whole += candidate.object.len > 0 ? 1 : 0;
	}
	assert_true(whole > 1000 && whole < N);
	tag_choice_clear(&c);
	repository_clear(&w.r);
	buf_clear(&text);
	free(list);
}

static void
reads_the_version_of_the_tree(void **state)
{
	static const struct {
		const char *file, *version;
	} cases[] = {
		{ "4.2.8\n", "4.2.8" },
		{ "4.2.8", "4.2.8" },
		{ "4.19.0-rc1\n", "4.19.0-rc1" },
		{ "", "" },
		{ "\n", "" },
		{ "4.2.8\n\n", "" },
		{ "4.2.8 \n", "" },
		{ " 4.2.8\n", "" },
		{ "4.2.8\r\n", "" },
		{ "4.2.8\nmore\n", "" },
		{ "1:4.2.8\n", "" },
		{ "v4.2.8\n", "" },
		{ "4.2/8\n", "" },
	};
	struct tag_choice c;
	struct tag_wish q;
	struct world w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(&w, cases[i].file);
		repository_open(&w.r);
		q = wish(&w.new);
		assert_int_equal(choose(&w, &q, &c), RB_OK);
		assert_true(c.told.has_version);
		assert_string_equal(c.told.version, cases[i].version);
		assert_string_equal(c.told.release, "");
		tag_choice_clear(&c);
		repository_clear(&w.r);
	}
	start(&w, NULL);
	repository_open(&w.r);
	q = wish(&w.new);
	assert_int_equal(choose(&w, &q, &c), RB_OK);
	assert_false(c.told.has_version);
	tag_choice_clear(&c);
	repository_clear(&w.r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_a_history_that_is_not_there),
		cmocka_unit_test(tags_of_tags_end_somewhere),
		cmocka_unit_test(believes_the_pack_and_not_the_list),
		cmocka_unit_test(says_how_a_commit_stands_to_the_one_before),
		cmocka_unit_test(reads_the_version_of_the_tree),
		cmocka_unit_test(keeps_no_more_of_tags_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
