/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/alarms.h"

#include <stdlib.h>
#include <string.h>

#include "common/process/msg.h"

#define SENTENCE_LIMIT 1024
/* Beside the number that stands before them. */
#define HAS_MORE 0x80

void
alarms_clear(struct alarms *a)
{
	while (a->n > 0)
		free(a->list[--a->n].sentence);
	a->has_more = false;
}

enum rb_err
alarms_add(struct alarms *a, int64_t now, const char *sentence, bool *is_new)
{
	char *copy;
	size_t i;

	for (i = 0; i < a->n; i++) {
		if (strcmp(a->list[i].sentence, sentence) == 0) {
			*is_new = false;
			return RB_OK;
		}
	}
	*is_new = true;
	if (a->n == ALARMS_MAX) {
		a->has_more = true;
		return RB_OK;
	}
	if ((copy = strdup(sentence)) == NULL)
		return RB_ENOMEM;
	a->list[a->n].time = now;
	a->list[a->n++].sentence = copy;
	return RB_OK;
}

enum rb_err
alarms_put(struct buf *out, const struct alarms *a)
{
	size_t i, len = out->len;
	enum rb_err rc;

	rc = put_u8(out, (uint8_t)(a->n | (a->has_more ? HAS_MORE : 0)));
	for (i = 0; i < a->n && rc == RB_OK; i++) {
		if ((rc = put_u64(out, (uint64_t)a->list[i].time)) == RB_OK)
			rc = put_text(out, a->list[i].sentence);
	}
	if (rc != RB_OK)
		out->len = len;
	return rc;
}

enum rb_err
alarms_take(struct span *in, struct alarms *a)
{
	uint64_t when = 0;
	uint8_t n = 0;
	enum rb_err rc;

	if ((rc = take_u8(in, &n)) != RB_OK)
		return rc;
	a->has_more = (n & HAS_MORE) != 0;
	n &= (uint8_t)~HAS_MORE;
	if (n > ALARMS_MAX)
		return RB_EFORMAT;
	while (a->n < n) {
		if ((rc = take_u64(in, &when)) != RB_OK ||
		    (rc = take_text(in, SENTENCE_LIMIT,
			 &a->list[a->n].sentence)) != RB_OK)
			return rc;
		a->list[a->n++].time = (int64_t)when;
	}
	return RB_OK;
}
