/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FLOW_FAKE_MACHINE_H
#define TESTS_FLOW_FAKE_MACHINE_H

#include <pthread.h>
#include <stdint.h>

#include "common/process/frames.h"
#include "rebuilder/trip.h"

/*
 * What a trip needs around it, in a directory of its own: depot, journal, the
 * real rebuilder-judge beside this program, and a machine that ran nothing
 * and leaves what it is told to.
 */
struct fake_world {
	char directory[64];
	struct node node;
	struct settings settings;
	struct depot *depot;
	struct journal *journal;
	struct trip_ear ear;
	struct digest program;
	struct trip trip;

	int listener;
	pthread_t thread;
	/* what the machine does; set before it is asked */
	const char *output; /* its whole output stream */
	enum machine_end end;
	unsigned int runs;
};

/* As nobody when we are root: pure roles refuse to run as root. */
void fake_world_start(struct fake_world *w);
void fake_world_stop(struct fake_world *w);

/* Has the trip's build have left this output stream, one file in it. */
void fake_world_build(struct fake_world *w, const char *name,
    const char *content);

/* The text of a file in the depot, ended by NUL. */
struct buf fake_world_text(const struct fake_world *w, const struct digest *d);

#endif
