/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a node that watches a release makes of what servers, maintainers and
 * operators do.  It is paused: jobs are made, and none is begun.
 */
#include "tests/flow/release_world.h"

#include <time.h>
#include <unistd.h>

/* What holds a round up ends well before this. */
#define ROUND_SECONDS 100

#define LINES \
	"older named stranger forged rewritten resigned vanished moved kept " \
	"lost \"pair: {min-distinct-maintainers: 2}\" " \
	"\"slashed: {fetch-versions-only: False}\""

static int
start(void **state)
{
	if (geteuid() != 0)
		return 0;
	(void)release_world_make(state);
	release_do("for name in sources unchecked alpha beta older named "
		   "stranger forged rewritten resigned vanished moved pair; "
		   "do component $name; version $name 1.0 alice; done; "
		   "for name in vanished moved older; "
		   "do version $name 1.1 bob; done; "
		   "component kept; version kept 1.0 dave; "
		   "component lost; version lost 1.0 carol; "
		   "component slashed; commit slashed; "
		   "tag slashed alice release/1.0; push slashed; "
		   "release_file " LINES);
	archive_serve();
	(void)release_says("pause", "", 0, "");
	release_poll();
	return 0;
}

static void
shows(const char *component, const char *words)
{
	struct said said = release_shows(component);

	if (strstr(said.text, words) == NULL)
		fail_msg("%s: no '%s' in: %s", component, words, said.text);
}

/* Whether there is a job whose target begins so. */
static bool
has_job(const char *begin)
{
	struct said said = archive_node("queue", "--all");

	assert_int_equal(said.status, 0);
	return strstr(said.text, begin) != NULL;
}

static void
accepts_what_its_maintainers_signed(void **state)
{
	(void)state;
	shows("older",
	    "\"tag\": \"v1.1\", \"state\": \"watched\", "
	    "\"note\": null, \"alarms\": []");
	shows("kept", "\"tag\": \"v1.0\", \"state\": \"watched\"");
	shows("alpha", "\"state\": \"waiting\"");
	assert_true(has_job("alpha@v1.0/vm-"));
	assert_true(has_job("older@v1.1/vm-"));
	assert_false(has_job("older@v1.0/vm-"));
	/* The order of the release, and nothing of what has no packages. */
	(void)release_says("why", "beta", 0, "beta: watched, v1.0");
	(void)release_says("why", "beta", 0, ": blocked");
	(void)release_says("why", "--json beta", 0, "\"state\":\"watched\"");
	assert_false(has_job("sources@"));
	assert_false(has_job("unchecked"));
	shows("unchecked", "\"tag\": null, \"state\": \"unchecked\"");
	(void)release_says("why", "unchecked", 0, "unchecked: unchecked");
	(void)release_says("why", "nothing", 2, "no such job");
	(void)release_says("status", "--json", 0, "\"alarms\":0");
}

/* One thing that happens to a component of that name. */
struct happening {
	const char *component, *deed;
	const char *says;  /* about the rule; in the first of these places */
	const char *keeps; /* the tag that stays accepted; NULL: none */
	const char *target; /* of a job that there must not be */
	bool is_alarm, is_refusal;
};

static void
is_told(const struct happening *h)
{
	char words[256];

	/* In the notes, with the component's name in front. */
	if (!release_noted(h->says))
		fail_msg("%s: no note '%s'", h->component, h->says);
	(void)release_says("why", h->component, 0, h->says);
	(void)release_says("status", "", 0, h->says);
	shows(h->component, h->says);
	(void)snprintf(words, sizeof(words), "\"tag\": %s%s%s",
	    h->keeps == NULL ? "" : "\"", h->keeps == NULL ? "null" : h->keeps,
	    h->keeps == NULL ? "" : "\"");
	shows(h->component, words);
	if (h->is_refusal)
		shows(h->component, "\"state\": \"unverified\"");
	if (h->is_alarm) {
		(void)release_says("why", h->component, 0, "ALARM: ");
		(void)release_says("status", "", 0, "ALARMS");
	} else {
		shows(h->component, "\"alarms\": []");
	}
	if (h->target != NULL && has_job(h->target))
		fail_msg("%s: there is a job %s", h->component, h->target);
}

