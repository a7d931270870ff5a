/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/file.h"
#include "rebuilder/judge/layer.h"

#define OUT_MAX (64u * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static enum rb_err
write_again(struct span in, struct buf *out)
{
	struct fault why = FAULT_INIT;
	struct digest digest;
	int from = -1, to = memfd_create("layer", MFD_CLOEXEC);
	uint64_t size;
	enum rb_err rc;

	if (to == -1 || memory_file("tar", in, &from) != RB_OK)
		abort();
	rc = layer_write(from, 0, in.len, 1700000000, to, &size, &digest, &why);
	if (rc != RB_OK && rc != RB_EREFUSED)
		abort();
	if (rc == RB_OK &&
	    (lseek(to, 0, SEEK_SET) != 0 ||
		file_read_fd(to, OUT_MAX, out) != RB_OK || out->len != size))
		abort();
	fd_close(&from);
	fd_close(&to);
	return rc;
}

/* What was written once is its own canonical form. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;

	if (write_again(span_of(data, len), &once) == RB_OK &&
	    (write_again(buf_span(&once), &twice) != RB_OK ||
		!span_equal(buf_span(&once), buf_span(&twice))))
		abort();
	buf_clear(&once);
	buf_clear(&twice);
	return 0;
}
