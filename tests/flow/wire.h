/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TESTS_FLOW_WIRE_H
#define RB_TESTS_FLOW_WIRE_H

#include <stdint.h>

/*
 * A network namespace in which whatever leaves a process is seen: it has
 * loopback alone, and every address of both kinds is routed there.  Needs
 * root.
 */
struct wire {
	int outer; /* descriptor of the namespace before */
	int tap;   /* sees each packet */
};

/* The caller moves in; processes that it starts are there too. */
void wire_enter(struct wire *w);
/* Moves back. */
void wire_leave(struct wire *w);

/*
 * Looks at all packets since the last time.  How many were no TCP from or to
 * `port` on 127.0.0.1; the first of them is described.
 */
unsigned int wire_strangers(struct wire *w, uint16_t port, char first[128]);

#endif
