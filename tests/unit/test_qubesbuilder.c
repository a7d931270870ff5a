/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/judge/qubesbuilder.h"

static const struct builder_place place = {
	.component = { (const uint8_t *)"greeting", 8 },
	.version = { (const uint8_t *)"4.2.8", 5 },
	.release = { (const uint8_t *)"1", 1 },
	.distribution = { (const uint8_t *)"vm-bookworm", 11 },
};

#define URL "https://h.example/a/x-1.tar.gz"
#define FILES(rest) "source: {files: [{url: '" URL "'" rest "}]}\n"

static void
refuses_what_leads_out_of_the_tree(void **state)
{
	static const struct {
		const char *in, *says;
	} cases[] = {
		{ "vm: {deb: {build: [../debian]}}\n", "'../debian' is not" },
		{ "vm: {deb: {build: [a/../../debian]}}\n", "not a path" },
		{ "vm: {deb: {build: [/etc/debian]}}\n", "not a path" },
		{ "vm: {deb: {build: [./debian]}}\n", "not a path" },
		{ "vm: {deb: {build: [a//debian]}}\n", "not a path" },
		{ "vm: {deb: {build: [debian/]}}\n", "not a path" },
		{ "vm: {deb: {build: ['debian x']}}\n", "not a path" },
		{ "vm: {deb: {build: ['$(id)']}}\n", "not a path" },
		{ "vm: {deb: {build: [a/--checkpoint-action=exec]}}\n",
		    "not a path" },
		{ "vm: {deb: {build: [-x]}}\n", "not a path" },
		{ "vm: {deb: {build: [\"debian\\n\"]}}\n", "printable" },
		{ "vm: {deb: {build: debian}}\n", "must be a list" },
		{ "vm: {deb: {build: [[debian]]}}\n", "must be a text" },
		{ "vm: {deb: {build: [debian, debian]}}\n", "stands twice" },
		{ "vm: {deb: [debian]}\n", "must be a map" },
		{ "vm: [deb]\n", "must be a map" },
		{ "source: {modules: [../x]}\n", "not a path" },
		{ "source: {create-archive: maybe}\n", "true or false" },
		{ "source: {files: x}\n", "must be a list" },
		{ "source: {files: [x]}\n", "must be a map" },
		{ "source: {files: [{sha256: x}]}\n", "without url" },
		{ FILES(""), "neither a checksum nor a signature" },
		{ FILES(", sha1: x"), "a file has no 'sha1'" },
		{ FILES(", sha256: ../x"), "sha256 '../x' is not a path" },
		{ FILES(", sha512: /x"), "sha512 '/x' is not a path" },
		{ FILES(", signature: 'https://h.example/s'"), "no pubkeys" },
		{ FILES(", signature: 'http://h.example/s', pubkeys: [k]"),
		    "is not https://" },
		{ FILES(", signature: 'https://h.example/s', pubkeys: [/k]"),
		    "not a path" },
		{ "source: {files: [{url: 'http://h.example/x', sha256: "
		  "y}]}\n",
		    "is not https://" },
		{ "source: {files: [{url: 'file:///etc/passwd', sha256: "
		  "y}]}\n",
		    "is not https://" },
		{ "source: {files: [{url: 'https://h.example/', sha256: y}]}\n",
		    "does not end in a name" },
		{ "source: {files: [{url: 'https://h.example/.x', sha256: "
		  "y}]}\n",
		    "does not end in a name" },
		{ "source: {files: [{url: 'https://h.example/source.tar', "
		  "sha256: y}]}\n",
		    "does not end in a name" },
		{ "source: {files: [{url: 'https://h.example/module-0.tar', "
		  "sha256: y}]}\n",
		    "does not end in a name" },
		{ "source: {files: [{url: 'https://h.example/a b', sha256: "
		  "y}]}\n",
		    "holds what no URL" },
		{ "source: {files: [{url: 'https://h.example/x', sha256: y, "
		  "uncompress: true}]}\n",
		    "only .tar.gz and .xz" },
		{ "source: {files: [{url: 'https://h.example/x', sha256: y}, "
		  "{url: 'https://h.example/b/x', sha256: z}]}\n",
		    "two files are called 'x'" },
		{ "a: &a {b: c}\nd: *a\n", "stands for more" },
		{ "vm: {}\nvm: {}\n", "twice" },
		{ "[vm]\n", "must be a map" },
	};
	struct qubesbuilder q;
	struct fault why;
	enum rb_err rc;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&why, 0, sizeof(why));
		rc = qubesbuilder_parse(span_of_str(cases[i].in), &place, &q,
		    &why);
		if (rc != RB_EFORMAT)
			fail_msg("%s: %s", cases[i].in, err_name(rc));
		if (strstr(why.text, cases[i].says) == NULL ||
		    strncmp(why.text, ".qubesbuilder", 13) != 0)
			fail_msg("%s: says: %s", cases[i].in, why.text);
	}
}