static void
happen(const struct happening *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		release_do("%s", list[i].deed);
	release_poll();
	for (i = 0; i < n; i++)
		is_told(&list[i]);
}
#define HAPPEN(list) happen(list, sizeof(list) / sizeof((list)[0]))

static void
what_cannot_be_right_is_refused(void **state)
{
	static const struct happening list[] = {
		{ "pair", "true",
		    "is signed by 1 of the maintainers, and 2 must have", NULL,
		    "pair@v1.0", false, true },
		{ "slashed", "true",
		    "tag release/1.0 is signed, but no job can have this name",
		    NULL, "slashed@", false, true },
		{ "stranger", "version stranger 1.1 eve", "v1.1 (unknown-key)",
		    "v1.0", "stranger@v1.1", false, true },
		{ "named",
		    "echo 1.2 >work/named/version; commit named; "
		    "tag named alice v1.1; push named",
		    "v1.1 (other-version)", "v1.0", "named@v1.1", false, true },
		/* Whoever writes the tags in a repository changes one byte. */
		{ "forged",
		    "echo 1.1 >work/forged/version; commit forged; "
		    "tag forged alice v1.1; "
		    "cd work/forged; id=$(git cat-file tag v1.1 | "
		    "sed \"s/^tagger C/tagger D/\" | "
		    "git hash-object -t tag -w --stdin --literally); "
		    "git update-ref refs/tags/v1.1 $id; cd ../..; push forged",
		    "v1.1 (bad-signature)", "v1.0", "forged@v1.1", false,
		    true },
	};

	(void)state;
	HAPPEN(list);
}

static void
what_smells_of_an_attack_is_an_alarm(void **state)
{
	static const struct happening list[] = {
		{ "older", "version older 1.0.9 alice", "1.0.9", "v1.1",
		    "older@v1.0.9", true, true },
		{ "moved", "git -C work/moved reset -q --hard v1.0; push moved",
		    "branch", "v1.1", "moved@v1.0", true, true },
		{ "vanished",
		    "git -C work/vanished tag -d v1.1 >git.log; push vanished",
		    "tag v1.1, which was ", "v1.1", "vanished@v1.0", true,
		    true },
		/* Another commit under the name that was accepted. */
		{ "rewritten",
		    "echo >work/rewritten/more; commit rewritten; "
		    "tag rewritten alice v1.0; push rewritten",
		    "tag v1.0 was ", "v1.0", NULL, true, true },
		/* The same commit, signed once more. */
		{ "resigned",
		    "git -C work/resigned -c "
		    "user.signingkey=bob@test.example tag -f -s -m again v1.0 "
		    ">git.log; push resigned",
		    "is another object now", "v1.0", NULL, true, true },
	};

	(void)state;
	HAPPEN(list);
	/* Nor does it become right by being looked at again. */
	release_do("tag rewritten alice other; push rewritten");
	release_poll();
	is_told(&list[3]);
}

/* And what is right clears a refusal, but no alarm. */
static void
goes_on_with_what_is_right_again(void **state)
{
	(void)state;
	release_do("version stranger 1.2 alice; version older 1.2 alice; "
		   "version rewritten 1.1 alice; "
		   "tag pair bob bob_1; push pair");
	release_poll();
	shows("stranger",
	    "\"tag\": \"v1.2\", \"state\": \"watched\", "
	    "\"note\": null, \"alarms\": []");
	assert_true(has_job("stranger@v1.2/vm-"));
	shows("older",
	    "\"tag\": \"v1.2\", \"state\": \"watched\", "
	    "\"note\": null, \"alarms\": [\"");
	assert_true(has_job("older@v1.2/vm-"));
	shows("rewritten", "\"tag\": \"v1.1\", \"state\": \"watched\"");
	shows("pair", "\"tag\": \"v1.0\", \"state\": \"watched\"");
	assert_true(has_job("pair@v1.0/vm-"));
}

static void
a_revoked_key_takes_back_what_an_expired_one_does_not(void **state)
{
	static const struct happening list[] = {
		{ "lost", "revoke_carol", "v1.0 (revoked-key)", NULL, NULL,
		    true, true },
	};

	(void)state;
	release_do("expire_dave");
	HAPPEN(list);
	shows("kept",
	    "\"tag\": \"v1.0\", \"state\": \"watched\", "
	    "\"note\": null, \"alarms\": []");
	/* But what it signs from now on does not count. */
	release_do("version kept 1.1 dave");
	release_poll();
	shows("kept", "\"tag\": \"v1.0\", \"state\": \"unverified\"");
	assert_false(has_job("kept@v1.1"));
}

