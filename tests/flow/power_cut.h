/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FLOW_POWER_CUT_H
#define TESTS_FLOW_POWER_CUT_H

#include "tests/flow/tape.h"

/*
 * What a disk holds when the power goes in front of an event of a tape.  What
 * was synced is there.  The rest, in sectors and in single names, is:
 */
enum loss {
	LOSS_ALL,    /* nowhere */
	LOSS_NONE,   /* there too */
	LOSS_RANDOM, /* there or not, each as it likes */
};
#define LOSSES 3

/* Makes the stores of the tape what they were: there, in their place. */
void power_cut(const struct tape *t, size_t at, enum loss loss,
    unsigned int *seed);

/*
 * Where to cut: in front of and behind every sync, and at `more` other places,
 * each once and in order; the caller frees.
 */
size_t *power_cut_places(const struct tape *t, size_t more, unsigned int *seed,
    size_t *n);

#endif
