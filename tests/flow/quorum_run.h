/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FLOW_QUORUM_RUN_H
#define TESTS_FLOW_QUORUM_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/*
 * Runs programs in the present directory, which is the test's own, and looks
 * at what they say.
 */

/* What the last program said, both streams together. */
extern char quorum_said[16384];

/*
 * Returns the exit status.  `args` end with NULL.  stdout goes to a file
 * instead of quorum_said, unless that is NULL.
 */
int program_run(const char *path, const char *const *args,
    const char *stdout_path);
/* The same for qubes-quorum, of RB_BIN. */
int quorum_run(const char *const *args, const char *stdout_path);

#define RUN(...) quorum_run((const char *const[]){ __VA_ARGS__, NULL }, NULL)

void assert_says(const char *words);
void assert_silent_about(const char *words);

/* Fetches into "bundle" by "policy"; fails the test unless that works. */
void fetch(const char *file);
/* The same, with all that verify could tell about a refusal. */
void fetch_to_explain(const char *file);

void write_file(const char *name, const void *p, size_t len);
/* A directory of the test's own, where the process then is. */
void quorum_directory_make(void);
/* Takes it away with the files and the folders of files in it. */
void quorum_directory_remove(void);

#endif
