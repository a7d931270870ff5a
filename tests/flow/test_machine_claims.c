/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a trip takes over from machines that tell it something. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "rebuilder/buildinfo.h"
#include "rebuilder/built.h"
#include "rebuilder/changelog.h"
#include "rebuilder/job_alarms.h"
#include "rebuilder/said.h"
#include "rebuilder/source_owner.h"
#include "rebuilder/verdict.h"
#include "tests/flow/fake_machine.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
static const struct built_place tiny = { "r1", "bookworm", "tiny", 0, ID_A };
static const struct built_place second = { "r1", "bookworm", "tiny", 1, ID_A };
static const struct built_place elsewhere[] = {
	{ "r1", "trixie", "tiny", 0, ID_A },
	{ "r2", "bookworm", "tiny", 0, ID_A },
	{ "r1", "bookworm", "tiny", 0, ID_B }, /* another tag of it */
	{ "r1", "bookworm", "tiny", 1, ID_A },
};
static const struct built_place earlier[] = {
	{ "r1", "bookworm", "nothing", 0, ID_A },
	{ "r1", "bookworm", "tiny", 0, ID_A },
	{ "r1", "bookworm", "tiny", 1, ID_A },
	{ "r1", "bookworm", "other", 0, ID_A },
};

static char tiny_name[] = "tiny", r1[] = "r1";
static struct component tiny_component = { .name = tiny_name };
static const struct release one_component = { .name = r1,
	.list = &tiny_component,
	.n = 1 };

#define CONTROL(fields) \
	"output 1\nfile control 79\nFile: tiny_1_all.deb\n" fields "end 0\n"
#define GOOD \
	CONTROL("Package: tiny\nVersion: 1\nArchitecture: all\n" \
		"Depends: libc6\n")

/* The text of a file in the depot, ended by NUL. */
static struct buf
text_of(const struct fake_world *w, const struct digest *d)
{
	struct buf b = BUF_INIT;
	int fd = -1;

	assert_int_equal(depot_get(w->depot, d, &fd), RB_OK);
	assert_int_equal(file_read_fd(fd, 1024 * 1024, &b), RB_OK);
	assert_int_equal(buf_put_byte(&b, 0), RB_OK);
	fd_close(&fd);
	return b;
}

/* With an archive that has nothing of what is built here. */
static void
start(struct fake_world *w)
{
	static const char archive[] =
	    "Package: libc6\nVersion: 2.36\nArchitecture: amd64\n"
	    "Filename: pool/libc6.deb\nSize: 1\nSHA256: "
	    "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855\n";

	fake_world_start(w);
	assert_int_equal(depot_add_bytes(w->depot, span_of_str(archive),
			     &w->trip.base.index.packages),
	    RB_OK);
	w->trip.of.release = &one_component;
	w->trip.of.component = &tiny_component;
	w->trip.base.suite = strdup("bookworm");
	assert_non_null(w->trip.base.suite);
	assert_int_equal(buf_put_str(&w->trip.overrides,
			     "base libc6\nsource xen\n"),
	    RB_OK);
}

static enum rb_err
add(struct fake_world *w, const char *output)
{
	fake_world_build(w, "tiny_1_all.deb", "not really a package");
	w->output = output;
	return built_add(&w->trip, &tiny);
}

static void
keeps_nothing_that_a_machine_describes_wrongly(void **state)
{
	static const char *const outputs[] = {
		"",
		"output 1\nend 0\n",
		"output 1\nend 1\n",
		"output 1\nfile control 0\nend 0\n",
		"output 1\nfile contro1 79\nFile: tiny_1_all.deb\n"
		"Package: tiny\nVersion: 1\nArchitecture: all\n"
		"Depends: libc6\nend 0\n",
		CONTROL("Package: gcc1\nVersion: 1\nArchitecture: all\n"
			"Depends: libc6\n"),
		CONTROL("Package: tiny\nVersion: 2\nArchitecture: all\n"
			"Depends: libc6\n"),
		CONTROL("package: tiny\nVersion: 1\nArchitecture: all\n"
			"Depends: libc6\n"),
	};
	struct fake_world w;
	size_t i;

	(void)state;
	start(&w);
	for (i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
		if (add(&w, outputs[i]) != RB_EREFUSED ||
		    w.trip.why.text[0] == '\0')
			fail_msg("%s: %s", outputs[i], w.trip.why.text);
		assert_int_equal(built_offer(&w.trip, earlier, 4), RB_OK);
		assert_null(w.trip.built.name);
	}
	w.end = MACHINE_CRASHED;
	assert_int_equal(add(&w, GOOD), RB_EREFUSED);
	fake_world_stop(&w);
}

