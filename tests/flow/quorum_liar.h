/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FLOW_QUORUM_LIAR_H
#define TESTS_FLOW_QUORUM_LIAR_H

#include "common/attest/bundle.h"

/*
 * What Carol of quorum_nodes.h can do who has her key, her log, and no
 * scruples.
 */
#define CALM "calm_1.0-1_all.deb"     /* all three reproduced it */
#define HELLO "hello_1.0-1_amd64.deb" /* she never tried it */
#define OTHER "other_1.0-1_amd64.deb" /* she alone reproduced it */

/* Takes her key and the leaves about CALM and OTHER, her only ones. */
void liar_begin(void);
/* Forgets what was logged since. */
void liar_forget(void);
void liar_end(void);

/* Evidence that she reproduced HELLO, and what verify has to say to it. */
enum { FORGERIES = 7 };

extern const struct forgery {
	const char *name;
	void (*make)(struct bundle *b);
	const char *says;
} forgeries[FORGERIES];

/* The same with nothing wrong but that it is a lie. */
void liar_log(struct bundle *b);
/* The same, in the place of her last leaf. */
void liar_fork(struct bundle *b);
/* A signature about CALM that is in no log, in the place of the real one. */
void liar_replace_calm(struct bundle *b);

#endif
