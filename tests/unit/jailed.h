/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TEST_JAILED_H
#define RB_TEST_JAILED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "common/process/jail.h"

/* What a child exits with that could not even be put into its jail. */
#define JAILED_NOT 99

enum jailed_end { WORKED, REFUSED, KILLED, OTHER };

struct jailed_trial {
	const char *what;
	unsigned int allow;
	int (*deed)(void);
	enum jailed_end end;
};

/* In a child: it ends if that does not work. */
void jailed_enter(const struct jail *jail);
/* Waits for the child. */
enum jailed_end jailed_end(pid_t pid);
/* In a process of its own, with `fd` as descriptor 3; NULL: unjailed. */
enum jailed_end jailed_try(const struct jail *jail, int fd, int (*deed)(void));
/* With a socket as descriptor 3. */
void jailed_try_all(const struct jailed_trial *trials, size_t n);
#define JAILED_TRY_ALL(t) jailed_try_all(t, sizeof(t) / sizeof((t)[0]))

#endif