static enum rb_err
count(void *self, const struct digest *d)
{
	(void)d;
	++*(unsigned int *)self;
	return RB_OK;
}

static void
offers_to_later_components_what_was_measured(void **state)
{
	static const char content[] = "not really a package";
	struct fake_world w;
	struct digest sha256;
	struct buf text;
	char hex[DIGEST_HEX_LEN + 1], want[256];
	unsigned int n = 0;
	size_t i;

	(void)state;
	start(&w);
	assert_int_equal(add(&w, GOOD), RB_OK);
	assert_int_equal(built_offer(&w.trip, earlier, 4), RB_OK);
	assert_non_null(w.trip.built.name);
	assert_int_equal(w.trip.built.use, USE_BUILT);
	text = text_of(&w, &w.trip.built.index.packages);
	assert_int_equal(digest_of(span_of_str(content), &sha256), RB_OK);
	digest_hex(&sha256, hex);
	(void)snprintf(want, sizeof(want),
	    "Depends: libc6\nPriority: extra\nFilename: pool/built/%s/tiny_1_all.deb\n"
	    "Size: 20\nSHA256: %s\n",
	    hex, hex);
	assert_non_null(strstr((const char *)text.p, want));
	buf_clear(&text);
	text = text_of(&w, &sha256);
	assert_string_equal((const char *)text.p, content);
	buf_clear(&text);
	assert_true(said_is_pinned(w.journal, &sha256));
	/* The index and the package; nothing of any other place. */
	assert_int_equal(built_each(w.journal, &tiny, count, &n), RB_OK);
	assert_int_equal(n, 2);
	for (i = 0; i < 4; i++) {
		assert_int_equal(built_each(w.journal, &elsewhere[i], count,
				     &n),
		    RB_ENOTFOUND);
		assert_int_equal(built_offer(&w.trip, &elsewhere[i], 1), RB_OK);
		assert_null(w.trip.built.name);
	}
	fake_world_stop(&w);
}

/* A component may have several; one is not kept in another's place. */
static void
offers_all_source_packages_of_a_component(void **state)
{
	struct fake_world w;
	struct buf text;

	(void)state;
	start(&w);
	assert_int_equal(add(&w, GOOD), RB_OK);
	w.trip.name = "much";
	fake_world_build(&w, "much_1_all.deb", "not really a package");
	w.output = "output 1\nfile control 79\nFile: much_1_all.deb\n"
		   "Package: much\nVersion: 1\nArchitecture: all\n"
		   "Depends: libc6\nend 0\n";
	assert_int_equal(built_add(&w.trip, &second), RB_OK);
	assert_int_equal(built_offer(&w.trip, earlier, 4), RB_OK);
	text = text_of(&w, &w.trip.built.index.packages);
	assert_non_null(strstr((const char *)text.p, "Package: tiny\n"));
	assert_non_null(strstr((const char *)text.p, "Package: much\n"));
	buf_clear(&text);
	fake_world_stop(&w);
}

/* The depot may take what another build has replaced. */
static void
lets_go_of_what_it_keeps_no_more(void **state)
{
	struct fake_world w;
	struct digest before, now;

	(void)state;
	start(&w);
	assert_int_equal(digest_of(SPAN("not really a package"), &before),
	    RB_OK);
	assert_int_equal(digest_of(SPAN("another package"), &now), RB_OK);
	assert_int_equal(add(&w, GOOD), RB_OK);
	assert_int_equal(add(&w, GOOD), RB_OK);
	assert_true(said_is_pinned(w.journal, &before));
	fake_world_build(&w, "tiny_1_all.deb", "another package");
	assert_int_equal(built_add(&w.trip, &tiny), RB_OK);
	assert_true(said_is_pinned(w.journal, &now));
	assert_false(said_is_pinned(w.journal, &before));
	fake_world_stop(&w);
}

