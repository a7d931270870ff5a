/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/attest/statement.h"
#include "rebuilder/explain/explain_elf.h"
#include "rebuilder/explain/explain_package.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static void
must(bool claim)
{
	if (!claim)
		abort();
}

static int
file_of(struct span s)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	must(fd != -1);
	must(write(fd, s.p, s.len) == (ssize_t)s.len);
	return fd;
}

/* A file has no section that differs from itself. */
static void
try_elf(struct span s)
{
	struct elf e = ELF_INIT;
	struct report r = REPORT_INIT;

	if (elf_parse(s, &e) == RB_OK) {
		elf_report(&e, &e, &r);
		must(elf_is_build_id_only(s, s, &e, &e));
	}
	elf_clear(&e);
	report_clear(&r);
}

/*
 * Two bytes say how the second package comes from the first, which is the
 * rest: by a changed byte, or by a missing one at the end.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct package a = { "rebuilt", -1, 0, 0 };
	struct package b = { "published", -1, 0, 0 };
	struct report r = REPORT_INIT;
	struct fault why = FAULT_INIT;
	struct buf other = BUF_INIT;
	const char *reason = NULL;
	enum rb_err rc;
	size_t i;

	if (len < 4)
		return 0;
	try_elf(span_of(p, len));
	must(buf_put(&other, span_of(p + 2, len - 2)) == RB_OK);
	if (p[0] % 2 == 0)
		other.len--;
	else
		other.p[(size_t)p[1] * other.len / 256] ^= p[0];
	a.fd = file_of(span_of(p + 2, len - 2));
	a.len = len - 2;
	b.fd = file_of(buf_span(&other));
	b.len = other.len;
	rc = explain_files(&a, &b, "x.deb", &r, &reason, &why);
	must(rc == RB_OK || rc == RB_ENOMEM);
	if (rc == RB_OK)
		must(reason_fits(VERDICT_DIFFERS, span_of_str(reason)));
	must(r.text.len <= REPORT_MAX);
	for (i = 0; i < r.text.len; i++)
		must(r.text.p[i] == '\n' ||
		    (r.text.p[i] >= ' ' && r.text.p[i] <= '~'));
	close(a.fd);
	close(b.fd);
	buf_clear(&other);
	report_clear(&r);
	return 0;
}
