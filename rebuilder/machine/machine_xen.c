/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"
#include "rebuilder/machine/boot_disks.h"
#include "rebuilder/machine/boot_image.h"
#include "rebuilder/machine/layers.h"
#include "rebuilder/machine/loops.h"
#include "rebuilder/machine/machine_driver.h"
#include "rebuilder/machine/xen_work.h"

/* Made by the build from rebuilder/guest/init. */
#include "init_text.h"

/*
 * A machine with a kernel of its own in a domain of Xen, made for it alone.
 * This process has the files and loop devices, and answers; another one
 * speaks with Xen (xen_work.h).
 */

/* What makes a layer into a disk, in a sandbox. */
#define LAYER_MEMORY (UINT64_C(1) << 30)
#define LAYER_PROCESSES 64
#define FD_PATH_LEN 32
/* What every guest is told, beside what MACHINE.md says. */
#define KERNEL_WORDS "console=hvc0 quiet loglevel=2 panic=-1 "

struct machine {
	struct boot_image image;
	struct boot_disks disks;
	struct layer layer;
	int layer_fd; /* owned; -1: none */
	int lock;     /* owned */
	struct loop loops[XEN_DISKS_MAX];
	struct xen_mark mark;
	bool is_begun; /* the mark is another process's to remove */
	char kernel[FD_PATH_LEN], initramfs[FD_PATH_LEN];
	char script[PATH_MAX];
	struct buf words; /* the kernel's command line, terminated */
};

static void
machine_init(struct machine *m)
{
	size_t i;

	memset(m, 0, sizeof(*m));
	m->image = (struct boot_image)BOOT_IMAGE_INIT;
	m->disks = (struct boot_disks)BOOT_DISKS_INIT;
	m->layer = (struct layer)LAYER_INIT;
	m->layer_fd = m->lock = -1;
	m->mark = (struct xen_mark)XEN_MARK_INIT;
	m->words = (struct buf)BUF_INIT;
	for (i = 0; i < XEN_DISKS_MAX; i++)
		m->loops[i] = (struct loop)LOOP_INIT;
}

static void
machine_clear(struct machine *m)
{
	size_t i;

	for (i = 0; i < XEN_DISKS_MAX; i++)
		loop_close(&m->loops[i]);
	boot_image_clear(&m->image);
	boot_disks_clear(&m->disks);
	layer_clear(&m->layer);
	fd_close(&m->layer_fd);
	fd_close(&m->lock);
	if (!m->is_begun)
		xen_mark_remove(&m->mark);
	xen_mark_clear(&m->mark);
	buf_clear(&m->words);
}

static void
ended(struct machine_result *m, enum machine_end end, const char *detail)
{
	m->end = end;
	(void)fault_set(&m->detail, RB_OK, "%s", detail);
}

/*
 * Of one that did not turn itself off.  Before its boot has begun, that says
 * nothing about what was to run in it.
 */
static enum rb_err
judge_crash(struct machine_run *run, const struct machine *m,
    enum machine_end end, const char *detail, struct machine_result *out)
{
	struct boot_output o = { BOOT_NOTHING, false, 0 };
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = boot_output_measure(m->disks.output, run->description->output,
		 &o)) != RB_OK)
		return rc;
	if (o.mark != BOOT_NOTHING) {
		ended(out, end, detail);
		return RB_OK;
	}
	out->end = MACHINE_UNAVAILABLE;
	(void)fault_set(&out->detail, RB_OK,
	    "%s before the image's kernel had booted", detail);
	return RB_OK;
}

