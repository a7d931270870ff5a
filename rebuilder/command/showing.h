/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_COMMAND_SHOWING_H
#define RB_COMMAND_SHOWING_H

#include <stdio.h>

#include <jansson.h>

#include "common/base/span.h"

/*
 * What comes from a node, shown so that it can neither drive a terminal nor
 * forge a line.
 */

/* One line's worth: bytes that are not printable ASCII become \xHH. */
void show_text(FILE *to, const char *text);
/* 3 s, 5 min, 2 h, 4 d */
void show_seconds(FILE *to, uint64_t seconds);
/* 12 B, 3.4 GiB */
void show_bytes(FILE *to, uint64_t bytes);

/*
 * Many lines of what hostile programs printed.  Onto a terminal only
 * printable ASCII, tabs and line ends come through, the rest as \xHH; into a
 * file all bytes as they are.
 */
enum rb_err show_bulk(FILE *to, struct span bytes, bool is_terminal) RB_CHECK;

/* A text for JSON, always ASCII; NULL gives null. */
json_t *show_json_text(const char *text);
/* One compact line; takes the reference over. */
enum rb_err show_json_line(json_t *line) RB_CHECK;

#endif
