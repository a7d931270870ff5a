/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/boot_disks.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"
#include "rebuilder/machine/relay.h"

#define MIB (UINT64_C(1) << 20)
#define SECTOR 512
/* The last one of the output disk holds the mark. */
#define BLOCK 4096
#define CHUNK_LEN (1024 * 1024)
#define SCRATCH_MIN (16 * MIB)

void
boot_disks_clear(struct boot_disks *d)
{
	fd_close(&d->inputs);
	fd_close(&d->output);
	fd_close(&d->scratch);
}

static uint64_t
round_up(uint64_t n, uint64_t unit)
{
	return (n + unit - 1) / unit * unit;
}

static enum rb_err
make_unnamed(const char *dir, uint64_t size, int *out, struct fault *why)
{
	int fd = open(dir, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

	if (fd == -1 || ftruncate(fd, (off_t)size) != 0) {
		fd_close(&fd);
		return fault_set(why, RB_EIO,
		    "cannot make a file without a name in %s: %s", dir,
		    strerror(errno));
	}
	*out = fd;
	return RB_OK;
}

/* Where files have no holes, nobody could see how much was written. */
static enum rb_err
check_holes(int fd, const char *dir, struct fault *why)
{
	if (lseek(fd, 0, SEEK_DATA) != -1 || errno != ENXIO)
		return fault_set(why, RB_EIO,
		    "the file system of %s has no sparse files", dir);
	return RB_OK;
}

/* A file that can be attached as it is: no copy is needed. */
static bool
is_disk(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size % SECTOR == 0 && lseek(fd, 0, SEEK_CUR) == 0;
}

static enum rb_err
spool(struct machine_run *run, int to, struct fault *why)
{
	struct relay r = RELAY_INIT;
	struct relay *const relays[] = { &r };
	size_t which = 0;
	int copy = fcntl(to, F_DUPFD_CLOEXEC, 3);
	enum rb_err rc = RB_EIO;

	if (copy == -1)
		return RB_EIO;
	if ((rc = relay_open(&r, &run->inputs, &copy, UINT64_MAX - 1)) != RB_OK)
		goto out;
	switch (relays_run(relays, 1, -1, run->watch, run->deadline, &which)) {
	case RELAYS_DONE:
		rc = RB_OK;
		break;
	case RELAYS_LATE:
		rc = RB_ETIME;
		break;
	case RELAYS_ALONE:
		rc = RB_EPEER;
		break;
	case RELAYS_FULL:
	case RELAYS_FAILED:
		rc = fault_set(why, RB_EIO, "cannot take the inputs: %s",
		    strerror(errno));
		break;
	}
out:
	relay_clear(&r);
	fd_close(&copy);
	return rc;
}

/* Opened anew, because the descriptor that we have may also write. */
static enum rb_err
reopen_read_only(int fd, int *out)
{
	char path[32];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if ((again = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return RB_EIO;
	*out = again;
	return RB_OK;
}

static enum rb_err
take_inputs(struct machine_run *run, const char *dir, int *out,
    struct fault *why)
{
	struct stat st;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if (is_disk(run->inputs)) {
		rc = reopen_read_only(run->inputs, out);
		fd_close(&run->inputs);
		return rc;
	}
	if ((rc = make_unnamed(dir, 0, &fd, why)) != RB_OK ||
	    (rc = spool(run, fd, why)) != RB_OK)
		goto out;
	rc = RB_EIO;
	if (fstat(fd, &st) == 0 &&
	    ftruncate(fd, (off_t)round_up((uint64_t)st.st_size, SECTOR)) == 0)
		rc = reopen_read_only(fd, out);
out:
	fd_close(&fd);
	return rc;
}

enum rb_err
boot_disks_make(struct machine_run *run, const char *dir,
    struct boot_disks *out, struct fault *why)
{
	const struct description *d = run->description;
	uint64_t scratch = d->disk / MIB * MIB;
	struct boot_disks disks = BOOT_DISKS_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (scratch < SCRATCH_MIN)
		scratch = SCRATCH_MIN;
	if ((rc = make_unnamed(dir, round_up(d->output, MIB) + MIB,
		 &disks.output, why)) != RB_OK ||
	    (rc = check_holes(disks.output, dir, why)) != RB_OK ||
	    (rc = make_unnamed(dir, scratch, &disks.scratch, why)) != RB_OK ||
	    (rc = take_inputs(run, dir, &disks.inputs, why)) != RB_OK)
		goto out;
	*out = disks;
	disks = (struct boot_disks)BOOT_DISKS_INIT; /* now the caller's */
out:
	boot_disks_clear(&disks);
	return rc;
}

/* The end of the last part that was written; 0: none. */
static uint64_t
data_end(int fd, uint64_t end)
{
	off_t at = 0, data;

	for (;;) {
		data = lseek(fd, at, SEEK_DATA);
		if (data == -1 || (uint64_t)data >= end)
			return (uint64_t)at;
		at = lseek(fd, data, SEEK_HOLE);
		if (at == -1 || (uint64_t)at >= end)
			return end;
	}
}

/* Whatever stands before `end`, from behind. */
static enum rb_err
find_last(int fd, uint64_t end, uint64_t *out)
{
	uint8_t *chunk = malloc(CHUNK_LEN);
	enum rb_err rc = RB_OK;

	*out = 0;
	if (chunk == NULL)
		return RB_ENOMEM;
	while (end != 0) {
		size_t len = (end - 1) % CHUNK_LEN + 1, i;

		if (pread(fd, chunk, len, (off_t)(end - len)) != (ssize_t)len) {
			rc = RB_EIO;
			break;
		}
		for (i = len; i != 0 && chunk[i - 1] == 0; i--)
			;
		if (i != 0) {
			*out = end - len + i;
			break;
		}
		end -= len;
	}
	free(chunk);
	return rc;
}

static enum boot_mark
mark_of(uint8_t byte)
{
	switch (byte) {
	case 0:
		return BOOT_NOTHING;
	case 'd':
		return BOOT_DONE;
	case 'u':
		return BOOT_UNPREPARED;
	case 'x':
		return BOOT_BROKEN;
	default:
		return BOOT_BEGUN;
	}
}

enum rb_err
boot_output_measure(int fd, uint64_t limit, struct boot_output *out)
{
	uint64_t size = 0, end;
	struct boot_output o;
	off_t data;
	uint8_t byte = 0;
	enum rb_err rc = RB_EINTERNAL;

	memset(&o, 0, sizeof(o));
	if ((rc = file_size(fd, &size)) != RB_OK)
		return rc;
	end = size - BLOCK;
	if (pread(fd, &byte, 1, (off_t)end) != 1)
		return RB_EIO;
	o.mark = mark_of(byte);
	if ((rc = find_last(fd, data_end(fd, end), &o.len)) != RB_OK)
		return rc;
	/*
	 * Zeros count too, if they were written.  They show in the middle of
	 * the last MiB, where neither what is allowed nor the mark can lie
	 * while the file system's blocks have 256 KiB at most.
	 */
	data = lseek(fd, (off_t)(size - 3 * (MIB / 4)), SEEK_DATA);
	o.is_over = o.len > limit ||
	    (data != -1 && (uint64_t)data < size - MIB / 4);
	*out = o;
	return RB_OK;
}

/* The stream's bytes pass through; they were counted before. */
static enum rb_err
copy_out(struct machine_run *run, int *from, uint64_t len,
    struct machine_result *m)
{
	struct relay r = RELAY_INIT;
	struct relay *const relays[] = { &r };
	size_t which = 0;
	enum rb_err rc = RB_EINTERNAL;

	if (ftruncate(*from, (off_t)len) != 0 || lseek(*from, 0, SEEK_SET) != 0)
		return RB_EIO;
	if ((rc = relay_open(&r, from, &run->output,
		 run->description->output)) != RB_OK)
		return rc;
	switch (relays_run(relays, 1, -1, run->watch, run->deadline, &which)) {
	case RELAYS_DONE:
		rc = RB_OK;
		break;
	case RELAYS_ALONE:
		rc = RB_EPEER;
		break;
	case RELAYS_LATE:
		m->end = MACHINE_TIMEOUT;
		rc = fault_set(&m->detail, RB_OK,
		    "the time was over while its output was taken");
		break;
	case RELAYS_FULL:
		m->end = MACHINE_OUTPUT_LIMIT;
		rc = fault_set(&m->detail, RB_OK,
		    "its output passed the limit");
		break;
	case RELAYS_FAILED:
		m->end = MACHINE_UNAVAILABLE;
		rc = fault_set(&m->detail, RB_OK,
		    "cannot pass on the output: %s", strerror(errno));
		break;
	}
	relay_clear(&r);
	return rc;
}

static void
ended(struct machine_result *m, enum machine_end end, const char *detail)
{
	m->end = end;
	(void)fault_set(&m->detail, RB_OK, "%s", detail);
}

enum rb_err
boot_output_take(struct machine_run *run, struct boot_disks *d,
    struct machine_result *out)
{
	struct boot_output o;
	enum rb_err rc = RB_EINTERNAL;

	rc = boot_output_measure(d->output, run->description->output, &o);
	if (rc != RB_OK)
		return rc;
	out->end = MACHINE_DONE;
	if (o.is_over) {
		ended(out, MACHINE_OUTPUT_LIMIT, "its output passed the limit");
		return copy_out(run, &d->output, o.len, out);
	}
	switch (o.mark) {
	case BOOT_DONE:
		return copy_out(run, &d->output, o.len, out);
	case BOOT_NOTHING:
		ended(out, MACHINE_UNAVAILABLE,
		    "the machine turned itself off before it had booted; the "
		    "log says why");
		break;
	case BOOT_BEGUN:
		ended(out, MACHINE_CRASHED,
		    "the guest turned itself off before its recipe had ended");
		break;
	case BOOT_UNPREPARED:
		ended(out, MACHINE_UNAVAILABLE,
		    "the guest could not unpack its inputs, mount its disks or "
		    "drop its capabilities; the log says why");
		break;
	case BOOT_BROKEN:
		ended(out, MACHINE_CRASHED,
		    "the guest's init ended before it had written its output; "
		    "the log says why");
		break;
	}
	return RB_OK;
}

/*
 * A machine runs one recipe and holds nothing of anybody else's: what guards
 * one of its processes against another, or tests the kernel's ciphers or
 * timers, only takes time, and so does waiting until each of few processors
 * has been quiet.
 */
#define FIXED_WORDS \
	"quiet panic=-1 mitigations=off init_on_alloc=0 cryptomgr.notests " \
	"no_timer_check rcupdate.rcu_expedited=1"

enum rb_err
boot_words(const struct description *d, const char *disk, const char *log,
    struct buf *out)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_printf(out,
		 FIXED_WORDS " machine.disk=%s machine.layer=%s machine.log=%s "
			     "machine.processes=%" PRIu64,
		 disk, d->has_layer ? "disk" : "none", log, d->processes)) !=
	    RB_OK)
		return rc;
	if (!d->has_clock)
		return buf_put_str(out, " machine.clock=host");
	return buf_printf(out, " machine.clock=%" PRIu64, d->clock);
}

enum rb_err
boot_clock(const struct description *d, char out[UTC_LEN + 1])
{
	if (d->has_clock)
		return utc_write((int64_t)d->clock, out);
	memcpy(out, "host", sizeof("host"));
	return RB_OK;
}
