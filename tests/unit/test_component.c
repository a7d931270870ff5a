/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "rebuilder/component.h"

#define FPR "0064428F455451B3EBE78A7F063938BA42CFA724"
#define FPR_B "274E12AB03F2FE293765FC06DA0434BC706E1FCF"
#define ID "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* A node without servers: what needs one fails. */
struct world {
	char path[64], keys[96];
	struct node node;
	struct settings settings;
	struct depot *depot;
	struct journal *journal;
	struct component component;
	char *maintainers[2];
	struct component_state state;
};

static void
write_key(const struct world *w, const char *fingerprint, const char *text)
{
	char path[160];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s.asc", w->keys, fingerprint);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static struct digest
terms(struct world *w)
{
	struct fault why = FAULT_INIT;
	struct digest d = DIGEST_INIT;

	assert_int_equal(component_terms(&w->component, &w->settings, &d, &why),
	    RB_OK);
	return d;
}

static void
accept(struct world *w)
{
	struct tagged *t = &w->state.accepted;

	component_state_init(&w->state);
	w->state.is_accepted = true;
	w->state.terms = terms(w);
	t->ruling = TAGS_ACCEPTED;
	memcpy(t->commit, ID, sizeof(t->commit));
	memcpy(t->tag_object, ID, sizeof(t->tag_object));
	t->threshold = 1;
	t->version = strdup("1");
	t->tag = strdup("v1");
	t->signers[t->nsigners++] = strdup(FPR);
	assert_int_equal(depot_add_bytes(w->depot, SPAN("tree"),
			     &t->tree_sha256),
	    RB_OK);
	assert_int_equal(component_state_put(w->journal, "one", &w->state),
	    RB_OK);
}

static int
make_world(void **state)
{
	static char name[] = "one", url[] = "https://git.example/one",
		    branch[] = "main", fpr[] = FPR, fpr_b[] = FPR_B;
	struct world *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return -1;
	memcpy(w->path, "/tmp/test_component.XXXXXX", 27);
	*state = w; /* whatever fails: it is the test's to free */
	if (mkdtemp(w->path) == NULL)
		return -1;
	(void)snprintf(w->keys, sizeof(w->keys), "%s/keys", w->path);
	if (mkdir(w->keys, 0700) != 0 ||
	    journal_open(w->path, &w->journal, NULL) != RB_OK ||
	    depot_open(w->path, &w->depot) != RB_OK)
		return -1;
	w->node = (struct node)NODE_INIT;
	w->node.directory = w->path;
	settings_init(&w->settings);
	w->settings.release.keys = w->keys;
	w->maintainers[0] = fpr;
	w->maintainers[1] = fpr_b;
	w->component = (struct component){ name, url, branch, w->maintainers, 1,
		1, VERIFY_TAG, true, true, 60 };
	write_key(w, FPR, "key");
	accept(w);
	return 0;
}

static int
remove_world(void **state)
{
	struct world *w = *state;
	char command[96];

	component_state_clear(&w->state);
	w->settings.release.keys = NULL;
	settings_clear(&w->settings);
	depot_close(&w->depot);
	journal_close(&w->journal);
	(void)snprintf(command, sizeof(command), "rm -r %s", w->path);
	free(w);
	return system(command);
}

static enum rb_err
find_tag(struct world *w, const char *tag)
{
	struct fault why = FAULT_INIT;
	const struct fetch_context fetch = { &w->node, &w->settings, w->depot,
		&why, NULL };
	struct tagged t;
	enum rb_err rc;

	tagged_init(&t);
	rc = component_tag(&fetch, w->journal, &w->component, tag, &t);
	if (rc == RB_OK)
		assert_string_equal(t.commit, ID);
	tagged_clear(&t);
	return rc;
}

static void
asks_nobody_for_what_was_accepted(void **state)
{
	struct world *w = *state;

	assert_int_equal(find_tag(w, NULL), RB_OK);
	assert_int_equal(find_tag(w, "v1"), RB_OK);
	assert_int_not_equal(find_tag(w, "v2"), RB_OK);
}

/* Or a revoked key would vouch for as long as its server keeps silent. */
static void
takes_nothing_that_was_accepted_under_other_terms(void **state)
{
	static char url[] = "https://other.example/one", branch[] = "old";
	struct world *w = *state;
	const struct component before = w->component;
	size_t i;

	for (i = 0; i < 8; i++) {
		w->component = before;
		switch (i) {
		case 0: /* it never was there */
			w->component.url = url;
			break;
		case 1:
			w->component.branch = branch;
			break;
		case 2: /* one signature was enough */
			w->component.min_distinct = 2;
			break;
		case 3: /* another maintainer */
			w->component.maintainers = w->maintainers + 1;
			break;
		case 4:
			w->component.nmaintainers = 2;
			break;
		case 5:
			w->component.mode = VERIFY_TAG_OR_COMMIT;
			break;
		case 6:
			w->component.versions_only = false;
			break;
		case 7:
			write_key(w, FPR, "the same, revoked");
			break;
		default:
			break;
		}
		if (find_tag(w, NULL) == RB_OK || find_tag(w, "v1") == RB_OK)
			fail_msg("case %zu", i);
	}
	w->component = before;
	write_key(w, FPR, "key");
	assert_int_equal(find_tag(w, NULL), RB_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    asks_nobody_for_what_was_accepted, make_world,
		    remove_world),
		cmocka_unit_test_setup_teardown(
		    takes_nothing_that_was_accepted_under_other_terms,
		    make_world, remove_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
