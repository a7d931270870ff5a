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

int
app_conf(int argc, char **argv, const char *synopsis, const char *help,
    const char **conf)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *path = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 'h':
			printf("usage: qubes-rebuilder %s\n%s\n", synopsis,
			    help);
			return 0;
		default:
			return app_usage(synopsis);
		}
	}
	if (path == NULL || optind != argc)
		return app_usage(synopsis);
	*conf = path;
	return -1;
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
	struct app_words w = { NULL, false, false, false, NULL, 0 };
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
			printf("usage: qubes-rebuilder %s\n%s\n", synopsis,
			    help);
			return 0;
		default:
			return app_usage(synopsis);
		}
	}
	w.rest = argv + optind;
	w.nrest = argc - optind;
	if ((w.conf == NULL && (takes & TAKES_NO_CONF) == 0) ||
	    (given & ~takes) != 0 || w.nrest < least || w.nrest > most)
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
	fprintf(stderr, "qubes-rebuilder: \"%s\" is not a command\n\n",
	    argv[1]);
	usage(stderr);
	return 2;
}
