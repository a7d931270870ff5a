/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/outputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/enc.h"

/* "file ", a name, a blank, 20 digits, LF: no line is longer. */
#define LINE_MAX_LEN (5 + OUTPUT_NAME_MAX + 1 + 20 + 1)

struct stream {
	int fd;
	uint64_t at, len;
	uint8_t line[LINE_MAX_LEN];
};

bool
output_name_is_valid(struct span name)
{
	size_t i;
	uint8_t c;

	if (name.len == 0 || name.len > OUTPUT_NAME_MAX || name.p[0] == '.')
		return false;
	for (i = 0; i < name.len; i++) {
		c = name.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') &&
		    (c == 0 || strchr("+.~_-", c) == NULL))
			return false;
	}
	return true;
}

/* The next line, without its LF; valid until the line after it is taken. */
static enum rb_err
take_line(struct stream *s, struct span *line)
{
	uint64_t left = s->len - s->at;
	size_t want = left < sizeof(s->line) ? (size_t)left : sizeof(s->line);
	struct span in = span_of(s->line, 0);
	enum rb_err rc;
	ssize_t got;

	while (in.len < want) {
		got = pread(s->fd, s->line + in.len, want - in.len,
		    (off_t)(s->at + in.len));
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return RB_EIO;
		if (got == 0)
			break; /* shorter than it was said to be */
		in.len += (size_t)got;
	}
	if ((rc = span_take_line(&in, line)) != RB_OK)
		return rc;
	s->at += line->len + 1;
	return RB_OK;
}

/* "file SP name SP length": the line, and past the bytes behind it. */
static enum rb_err
take_file(struct stream *s, struct span line, struct outputs *o)
{
	struct output *file = &o->files[o->n];
	struct span name;
	uint64_t len;
	enum rb_err rc;

	if ((rc = span_take_until(&line, ' ', &name)) != RB_OK ||
	    (rc = dec_parse(line, UINT64_MAX, &len)) != RB_OK)
		return rc;
	if (!output_name_is_valid(name) || len > s->len - s->at)
		return RB_EFORMAT;
	memcpy(file->name, name.p, name.len);
	file->name[name.len] = '\0';
	file->offset = s->at;
	file->len = len;
	if (o->n > 0 && strcmp(o->files[o->n - 1].name, file->name) >= 0)
		return RB_EFORMAT;
	s->at += len;
	o->n++;
	return RB_OK;
}

static enum rb_err
take_end_line(struct stream *s, struct span line, struct outputs *o)
{
	uint64_t status;
	enum rb_err rc;

	if ((rc = dec_parse(line, 255, &status)) != RB_OK)
		return rc;
	if (s->at != s->len)
		return RB_EFORMAT;
	o->status = (uint32_t)status;
	return RB_OK;
}

/* Cuts `word` off the front, if it is there. */
static bool
take_word(struct span *line, struct span word)
{
	if (!span_starts(*line, word))
		return false;
	*line = span_of(line->p + word.len, line->len - word.len);
	return true;
}

static enum rb_err
take_stream(struct stream *s, struct outputs *o, struct fault *why)
{
	struct span line = SPAN_INIT;
	enum rb_err rc;

	if ((rc = take_line(s, &line)) == RB_OK &&
	    !span_equal_str(line, "output 1"))
		rc = RB_EFORMAT;
	while (rc == RB_OK) {
		if ((rc = take_line(s, &line)) != RB_OK)
			break;
		if (take_word(&line, SPAN("end ")))
			return take_end_line(s, line, o);
		if (o->n == OUTPUTS_MAX)
			return fault_set(why, RB_EREFUSED,
			    "the output stream holds more than %d files",
			    OUTPUTS_MAX);
		rc = RB_EFORMAT;
		if (take_word(&line, SPAN("file ")))
			rc = take_file(s, line, o);
	}
	return rc;
}

enum rb_err
outputs_read(int fd, uint64_t len, struct outputs *out, struct fault *why)
{
	struct outputs o = OUTPUTS_INIT;
	struct stream s = { .fd = fd, .len = len };
	enum rb_err rc = RB_EINTERNAL;

	if (len > INT64_MAX)
		return fault_set(why, RB_EREFUSED,
		    "the output stream is longer than any file");
	o.files = calloc(OUTPUTS_MAX, sizeof(*o.files));
	if (o.files == NULL)
		return RB_ENOMEM;
	rc = take_stream(&s, &o, why);
	if (rc == RB_EFORMAT || rc == RB_ELIMIT)
		rc = fault_set(why, RB_EREFUSED,
		    "the output stream breaks its format near byte %llu, after "
		    "%zu files: the machine was stopped early, or what ran in "
		    "it wrote the stream",
		    (unsigned long long)s.at, o.n);
	if (rc != RB_OK)
		goto out;

	*out = o;
	o = (struct outputs)OUTPUTS_INIT; /* now the caller's */
	rc = RB_OK;
out:
	outputs_clear(&o);
	return rc;
}

void
outputs_clear(struct outputs *o)
{
	free(o->files);
	*o = (struct outputs)OUTPUTS_INIT;
}