/* RB_EPEER: nobody waits for it any more. */
static enum rb_err
judge_end(struct machine_run *run, struct machine *m,
    const struct xen_report *r, struct machine_result *out)
{
	char late[64];

	switch (r->end) {
	case XEN_END_POWEROFF:
		return boot_output_take(run, &m->disks, out);
	case XEN_END_REBOOT:
		return judge_crash(run, m, MACHINE_CRASHED,
		    "the guest rebooted", out);
	case XEN_END_CRASH:
		return judge_crash(run, m, MACHINE_CRASHED,
		    "the guest's kernel crashed", out);
	case XEN_END_WATCHDOG:
		return judge_crash(run, m, MACHINE_CRASHED,
		    "the guest's watchdog ended it", out);
	case XEN_END_OTHER:
		return judge_crash(run, m, MACHINE_CRASHED,
		    "the guest suspended itself", out);
	case XEN_END_LATE:
		snprintf(late, sizeof(late), "killed after %" PRIu64 " seconds",
		    run->description->seconds);
		return judge_crash(run, m, MACHINE_TIMEOUT, late, out);
	case XEN_END_TAKEN:
		ended(out, MACHINE_UNAVAILABLE,
		    "somebody else destroyed the domain");
		return RB_OK;
	case XEN_END_ALONE:
		return RB_EPEER;
	case XEN_END_LOG_FULL:
		ended(out, MACHINE_LOG_LIMIT,
		    "killed because its log passed the limit");
		return RB_OK;
	case XEN_END_LOG_LOST:
		ended(out, MACHINE_UNAVAILABLE, "cannot pass on the log");
		return RB_OK;
	case XEN_END_UNMADE:
		ended(out, MACHINE_UNAVAILABLE, r->why.text);
		return RB_OK;
	}
	return RB_EINTERNAL;
}

/* What libxenlight runs for each disk: ourselves (xen_block.h). */
static enum rb_err
find_script(char out[PATH_MAX], struct fault *why)
{
	ssize_t len = readlink("/proc/self/exe", out, PATH_MAX - 1);

	if (len <= 0)
		return fault_set(why, RB_EIO,
		    "cannot tell where this program lies: %s", strerror(errno));
	out[len] = '\0';
	return RB_OK;
}
static enum rb_err
get_layer(struct machine_run *run, struct machine *m, struct fault *why)
{
	const struct cgroup_limits limits = { LAYER_MEMORY, LAYER_PROCESSES,
		run->description->cpus };
	struct session x = SESSION_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = session_open(&x, run, &limits, why)) == RB_OK)
		rc = layer_get(&x, run->description, LAYER_IMAGE, &run->layer,
		    run->log, &m->layer, why);
	session_clear(&x);
	if (rc != RB_OK)
		return rc;
	m->layer_fd = open(m->layer.path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (m->layer_fd == -1)
		return fault_set(why, RB_EIO, "cannot open %s: %s",
		    m->layer.path, strerror(errno));
	return RB_OK;
}

/* Directory and lock of all domains of this node. */
static enum rb_err
open_marks(const struct node *node, struct machine *m, char **dir,
    struct fault *why)
{
	char *above = NULL, *lock = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = node_path(node, "machine", &above)) != RB_OK ||
	    (rc = node_path(node, "machine/xen", dir)) != RB_OK ||
	    (rc = node_path(node, "machine/xen/lock", &lock)) != RB_OK)
		goto out;
	(void)mkdir(above, 0700);
	if ((rc = xen_mark_make(&m->mark, *dir, why)) != RB_OK)
		goto out;
	m->lock = open(lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (m->lock == -1)
		rc = fault_set(why, RB_EIO, "cannot open %s: %s", lock,
		    strerror(errno));
out:
	free(above);
	free(lock);
	return rc;
}

static enum rb_err
prepare(struct machine_run *run, struct machine *m, struct fault *why)
{
	char *dir = NULL;
	enum rb_err rc = RB_EINTERNAL;

	/* What costs nothing first. */
	if ((rc = xen_is_there(why)) != RB_OK ||
	    (rc = find_script(m->script, why)) != RB_OK ||
	    (rc = boot_image_open(run->node, run->settings->image,
		 span_of(recipe_texts[0].text, recipe_texts[0].len), &m->image,
		 why)) != RB_OK)
		goto out;
	if (run->description->has_layer &&
	    (rc = get_layer(run, m, why)) != RB_OK)
		goto out;
	if ((rc = open_marks(run->node, m, &dir, why)) != RB_OK)
		goto out;
	rc = boot_disks_make(run, dir, &m->disks, why);
out:
	free(dir);
	return rc;
}

