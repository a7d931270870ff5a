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
	{ "rebuild", app_rebuild, "rebuild packages now and wait" },
	{ "queue", app_queue, "show the jobs of a running node" },
	{ "release", app_release, "show what the release file says" },
	{ "key", app_key, "print a node's public key" },
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
