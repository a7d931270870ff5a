/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TESTS_FAKE_LIBXL_H
#define RB_TESTS_FAKE_LIBXL_H

#include "rebuilder/machine/xen_domain.h"

/*
 * libxenlight with one domain at most, linked in place of the real one, to
 * see what becomes of each of its failures.  Time is the fake's own: it
 * passes when somebody waits for it.
 */
enum fake_step {
	FAKE_NOTHING,
	FAKE_CTX,
	FAKE_VERSION,
	FAKE_PHYSINFO,
	FAKE_LIST,
	FAKE_NEED,
	FAKE_BITMAP,
	FAKE_CREATE,      /* refused at once */
	FAKE_CREATE_END,  /* fails later */
	FAKE_CREATE_HANG, /* never ends unless it is called off */
	FAKE_CREATE_DEAF, /* never ends */
	FAKE_EVENABLE,
	FAKE_UNPAUSE,
	FAKE_UNPAUSE_END,
	FAKE_UNPAUSE_HANG,
	FAKE_CONSOLE,     /* never there */
	FAKE_EVENT,       /* events cannot be had while it runs */
	FAKE_POLL,        /* nor waited for */
	FAKE_SHUTDOWN,
	FAKE_DESTROY,
	FAKE_DESTROY_END,
	FAKE_DESTROY_HANG,
};

extern struct fake {
	enum fake_step fails;
	int error; /* errno then */
	/* What the domain does once it runs. */
	bool runs_for_ever, stops_when_asked, is_taken;
	int reason;
	const char *prints; /* on its console */
	uint64_t free_pages;
	uint32_t others, other_cpus; /* domains of ours that exist already */
	bool has_hvm, has_pv;
	/* What was seen. */
	bool exists, was_created, was_aborted, was_asked;
	unsigned int created, destroyed;
	uint64_t memory_kib;
	int cpus;
	size_t ndisks;
	int64_t now; /* milliseconds */
} fake;

void fake_reset(void);
void fake_clear(void);
/* A domain that is there already. */
void fake_leave(const char *called, const uint8_t id[XEN_UUID_LEN]);

#endif
