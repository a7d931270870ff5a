/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_COMMAND_TOLD_RELEASE_H
#define RB_COMMAND_TOLD_RELEASE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "common/told/release_doc.h"

/*
 * What a node told httpd of the release that it watches: the same is shown
 * to an operator.  `out` must be clear.  RB_ENOTFOUND: nothing was told.
 */
enum rb_err told_release_read(const char *conf, struct release_doc *out,
    struct fault *why) RB_CHECK;

/* NULL: there is no such component. */
const struct release_component *told_release_find(const struct release_doc *d,
    const char *name);

/* An alarm, a refusal, or nobody can look at it. */
bool told_is_in_trouble(const struct release_component *c);

/* Its name, state and tag; what is wrong with it; its builds, if `builds`. */
void told_release_print(FILE *to, const struct release_component *c,
    bool builds);
/* Without memory NULL. */
json_t *told_release_json(const struct release_component *c);

#endif
