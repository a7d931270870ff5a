/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_COMMAND_APPS_H
#define RB_COMMAND_APPS_H

#include <stdbool.h>

#include "common/base/err.h"

/*
 * The commands of qubes-rebuilder(1).  Each gets its own argv (argv[0] is
 * its name) and returns the exit code of the process.
 */
int app_cancel(int argc, char **argv);
int app_diff(int argc, char **argv);
int app_init(int argc, char **argv);
int app_inputs(int argc, char **argv);
int app_key(int argc, char **argv);
int app_log(int argc, char **argv);
int app_pause(int argc, char **argv);
int app_policy(int argc, char **argv);
int app_poll(int argc, char **argv);
int app_prepare(int argc, char **argv);
int app_queue(int argc, char **argv);
int app_rebuild(int argc, char **argv);
int app_release(int argc, char **argv);
int app_resume(int argc, char **argv);
int app_retry(int argc, char **argv);
int app_serve(int argc, char **argv);
int app_status(int argc, char **argv);
int app_why(int argc, char **argv);

/* Says what was wrong with a command's own words; returns 2. */
int app_usage(const char *synopsis);
/* The node that a command is about when no -c says so. */
#define APP_CONF "/var/lib/qubes-rebuilder/node.yml"
/*
 * The options of a command that takes -c node.yml and --help alone.  -1: go
 * on with *conf; else the exit code.
 */
int app_conf(int argc, char **argv, const char *synopsis, const char *help,
    const char **conf);

/* What a command may take beside -c node.yml and --help. */
enum {
	TAKES_JSON = 1,
	TAKES_ALL = 2,
	TAKES_FOLLOW = 4,
	/* Of rebuild alone, for app_help. */
	TAKES_AGAIN = 8,
	TAKES_PRIORITY = 16,
};

/* What --help prints. */
void app_help(const char *synopsis, const char *help, unsigned int takes);

struct app_words {
	const char *conf;
	bool json, all, follow;
	char **rest; /* borrowed of argv */
	int nrest;
};

/* As app_conf, with `takes` and from `least` to `most` words behind. */
int app_words(int argc, char **argv, const char *synopsis, const char *help,
    unsigned int takes, int least, int most, struct app_words *out);

/* Notes why a command failed; returns `code`. */
int app_failed(const char *name, enum rb_err rc, const struct fault *why,
    int code);

#endif
