/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>

#include "common/base/file.h"
#include "rebuilder/machine/layers.h"
#include "rebuilder/machine/machine_driver.h"
#include "rebuilder/machine/session.h"

/* Made by the build from rebuilder/guest/init. */
#include "init_text.h"

/*
 * The machine of last resort: Linux namespaces under the host's own kernel.
 * Its image is the host's /usr, which has no digest; nor do we know one of
 * the running kernel: neither is claimed.
 */

/* What init ends with when it could not prepare the machine. */
#define INIT_UNPREPARED 100
/* setpriv(1) could not drop capabilities. */
#define INIT_UNCONFINED 127

static void
ended(struct machine_result *m, enum machine_end end, const char *detail)
{
	m->end = end;
	(void)fault_set(&m->detail, RB_OK, "%s", detail);
}

/* The guest ended by itself: how? */
static void
judge_status(const struct session_end *end, struct machine_result *m)
{
	int code = WIFEXITED(end->status) ? WEXITSTATUS(end->status) : 0;

	if (WIFSIGNALED(end->status)) {
		ended(m, MACHINE_CRASHED, "the sandbox was killed");
	} else if (!end->has_run) {
		ended(m, MACHINE_UNAVAILABLE,
		    "bubblewrap could not make the sandbox; the log says why");
	} else if (code == INIT_UNPREPARED || code == INIT_UNCONFINED) {
		ended(m, MACHINE_UNAVAILABLE,
		    "the guest could not unpack its inputs, mount its root or "
		    "drop its capabilities; the log says why");
	} else if (code != 0) {
		m->end = MACHINE_CRASHED;
		(void)fault_set(&m->detail, RB_OK,
		    "the guest's init ended with status %d before it had "
		    "written its output",
		    code);
	}
}

static enum rb_err
judge_end(const struct session *x, const struct description *d,
    const struct session_end *end, struct machine_result *m)
{
	static const char *const streams[] = { "inputs", "output", "log" };
	struct machine_result result = { .end = MACHINE_DONE, .clock = "host" };

	switch (end->end) {
	case RELAYS_DONE:
		judge_status(end, &result);
		break;
	case RELAYS_LATE:
		(void)fault_set(&result.detail, RB_OK,
		    "killed after %" PRIu64 " seconds", d->seconds);
		result.end = MACHINE_TIMEOUT;
		break;
	case RELAYS_ALONE:
		return RB_EPEER;
	case RELAYS_FULL:
		if (end->which == 1)
			ended(&result, MACHINE_OUTPUT_LIMIT,
			    "killed because its output passed the limit");
		else
			ended(&result, MACHINE_LOG_LIMIT,
			    "killed because its log passed the limit");
		break;
	case RELAYS_FAILED:
		(void)fault_set(&result.detail, RB_OK,
		    "cannot pass on the %s: %s", streams[end->which],
		    strerror(end->error));
		result.end = MACHINE_UNAVAILABLE;
		break;
	}
	/* Whatever it claims, a part of it was missing. */
	if (result.end == MACHINE_DONE && cgroup_oom_kills(x->cgroup) != 0) {
		(void)fault_set(&result.detail, RB_OK,
		    "a process was killed "
		    "because memory and disk together passed %" PRIu64 " bytes",
		    d->memory + d->disk);
		result.end = MACHINE_CRASHED;
	} else if (result.end == MACHINE_DONE &&
	    cgroup_pids_refused(x->cgroup) != 0) {
		(void)fault_set(&result.detail, RB_OK,
		    "more than %" PRIu64 " processes were refused",
		    d->processes);
	}
	*m = result;
	return RB_OK;
}

static enum rb_err
run_guest(struct session *x, struct machine_run *run, const struct layer *layer,
    struct machine_result *out, struct fault *why)
{
	static const char *const command[] = { "/usr/bin/sh", "/init", NULL };
	struct sandbox s = { .layer = layer->path,
		.disk = run->description->disk,
		.command = command,
		.init = -1 };
	struct session_files files = { run->inputs, run->output, run->log,
		UINT64_MAX, run->description->output, run->description->log,
		NULL };
	struct session_end end = SESSION_END_INIT;
	enum rb_err rc = RB_EINTERNAL;

	run->inputs = run->output = run->log = -1; /* now in files */
	if ((rc = memory_file("init",
		 span_of(recipe_texts[0].text, recipe_texts[0].len),
		 &s.init)) != RB_OK)
		goto out;
	if ((rc = session_run(x, &s, &files, &end, why)) != RB_OK)
		goto out;
	rc = judge_end(x, run->description, &end, out);
out:
	fd_close(&s.init);
	fd_close(&files.in);
	fd_close(&files.out);
	fd_close(&files.log);
	return rc;
}

static enum rb_err
run_namespace(struct machine_run *run, struct machine_result *out,
    struct fault *why)
{
	const struct cgroup_limits limits = {
		/* Each is bounded by DESCRIPTION_BYTES_MAX. */
		.memory = run->description->memory + run->description->disk,
		.processes = run->description->processes,
		.cpus = run->description->cpus,
	};
	struct session x = SESSION_INIT;
	struct layer layer = LAYER_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (run->description->has_clock)
		return fault_set(why, RB_EREFUSED,
		    "a namespace machine has the host's clock and cannot be "
		    "given another");
	if ((rc = session_open(&x, run, &limits, why)) != RB_OK)
		goto out;
	if (run->description->has_layer &&
	    (rc = layer_get(&x, run->description, LAYER_TREE, &run->layer,
		 run->log, &layer, why)) != RB_OK)
		goto out;
	rc = run_guest(&x, run, &layer, out, why);
out:
	session_clear(&x);
	layer_clear(&layer);
	return rc;
}

const struct machine_driver machine_namespace = {
	.kind = "namespace",
	.run = run_namespace,
};
