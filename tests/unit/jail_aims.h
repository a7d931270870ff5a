/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TEST_JAIL_AIMS_H
#define RB_TEST_JAIL_AIMS_H

#include <sys/types.h>
#include <sys/un.h>

/* What deeds are aimed at: made by the test, outside of every jail. */
extern struct jail_aims {
	struct sockaddr_un socket; /* takes datagrams */
	char file[64];             /* our own, not empty */
	pid_t bystander;           /* our own; leads a group of its own */
	long landlock;             /* its ABI; a jail forbids to ask */
} jail_aims;

/* Of a group of tests, by cmocka. */
int jail_aims_make(void **state);
int jail_aims_remove(void **state);

#endif
