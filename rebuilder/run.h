/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_RUN_H
#define RB_REBUILDER_RUN_H

#include "common/process/frames.h"
#include "rebuilder/trip.h"

/*
 * Our side of machine.sock: runs one recipe in one machine (MACHINE.md).
 */
struct run_file {
	const char *name; /* below files/ */
	struct digest sha256; /* in the depot */
};

struct run {
	const char *recipe; /* file name in the guest directory */
	const struct digest *layer; /* NULL: none */
	/* name, value, name, value, ..., NULL */
	const char *const *parameters;
	const struct run_file *files;
	size_t nfiles;
	int64_t clock; /* what the guest's begins at; 0: the host's */
};

struct run_result {
	enum machine_end end;
	char *detail, *kind, *clock; /* owned */
	struct maybe_digest image, kernel;
	int output, log; /* owned: unnamed files */
	/* as rebuilder-judge read the output stream: */
	uint32_t status; /* what the guest claims */
	struct output *outputs; /* owned */
	size_t noutputs;
	bool is_stream; /* the output stream is one */
};

void run_result_init(struct run_result *r);
void run_result_clear(struct run_result *r);

/* RB_OK whenever the machine ended, well or not. */
enum rb_err run_machine(struct trip *t, const struct run *run,
    struct run_result *out) RB_CHECK;

/* The output of that name; NULL when there is none. */
const struct output *run_find(const struct output *outputs, size_t n,
    const char *name);

#endif
