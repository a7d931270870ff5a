/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/attest/inputs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/attest/list.h"
#include "common/base/enc.h"

#define DECIMAL_MAX 20 /* digits of 2^64 - 1 */

static void
input_clear(struct input *i)
{
	free(i->kind);
	free(i->name);
	free(i->version);
	free(i->arch);
	free(i->origin);
	*i = (struct input){ .kind = NULL };
}

void
inputs_clear(struct inputs *in)
{
	size_t i;

	for (i = 0; i < in->n; i++)
		input_clear(&in->list[i]);
	free(in->list);
	*in = (struct inputs)INPUTS_INIT;
}

/* Fields end with a space, so they hold none. */
static enum rb_err
copy_field(struct span s, char **out)
{
	size_t i;

	if (s.len == 0)
		return RB_EFORMAT;
	if (s.len > INPUTS_TEXT_MAX)
		return RB_ELIMIT;
	for (i = 0; i < s.len; i++) {
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return RB_EFORMAT;
	}
	return str_dup_span(s, out);
}

/* `fields`: kind, name, version, architecture, origin. */
static enum rb_err
add(struct inputs *in, const struct span fields[5], uint64_t size,
    const struct digest *sha256)
{
	struct input input = { .size = size, .sha256 = *sha256 };
	char **const texts[5] = { &input.kind, &input.name, &input.version,
		&input.arch, &input.origin };
	struct input *list;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if (in->n == INPUTS_COUNT_MAX) {
		rc = RB_ELIMIT;
		goto out;
	}
	for (i = 0; i < 5; i++) {
		if ((rc = copy_field(fields[i], texts[i])) != RB_OK)
			goto out;
	}
	list = list_grow(in->list, in->n, sizeof(*list));
	if (list == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	in->list = list;
	in->list[in->n++] = input;
	input = (struct input){ .kind = NULL }; /* now the list's */
	rc = RB_OK;
out:
	input_clear(&input);
	return rc;
}

enum rb_err
inputs_add(struct inputs *in, const char *kind, const char *name,
    const char *version, const char *arch, const char *origin, uint64_t size,
    const struct digest *sha256)
{
	const struct span fields[5] = { span_of_str(kind), span_of_str(name),
		span_of_str(version), span_of_str(arch), span_of_str(origin) };

	return add(in, fields, size, sha256);
}

/*
 * As the bytes of their lines compare.  A space is less than every byte of a
 * field, so field by field gives the same; sizes compare as text: 10 < 9.
 */
static int
compare(const void *left, const void *right)
{
	const struct input *a = left, *b = right;
	char size_a[DECIMAL_MAX + 1], size_b[DECIMAL_MAX + 1];
	int r;

	if ((r = strcmp(a->kind, b->kind)) != 0 ||
	    (r = strcmp(a->name, b->name)) != 0 ||
	    (r = strcmp(a->version, b->version)) != 0 ||
	    (r = strcmp(a->arch, b->arch)) != 0 ||
	    (r = strcmp(a->origin, b->origin)) != 0)
		return r;
	(void)snprintf(size_a, sizeof(size_a), "%" PRIu64, a->size);
	(void)snprintf(size_b, sizeof(size_b), "%" PRIu64, b->size);
	if ((r = strcmp(size_a, size_b)) != 0)
		return r;
	return memcmp(a->sha256.b, b->sha256.b, DIGEST_LEN);
}

enum rb_err
inputs_write(struct inputs *in, struct buf *out)
{
	char hex[DIGEST_HEX_LEN + 1];
	struct buf b = BUF_INIT;
	enum rb_err rc = RB_OK;
	size_t i;

	if (in->n > 1)
		qsort(in->list, in->n, sizeof(*in->list), compare);
	for (i = 0; i < in->n; i++) {
		const struct input *input = &in->list[i];

		rc = RB_EFORMAT;
		if (i > 0 && compare(input - 1, input) == 0)
			goto out;
		digest_hex(&input->sha256, hex);
		if ((rc = buf_printf(&b, "%s %s %s %s %s %" PRIu64 " %s\n",
			 input->kind, input->name, input->version, input->arch,
			 input->origin, input->size, hex)) != RB_OK)
			goto out;
		rc = RB_ELIMIT;
		if (b.len > INPUTS_MAX)
			goto out;
	}
	rc = buf_put(out, buf_span(&b));
out:
	buf_clear(&b);
	return rc;
}

static enum rb_err
take_line(struct span line, struct inputs *in)
{
	struct span fields[5], size, hex;
	struct digest sha256;
	uint64_t bytes;
	enum rb_err rc;
	size_t i;

	for (i = 0; i < 5; i++) {
		if ((rc = span_take_until(&line, ' ', &fields[i])) != RB_OK)
			return rc;
	}
	if ((rc = span_take_until(&line, ' ', &size)) != RB_OK)
		return rc;
	if ((rc = dec_parse(size, UINT64_MAX, &bytes)) != RB_OK)
		return rc;
	hex = line;
	if ((rc = digest_parse(hex, &sha256)) != RB_OK)
		return rc;
	return add(in, fields, bytes, &sha256);
}

enum rb_err
inputs_parse(struct span text, struct inputs *out, struct fault *why)
{
	struct inputs in = INPUTS_INIT;
	struct span line, last = SPAN_INIT;
	enum rb_err rc = RB_OK;

	if (text.len > INPUTS_MAX) {
		rc = fault_set(why, RB_ELIMIT, "input list: over %d bytes",
		    INPUTS_MAX);
		goto out;
	}
	while (text.len != 0) {
		if ((rc = span_take_line(&text, &line)) != RB_OK) {
			fault_set(why, rc, "input list: last line has no end");
			goto out;
		}
		if (in.n > 0 && span_compare(last, line) >= 0) {
			rc = fault_set(why, RB_EFORMAT,
			    "input list: line %zu is not behind the last",
			    in.n + 1);
			goto out;
		}
		if ((rc = take_line(line, &in)) != RB_OK) {
			fault_set(why, rc,
			    "input list: line %zu is not kind, name, version, "
			    "architecture, origin, size, sha256",
			    in.n + 1);
			goto out;
		}
		last = line;
	}

	*out = in;
	in = (struct inputs)INPUTS_INIT; /* now the caller's */
	rc = RB_OK;
out:
	inputs_clear(&in);
	return rc;
}
