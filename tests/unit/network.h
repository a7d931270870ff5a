/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_UNIT_NETWORK_H
#define TESTS_UNIT_NETWORK_H

#include "tests/unit/testnode.h"
#include "updater/decision.h"

/* Five nodes, what they said, and what follows for one file. */
enum { ALICE, BOB, CAROL, DAVE1, DAVE2, NODES }; /* dave has two */

#define GOOD 0x11 /* digest of the file that everybody asks about */
#define BAD 0x66  /* of a tampered one */
#define FILE_NAME "hello_1.0-1_amd64.deb"

extern const char *const names[NODES];
extern const char *const operators[NODES];
extern struct testnode nodes[NODES], stranger;
extern struct policy policy;
extern struct bundle bundle;
extern struct decisions all;
extern char file_name[];

/* A setup and a teardown. */
int network_begin(void **state);
int network_end(void **state);

/* All five are in it; so many operators are required. */
void make_policy(size_t require);
/* Says and proves in one go, into `bundle`. */
void hear(struct testnode *t, enum verdict v, uint8_t mark);
/* A proof for leaf `proven` under the envelope of leaf `shown`. */
void splice(struct testnode *t, uint64_t shown, uint64_t proven);
/* Another checkpoint of the size that the node has, over another tree. */
void fork_node(const struct testnode *t, const struct key *signer);

/* Into `all`. */
const struct decision *decide_about(uint8_t mark);
void assert_refused(const struct decision *d, enum cause cause, size_t voices);

#endif
