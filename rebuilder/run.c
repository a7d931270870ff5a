/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/run.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"
#include "rebuilder/inputs_tar.h"
#include "rebuilder/leash.h"
#include "rebuilder/recipe.h"

#define DETAIL_MAX 1024
#define KIND_MAX 64
#define OUTPUTS_MAX 1024
#define RECORDS_MAX (1024 * 1024)
#define JUDGE_SECONDS 600
/* What rebuilder-machine may need beyond its own limit, to clean up. */
#define MACHINE_END_SECONDS 600

void
run_result_init(struct run_result *r)
{
	memset(r, 0, sizeof(*r));
	r->output = -1;
	r->log = -1;
}

void
run_result_clear(struct run_result *r)
{
	size_t i;

	for (i = 0; i < r->noutputs; i++)
		free(r->outputs[i].name);
	free(r->outputs);
	free(r->detail);
	free(r->kind);
	free(r->clock);
	fd_close(&r->output);
	fd_close(&r->log);
	run_result_init(r);
}

const struct output *
run_find(const struct output *outputs, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(outputs[i].name, name) == 0)
			return &outputs[i];
	return NULL;
}

/* Namespaces share the host's. */
static bool
has_own_clock(const struct trip *t)
{
	return strcmp(t->settings->machine.kind, "namespace") != 0;
}

static enum rb_err
write_description(const struct trip *t, const struct run *run,
    uint64_t layer_size, struct buf *out)
{
	char hex[DIGEST_HEX_LEN + 1];
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_put_str(out, "machine 1\n")) != RB_OK)
		return rc;
	if (run->layer == NULL) {
		rc = buf_put_str(out, "layer none\n");
	} else {
		digest_hex(run->layer, hex);
		rc = buf_printf(out, "layer %s %" PRIu64 "\n", hex, layer_size);
	}
	if (rc != RB_OK)
		return rc;
	if ((rc = buf_printf(out,
		 "memory %" PRIu64 "\n"
		 "disk %" PRIu64 "\n"
		 "output %" PRIu64 "\n"
		 "log %" PRIu64 "\n"
		 "processes %" PRIu64 "\n"
		 "cpus %" PRIu64 "\n"
		 "seconds %" PRIu64 "\n",
		 t->settings->machine.memory, t->settings->machine.disk,
		 t->settings->machine.output, t->settings->machine.log,
		 t->settings->machine.processes, t->settings->machine.cpus,
		 t->settings->machine.seconds)) != RB_OK)
		return rc;
	if (run->clock == 0 || !has_own_clock(t))
		return buf_put_str(out, "clock host\n");
	return buf_printf(out, "clock %" PRId64 "\n", run->clock);
}

static enum rb_err
write_parameters(const struct run *run, struct buf *out)
{
	const char *const *p;
	enum rb_err rc = RB_OK;

	for (p = run->parameters; p[0] != NULL && rc == RB_OK; p += 2)
		rc = buf_printf(out, "%s=%s\n", p[0], p[1]);
	return rc;
}

static enum rb_err
write_inputs(const struct trip *t, const struct run *run, int fd)
{
	struct inputs_tar *tar = NULL;
	struct buf parameters = BUF_INIT, name = BUF_INIT;
	struct span recipe = SPAN_INIT;
	int file = -1;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = recipe_text(run->recipe, &recipe)) != RB_OK ||
	    (rc = write_parameters(run, &parameters)) != RB_OK ||
	    (rc = inputs_tar_open(fd, &tar)) != RB_OK ||
	    (rc = inputs_tar_add_bytes(tar, "recipe", recipe)) != RB_OK ||
	    (rc = inputs_tar_add_bytes(tar, "parameters",
		 buf_span(&parameters))) != RB_OK)
		goto out;
	for (i = 0; i < run->nfiles; i++) {
		buf_reset(&name);
		fd_close(&file);
		if ((rc = buf_printf(&name, "files/%s", run->files[i].name)) !=
			RB_OK ||
		    (rc = buf_put_byte(&name, 0)) != RB_OK ||
		    (rc = depot_get(t->depot, &run->files[i].sha256, &file)) !=
			RB_OK ||
		    (rc = inputs_tar_add_file(tar, (const char *)name.p,
			 file)) != RB_OK)
			goto out;
	}
	rc = inputs_tar_end(&tar);
