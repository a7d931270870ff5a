/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_UNIT_JOBS_WORLD_H
#define TESTS_UNIT_JOBS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include <cmocka.h>

#include "rebuilder/jobs.h"

#define ok(call) assert_int_equal(call, RB_OK)

/* Jobs with a journal and threads, and work that does what a test wants. */
struct jobs_world {
	char path[64];
	struct journal *journal;
	struct depot *depot;
	struct jobs *jobs;
	struct jobs_setting setting;
	/* What the work does with all that is called "deb:..." */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int begun, let_go, at_once, most_at_once;
	char order[4096];
	int log; /* a file that a machine prints to; -1: none */
};

extern struct jobs_world jobs_world;

/* For each test. */
int jobs_world_make(void **state);
int jobs_world_clear(void **state);

void jobs_world_start(uint64_t threads);
/* As after a crash. */
void jobs_world_restart(uint64_t threads);
void jobs_world_add(const char *target, int listener);
/* Until so many tries were begun. */
void jobs_world_await(unsigned int n);
/* Opens all gates. */
void jobs_world_let_go(void);

void jobs_world_pair(int ends[2]);
/* Reads frames until the end of the job; true when a result came, too. */
bool jobs_world_hear_end(int sock, enum job_outcome outcome, const char *why);
struct job_record jobs_world_record(const char *target);
void jobs_world_is(const char *target, enum job_state state);

#endif
