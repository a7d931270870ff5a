/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTEST_LIST_H
#define RB_ATTEST_LIST_H

#include <stddef.h>

/*
 * Room for one more item behind `n` of `size` bytes each, doubling as the
 * list grows; for lists that grow in no other way.  NULL when there is no
 * memory: then the list is as it was.
 */
void *list_grow(void *items, size_t n, size_t size);

#endif
