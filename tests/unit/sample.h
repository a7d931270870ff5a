/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_UNIT_SAMPLE_H
#define TESTS_UNIT_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/attest/key.h"
#include "common/attest/statement.h"

/* What the tests of store and attestor say and keep. */
#define SAMPLE_NODE "rebuilder.example/log"

/* Statement `n`: the four verdicts in turn, each about a file of its own. */
void sample_statement(uint64_t n, struct statement *out);
struct buf sample_bytes(const char *node, uint64_t n);
/* It as a leaf signed by `key`. */
struct buf sample_leaf(const struct key *key, uint64_t n);
/* The blobs behind it, whether it names them or not. */
struct buf sample_inputs(uint64_t n);
struct buf sample_log(uint64_t n);
struct buf sample_difference(uint64_t n);

/* A directory that sample_remove takes away with the files in it. */
char *sample_directory(void);
void sample_remove(char *directory);

#define assert_ok(rc) assert_int_equal((rc), RB_OK)

#endif
