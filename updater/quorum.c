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

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *does;
} commands[] = {
	{ "verify", quorum_verify, "decide about files, with no network" },
	{ "explain", quorum_explain,
	    "decide, and say at length why and what to do now" },
	{ "fetch", quorum_fetch,
	    "collect what nodes say about files into a bundle" },
	{ "policy", quorum_policy,
	    "say what a policy demands, or which rule it breaks" },
};

static void
usage(FILE *to)
{
	size_t i;

	fputs("usage: qubes-quorum verify -p POLICY [-b BUNDLE]... [--json] "
	      "FILE...\n"
	      "       qubes-quorum explain -p POLICY [-b BUNDLE]... FILE...\n"
	      "       qubes-quorum fetch -p POLICY -o BUNDLE [--digits N] "
	      "[--explain]\n"
	      "                    [--proxy URL] FILE...\n"
	      "       qubes-quorum policy check POLICY\n\n",
	    to);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(to, "  %-7s  %s\n", commands[i].name, commands[i].does);
	fputs("\nWhen nobody tried a package, fetch --explain finds what nodes "
	      "know under its\nname; it costs privacy.  See also "
	      "qubes-quorum(1) and qubes-quorum-fetch(1).\n",
	    to);
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
	for (i = 0; argc >= 2 && i < sizeof(commands) / sizeof(commands[0]);
	    i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		if (argc == 3 && strcmp(argv[2], "--help") == 0) {
			usage(stdout);
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
