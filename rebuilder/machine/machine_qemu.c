/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "rebuilder/machine/boot_disks.h"
#include "rebuilder/machine/boot_image.h"
#include "rebuilder/machine/layers.h"
#include "rebuilder/machine/machine_driver.h"
#include "rebuilder/machine/qemu_command.h"
#include "rebuilder/machine/session.h"

/* Made by the build from rebuilder/guest/init. */
#include "init_text.h"

/*
 * A machine with a kernel of its own in QEMU: with KVM where the processor
 * can, else emulated.
 *
 * QEMU runs in the sandbox of a namespace machine, as an id that is nobody's,
 * without capabilities, and can reach the files that it is given and no
 * other.  Who breaks out of the guest into QEMU is where a recipe of a
 * namespace machine already is.
 */

#define MIB (UINT64_C(1) << 20)
/* What QEMU needs besides the guest's memory: translated code, the kernel. */
#define OVERHEAD (512 * MIB)
/* Its threads and bubblewrap; a processor of the guest is one more each. */
#define THREADS 96
/* Where it finds the log again: far above what anybody has open. */
#define LOG_FD 900
/* Of a machine of kind q35, whose processors have numbers of 8 bits. */
#define CPUS_MAX 255
#define CPUINFO_MAX (16 * 1024 * 1024)

struct machine {
	struct boot_image image;
	struct boot_disks disks;
	struct layer layer;
	int layer_fd; /* owned; -1: none */
};

#define MACHINE_INIT { BOOT_IMAGE_INIT, BOOT_DISKS_INIT, LAYER_INIT, -1 }

static void
machine_clear(struct machine *m)
{
	boot_image_clear(&m->image);
	boot_disks_clear(&m->disks);
	layer_clear(&m->layer);
	fd_close(&m->layer_fd);
}

/* Without it /dev/kvm is some substitute that runs no kernel unprepared. */
static bool
has_virtualization(void)
{
	struct buf text = BUF_INIT;
	bool has = false;
	int fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);

	if (fd != -1 && file_read_fd(fd, CPUINFO_MAX, &text) == RB_OK &&
	    buf_put_byte(&text, 0) == RB_OK)
		has = strstr((const char *)text.p, " vmx ") != NULL ||
		    strstr((const char *)text.p, " svm ") != NULL;
	fd_close(&fd);
	buf_clear(&text);
	return has;
}

static bool
has_kvm(void)
{
	bool has = false;
	int fd;

	if (!has_virtualization())
		return false;
	fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd != -1)
		has = ioctl(fd, KVM_GET_API_VERSION, 0) == KVM_API_VERSION;
	fd_close(&fd);
	return has;
}

/* As many as we may use ourselves: more would only wait for each other. */
static unsigned int
count_cpus(uint64_t wanted)
{
	unsigned int ours = 1;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		ours = (unsigned int)CPU_COUNT(&set);
	if (ours > CPUS_MAX)
		ours = CPUS_MAX;
	return wanted < ours ? (unsigned int)wanted : ours;
}

static void
ended(struct machine_result *m, enum machine_end end, const char *detail)
{
	m->end = end;
	(void)fault_set(&m->detail, RB_OK, "%s", detail);
}

/* QEMU ended by itself, but not because the guest turned itself off. */
static enum rb_err
judge_status(const struct session_end *end, enum boot_mark mark,
    struct machine_result *m)
{
	int code = WIFEXITED(end->status) ? WEXITSTATUS(end->status) : -1;

	if (!end->has_run)
		ended(m, MACHINE_UNAVAILABLE,
		    "bubblewrap could not make the sandbox of QEMU; the log "
		    "says why");
	else if (mark == BOOT_NOTHING)
		ended(m, MACHINE_UNAVAILABLE,
		    code == QEMU_RESET ?
			"the image's kernel did not boot; the log says why" :
			"QEMU could not make the machine, or its kernel did "
			"not boot; the log says why");
	else if (code == QEMU_RESET)
		ended(m, MACHINE_CRASHED, "the guest reset the machine");
	else if (code == QEMU_PANIC)
		ended(m, MACHINE_CRASHED, "the guest's kernel panicked");
	else
		ended(m, MACHINE_CRASHED, "QEMU was killed");
	return RB_OK;
}

static enum rb_err
judge_end(const struct session *x, struct machine_run *run, struct machine *m,
    const struct session_end *end, struct machine_result *out)
{
	const struct description *d = run->description;
	struct boot_output o = { BOOT_NOTHING, false, 0 };
	enum rb_err rc = RB_EINTERNAL;

	switch (end->end) {
	case RELAYS_DONE:
		break;
	case RELAYS_LATE:
		if ((rc = boot_output_measure(m->disks.output, d->output,
			 &o)) != RB_OK)
			return rc;
		out->end = o.mark == BOOT_NOTHING ? MACHINE_UNAVAILABLE :
						    MACHINE_TIMEOUT;
		return fault_set(&out->detail, RB_OK,
		    "killed after %" PRIu64 " seconds%s", d->seconds,
		    o.mark == BOOT_NOTHING ? ", before its kernel had booted" :
					     "");
	case RELAYS_ALONE:
		return RB_EPEER;
	case RELAYS_FULL:
		ended(out, MACHINE_LOG_LIMIT,
		    "killed because its log passed the limit");
		return RB_OK;
	case RELAYS_FAILED:
		out->end = MACHINE_UNAVAILABLE;
		return fault_set(&out->detail, RB_OK,
		    "cannot pass on the log: %s", strerror(end->error));
	}
	if (cgroup_oom_kills(x->cgroup) != 0) {
		out->end = MACHINE_CRASHED;
		return fault_set(&out->detail, RB_OK,
		    "QEMU was killed because it took more memory than the "
		    "guest's and %" PRIu64 " MiB",
		    OVERHEAD / MIB);
	}
	if (end->has_run && WIFEXITED(end->status) &&
	    WEXITSTATUS(end->status) == 0)
		return boot_output_take(run, &m->disks, out);
	if ((rc = boot_output_measure(m->disks.output, d->output, &o)) != RB_OK)
		return rc;
	return judge_status(end, o.mark, out);
}

