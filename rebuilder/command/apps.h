/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_COMMAND_APPS_H
#define RB_COMMAND_APPS_H

#include "common/base/err.h"

/*
 * The commands of qubes-rebuilder(1).  Each gets its own argv (argv[0] is
 * its name) and returns the exit code of the process.
 */
int app_init(int argc, char **argv);
int app_key(int argc, char **argv);
int app_queue(int argc, char **argv);
int app_rebuild(int argc, char **argv);
int app_release(int argc, char **argv);
int app_serve(int argc, char **argv);

/* Says what was wrong with a command's own words; returns 2. */
int app_usage(const char *synopsis);
/*
 * The options of a command that takes -c node.yml and --help alone.  -1: go
 * on with *conf; else the exit code.
 */
int app_conf(int argc, char **argv, const char *synopsis, const char *help,
    const char **conf);
/* Notes why a command failed; returns `code`. */
int app_failed(const char *name, enum rb_err rc, const struct fault *why,
    int code);

#endif
