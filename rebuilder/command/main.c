/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "common/base/note.h"
#include "rebuilder/command/apps.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *does;
} apps[] = {
	{ "init", app_init, "make a node: its directory, node.yml and key" },
	{ "serve", app_serve, "run a node in the foreground" },
	{ "prepare", app_prepare, "check and mend a node, for systemd" },
	{ "rebuild", app_rebuild, "rebuild packages now and wait" },
	{ "status", app_status, "show how a running node is" },
	{ "queue", app_queue, "show the jobs of a running node" },
	{ "poll", app_poll, "look for new tags of the release now" },
	{ "release", app_release, "show what the release file says" },
	{ "why", app_why, "say what a job waits for or why it failed" },
	{ "retry", app_retry, "try again now" },
	{ "cancel", app_cancel, "end a job without a verdict" },
	{ "pause", app_pause, "begin no more jobs" },
	{ "resume", app_resume, "go on after pause" },
	{ "log", app_log, "show what a build prints or printed" },
	{ "diff", app_diff, "show how a rebuilt file differs" },
	{ "inputs", app_inputs, "show or compare what entered a build" },
	{ "key", app_key, "print a node's public key" },
	{ "policy", app_policy, "print a policy that trusts this node" },
};

static void
usage(FILE *to)
{
	size_t i;

	fprintf(to, "usage: qubes-rebuilder COMMAND [OPTION...]\n\n");
	for (i = 0; i < sizeof(apps) / sizeof(apps[0]); i++)
		fprintf(to, "  %-8s  %s\n", apps[i].name, apps[i].does);
	fprintf(to,
	    "\nqubes-rebuilder COMMAND --help tells more; see also "
	    "qubes-rebuilder(1).\n");
}

int
app_usage(const char *synopsis)
{
	fprintf(stderr, "usage: qubes-rebuilder %s\n", synopsis);
	return 2;
}

/* What a command takes, a line for each option. */
void
app_help(const char *synopsis, const char *help, unsigned int takes)
{
	printf("usage: qubes-rebuilder %s\n%s\n\n"
	       "  -c node.yml   the node (default: " APP_CONF ")\n",
	    synopsis, help);
	if ((takes & TAKES_JSON) != 0)
		printf("  --json        print JSON, for programs\n");
	if ((takes & TAKES_ALL) != 0)
		printf("  --all         those that are done, too\n");
	if ((takes & TAKES_FOLLOW) != 0)
		printf("  -f, --follow  go on until the try ends\n");
	if ((takes & TAKES_AGAIN) != 0)
		printf("  --again       rebuild also what the journal could "
		       "answer\n");
	if ((takes & TAKES_PRIORITY) != 0)
		printf("  --priority N  0 to 9, higher goes first "
		       "(default: 5)\n");
	if (strstr(synopsis, "TARGET") != NULL)
		printf("\nTARGET is deb:SOURCE or deb:SOURCE=VERSION, a source "
		       "package of the archive,\nor COMPONENT, COMPONENT@TAG, "
		       "COMPONENT@TAG/DISTRIBUTION of the release.\n");
	if (strstr(synopsis, "LEAF") != NULL)
		printf("\nLEAF is the number behind \"leaf\" in what rebuild "
		       "and why print; FILE and SHA256\nare the name and the "
		       "digest of a published file.\n");
}

int
app_conf(int argc, char **argv, const char *synopsis, const char *help,
    const char **conf)
{
	struct app_words w;
	int code = app_words(argc, argv, synopsis, help, 0, 0, 0, &w);

	if (code == -1)
		*conf = w.conf;
	return code;
}

/* Says which rule the words break; 0: none. */
static int
check_words(const char *name, const struct app_words *w, int least, int most)
{
	if (w->nrest > most)
		note(NOTE_ERROR, "%s: \"%s\" is one word too many%s", name,
		    w->rest[most],
		    most == 0 ? "; node.yml is named by -c" : "");
	else if (w->nrest < least)
		note(NOTE_ERROR, "%s: %s missing: say what it is about", name,
		    least - w->nrest == 1 ? "a word is" : "words are");
	else
		return 0;
	return 2;
}

int
app_words(int argc, char **argv, const char *synopsis, const char *help,
    unsigned int takes, int least, int most, struct app_words *out)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "all", no_argument, NULL, 'a' },
		{ "follow", no_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	struct app_words w = { APP_CONF, false, false, false, NULL, 0 };
	unsigned int given = 0;
	int c;

	while ((c = getopt_long(argc, argv, "c:hf", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			w.conf = optarg;
			break;
		case 'j':
			w.json = true;
			given |= TAKES_JSON;
			break;
		case 'a':
			w.all = true;
			given |= TAKES_ALL;
			break;
		case 'f':
			w.follow = true;
			given |= TAKES_FOLLOW;
			break;
		case 'h':
			app_help(synopsis, help, takes);
			return 0;
		default:
			return app_usage(synopsis);
		}
	}
	w.rest = argv + optind;
	w.nrest = argc - optind;
	if ((given & ~takes) != 0)
		note(NOTE_ERROR, "%s: takes no such option", argv[0]);
	if ((given & ~takes) != 0 || check_words(argv[0], &w, least, most) != 0)
		return app_usage(synopsis);
	*out = w;
	return -1;
}

int
app_failed(const char *name, enum rb_err rc, const struct fault *why, int code)
{
	note(NOTE_ERROR, "%s: %s", name,
	    why->text[0] != '\0' ? why->text : err_name(rc));
	return code;
}

int
main(int argc, char **argv)
{
	size_t i;

	note_open("qubes-rebuilder");
	if (argc < 2) {
		usage(stderr);
		return 2;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("qubes-rebuilder %s\n", RB_VERSION);
		return 0;
	}
	for (i = 0; i < sizeof(apps) / sizeof(apps[0]); i++)
		if (strcmp(argv[1], apps[i].name) == 0)
			return apps[i].run(argc - 1, argv + 1);
	fprintf(stderr, "qubes-rebuilder: \"%s\" is not a command%s\n\n",
	    argv[1], argv[1][0] == '-' ? "; options stand behind it" : "");
	usage(stderr);
	return 2;
}
