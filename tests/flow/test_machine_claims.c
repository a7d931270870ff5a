/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a trip takes over from machines that tell it something. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "rebuilder/buildinfo.h"
#include "rebuilder/changelog.h"
#include "rebuilder/verdict.h"
#include "tests/flow/fake_machine.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
publish(struct fake_world *w)
{
	struct listed *item;

	item = listing_add(&w->trip.published);
	assert_non_null(item);
	item->name = strdup("tiny");
	item->version = strdup("1+b1");
	item->arch = strdup("amd64");
	item->path = strdup("pool/tiny_1+b1_amd64.deb");
	item->is_binnmu = true;
	assert_int_equal(depot_add_bytes(w->depot, SPAN("published"),
			     &item->sha256),
	    RB_OK);
	w->trip.pass = PASS_BINNMU;
	w->trip.source.version = strdup("1");
	w->trip.base.architecture = strdup("amd64");
}

#define ENTRY(source, version) \
	source " (" version ") sid; urgency=low, binary-only=yes\n\n" \
	       "  * Rebuilt.\n\n" \
	       " -- A <a@b.example>  Mon, 01 Jan 2024 00:00:00 +0000\n"
#define ENTRY_LEN "114" /* of tiny and 1+b1 */
#define HOLDS(entry) \
	"output 1\nfile tiny_1+b1_amd64.deb.changelog " ENTRY_LEN "\n" entry \
	"end 0\n"

static void
takes_no_changelog_but_of_a_published_package(void **state)
{
	static const char *const outputs[] = {
		"",
		"output 1\nend 0\n",
		"output 1\nfile tiny_1+b1_amd64.deb.changelog 5\nentryend 1\n",
		"output 1\nfile tiny_1+b1_amd64.deb.changelog 0\nend 0\n",
		"output 1\nfile tiny_1+b2_amd64.deb.changelog 5\nentryend 0\n",
		"output 1\nfile changelog 5\nentryend 0\n",
		"output 1\nfile tiny_1+b1_amd64.deb.changelog 5\nentryend 0\n",
		HOLDS(ENTRY("lame", "1+b1")),
		HOLDS(ENTRY("tiny", "9+b1")),
	};
	struct fake_world w;
	size_t i;

	(void)state;
	fake_world_start(&w);
	publish(&w);
	for (i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
		w.output = outputs[i];
		w.trip.obstacle = 0;
		if (changelog_take(&w.trip) != RB_EREFUSED ||
		    w.trip.obstacle != VERDICT_UNAVAILABLE ||
		    strcmp(w.trip.reason, "binnmu") != 0)
			fail_msg("%s: %s", outputs[i], w.trip.why.text);
		assert_false(w.trip.changelog.is_known);
	}
	fake_world_stop(&w);
}

static void
takes_a_changelog_once(void **state)
{
	struct fake_world w;
	struct buf text;

	(void)state;
	fake_world_start(&w);
	publish(&w);
	w.output = HOLDS(ENTRY("tiny", "1+b1"));
	assert_int_equal(changelog_take(&w.trip), RB_OK);
	assert_true(w.trip.changelog.is_known);
	assert_ptr_equal(w.trip.changelog.from, w.trip.published.list);
	assert_int_equal(w.trip.changelog.size, strlen(ENTRY("tiny", "1+b1")));
	text = fake_world_text(&w, &w.trip.changelog.text);
	assert_string_equal((const char *)text.p, ENTRY("tiny", "1+b1"));
	buf_clear(&text);
	memset(&w.trip.changelog, 0, sizeof(w.trip.changelog));
	assert_int_equal(changelog_take(&w.trip), RB_OK);
	assert_int_equal(w.trip.changelog.size, strlen(ENTRY("tiny", "1+b1")));
	assert_int_equal(w.runs, 1);
	fake_world_stop(&w);
}

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define BUILDINFO(packages) \
	"Format: 1.0\nSource: src\nArchitecture: amd64\nVersion: 1\n" \
	"Checksums-Sha256:\n " HEX " 7 a_1_amd64.deb\n" \
	"Build-Architecture: amd64\nInstalled-Build-Depends:\n" packages \
	"Environment:\n LANG=\"C\"\n"
