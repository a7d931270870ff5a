/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTESTOR_MEMORY_LOCK_H
#define RB_ATTESTOR_MEMORY_LOCK_H

#include "common/base/err.h"

/*
 * From now on no page that this process can write is ever written to a swap:
 * neither those it has (heap, stack, data, and OpenSSL's secure heap, which
 * is made here) nor those it will get.  Code and constants are not locked,
 * so that the usual limit of 8 MiB is enough.  RB_EREFUSED: it is not.
 */
enum rb_err memory_lock(struct fault *why) RB_CHECK;

#endif
