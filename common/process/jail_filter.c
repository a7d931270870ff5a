/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/process/jail_filter.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/file.h"

#define FILTER_MAX (256 * 1024)

enum rb_err
filter_open(struct filter *f)
{
	f->ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (f->ctx == NULL)
		return RB_ENOMEM;
	/* A tree instead of a list: every call passes through it. */
	f->r = seccomp_attr_set(f->ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	/* Calls by another table too; else one thread dies, and others live. */
	if (f->r == 0)
		f->r = seccomp_attr_set(f->ctx, SCMP_FLTATR_ACT_BADARCH,
		    SCMP_ACT_KILL_PROCESS);
	return RB_OK;
}

void
filter_clear(struct filter *f)
{
	if (f->ctx != NULL)
		seccomp_release(f->ctx);
	*f = (struct filter)FILTER_INIT;
}

void
filter_add_match(struct filter *f, uint32_t action, int call,
    const struct scmp_arg_cmp *match, unsigned int n)
{
	if (f->r == 0)
		f->r = seccomp_rule_add_array(f->ctx, action, call, n, match);
	/* A call that this processor's table does not have. */
	if (f->r == -EDOM)
		f->r = 0;
}

void
filter_add(struct filter *f, uint32_t action, int call)
{
	filter_add_match(f, action, call, NULL, 0);
}

void
filter_add_list(struct filter *f, uint32_t action, const int *calls)
{
	for (; *calls != FILTER_LIST_END; calls++)
		filter_add(f, action, *calls);
}

void
filter_add_if(struct filter *f, uint32_t action, int call, unsigned int i,
    uint64_t mask, uint64_t value)
{
	const struct scmp_arg_cmp match = SCMP_CMP64(i, SCMP_CMP_MASKED_EQ,
	    mask, value);

	filter_add_match(f, action, call, &match, 1);
}

/* libseccomp writes to descriptors only: through a file in memory. */
static int export(const struct filter *f, struct buf *out, enum rb_err *rc)
{
	int r, fd;

	fd = memfd_create("filter", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = seccomp_export_bpf(f->ctx, fd);
	if (r == 0 && lseek(fd, 0, SEEK_SET) != 0)
		r = -errno;
	if (r == 0)
		*rc = file_read_fd(fd, FILTER_MAX, out);
	fd_close(&fd);
	return r;
}

enum rb_err
filter_write(const struct filter *f, struct buf *out, struct fault *why)
{
	struct buf bytes = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;
	int r;

	r = f->r != 0 ? f->r : export(f, &bytes, &rc);
	if (r != 0) {
		rc = fault_set(why, RB_EIO, "jail: libseccomp: %s",
		    strerror(-r));
		goto out;
	}
	if (rc != RB_OK)
		goto out;

	*out = bytes;
	bytes = (struct buf)BUF_INIT; /* now the caller's */
	rc = RB_OK;
out:
	buf_clear(&bytes);
	return rc;
}