#define FOLLOWED BUILDINFO(" a (= 1),\n b (= 2)\n")
#define INPUT(name, version) \
	"deb " name " " version " amd64 debian/a/b 7 " HEX "\n"
#define A_AND_B INPUT("a", "1") INPUT("b", "2")

/* Both our own list and what the build left must bear it out. */
static void
says_equal_only_what_was_shown_to_be(void **state)
{
	static const struct {
		const char *name, *left, *inputs;
		bool is_equal;
	} cases[] = {
		{ "a_1.buildinfo", FOLLOWED, A_AND_B, true },
		{ "a_1.buildinfo", FOLLOWED, A_AND_B INPUT("c", "3"), true },
		{ "a_1.changes", FOLLOWED, A_AND_B, false },
		{ "a_1.buildinfo", "nonsense", A_AND_B, false },
		{ "a_1.buildinfo", "", A_AND_B, false },
		{ "a_1.buildinfo", FOLLOWED, INPUT("a", "1"), false },
		{ "a_1.buildinfo", FOLLOWED, INPUT("a", "1") INPUT("b", "3"),
		    false },
		{ "a_1.buildinfo", BUILDINFO(" a (= 1),\n b (= 3)\n"), A_AND_B,
		    false },
		{ "a_1.buildinfo", BUILDINFO(" a (= 1)\n"), A_AND_B, false },
		{ "a_1.buildinfo",
		    BUILDINFO(" a (= 1),\n b (= 2),\n c (= 3)\n"),
		    A_AND_B INPUT("c", "3"), false },
	};
	struct fake_world w;
	struct trip *t = &w.trip;
	size_t i;

	(void)state;
	fake_world_start(&w);
	t->source.version = strdup("1");
	t->buildinfo.is_known = true;
	assert_int_equal(depot_add_bytes(w.depot, SPAN(FOLLOWED),
			     &t->buildinfo.text),
	    RB_OK);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_world_build(&w, cases[i].name, cases[i].left);
		assert_int_equal(depot_add_bytes(w.depot,
				     span_of_str(cases[i].inputs),
				     &t->inputs.text),
		    RB_OK);
		assert_int_equal(buildinfo_compare(t), RB_OK);
		if (t->buildinfo.is_equal != cases[i].is_equal)
			fail_msg("%s: %s %s", cases[i].name, cases[i].left,
			    cases[i].inputs);
	}
	fake_world_stop(&w);
}

/* What is recalled is not built: it must be what would be said again. */
static void
recalls_no_verdict_about_another_source(void **state)
{
	static char name[] = "r1", next[] = "r2", one[] = "one", two[] = "two",
		    url[] = "https://git.example/one",
		    moved[] = "https://other.example/one", tag[] = "v1",
		    renamed[] = "one_1", a[] = "A", b[] = "B", node[] = "node",
		    kind[] = "namespace", deb[] = "tiny_1_all.deb";
	struct release release = RELEASE_INIT;
	struct component component;
	struct fake_world w;
	struct trip *t = &w.trip;
	struct tagged *g = &t->of.tagged;
	struct result r;
	size_t i;

	(void)state;
	fake_world_start(&w);
	w.node.name = node;
	w.settings.machine.kind = kind;
	memset(&component, 0, sizeof(component));
	memset(&r, 0, sizeof(r));
	r.file = r.package = r.version = r.arch = deb;
	r.verdict = VERDICT_REPRODUCED;
	for (i = 0; i <= 10; i++) {
		release.name = name;
		component.name = one;
		component.url = url;
		t->of.release = &release;
		t->of.component = &component;
		t->of.distribution = "vm-bookworm";
		memcpy(g->commit, ID_A, sizeof(g->commit));
		memcpy(g->tag_object, ID_A, sizeof(g->tag_object));
		memset(&g->tree_sha256, 0, sizeof(g->tree_sha256));
		g->tag = tag;
		g->threshold = g->nsigners = 1;
		g->signers[0] = a;
		assert_int_equal(verdict_remember(t, &r, 1), RB_OK);
		switch (i) {
		case 1:
			release.name = next;
			break;
		case 2:
			component.name = two;
			break;
		case 3:
			component.url = moved;
			break;
		case 4:
			t->of.distribution = "vm-trixie";
			break;
		case 5:
			g->commit[0] = 'b';
			g->tree_sha256.b[0] = 1;
			break;
		case 6:
			g->tag_object[0] = 'b';
			break;
		case 7:
			g->tag = renamed;
			break;
		case 8: /* of who must sign, more do */
			g->threshold = 2;
			break;
		case 9:
			g->signers[g->nsigners++] = b;
			break;
		case 10: /* the archive's own */
			t->of.release = NULL;
			break;
		default:
			break;
		}
		/* Without an attestor what is remembered cannot be found. */
		if ((verdict_recall(t) == RB_ENOTFOUND) != (i != 0))
			fail_msg("case %zu", i);
	}
	tagged_init(g);
	t->of.release = NULL;
	w.node.name = w.settings.machine.kind = NULL;
	fake_world_stop(&w);
}