static enum rb_err
prepare(struct session *x, struct machine_run *run, struct machine *m,
    struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;

	if (access(QEMU_PROGRAM, X_OK) != 0)
		return fault_set(why, RB_EIO,
		    "there is no " QEMU_PROGRAM " (install qemu-system-x86)");
	if ((rc = boot_image_open(run->node, run->settings->image,
		 span_of(recipe_texts[0].text, recipe_texts[0].len), &m->image,
		 why)) != RB_OK)
		return rc;
	if (run->description->has_layer) {
		if ((rc = layer_get(x, run->description, LAYER_IMAGE,
			 &run->layer, run->log, &m->layer, why)) != RB_OK)
			return rc;
		m->layer_fd = open(m->layer.path,
		    O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (m->layer_fd == -1)
			return fault_set(why, RB_EIO, "cannot open %s: %s",
			    m->layer.path, strerror(errno));
	}
	return boot_disks_make(run, x->stage, &m->disks, why);
}

/* "2026-07-11T09:08:07", as -rtc wants it. */
static const char *
clock_text(const struct description *d, char text[UTC_LEN + 1])
{
	if (!d->has_clock || boot_clock(d, text) != RB_OK)
		return NULL;
	text[UTC_LEN - 1] = '\0';
	return text;
}

static enum rb_err
make_command(const struct machine_run *run, const struct machine *m,
    bool with_kvm, struct qemu_command *out)
{
	const struct description *d = run->description;
	char clock[UTC_LEN + 1];
	struct buf words = BUF_INIT;
	struct qemu_machine q = {
		.memory = d->memory < MIB ? 1 : d->memory / MIB,
		.cpus = count_cpus(d->cpus),
		.has_kvm = with_kvm,
		.kernel = m->image.kernel,
		.initramfs = m->image.initramfs,
		.disks = { m->image.system, m->disks.inputs, m->disks.output,
		    m->disks.scratch, m->layer_fd },
		.can_write = { false, false, true, true, false },
		.ndisks = m->layer_fd == -1 ? 4 : 5,
		.log = LOG_FD,
		.clock = clock_text(d, clock),
	};
	enum rb_err rc = RB_EINTERNAL;

	/* The first port of the first virtio device. */
	if ((rc = boot_words(d, "vd", "vport0p1", &words)) == RB_OK &&
	    (rc = buf_put_byte(&words, 0)) == RB_OK) {
		q.words = (const char *)words.p;
		rc = qemu_command_make(&q, out);
	}
	buf_clear(&words);
	return rc;
}

static enum rb_err
run_guest(struct session *x, struct machine_run *run, struct machine *m,
    struct machine_result *out, struct fault *why)
{
	const int kept[] = { m->image.kernel, m->image.initramfs,
		m->image.system, m->disks.inputs, m->disks.output,
		m->disks.scratch, m->layer_fd };
	struct qemu_command command = QEMU_COMMAND_INIT;
	struct sandbox s = { .init = -1,
		.log_too = LOG_FD,
		.kept = kept,
		.nkept = sizeof(kept) / sizeof(kept[0]),
		.has_kvm = has_kvm(),
		.is_powerless = true };
	struct session_files files = { -1, -1, -1, 0, 0, run->description->log,
		NULL };
	struct session_end end = SESSION_END_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (!s.has_kvm)
		note(NOTE_INFO,
		    "no /dev/kvm that works here: the machine is emulated, "
		    "many times slower");
	if ((rc = make_command(run, m, s.has_kvm, &command)) != RB_OK)
		goto out;
	s.command = command.argv;
	files.log = run->log;
	run->log = -1; /* now in files */
	if ((rc = session_run(x, &s, &files, &end, why)) != RB_OK)
		goto out;
	rc = judge_end(x, run, m, &end, out);
out:
	qemu_command_clear(&command);
	fd_close(&files.log);
	return rc;
}

static enum rb_err
run_qemu(struct machine_run *run, struct machine_result *out, struct fault *why)
{
	const struct cgroup_limits limits = {
		.memory = run->description->memory + OVERHEAD,
		.processes = count_cpus(run->description->cpus) + THREADS,
		.cpus = run->description->cpus,
	};
	struct machine_result result = { .end = MACHINE_UNAVAILABLE };
	struct session x = SESSION_INIT;
	struct machine m = MACHINE_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = boot_clock(run->description, result.clock)) != RB_OK ||
	    (rc = session_open(&x, run, &limits, why)) != RB_OK ||
	    (rc = prepare(&x, run, &m, why)) != RB_OK)
		goto out;
	result.has_image = result.has_kernel = true;
	result.image = m.image.digest;
	result.kernel = m.image.kernel_digest;
	if ((rc = run_guest(&x, run, &m, &result, why)) != RB_OK)
		goto out;
	*out = result;
out:
	session_clear(&x);
	machine_clear(&m);
	return rc;
}

const struct machine_driver machine_qemu = {
	.kind = "qemu",
	.run = run_qemu,
};