out:
	inputs_tar_free(&tar);
	fd_close(&file);
	buf_clear(&name);
	buf_clear(&parameters);
	return rc;
}

/*
 * From here on nobody can change the file: the machine's copies are closed,
 * and roles get only this one.
 */
static enum rb_err
make_read_only(int *fd)
{
	char path[32];
	int r;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd);
	if ((r = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return RB_EIO;
	fd_close(fd);
	*fd = r;
	return RB_OK;
}

static enum rb_err
take_maybe_digest(struct span *in, struct maybe_digest *out)
{
	uint8_t has = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u8(in, &has)) != RB_OK)
		return rc;
	out->is_set = has == 1;
	return take_digest(in, &out->value);
}

static enum rb_err
take_ended(const struct msg *m, struct run_result *r)
{
	struct span in = buf_span(&m->body);
	uint8_t end = 0;
	uint32_t status = 0;
	uint64_t milliseconds = 0;
	enum rb_err rc = RB_EINTERNAL;

	if (m->type != MACHINE_ENDED || m->nfds != 0)
		return RB_EPEER;
	if ((rc = take_u8(&in, &end)) != RB_OK ||
	    (rc = take_u32(&in, &status)) != RB_OK ||
	    (rc = take_u64(&in, &milliseconds)) != RB_OK ||
	    (rc = take_text(&in, KIND_MAX, &r->kind)) != RB_OK ||
	    (rc = take_text(&in, KIND_MAX, &r->clock)) != RB_OK ||
	    (rc = take_maybe_digest(&in, &r->image)) != RB_OK ||
	    (rc = take_maybe_digest(&in, &r->kernel)) != RB_OK ||
	    (rc = take_text(&in, DETAIL_MAX, &r->detail)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		return rc;
	if (end > MACHINE_UNAVAILABLE)
		return RB_EPEER;
	r->end = (enum machine_end)end;
	return RB_OK;
}

static enum rb_err
call_machine(struct trip *t, const struct run *run, struct run_result *r)
{
	struct msg question, answer;
	struct buf description = BUF_INIT;
	uint64_t layer_size = 0;
	int sock = -1, inputs = -1, layer = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, MACHINE_RUN);
	msg_init(&answer, 0);
	if (run->layer != NULL &&
	    ((rc = depot_get(t->depot, run->layer, &layer)) != RB_OK ||
		(rc = file_size(layer, &layer_size)) != RB_OK))
		goto out;
	if ((rc = depot_scratch(t->depot, &inputs)) != RB_OK ||
	    (rc = depot_scratch(t->depot, &r->output)) != RB_OK ||
	    (rc = depot_scratch(t->depot, &r->log)) != RB_OK ||
	    (rc = write_inputs(t, run, inputs)) != RB_OK)
		goto out;
	if (lseek(inputs, 0, SEEK_SET) == -1) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = write_description(t, run, layer_size, &description)) !=
		RB_OK ||
	    (rc = put_bytes(&question.body, buf_span(&description))) != RB_OK ||
	    (rc = ask_add_copy(&question, inputs)) != RB_OK ||
	    (rc = ask_add_copy(&question, r->output)) != RB_OK ||
	    (rc = ask_add_copy(&question, r->log)) != RB_OK ||
	    (layer != -1 && (rc = ask_add_copy(&question, layer)) != RB_OK))
		goto out;
	if ((rc = node_connect(t->node, "machine.sock", &sock, &t->why)) !=
	    RB_OK)
		goto out;
	if (t->ear->log != NULL)
		t->ear->log(t->ear->self, r->log);
	/* Leaving here closes the connection, which ends the machine. */
	if ((rc = msg_send(sock, &question)) != RB_OK ||
	    (rc = leash_wait(sock,
		 (t->settings->machine.seconds + MACHINE_END_SECONDS) *
		     1000)) != RB_OK ||
	    (rc = msg_recv(sock, &answer)) != RB_OK ||
	    (rc = take_ended(&answer, r)) != RB_OK) {
		fault_set(&t->why, rc,
		    "rebuilder-machine ended without an "
		    "answer (%s)",
		    err_name(rc));
		goto out;
	}
	if ((rc = make_read_only(&r->output)) == RB_OK)
		rc = make_read_only(&r->log);