static void
follows_the_release_file(void **state)
{
	struct said said;

	(void)state;
	/* More signatures are wanted than there are. */
	release_do("release_file \"stranger: {min-distinct-maintainers: 2}\" "
		   "\"forged: {branch: other}\"");
	release_do("git -C work/forged branch other v1.0; push forged");
	release_poll();
	shows("stranger", "\"tag\": null, \"state\": \"unverified\"");
	shows("stranger", "\"alarms\": [\"");
	shows("forged", "\"tag\": \"v1.0\", \"state\": \"watched\"");
	said = archive_node("why", "older");
	assert_int_equal(said.status, 2);
	/* A file that cannot be read stops nothing that is known. */
	release_do("echo \"nonsense: [\" >>release/qubes-os-r4.3.yml");
	(void)release_says("poll", "", 2, "qubes-os-r4.3.yml");
	shows("forged", "\"tag\": \"v1.0\", \"state\": \"watched\"");
	release_do("release_file " LINES);
	release_poll();
	shows("stranger", "\"tag\": \"v1.2\", \"state\": \"watched\"");
	shows("older", "\"tag\": \"v1.2\"");
}

static void
a_server_that_hangs_holds_nobody_up(void **state)
{
	time_t began = time(NULL);

	(void)state;
	mirror_behave(&archive_world.mirror, MANNER_HANG, "/hangs.git", "");
	release_do("mkdir -p www/hangs.git/info; "
		   "echo >\"www/hangs.git/info/"
		   "refs?service=git-upload-pack\"; "
		   "version stranger 1.3 bob; release_file " LINES
		   " \"hangs: {url: \\\"http://127.0.0.1:%u/hangs.git\\\"}\""
		   " \"closed: {url: \\\"http://127.0.0.1:1/closed.git\\\"}\""
		   " \"absent: {url: \\\"http://127.0.0.1:%u/absent.git\\\"}\"",
	    archive_world.mirror.port, archive_world.mirror.port);
	release_poll();
	assert_true(time(NULL) - began < ROUND_SECONDS);
	shows("stranger", "\"tag\": \"v1.3\", \"state\": \"watched\"");
	shows("hangs", "\"tag\": null, \"state\": \"unreachable\"");
	shows("hangs", "no answer within");
	shows("closed", "\"state\": \"unreachable\"");
	shows("closed", "127.0.0.1:1/closed.git");
	shows("absent", "\"state\": \"unreachable\"");
	(void)release_says("status", "", 0, "hangs: unreachable");
	assert_true(release_noted("rebuilder: closed: "));
	mirror_behave(&archive_world.mirror, MANNER_HONEST, "", "");
	release_do("release_file " LINES);
}

static void
a_restart_forgets_nothing(void **state)
{
	(void)state;
	archive_serve_end();
	archive_serve();
	release_poll();
	shows("stranger", "\"tag\": \"v1.3\", \"state\": \"watched\"");
	shows("moved", "\"tag\": \"v1.1\", \"state\": \"unverified\"");
	shows("moved", "\"alarms\": [\"");
	shows("lost", "\"tag\": null");
	(void)release_says("status", "", 0, "paused");
	assert_true(has_job("stranger@v1.3/vm-"));
	assert_false(has_job("moved@v1.0"));
	assert_false(has_job("stranger@v1.1"));
}

#define TEST(f) cmocka_unit_test_setup(f, archive_world_check)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(accepts_what_its_maintainers_signed),
		TEST(what_cannot_be_right_is_refused),
		TEST(what_smells_of_an_attack_is_an_alarm),
		TEST(goes_on_with_what_is_right_again),
		TEST(a_revoked_key_takes_back_what_an_expired_one_does_not),
		TEST(follows_the_release_file),
		TEST(a_server_that_hangs_holds_nobody_up),
		TEST(a_restart_forgets_nothing),
	};

	return cmocka_run_group_tests(tests, start, release_world_stop);
}
