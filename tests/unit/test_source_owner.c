/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/job_alarms.h"
#include "rebuilder/source_owner.h"

struct place {
	char path[64];
	struct journal *journal;
	struct settings settings;
};

static char alpha[] = "alpha", beta[] = "beta", gone[] = "gone", r43[] = "r4.3";
static struct component list[2] = { { .name = alpha }, { .name = beta } };
static const struct release release = { .name = r43, .list = list, .n = 2 };

static int
make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -1;
	memcpy(p->path, "/tmp/test_owner.XXXXXX", 23);
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

/* Nothing of it is in node.yml, unless a test says so. */
static enum rb_err
claim(const struct place *p, const struct release *r, const struct component *c,
    const char *source, struct fault *why)
{
	return source_owner_claim(p->journal, &p->settings, r, c, source, why);
}

static enum rb_err
check(const struct place *p, const struct component *c, const char *source,
    struct fault *why)
{
	return source_owner_check(p->journal, &p->settings, &release, c, source,
	    why);
}

/* Who was first may not be whose it is. */
static void
is_neithers_when_two_claim_it(void **state)
{
	struct place *p = *state;
	struct fault why = FAULT_INIT;

	assert_int_equal(claim(p, &release, &list[0], "xen", &why), RB_OK);
	assert_int_equal(check(p, &list[0], "xen", &why), RB_OK);
	assert_int_equal(claim(p, &release, &list[1], "xen", &why),
	    RB_EREFUSED);
	assert_string_equal(why.text,
	    "beta: makes source package xen, as component alpha of r4.3 does; "
	    "what is published under this name is attested from neither until "
	    "release.sources in node.yml says whose it is");
	assert_int_equal(check(p, &list[0], "xen", &why), RB_EREFUSED);
	/* As often as they ask, and after a restart. */
	journal_close(&p->journal);
	assert_int_equal(journal_open(p->path, &p->journal, NULL), RB_OK);
	assert_int_equal(claim(p, &release, &list[0], "xen", &why),
	    RB_EREFUSED);
	assert_int_equal(claim(p, &release, &list[1], "xen", &why),
	    RB_EREFUSED);
}

static void
is_whose_the_operator_says(void **state)
{
	struct place *p = *state;
	struct fault why = FAULT_INIT;
	char item[] = "alpha/xen", same[] = "beta", *items[] = { item, same };

	assert_int_equal(claim(p, &release, &list[1], "xen", &why), RB_OK);
	assert_int_equal(claim(p, &release, &list[0], "xen", &why),
	    RB_EREFUSED);
	p->settings.release.sources = (struct conf_list){ items, 1 };
	assert_int_equal(claim(p, &release, &list[0], "xen", &why), RB_OK);
	assert_int_equal(check(p, &list[1], "xen", &why), RB_EREFUSED);
	assert_string_equal(why.text,
	    "beta: makes source package xen, which is that of component alpha "
	    "in node.yml; what is published under this name is not attested "
	    "from here");
	/* Who may take the archive's place is said of a component too. */
	p->settings.release.overrides = (struct conf_list){ items + 1, 1 };
	assert_int_equal(claim(p, &release, &list[0], "beta", &why),
	    RB_EREFUSED);
	assert_int_equal(claim(p, &release, &list[1], "beta", &why), RB_OK);
}

/* A source that nobody is attested for is nobody's. */
static void
takes_nothing_by_a_look(void **state)
{
	struct place *p = *state;
	struct fault why = FAULT_INIT;

	assert_int_equal(check(p, &list[1], "xen", &why), RB_OK);
	assert_int_equal(claim(p, &release, &list[0], "xen", &why), RB_OK);
	assert_int_equal(claim(p, &release, &list[1], "xen-tools", &why),
	    RB_OK);
}

static void
is_of_one_release(void **state)
{
	static char r42[] = "r4.2";
	const struct release other = { .name = r42, .list = list, .n = 2 };
	struct place *p = *state;
	struct fault why = FAULT_INIT;

	assert_int_equal(claim(p, &release, &list[0], "xen", &why), RB_OK);
	assert_int_equal(claim(p, &other, &list[1], "xen", &why), RB_OK);
}

static void
gives_free_what_the_release_has_no_more(void **state)
{
	const struct component before = { .name = gone };
	struct place *p = *state;
	struct fault why = FAULT_INIT;

	assert_int_equal(claim(p, &release, &before, "xen", &why), RB_OK);
	assert_int_equal(claim(p, &release, &list[1], "xen", &why), RB_OK);
	assert_int_equal(claim(p, &release, &list[0], "xen", &why),
	    RB_EREFUSED);
}

static void
keeps_the_first_alarms_once_each(void **state)
{
	struct place *p = *state;
	struct alarms a = ALARMS_INIT;
	char sentence[32];
	unsigned int i;

	assert_int_equal(job_alarms_get(p->journal, "alpha", &a), RB_OK);
	assert_int_equal(a.n, 0);
	for (i = 0; i < 2 * (ALARMS_MAX + 1); i++) {
		snprintf(sentence, sizeof(sentence), "alarm %u", i / 2);
		assert_int_equal(job_alarms_raise(p->journal, "alpha",
				     sentence),
		    RB_OK);
	}
	journal_close(&p->journal);
	assert_int_equal(journal_open(p->path, &p->journal, NULL), RB_OK);
	assert_int_equal(job_alarms_get(p->journal, "alpha", &a), RB_OK);
	assert_int_equal(a.n, ALARMS_MAX);
	assert_string_equal(a.list[0].sentence, "alarm 0");
	assert_string_equal(a.list[ALARMS_MAX - 1].sentence, "alarm 15");
	assert_true(a.list[0].time > 0);
	/* Whoever raises many washes none away without a word. */
	assert_true(a.has_more);
	alarms_clear(&a);
	assert_int_equal(job_alarms_get(p->journal, "beta", &a), RB_OK);
	assert_int_equal(a.n, 0);
	assert_false(a.has_more);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(is_neithers_when_two_claim_it),
		TEST(is_whose_the_operator_says),
		TEST(takes_nothing_by_a_look),
		TEST(is_of_one_release),
		TEST(gives_free_what_the_release_has_no_more),
		TEST(keeps_the_first_alarms_once_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