static void
read_one(const char *in, struct qubesbuilder *q)
{
	struct fault why = FAULT_INIT;

	if (qubesbuilder_parse(span_of_str(in), &place, q, &why) != RB_OK)
		fail_msg("%s: %s", in, why.text);
}

/* Commands of strangers are shell text: they are told of, never kept. */
static void
cannot_do_what_only_the_builder_does(void **state)
{
	static const char *const cases[] = {
		"vm: {deb: {build: [debian], source: {commands: ['id']}}}\n",
		"vm-bookworm: {deb: {build: [debian], source: {commands: "
		"[id]}}}\n",
		"vm: {deb: {build: [debian]}}\nsource: {files: [{git-url: "
		"'https://h.example/x', commit-id: x}]}\n",
	};
	struct qubesbuilder q;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		read_one(cases[i], &q);
		assert_non_null(q.unavailable);
		assert_int_equal(q.nbuilds, 1);
		qubesbuilder_clear(&q);
	}
	/* Those of another distribution do not concern this one. */
	read_one("vm: {deb: {build: [debian]}, ubuntu: {source: {commands: "
		 "[id]}}}\nvm-trixie: {deb: {source: {commands: [id]}}}\n",
	    &q);
	assert_null(q.unavailable);
	qubesbuilder_clear(&q);
	/* A distribution may take back those of the package set. */
	read_one("vm: {deb: {build: [debian], source: {commands: [id]}}}\n"
		 "vm-bookworm: {deb: {source: {commands: []}}}\n",
	    &q);
	assert_null(q.unavailable);
	assert_int_equal(q.nbuilds, 1);
	qubesbuilder_clear(&q);
}

static void
reads_what_holds_for_the_distribution(void **state)
{
	static const struct {
		const char *in, *build; /* NULL: nothing to build */
	} cases[] = {
		{ "{}\n", NULL },
		{ "host: {deb: {build: [debian]}}\n", NULL },
		{ "vm: {rpm: {build: [x.spec]}}\n", NULL },
		{ "vm: {deb: {spec: [x.spec]}}\n", NULL },
		{ "vm-trixie: {deb: {build: [debian]}}\n", NULL },
		{ "vm:\nvm-bookworm:\nsource:\n", NULL },
		{ "vm: {deb: {build: [debian]}}\n", "debian" },
		{ "vm-bookworm: {deb: {build: [p/debian]}}\n", "p/debian" },
		{ "vm: {deb: {build: [a/debian]}}\n"
		  "vm-bookworm: {deb: {build: [b/debian]}}\n",
		    "b/debian" },
		{ "vm: {deb: {build: [a/debian]}, debian: {build: "
		  "[b/debian]}}\n",
		    "b/debian" },
		{ "vm: {deb: {build: [debian]}}\n"
		  "vm-bookworm: {deb: {build: []}}\n",
		    NULL },
		{ "vm: {deb: {build: [\"x-@VERREL@/@COMPONENT@\"]}}\n",
		    "x-4.2.8-1/greeting" },
	};
	struct qubesbuilder q;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		read_one(cases[i].in, &q);
		assert_int_equal(q.nbuilds, cases[i].build == NULL ? 0 : 1);
		if (cases[i].build != NULL)
			assert_true(
			    span_equal_str(q.builds[0], cases[i].build));
		assert_true(q.makes_archive);
		assert_null(q.unavailable);
		qubesbuilder_clear(&q);
		qubesbuilder_clear(&q);
	}
}

