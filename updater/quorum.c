/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-quorum: M of N decides about a file.  No command here has a network:
 * `fetch` becomes qubes-quorum-fetch, which has one and decides nothing.
 */
#include "updater/quorum.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/note.h"
#include "updater/load.h"
#include "updater/show.h"

#define DECIDES \
	"  -p POLICY  whom to trust, and how many of them must agree\n" \
	"  -b BUNDLE  what nodes said, from fetch; any number of them\n"
#define STATUS \
	"\nThe exit status is 0 when every file is accepted, 1 when one is " \
	"refused,\nand 2 when nothing was decided.\n"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *does;
	const char *takes;
	const char *options;
} commands[] = {
	{ "verify", quorum_verify, "decide about files, with no network",
	    "-p POLICY [-b BUNDLE]... [--json] FILE...",
	    DECIDES "  --json     one JSON object a line\n" STATUS },
	{ "explain", quorum_explain,
	    "decide, and say at length why and what to do now",
	    "-p POLICY [-b BUNDLE]... FILE...", DECIDES STATUS },
	{ "fetch", quorum_fetch,
	    "collect what nodes say about files into a bundle",
	    "-p POLICY -o BUNDLE [--digits N] [--explain]\n"
	    "                    [--proxy URL] FILE...",
	    NULL }, /* qubes-quorum-fetch has its own */
	{ "policy", quorum_policy,
	    "say what a policy demands, or which rule it breaks",
	    "check POLICY",
	    "  POLICY     the file, see qubes-quorum.policy(5)\n" },
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static void
usage(FILE *to)
{
	size_t i;

	for (i = 0; i < NCOMMANDS; i++)
		fprintf(to, "%s qubes-quorum %s %s\n",
		    i == 0 ? "usage:" : "      ", commands[i].name,
		    commands[i].takes);
	fputc('\n', to);
	for (i = 0; i < NCOMMANDS; i++)
		fprintf(to, "  %-7s  %s\n", commands[i].name, commands[i].does);
	fputs("\nEach has --help.  When nobody tried a package, fetch "
	      "--explain finds what nodes\nknow under its name; it costs "
	      "privacy.  See also qubes-quorum(1) and\n"
	      "qubes-quorum-fetch(1).\n",
	    to);
}

static bool
wants_help(int argc, char **argv)
{
	return argc >= 3 &&
	    (strcmp(argv[argc - 1], "--help") == 0 ||
		strcmp(argv[argc - 1], "-h") == 0);
}

static void
help(size_t i)
{
	printf("usage: qubes-quorum %s %s\n%s.\n\n%s", commands[i].name,
	    commands[i].takes, commands[i].does, commands[i].options);
}

int
quorum_policy(int argc, char **argv)
{
	struct policy policy = POLICY_INIT;
	struct fault why = FAULT_INIT;

	if (argc != 3 || strcmp(argv[1], "check") != 0) {
		note(NOTE_ERROR,
		    "it must be: qubes-quorum policy check POLICY");
		return QUORUM_UNDECIDED;
	}
	if (load_policy(argv[2], &policy, &why) != RB_OK) {
		note(NOTE_ERROR, "%s", why.text);
		return QUORUM_UNDECIDED;
	}
	show_policy(stdout, &policy);
	policy_clear(&policy);
	return QUORUM_ACCEPTED;
}

/* The program beside this one, wherever both are installed. */
int
quorum_fetch(int argc, char **argv)
{
	static const char program[] = "qubes-quorum-fetch";
	char path[PATH_MAX];
	ssize_t len;
	char *slash;

	(void)argc;
	len = readlink("/proc/self/exe", path, sizeof(path) - sizeof(program));
	if (len <= 0 || (size_t)len == sizeof(path) - sizeof(program)) {
		note(NOTE_ERROR,
		    "cannot find out where this program lies: "
		    "run %s itself",
		    program);
		return QUORUM_UNDECIDED;
	}
	path[len] = '\0';
	slash = strrchr(path, '/');
	memcpy(slash != NULL ? slash + 1 : path, program, sizeof(program));
	execv(path, argv);
	note(NOTE_ERROR, "%s: cannot be run: %s", path, strerror(errno));
	return QUORUM_UNDECIDED;
}

int
main(int argc, char **argv)
{
	size_t i;
	int status;

	note_open("qubes-quorum");
	if (argc >= 2 &&
	    (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		usage(stdout);
		return QUORUM_ACCEPTED;
	}
	if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
		puts("qubes-quorum " RB_VERSION);
		return QUORUM_ACCEPTED;
	}
	for (i = 0; argc >= 2 && i < NCOMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		if (commands[i].options != NULL && wants_help(argc, argv)) {
			help(i);
			return QUORUM_ACCEPTED;
		}
		status = commands[i].run(argc - 1, argv + 1);
		/* A decision that did not reach its reader is none. */
		if (fflush(stdout) != 0 || ferror(stdout)) {
			note(NOTE_ERROR, "output: cannot be written");
			return QUORUM_UNDECIDED;
		}
		return status;
	}
	if (argc >= 2) {
		note(NOTE_ERROR, "\"%s\" is not a command", argv[1]);
		fputc('\n', stderr);
	}
	usage(stderr);
	return QUORUM_UNDECIDED;
}
