/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A path that is read can be written, and what was written reads as the
 * same route and is written the same again.
 */
#include <stdlib.h>
#include <string.h>

#include "httpd/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct route r, again;
	struct fault why;

	if (route_parse(span_of(data, len), &r, &why) != RB_OK)
		return 0;
	if (route_write(&r, &once) != RB_OK ||
	    route_parse(buf_span(&once), &again, &why) != RB_OK ||
	    route_write(&again, &twice) != RB_OK)
		abort();
	if (!span_equal(buf_span(&once), buf_span(&twice)))
		abort();
	if (r.kind != again.kind || r.index != again.index ||
	    r.level != again.level || r.width != again.width ||
	    r.bits != again.bits || !digest_equal(&r.digest, &again.digest) ||
	    strcmp(r.repository, again.repository) != 0 ||
	    strcmp(r.name, again.name) != 0 ||
	    strcmp(r.version, again.version) != 0 ||
	    strcmp(r.arch, again.arch) != 0)
		abort();
	buf_clear(&once);
	buf_clear(&twice);
	return 0;
}
