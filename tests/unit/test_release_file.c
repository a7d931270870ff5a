/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/judge/release_file.h"

#define ALICE "0123456789ABCDEF0123456789ABCDEF01234567"
#define BOB "FEDCBA9876543210FEDCBA9876543210FEDCBA98"
#define CAROL "CA401CA401CA401CA401CA401CA401CA401CA401"

#define GIT "git:\n  maintainers: [" ALICE ", " BOB "]\n"
#define HEAD "qubes-release: r4.3\n" GIT

/* name, text, name, text, ..., NULL */
static enum rb_err
read_files(const char *const *files, struct release_file *r,
    char lacking[RELEASE_NAME_MAX + 1], struct fault *why)
{
	struct release_input in[RELEASE_FILES_MAX];
	size_t n;

	for (n = 0; files[2 * n] != NULL; n++) {
		in[n].name = span_of_str(files[2 * n]);
		in[n].bytes = span_of_str(files[2 * n + 1]);
	}
	memset(why, 0, sizeof(*why));
	lacking[0] = '\0';
	return release_file_read(in, n, r, lacking, why);
}

static void
read_one(const char *text, struct release_file *r)
{
	const char *const files[] = { "a.yml", text, NULL };
	char lacking[RELEASE_NAME_MAX + 1];
	struct fault why;

	if (read_files(files, r, lacking, &why) != RB_OK)
		fail_msg("%s: %s", text, why.text);
}