static void
build(enum machine_end end, const char *output, enum verdict verdict,
    const char *reason)
{
	struct fake_world w;
	struct trip *t = &w.trip;

	fake_world_start(&w);
	t->base.architecture = strdup("amd64");
	t->source.version = strdup("1");
	t->source.dsc = strdup("tiny_1.dsc");
	assert_int_equal(depot_add_bytes(w.depot, SPAN("layer"),
			     &t->environment.layer),
	    RB_OK);
	w.end = end;
	w.output = output;
	if (stage_build(t) != RB_EREFUSED || t->obstacle != verdict ||
	    strcmp(t->reason, reason) != 0 || t->why.text[0] == '\0')
		fail_msg("%d \"%s\": %s", (int)end, output, t->why.text);
	/* What it was built in is known, and its log kept. */
	assert_true(t->build.is_known);
	fake_world_stop(&w);
}

/* Each is a verdict, with a reason: none ends the trip. */
static void
calls_a_build_by_how_its_machine_ended(void **state)
{
	static const struct {
		enum machine_end end;
		enum verdict verdict;
		const char *reason;
	} ends[] = {
		{ MACHINE_TIMEOUT, VERDICT_FAILED, "timeout" },
		{ MACHINE_OUTPUT_LIMIT, VERDICT_FAILED, "output-limit" },
		{ MACHINE_LOG_LIMIT, VERDICT_FAILED, "log-limit" },
		{ MACHINE_CRASHED, VERDICT_FAILED, "crashed" },
		{ MACHINE_UNAVAILABLE, VERDICT_UNAVAILABLE, "machine" },
	};
	static const char *const streams[] = {
		"", /* nothing at all */
		"output 1\n", /* cut off */
		"output 1\nfile a_1_all.deb 5\nabc",
		"output 1\nfile a_1_all.deb 3\nabcend 0\nfile b 0\n",
		"output 1\nfile a_1_all.deb 18446744073709551615\nend 0\n",
		"output 1\nfile ../../etc/passwd 0\nend 0\n",
		"output 1\nfile .a 0\nend 0\n",
		"output 1\nfile a b 0\nend 0\n",
		"output 1\nfile a\33[2J 0\nend 0\n",
		"output 1\nfile a 0\nfile a 0\nend 0\n",
		"output 2\nend 0\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		build(ends[i].end, "output 1\nend 0\n", ends[i].verdict,
		    ends[i].reason);
	for (i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
		build(MACHINE_DONE, streams[i], VERDICT_FAILED,
		    "output-format");
	build(MACHINE_DONE, "output 1\nfile a 0\nend 2\n", VERDICT_FAILED,
	    "build");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_no_changelog_but_of_a_published_package),
		cmocka_unit_test(takes_a_changelog_once),
		cmocka_unit_test(says_equal_only_what_was_shown_to_be),
		cmocka_unit_test(recalls_no_verdict_about_another_source),
		cmocka_unit_test(calls_a_build_by_how_its_machine_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
