/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_UPDATER_SHOW_H
#define RB_UPDATER_SHOW_H

#include <stdio.h>

#include "updater/decision.h"

/*
 * Decisions for people and programs.  Whatever comes from outside (file
 * names, too) is written in printable ASCII, other bytes as \xHH: nothing
 * there can forge a line or drive a terminal.
 */

/* One line about the file, and one for each node of the policy. */
void show_lines(FILE *to, const struct policy *policy,
    const struct decisions *all, size_t i, const char *path,
    const struct subject *file);
/* The same at length: what is demanded, who did what, what to do now. */
void show_words(FILE *to, const struct policy *policy,
    const struct decisions *all, size_t i, const char *path,
    const struct subject *file);
/* One JSON object in one line.  RB_ENOMEM, RB_EIO. */
enum rb_err show_json(FILE *to, const struct policy *policy,
    const struct decisions *all, size_t i, const char *path,
    const struct subject *file) RB_CHECK;

/* What a policy demands. */
void show_policy(FILE *to, const struct policy *policy);

/* Writes `text` as above. */
void show_escaped(FILE *to, const char *text);

#endif
