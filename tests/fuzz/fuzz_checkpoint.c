/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/attest/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Seed 00 01 ... 1f, as in tests/data/attest. */
static const char vkey[] = "rebuilder.example/log+61ad9e7b+"
			   "AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";

/*
 * A note that is read starts with its body, written byte for byte; one that
 * opens has the shape of one, says the same, and is of its key's log.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span note = span_of(data, len);
	struct checkpoint cp, opened;
	struct buf body = BUF_INIT;
	enum rb_err peek, open;
	struct vkey log;

	if (vkey_parse(SPAN(vkey), &log) != RB_OK)
		abort();
	peek = checkpoint_peek(note, &cp);
	open = checkpoint_open(note, &log, &opened);
	if (open == RB_OK &&
	    (peek != RB_OK || strcmp(opened.origin, log.name) != 0 ||
		opened.size != cp.size ||
		!digest_equal(&opened.root, &cp.root)))
		abort();
	if (peek != RB_OK && checkpoint_parse(note, &cp) != RB_OK)
		return 0;
	if (checkpoint_write(&cp, &body) != RB_OK ||
	    !span_starts(note, buf_span(&body)))
		abort();
	buf_clear(&body);
	return 0;
}