static enum rb_err
attach(struct machine *m, struct xen_plan *plan, struct fault *why)
{
	const int files[XEN_DISKS_MAX] = { m->image.system, m->disks.inputs,
		m->disks.output, m->disks.scratch, m->layer_fd };
	static const bool is_writable[XEN_DISKS_MAX] = { false, false, true,
		true, false };
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	plan->ndisks = m->layer_fd == -1 ? XEN_DISKS_MAX - 1 : XEN_DISKS_MAX;
	for (i = 0; i < plan->ndisks; i++) {
		if ((rc = loop_open(&m->loops[i], files[i], is_writable[i],
			 why)) != RB_OK)
			return rc;
		plan->disks[i].path = m->loops[i].path;
		plan->disks[i].is_writable = is_writable[i];
	}
	return RB_OK;
}

static enum rb_err
make_plan(const struct machine_run *run, struct machine *m,
    struct xen_plan *plan, struct fault *why)
{
	const struct description *d = run->description;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_put_str(&m->words, KERNEL_WORDS)) != RB_OK ||
	    (rc = boot_words(d, "xvd", "hvc0", &m->words)) != RB_OK ||
	    (rc = buf_put_byte(&m->words, 0)) != RB_OK)
		return rc;
	snprintf(m->kernel, sizeof(m->kernel), "/proc/self/fd/%d",
	    m->image.kernel);
	snprintf(m->initramfs, sizeof(m->initramfs), "/proc/self/fd/%d",
	    m->image.initramfs);
	plan->name = m->mark.domain;
	memcpy(plan->uuid, m->mark.uuid, sizeof(plan->uuid));
	plan->is_pv = run->settings->is_pv;
	plan->kernel = m->kernel;
	plan->initrd = m->initramfs;
	plan->command_line = (const char *)m->words.p;
	plan->memory = d->memory;
	plan->cpus = d->cpus;
	plan->script = m->script;
	plan->lock = m->lock;
	return attach(m, plan, why);
}

static enum rb_err
run_guest(struct machine_run *run, struct machine *m,
    struct machine_result *out, struct fault *why)
{
	struct xen_work work;
	struct xen_report report = XEN_REPORT_INIT;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	memset(&work, 0, sizeof(work));
	if ((rc = make_plan(run, m, &work.plan, why)) != RB_OK)
		return rc;
	work.mark = &m->mark;
	work.log = run->log;
	run->log = -1; /* now the work's */
	work.log_max = run->description->log;
	work.deadline = run->deadline;
	m->is_begun = true;
	if ((rc = xen_work_run(&work, run->watch, &report, why)) != RB_OK)
		return rc;
	/* From here on nobody writes to the disks. */
	for (i = 0; i < XEN_DISKS_MAX; i++)
		loop_close(&m->loops[i]);
	return judge_end(run, m, &report, out);
}

static enum rb_err
run_xen(struct machine_run *run, struct machine_result *out, struct fault *why)
{
	struct machine_result result = { .end = MACHINE_UNAVAILABLE };
	struct machine m;
	enum rb_err rc = RB_EINTERNAL;

	machine_init(&m);
	if ((rc = boot_clock(run->description, result.clock)) != RB_OK ||
	    (rc = prepare(run, &m, why)) != RB_OK)
		goto out;
	result.has_image = result.has_kernel = true;
	result.image = m.image.digest;
	result.kernel = m.image.kernel_digest;
	if ((rc = run_guest(run, &m, &result, why)) != RB_OK)
		goto out;
	*out = result;
out:
	machine_clear(&m);
	return rc;
}

const struct machine_driver machine_xen = {
	.kind = "xen",
	.run = run_xen,
};
