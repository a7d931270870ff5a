/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_UNIT_TESTNODE_H
#define TESTS_UNIT_TESTNODE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/attest/bundle.h"
#include "common/attest/statement.h"

/* A node in memory, that says and proves what a test tells it to. */
#define TESTNODE_LEAVES_MAX 64

struct testnode {
	char name[64];
	struct key *key; /* owned */
	struct vkey vkey;
	struct buf leaves[TESTNODE_LEAVES_MAX]; /* owned */
	size_t n;
};

/* What it says; zeros are sensible. */
struct says {
	enum verdict verdict;
	const char *file;
	uint8_t mark;         /* all bytes of the published file's digest */
	const char *builder;  /* NULL: the node's own name */
	const struct key *signer; /* NULL: the node's own key */
	const struct digest *sha256; /* instead of the mark, unless NULL */
	/* NULL: hello, 1.0-1, amd64. */
	const char *package, *version, *arch;
};

void testnode_init(struct testnode *t, const char *name);
void testnode_clear(struct testnode *t);
/* Appends; returns the index. */
uint64_t testnode_say(struct testnode *t, const struct says *says);
/* Appends bytes that are no statement. */
uint64_t testnode_say_bytes(struct testnode *t, struct span payload);
/* The tree's hashes, the slow way; a tree_read of a testnode. */
enum rb_err testnode_hash(void *arg, unsigned int level, uint64_t index,
    struct digest *out);
struct digest testnode_root(struct testnode *t, uint64_t size);
/* Adds the evidence for leaf `index` in the tree of `size` leaves. */
void testnode_prove(struct testnode *t, uint64_t index, uint64_t size,
    struct bundle *to);
/* A signed note over any size and root. */
struct buf testnode_note(const struct testnode *t, const struct key *signer,
    uint64_t size, const struct digest *root);

struct digest digest_of_mark(uint8_t mark);

#endif
