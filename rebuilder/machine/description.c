/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/description.h"

#include <inttypes.h>

#include "common/base/enc.h"

/* Cuts off the line `key SP value LF`. */
static enum rb_err
take_value(struct span *in, const char *key, struct span *value,
    struct fault *why)
{
	struct span rest = *in, line = SPAN_INIT, word = SPAN_INIT;

	if (span_take_line(&rest, &line) != RB_OK ||
	    span_take_until(&line, ' ', &word) != RB_OK ||
	    !span_equal_str(word, key))
		return fault_set(why, RB_EFORMAT,
		    "description: the line \"%s ...\" is missing or not in its "
		    "place",
		    key);
	*in = rest;
	*value = line;
	return RB_OK;
}

static enum rb_err
bad_value(const char *key, enum rb_err rc, struct fault *why)
{
	return fault_set(why, rc, "description: the value of \"%s\" is %s", key,
	    rc == RB_ELIMIT ? "too large" : "malformed");
}

static enum rb_err
take_number(struct span *in, const char *key, uint64_t max, uint64_t *out,
    struct fault *why)
{
	struct span value = SPAN_INIT;
	uint64_t n = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_value(in, key, &value, why)) != RB_OK)
		return rc;
	if ((rc = dec_parse(value, max, &n)) != RB_OK)
		return bad_value(key, rc, why);
	/* No limit means "none": a machine with nothing can't run. */
	if (n == 0)
		return fault_set(why, RB_EFORMAT,
		    "description: \"%s\" must be at least 1", key);
	*out = n;
	return RB_OK;
}

static enum rb_err
take_layer(struct span *in, struct description *d, struct fault *why)
{
	struct span value = SPAN_INIT, hex = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_value(in, "layer", &value, why)) != RB_OK)
		return rc;
	if (span_equal(value, SPAN("none")))
		return RB_OK;
	d->has_layer = true;
	if ((rc = span_take_until(&value, ' ', &hex)) != RB_OK ||
	    (rc = digest_parse(hex, &d->layer)) != RB_OK ||
	    (rc = dec_parse(value, DESCRIPTION_BYTES_MAX, &d->layer_size)) !=
		RB_OK)
		return bad_value("layer", rc, why);
	return RB_OK;
}

static enum rb_err
take_clock(struct span *in, struct description *d, struct fault *why)
{
	struct span value = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_value(in, "clock", &value, why)) != RB_OK)
		return rc;
	if (span_equal(value, SPAN("host")))
		return RB_OK;
	d->has_clock = true;
	if ((rc = dec_parse(value, DESCRIPTION_CLOCK_MAX, &d->clock)) != RB_OK)
		return bad_value("clock", rc, why);
	return RB_OK;
}

enum rb_err
description_parse(struct span in, struct description *out, struct fault *why)
{
	struct description d = DESCRIPTION_INIT;
	struct span version = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (in.len > DESCRIPTION_MAX)
		return fault_set(why, RB_ELIMIT,
		    "description: longer than %d bytes", DESCRIPTION_MAX);
	if ((rc = take_value(&in, "machine", &version, why)) != RB_OK)
		return rc;
	if (!span_equal(version, SPAN("1")))
		return fault_set(why, RB_EFORMAT,
		    "description: only \"machine 1\" is known here");
	if ((rc = take_layer(&in, &d, why)) != RB_OK)
		return rc;
	if ((rc = take_number(&in, "memory", DESCRIPTION_BYTES_MAX, &d.memory,
		 why)) != RB_OK ||
	    (rc = take_number(&in, "disk", DESCRIPTION_BYTES_MAX, &d.disk,
		 why)) != RB_OK ||
	    (rc = take_number(&in, "output", DESCRIPTION_BYTES_MAX, &d.output,
		 why)) != RB_OK ||
	    (rc = take_number(&in, "log", DESCRIPTION_BYTES_MAX, &d.log,
		 why)) != RB_OK ||
	    (rc = take_number(&in, "processes", DESCRIPTION_PROCESSES_MAX,
		 &d.processes, why)) != RB_OK ||
	    (rc = take_number(&in, "cpus", DESCRIPTION_CPUS_MAX, &d.cpus,
		 why)) != RB_OK ||
	    (rc = take_number(&in, "seconds", DESCRIPTION_SECONDS_MAX,
		 &d.seconds, why)) != RB_OK)
		return rc;
	if ((rc = take_clock(&in, &d, why)) != RB_OK)
		return rc;
	if (in.len != 0)
		return fault_set(why, RB_EFORMAT,
		    "description: something follows the line \"clock ...\"");
	*out = d;
	return RB_OK;
}

enum rb_err
description_write(const struct description *d, struct buf *out)
{
	char hex[DIGEST_HEX_LEN + 1];
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_put_str(out, "machine 1\n")) != RB_OK)
		return rc;
	if (d->has_layer) {
		digest_hex(&d->layer, hex);
		rc = buf_printf(out, "layer %s %" PRIu64 "\n", hex,
		    d->layer_size);
	} else {
		rc = buf_put_str(out, "layer none\n");
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
		 d->memory, d->disk, d->output, d->log, d->processes, d->cpus,
		 d->seconds)) != RB_OK)
		return rc;
	if (!d->has_clock)
		return buf_put_str(out, "clock host\n");
	return buf_printf(out, "clock %" PRIu64 "\n", d->clock);
}