static void
offers_nothing_of_which_a_part_is_gone(void **state)
{
	struct fake_world w;
	char path[160], hex[DIGEST_HEX_LEN + 1];
	struct digest sha256;

	(void)state;
	start(&w);
	assert_int_equal(add(&w, GOOD), RB_OK);
	assert_int_equal(digest_of(SPAN("not really a package"), &sha256),
	    RB_OK);
	digest_hex(&sha256, hex);
	(void)snprintf(path, sizeof(path), "%s/store/%s", w.directory, hex);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(built_offer(&w.trip, earlier, 4), RB_OK);
	assert_null(w.trip.built.name);
	fake_world_stop(&w);
}

/* Such as one that two components make. */
static void
offers_nothing_of_a_source_that_is_not_its_components_alone(void **state)
{
	static char thief_name[] = "thief";
	struct component both[] = { tiny_component, { .name = thief_name } };
	const struct release two = { .name = r1, .list = both, .n = 2 };
	struct fault why;
	struct fake_world w;

	(void)state;
	start(&w);
	assert_int_equal(add(&w, GOOD), RB_OK);
	w.trip.of.release = &two;
	assert_int_equal(built_offer(&w.trip, earlier, 4), RB_OK);
	assert_non_null(w.trip.built.name);
	assert_int_equal(source_owner_claim(w.journal, w.trip.settings, &two,
			     &both[1], "tiny", &why),
	    RB_OK);
	assert_int_equal(built_offer(&w.trip, earlier, 4), RB_OK);
	assert_null(w.trip.built.name);
	fake_world_stop(&w);
}

/* One stanza that apt cannot read would be the end of all later builds. */
static void
leaves_out_what_apt_might_not_read(void **state)
{
	struct fake_world w;
	struct alarms a = ALARMS_INIT;

	(void)state;
	start(&w);
	assert_int_equal(add(&w,
			     CONTROL("Package: tiny\nVersion: 1\n"
				     "Architecture: all\nDepends: a (1)\n")),
	    RB_OK);
	assert_int_equal(built_offer(&w.trip, earlier, 4), RB_OK);
	assert_null(w.trip.built.name);
	assert_int_equal(job_alarms_get(w.journal, "tiny", &a), RB_OK);
	assert_int_equal(a.n, 1);
	assert_string_equal(a.list[0].sentence,
	    "source package tiny makes packages of which a relationship field "
	    "cannot be read: tiny; later components are built without them");
	alarms_clear(&a);
	fake_world_stop(&w);
}

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
	text = text_of(&w, &w.trip.changelog.text);
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

	start(&w);
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
		build(ends[i].end, GOOD, ends[i].verdict, ends[i].reason);
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
		cmocka_unit_test(
		    keeps_nothing_that_a_machine_describes_wrongly),
		cmocka_unit_test(offers_to_later_components_what_was_measured),
		cmocka_unit_test(offers_all_source_packages_of_a_component),
		cmocka_unit_test(lets_go_of_what_it_keeps_no_more),
		cmocka_unit_test(offers_nothing_of_which_a_part_is_gone),
		cmocka_unit_test(
		    offers_nothing_of_a_source_that_is_not_its_components_alone),
		cmocka_unit_test(leaves_out_what_apt_might_not_read),
		cmocka_unit_test(takes_no_changelog_but_of_a_published_package),
		cmocka_unit_test(takes_a_changelog_once),
		cmocka_unit_test(says_equal_only_what_was_shown_to_be),
		cmocka_unit_test(recalls_no_verdict_about_another_source),
		cmocka_unit_test(calls_a_build_by_how_its_machine_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
