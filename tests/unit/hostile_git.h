/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TESTS_UNIT_HOSTILE_GIT_H
#define RB_TESTS_UNIT_HOSTILE_GIT_H

#include "tests/unit/hostile_http.h"

/*
 * Repositories that misbehave, each in its own way, on a hostile_http: the
 * paths are /NAME, hostile_git.c lists the names.  Lists that are not what a
 * repository is about have refs/tags/v1.
 */
void hostile_git_start(struct hostile_http *h);

#endif
