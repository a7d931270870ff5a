/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_LISTENERS_H
#define RB_REBUILDER_LISTENERS_H

#include <pthread.h>

#include "common/process/frames.h"
#include "rebuilder/trip.h"

/*
 * Sockets of people who wait for one job.  Anybody may be added at any time;
 * only the thread that has the job in hand tells them, under no lock of the
 * jobs.  Who does not read in time is dropped, and misses what is only
 * progress: a job never waits long for its audience.
 */
#define LISTENERS_MAX 16
#define LISTENER_SECONDS 5

struct listener {
	int fd; /* owned */
	bool wants_log;
};

struct listeners {
	pthread_mutex_t lock; /* guards all that follows */
	struct listener list[LISTENERS_MAX];
	size_t n;
};

void listeners_init(struct listeners *l);
/* Closes all of them; `l` can be used no more. */
void listeners_clear(struct listeners *l);
/* Duplicates the socket. */
enum rb_err listeners_add(struct listeners *l, int sock, bool wants_log)
    RB_CHECK;

void listeners_tell_stage(struct listeners *l, const char *target,
    const char *stage, uint64_t done, uint64_t total, const char *detail);
void listeners_tell_result(struct listeners *l, const char *target,
    const struct result *r);
/* To those who want it: ADMIN_LOG_IS with a duplicate of `fd`. */
void listeners_tell_log(struct listeners *l, const char *target, uint32_t n,
    int fd);
void listeners_tell_end(struct listeners *l, const char *target,
    enum job_outcome outcome, const char *why);

/* The same frames to one socket. */
enum rb_err listener_send_stage(int sock, const char *target, const char *stage,
    uint64_t done, uint64_t total, const char *detail) RB_CHECK;
enum rb_err listener_send_log(int sock, const char *target, enum log_form form,
    uint32_t n, int fd) RB_CHECK;
enum rb_err listener_send_end(int sock, const char *target,
    enum job_outcome outcome, const char *why) RB_CHECK;

#endif