static void
reads_files_from_elsewhere(void **state)
{
	struct qubesbuilder q;

	(void)state;
	read_one("source:\n"
		 "  modules: [lib]\n"
		 "  files:\n"
		 "  - url: https://h.example/x-@VERSION@.tar.xz\n"
		 "    signature: https://h.example/x-@VERSION@.tar.sign\n"
		 "    uncompress: true\n"
		 "    pubkeys: [keys/a.asc, keys/b.asc]\n"
		 "  - url: https://h.example/1.tar.gz#/y-1.tar.gz\n"
		 "    sha512: y.sha512\n"
		 "    pubkeys: [a]\n"
		 "  - url: https://h.example/z\n"
		 "    sha256: z.sha256\n"
		 "    sha512: z.sha512\n",
	    &q);
	assert_int_equal(q.nfiles, 3);
	assert_false(q.makes_archive);
	assert_int_equal(q.nmodules, 1);
	assert_true(span_equal_str(q.files[0].name, "x-4.2.8.tar"));
	assert_int_equal(q.files[0].check, CHECK_SIGNATURE);
	assert_int_equal(q.files[0].nkeys, 2);
	assert_true(span_equal_str(q.files[0].keys[1], "keys/b.asc"));
	assert_true(span_equal_str(q.files[1].name, "y-1.tar.gz"));
	assert_int_equal(q.files[1].check, CHECK_SHA512);
	assert_int_equal(q.files[2].check, CHECK_SHA256);
	assert_true(span_equal_str(q.files[2].sum, "z.sha256"));
	qubesbuilder_clear(&q);
	read_one("source: {files: [{url: 'https://h.example/z', sha256: z}]}\n"
		 "vm-bookworm: {source: {create-archive: true}}\n",
	    &q);
	assert_true(q.makes_archive);
	qubesbuilder_clear(&q);
}

static void
refuses_words_that_could_be_more(void **state)
{
	static const char *const words[] = { "", "1 2", "../1", "-1", ".1",
		"1\n", "1'", "@REL@", "1/2" };
	struct builder_place p = place;
	struct qubesbuilder q;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		p.version = span_of_str(words[i]);
		assert_int_equal(qubesbuilder_parse(SPAN("{}\n"), &p, &q, NULL),
		    RB_EFORMAT);
	}
	p = place;
	p.distribution = SPAN("vm");
	assert_int_equal(qubesbuilder_parse(SPAN("{}\n"), &p, &q, NULL),
	    RB_EFORMAT);
}

/* Many short placeholders that each become something long. */
static void
refuses_to_grow_without_end(void **state)
{
	char component[101];
	struct builder_place p = place;
	struct buf in = BUF_INIT;
	struct qubesbuilder q;

	(void)state;
	memset(component, 'a', sizeof(component) - 1);
	component[sizeof(component) - 1] = '\0';
	p.component = span_of_str(component);
	while (in.len < BUILDER_FILE_MAX - 16)
		assert_int_equal(buf_put_str(&in, "@SOURCE_DIR@"), RB_OK);
	assert_int_equal(qubesbuilder_parse(buf_span(&in), &p, &q, NULL),
	    RB_ELIMIT);
	buf_clear(&in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_leads_out_of_the_tree),
		cmocka_unit_test(cannot_do_what_only_the_builder_does),
		cmocka_unit_test(reads_what_holds_for_the_distribution),
		cmocka_unit_test(reads_files_from_elsewhere),
		cmocka_unit_test(refuses_words_that_could_be_more),
		cmocka_unit_test(refuses_to_grow_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
