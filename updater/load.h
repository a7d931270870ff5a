/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_UPDATER_LOAD_H
#define RB_UPDATER_LOAD_H

#include "common/attest/bundle.h"
#include "updater/policy.h"
#include "updater/subject.h"

/* Reading what the commands are given; the fault names file and rule. */
enum rb_err load_policy(const char *path, struct policy *out, struct fault *why)
    RB_CHECK;
/* Adds what the file holds to `to`. */
enum rb_err load_bundle(const char *path, struct bundle *to, struct fault *why)
    RB_CHECK;
/* Hashes a regular file. */
enum rb_err load_subject(const char *path, struct subject *out,
    struct fault *why) RB_CHECK;

struct subjects {
	struct subject *list; /* owned */
	size_t n;
};

#define SUBJECTS_INIT { NULL, 0 }

void subjects_clear(struct subjects *s);
/* All of them, or none. */
enum rb_err load_subjects(char *const *paths, size_t n, struct subjects *out,
    struct fault *why) RB_CHECK;

#endif
