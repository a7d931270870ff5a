/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/told/status.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/enc.h"

#define HEAD "status 1"
#define FIELD(name) { #name, offsetof(struct status, name) }

const struct status_field status_fields[] = {
	FIELD(time),
	FIELD(started),
	FIELD(waiting),
	FIELD(blocked),
	FIELD(running),
	FIELD(retrying),
	FIELD(done),
	FIELD(tries),
	FIELD(retries),
	FIELD(paused),
	FIELD(disk_free),
	FIELD(disk_reserve),
	FIELD(disk_short),
	FIELD(depot_files),
	FIELD(depot_bytes),
	FIELD(collected_bytes),
	FIELD(polled),
	FIELD(alarms),
	FIELD(reproduced),
	FIELD(differs),
	FIELD(failed),
	FIELD(unavailable),
};

const size_t status_nfields = sizeof(status_fields) / sizeof(status_fields[0]);

uint64_t
status_value(const struct status *s, const struct status_field *f)
{
	uint64_t n;

	memcpy(&n, (const uint8_t *)s + f->offset, sizeof(n));
	return n;
}

enum rb_err
status_write(const struct status *s, struct buf *out)
{
	size_t i, start = out->len;
	enum rb_err rc = RB_EINTERNAL;

	rc = buf_put_str(out, HEAD "\n");
	for (i = 0; i < status_nfields && rc == RB_OK; i++)
		rc = buf_printf(out, "%s %" PRIu64 "\n", status_fields[i].name,
		    status_value(s, &status_fields[i]));
	if (rc != RB_OK)
		out->len = start;
	return rc;
}

static enum rb_err
take_field(struct span *in, const struct status_field *f, struct status *s)
{
	struct span line = SPAN_INIT, name = SPAN_INIT;
	uint64_t n = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = span_take_line(in, &line)) != RB_OK ||
	    (rc = span_take_until(&line, ' ', &name)) != RB_OK)
		return rc;
	if (!span_equal_str(name, f->name))
		return RB_EFORMAT;
	if ((rc = dec_parse(line, UINT64_MAX, &n)) != RB_OK)
		return rc;
	memcpy((uint8_t *)s + f->offset, &n, sizeof(n));
	return RB_OK;
}

enum rb_err
status_parse(struct span in, struct status *out)
{
	struct status s;
	struct span line = SPAN_INIT;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	memset(&s, 0, sizeof(s));
	if (in.len > STATUS_MAX)
		return RB_ELIMIT;
	if ((rc = span_take_line(&in, &line)) != RB_OK)
		return rc;
	if (!span_equal_str(line, HEAD))
		return RB_EFORMAT;
	for (i = 0; i < status_nfields; i++)
		if ((rc = take_field(&in, &status_fields[i], &s)) != RB_OK)
			return rc;
	if (in.len != 0)
		return RB_EFORMAT;
	*out = s;
	return RB_OK;
}