static void
refuses_what_could_weaken_a_check(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		/* misspelt, or of a builder that is not born yet */
		{ HEAD "min-distinct-maintainer: 2\n",
		    "line 4: unknown key 'min-distinct-maintainer'" },
		{ HEAD "insecure-skip-check: [a]\n", "unknown key" },
		{ HEAD "verify: less\n", "unknown key" },
		{ HEAD "signature-policy: any\n", "unknown key" },
		{ HEAD "+git: {}\n", "unknown key '+git'" },
		{ HEAD "+insecure-skip-checking: [a]\n", "unknown key" },
		{ HEAD "component: [a]\n", "unknown key" },
		{ HEAD "components: [{a: {maintainer: x}}]\n",
		    "a: unknown key 'maintainer'" },
		{ HEAD "components: [{a: {min-distinct: 2}}]\n",
		    "unknown key 'min-distinct'" },
		{ "qubes-release: r4.3\ngit: {maintainer: [" ALICE "]}\n",
		    "git: unknown key 'maintainer'" },
		/* thresholds */
		{ HEAD "min-distinct-maintainers: 0\n", "from 1 to 16" },
		{ HEAD "min-distinct-maintainers: '2'\n", "whole number" },
		{ HEAD "min-distinct-maintainers: true\n", "whole number" },
		{ HEAD "min-distinct-maintainers: -1\n", "whole number" },
		{ HEAD "components: [{a: {min-distinct-maintainers: 0}}]\n",
		    "from 1 to 16" },
		{ HEAD "components: [{a: {min-distinct-maintainers: 3}}]\n",
		    "a: 3 maintainers must sign and 2 may" },
		{ HEAD "components: [{a: {maintainers: []}}]\n",
		    "a: 1 maintainers must sign and 0 may" },
		{ "qubes-release: r4.3\ncomponents: [a]\n", "and 0 may" },
		/* the same key twice is one key */
		{ HEAD "components: [{a: {maintainers: [" ALICE ", " ALICE
		       "], min-distinct-maintainers: 2}}]\n",
		    "named twice" },
		/* fingerprints */
		{ HEAD "components: [{a: {maintainers: ALL}}]\n",
		    "must be a list" },
		{ HEAD "components: [{a: {maintainers: ['01234567']}}]\n",
		    "is not a fingerprint" },
		{ HEAD "components: [{a: {maintainers: "
		       "[0123456789abcdef0123456789abcdef01234567]}}]\n",
		    "is not a fingerprint" },
		{ HEAD "components: [{a: {maintainers: [" ALICE "0]}}]\n",
		    "is not a fingerprint" },
		{ HEAD "components: [{a: {maintainers: [../" ALICE "]}}]\n",
		    "is not a fingerprint" },
		/* modes */
		{ HEAD "components: [{a: {verification-mode: any}}]\n",
		    "verification-mode 'any' is none" },
		{ HEAD "components: [{a: {verification-mode: false}}]\n",
		    "no text for YAML" },
		{ HEAD "insecure-skip-checking: all\n", "must be a list" },
		{ HEAD "insecure-skip-checking: {a: b}\n", "must be a list" },
		{ HEAD "less-secure-signed-commits-sufficient: true\n",
		    "must be a list" },
		/* addresses */
		{ HEAD "components: [{a: {url: 'ext::sh -c id'}}]\n",
		    "holds what no URL" },
		{ HEAD "components: [{a: {url: file:///etc}}]\n",
		    "neither https:// nor http://" },
		{ HEAD "components: [{a: {url: 'git://h/a'}}]\n",
		    "neither https:// nor http://" },
		{ HEAD "components: [{a: {url: 'https://h/a b'}}]\n",
		    "holds what no URL" },
		{ HEAD "components: [{a: {url: 'https://u:p@h/a'}}]\n",
		    "holds what no URL" },
		{ HEAD "components: [{a: {branch: --upload-pack=x}}]\n",
		    "not a name that a branch may have" },
		{ HEAD "components: [{a: {branch: a..b}}]\n", "branch 'a..b'" },
		{ HEAD "components: [{a: {branch: 'a b'}}]\n", "branch" },
		{ HEAD "components: [{a: {branch: 'a*'}}]\n", "branch" },
		/* names */
		{ HEAD "components: [../a]\n", "component '../a'" },
		{ HEAD "components: ['a b']\n", "component 'a b'" },
		{ HEAD "components: [-a]\n", "component '-a'" },
		{ HEAD "components: ['a@v1']\n", "component 'a@v1'" },
		{ HEAD "components: [a/vm-bookworm]\n", "component" },
		{ HEAD "components: [a, b, a]\n", "'a' stands twice" },
		{ HEAD "components: [{a: {}, b: {}}]\n", "must be a name" },
		{ HEAD "components: [[a]]\n", "must be a name" },
		{ HEAD "components: {a: {}}\n", "must be a list" },
		{ HEAD "components:\n", "must be a list" },
		{ HEAD "components: [{a: [x]}]\n", "must be a map" },
		{ HEAD "distributions: [bookworm]\n", "write vm-NAME" },
		{ HEAD "distributions: ['vm-../../etc']\n", "write vm-NAME" },
		{ HEAD "distributions: [vm-bookworm, vm-bookworm]\n",
		    "stands twice" },
		{ HEAD "templates: ['a/b']\n", "is no name" },
		/* types */
		{ HEAD "timeout: 0\n", "whole number" },
		{ HEAD "timeout: 1h\n", "whole number" },
		{ HEAD "fetch-versions-only: 'false'\n", "true or false" },
		{ HEAD "components: [{a: {packages: 0}}]\n", "true or false" },
		{ "qubes-release: r4.3\ngit: []\n", "must be a map" },
		{ "qubes-release: [r4.3]\n", "must be a text" },
		{ "qubes-release: 4.3\n", "write it in quotes" },
		{ "qubes-release: '../r4'\n", "no name of a release" },
		{ GIT, "no file says which 'qubes-release'" },
		{ "[a]\n", "the file must be a map" },
		{ "a\n", "the file must be a map" },
	};
	char lacking[RELEASE_NAME_MAX + 1];
	struct release_file r = RELEASE_FILE_INIT;
	struct fault why;
	enum rb_err rc;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const files[] = { "a.yml", cases[i].text, NULL };

		rc = read_files(files, &r, lacking, &why);
		if (rc != RB_EFORMAT)
			fail_msg("%s: %s", cases[i].text, err_name(rc));
		if (strstr(why.text, cases[i].says) == NULL ||
		    strncmp(why.text, "a.yml", 5) != 0)
			fail_msg("%s: says: %s", cases[i].text, why.text);
		assert_null(r.components);
	}
}

static void
refuses_includes_that_lead_nowhere(void **state)
{
	static const char *const cases[][8] = {
		{ "a.yml", "include: [a.yml]\n", NULL },
		{ "a.yml", "include: [b.yml]\n", "b.yml",
		    "include: [x/a.yml]\n", NULL },
		{ "a.yml", "include: b.yml\n", "b.yml", HEAD, NULL },
		{ "a.yml", "include: [..]\n", NULL },
		{ "a.yml", "include: [b/]\n", NULL },
		{ "a.yml", "include: ['b\\c.yml']\n", NULL },
		{ "a.yml", "include: [{b.yml: c}]\n", NULL },
	};
	struct release_file r = RELEASE_FILE_INIT;
	char lacking[RELEASE_NAME_MAX + 1];
	struct fault why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_files(cases[i], &r, lacking, &why),
		    RB_EFORMAT);
		assert_string_equal(lacking, "");
	}
}