out:
	buf_clear(&description);
	msg_clear(&question);
	msg_clear(&answer);
	fd_close(&sock);
	fd_close(&inputs);
	fd_close(&layer);
	return rc;
}

static enum rb_err
call_machine_in_budget(struct trip *t, const struct run *run,
    struct run_result *r)
{
	/* Drivers without a disk of their own keep it in memory. */
	const uint64_t memory = t->settings->machine.memory +
	    t->settings->machine.disk;
	const uint64_t cpus = t->settings->machine.cpus;
	enum rb_err rc = RB_EINTERNAL;

	if (t->budget == NULL)
		return call_machine(t, run, r);
	if ((rc = budget_take(t->budget, memory, cpus)) != RB_OK)
		return fault_set(&t->why, rc,
		    "no machine was started: others took what "
		    "rebuilder.memory and rebuilder.cpus allow (%s)",
		    err_name(rc));
	rc = call_machine(t, run, r);
	budget_give(t->budget, memory, cpus);
	return rc;
}

/* Has the judge say where in the output stream which file lies. */
static enum rb_err
read_outputs(struct trip *t, struct run_result *r)
{
	struct msg question, answer;
	struct buf records = BUF_INIT;
	struct span in;
	uint64_t size = 0;
	uint32_t n = 0, i;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_OUTPUTS);
	msg_init(&answer, 0);
	if ((rc = file_size(r->output, &size)) != RB_OK ||
	    (rc = depot_scratch(t->depot, &fd)) != RB_OK ||
	    (rc = put_u64(&question.body, size)) != RB_OK ||
	    (rc = ask_add_copy(&question, r->output)) != RB_OK ||
	    (rc = ask_add_copy(&question, fd)) != RB_OK)
		goto out;
	if ((rc = ask_role("rebuilder-judge", &question, JUDGE_OUTPUTS_ARE,
		 JUDGE_SECONDS, &answer, &t->why)) != RB_OK)
		goto out;
	in = buf_span(&answer.body);
	if ((rc = take_u32(&in, &r->status)) != RB_OK ||
	    (rc = take_u32(&in, &n)) != RB_OK || (rc = take_end(in)) != RB_OK)
		goto out;
	if (n > OUTPUTS_MAX) {
		rc = RB_ELIMIT;
		goto out;
	}
	if (lseek(fd, 0, SEEK_SET) == -1) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = file_read_fd(fd, RECORDS_MAX, &records)) != RB_OK)
		goto out;
	if ((r->outputs = calloc(n + 1, sizeof(*r->outputs))) == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	in = buf_span(&records);
	for (i = 0; i < n; i++) {
		r->noutputs = i + 1;
		if ((rc = take_text(&in, 255, &r->outputs[i].name)) != RB_OK ||
		    (rc = take_u64(&in, &r->outputs[i].offset)) != RB_OK ||
		    (rc = take_u64(&in, &r->outputs[i].len)) != RB_OK)
			goto out;
	}
	rc = take_end(in);
out:
	buf_clear(&records);
	msg_clear(&question);
	msg_clear(&answer);
	fd_close(&fd);
	return rc;
}

enum rb_err
run_machine(struct trip *t, const struct run *run, struct run_result *out)
{
	struct run_result r;
	enum rb_err rc = RB_EINTERNAL;

	run_result_init(&r);
	if ((rc = call_machine_in_budget(t, run, &r)) != RB_OK)
		goto out;
	if (r.end == MACHINE_DONE) {
		rc = read_outputs(t, &r);
		/* A stream that is none is the guest's doing, not an error. */
		if (rc != RB_OK && rc != RB_EREFUSED)
			goto out;
		r.is_stream = rc == RB_OK;
	}
	*out = r;
	run_result_init(&r); /* now the caller's */
	rc = RB_OK;
out:
	run_result_clear(&r);
	return rc;
}
