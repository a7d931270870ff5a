/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_PROCESS_JAIL_FILTER_H
#define RB_PROCESS_JAIL_FILTER_H

#include <stdint.h>

#include <seccomp.h>

#include "common/base/buf.h"

/*
 * A seccomp filter while it is put together; for jail alone.  The process is
 * killed at what no rule names.  The first failure is kept and turns the
 * rest into nothing, so that rules can be listed without looking; writing
 * tells.
 */
struct filter {
	scmp_filter_ctx ctx; /* owned */
	int r;        /* first failure: negative errno */
};

#define FILTER_INIT { NULL, 0 }
#define FILTER_LIST_END (-1)

enum rb_err filter_open(struct filter *f) RB_CHECK;
void filter_clear(struct filter *f);

void filter_add(struct filter *f, uint32_t action, int call);
/* All of a list that ends with FILTER_LIST_END. */
void filter_add_list(struct filter *f, uint32_t action, const int *calls);
/* Only when the bits of `mask` in argument `i` are `value`. */
void filter_add_if(struct filter *f, uint32_t action, int call, unsigned int i,
    uint64_t mask, uint64_t value);
/* Only when all `n` comparisons hold, each of another argument. */
void filter_add_match(struct filter *f, uint32_t action, int call,
    const struct scmp_arg_cmp *match, unsigned int n);

/* An array of struct sock_filter. */
enum rb_err filter_write(const struct filter *f, struct buf *out,
    struct fault *why) RB_CHECK;

#endif