static void
refuses_to_include_without_end(void **state)
{
	static const char *const deep[] = { "0", "include: ['1']\n", "1",
		"include: ['2']\n", "2", "include: ['3']\n", "3",
		"include: ['4']\n", "4", "include: ['5']\n", "5",
		"include: ['6']\n", "6", "include: ['7']\n", "7",
		"include: ['8']\n", "8", HEAD, NULL };
	/* 4 * 4 * 4 and more files, though each is small. */
	static const char *const wide[] = { "a", "include: [b, b, b, b]\n", "b",
		"include: [c, c, c, c]\n", "c", "include: [d, d, d, d]\n", "d",
		HEAD, NULL };
	struct release_file r = RELEASE_FILE_INIT;
	char lacking[RELEASE_NAME_MAX + 1];
	struct fault why;

	(void)state;
	assert_int_equal(read_files(deep, &r, lacking, &why), RB_ELIMIT);
	assert_non_null(strstr(why.text, "8 deep"));
	assert_int_equal(read_files(wide, &r, lacking, &why), RB_ELIMIT);
	assert_non_null(strstr(why.text, "64 times"));
}

static void
names_the_file_that_is_lacking(void **state)
{
	static const char *const files[] = { "a.yml",
		"include:\n - /of/the/server/b.yml\n - x/c.yml\n", "b.yml",
		HEAD, NULL };
	struct release_file r = RELEASE_FILE_INIT;
	char lacking[RELEASE_NAME_MAX + 1];
	struct fault why;

	(void)state;
	assert_int_equal(read_files(files, &r, lacking, &why), RB_ENOTFOUND);
	assert_string_equal(lacking, "c.yml");
	assert_non_null(strstr(why.text, "a.yml, line 3"));
}

static const struct release_component *
find(const struct release_file *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->ncomponents; i++)
		if (span_equal_str(r->components[i].name, name))
			return &r->components[i];
	fail_msg("no %s", name);
	return NULL;
}

/* In the shape of the files that the build server of Qubes uses. */
static void
merges_as_the_builder_does(void **state)
{
	static const char *const files[] = { "deb.yml",
		"include:\n - /elsewhere/base.yml\n"
		"fetch-versions-only: true\n"
		"git: {branch: release4.4}\n"
		"distributions: [vm-bookworm, vm-trixie]\n"
		"templates: []\n"
		"+components:\n"
		" - second: {timeout: 7}\n"
		" - first: {branch: other, maintainers: [" CAROL "]}\n"
		" - added\n"
		"sign-key: {deb: 'AA'}\n"
		"colour: red\n",
		"base.yml",
		"qubes-release: r4.3\n"
		"git: {baseurl: https://git.example, prefix: Q/q-, branch: "
		"release4.3,\n  maintainers: [" ALICE ", " BOB "]}\n"
		"distributions: [host-fc41]\n"
		"templates: [{t: {dist: trixie}}]\n"
		"min-distinct-maintainers: 2\n"
		"insecure-skip-checking: [third]\n"
		"less-secure-signed-commits-sufficient: [second, third]\n"
		"components:\n"
		" - first: {packages: False, branch: main, "
		"min-distinct-maintainers: 1}\n"
		" - second\n"
		" - third: {url: https://h.example/x, verification-mode: "
		"insecure-skip-checking}\n"
		" - fourth: {plugin: true, host-fc41: {stages: []}}\n"
		"executor: {type: qubes}\n",
		NULL };
	struct release_file r = RELEASE_FILE_INIT;
	const struct release_component *c;
	char lacking[RELEASE_NAME_MAX + 1];
	struct fault why;

	(void)state;
	if (read_files(files, &r, lacking, &why) != RB_OK)
		fail_msg("%s", why.text);
	assert_int_equal(r.ncomponents, 5);
	assert_true(span_equal_str(r.name, "r4.3"));
	assert_int_equal(r.distributions.n, 2);
	assert_true(span_equal_str(r.distributions.list[1].name, "vm-trixie"));
	assert_int_equal(r.templates.n, 0);

	c = find(&r, "first");
	assert_ptr_equal(c, &r.components[0]);
	assert_string_equal(c->url, "https://git.example/Q/q-first.git");
	assert_true(span_equal_str(c->branch, "other"));
	assert_int_equal(c->nmaintainers, 1);
	assert_true(span_equal_str(c->maintainers[0], CAROL));
	assert_int_equal(c->min_distinct, 1);
	assert_int_equal(c->mode, MODE_TAG);
	assert_false(c->packages);
	assert_true(c->versions_only);
	assert_int_equal(c->timeout, 3600);

	c = find(&r, "second");
	assert_true(span_equal_str(c->branch, "release4.4"));
	assert_int_equal(c->nmaintainers, 2);
	assert_int_equal(c->min_distinct, 2);
	assert_int_equal(c->mode, MODE_TAG_OR_COMMIT);
	assert_int_equal(c->timeout, 7);
	assert_true(c->packages);

	c = find(&r, "third");
	assert_string_equal(c->url, "https://h.example/x");
	assert_int_equal(c->mode, MODE_NOTHING);
	assert_false(find(&r, "fourth")->packages);
	assert_ptr_equal(find(&r, "added"), &r.components[4]);

	assert_true(span_equal_str(buf_span(&r.notes),
	    "base.yml, line 14: 'executor' does not concern a rebuilder\n"
	    "deb.yml, line 11: 'sign-key' does not concern a rebuilder\n"
	    "deb.yml, line 12: 'colour' is not known; ignored\n"));
	release_file_clear(&r);
	release_file_clear(&r);
}

