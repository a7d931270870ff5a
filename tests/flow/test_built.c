/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a node keeps of its builds for later ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rebuilder/built.h"
#include "rebuilder/job_alarms.h"
#include "rebuilder/said.h"
#include "rebuilder/source_owner.h"
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
	text = fake_world_text(&w, &w.trip.built.index.packages);
	assert_int_equal(digest_of(span_of_str(content), &sha256), RB_OK);
	digest_hex(&sha256, hex);
	(void)snprintf(want, sizeof(want),
	    "Depends: libc6\nPriority: extra\n"
	    "Filename: pool/built/%s/tiny_1_all.deb\nSize: 20\nSHA256: %s\n",
	    hex, hex);
	assert_non_null(strstr((const char *)text.p, want));
	buf_clear(&text);
	text = fake_world_text(&w, &sha256);
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
	text = fake_world_text(&w, &w.trip.built.index.packages);
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
offers_nothing_of_a_source_that_two_components_make(void **state)
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
		    offers_nothing_of_a_source_that_two_components_make),
		cmocka_unit_test(leaves_out_what_apt_might_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
