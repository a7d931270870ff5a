/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_COMMAND_APPS_H
#define RB_COMMAND_APPS_H

/*
 * The commands of qubes-rebuilder(1).  Each gets its own argv (argv[0] is
 * its name) and returns the exit code of the process.
 */
int app_init(int argc, char **argv);
int app_key(int argc, char **argv);
int app_queue(int argc, char **argv);
int app_rebuild(int argc, char **argv);
int app_serve(int argc, char **argv);

/* Says what was wrong with a command's own words; returns 2. */
int app_usage(const char *synopsis);

#endif