/* A later list replaces, and a later map merges, down to the bottom. */
static void
replaces_lists_and_merges_maps(void **state)
{
	static const char *const files[] = { "a", "include: [b, c]\n" HEAD, "b",
		"components: [x, y]\n+components: [{z: {branch: b1, timeout: "
		"5}}]\n",
		"c",
		"components: [y]\n+components: [{z: {branch: b2}}, {y: null}]"
		"\n",
		NULL };
	struct release_file r = RELEASE_FILE_INIT;
	char lacking[RELEASE_NAME_MAX + 1];
	struct fault why;

	(void)state;
	if (read_files(files, &r, lacking, &why) != RB_OK)
		fail_msg("%s", why.text);
	assert_int_equal(r.ncomponents, 2);
	assert_true(span_equal_str(r.components[0].name, "y"));
	assert_true(span_equal_str(r.components[1].branch, "b2"));
	assert_int_equal(r.components[1].timeout, 5);
	release_file_clear(&r);
}

static void
refuses_to_merge_a_map_with_something_else(void **state)
{
	static const char *const files[] = { "a", "include: [b]\ngit: main\n",
		"b", HEAD, NULL };
	struct release_file r = RELEASE_FILE_INIT;
	char lacking[RELEASE_NAME_MAX + 1];
	struct fault why;

	(void)state;
	assert_int_equal(read_files(files, &r, lacking, &why), RB_EFORMAT);
	assert_non_null(strstr(why.text, "a, line 2: git must be a map"));
}

static void
writes_what_reads_the_same(void **state)
{
	struct release_file r = RELEASE_FILE_INIT;
	struct buf once = BUF_INIT, twice = BUF_INIT;

	(void)state;
	read_one(HEAD "distributions: [vm-bookworm]\ntemplates: [t-1]\n"
		      "insecure-skip-checking: [b]\n"
		      "components: [a, {b: {maintainers: [], timeout: 9}}]\n",
	    &r);
	assert_int_equal(release_file_write(&r, &once), RB_OK);
	release_file_clear(&r);
	assert_int_equal(buf_put_byte(&once, 0), RB_OK);
	read_one((const char *)once.p, &r);
	assert_int_equal(release_file_write(&r, &twice), RB_OK);
	assert_int_equal(buf_put_byte(&twice, 0), RB_OK);
	assert_string_equal((const char *)once.p, (const char *)twice.p);
	release_file_clear(&r);
	buf_clear(&once);
	buf_clear(&twice);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_could_weaken_a_check),
		cmocka_unit_test(refuses_includes_that_lead_nowhere),
		cmocka_unit_test(refuses_to_include_without_end),
		cmocka_unit_test(names_the_file_that_is_lacking),
		cmocka_unit_test(merges_as_the_builder_does),
		cmocka_unit_test(replaces_lists_and_merges_maps),
		cmocka_unit_test(refuses_to_merge_a_map_with_something_else),
		cmocka_unit_test(writes_what_reads_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
