/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/tar_writer.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/file.h"

#define BLOCK_LEN 512
#define BUFFER_LEN (256 * BLOCK_LEN)
#define FIELD_MAX 100

/* GNU tar manual, "Basic Tar Format"; unused fields stay zero. */
struct header {
	char name[FIELD_MAX], mode[8], uid[8], gid[8], size[12], mtime[12];
	char checksum[8], type, link[FIELD_MAX], magic[8];
	char user[32], group[32], major[8], minor[8], pad[167];
};

_Static_assert(sizeof(struct header) == BLOCK_LEN, "one block");

struct tar_writer {
	int fd;
	uint64_t size;              /* of all that passed */
	uint64_t left; /* bytes that the last member still gets */
	struct digester *digester; /* owned */
	size_t len;
	uint8_t buffer[BUFFER_LEN]; /* not yet written */
};

static const char types[] = {
	[TAR_FILE] = '0',
	[TAR_HARDLINK] = '1',
	[TAR_SYMLINK] = '2',
	[TAR_DIRECTORY] = '5',
};

enum rb_err
tar_writer_new(int fd, struct tar_writer **out)
{
	struct tar_writer *w = calloc(1, sizeof(*w));
	enum rb_err rc;

	if (w == NULL)
		return RB_ENOMEM;
	w->fd = fd;
	if ((rc = digester_new(&w->digester)) != RB_OK) {
		tar_writer_free(&w);
		return rc;
	}
	*out = w;
	return RB_OK;
}

void
tar_writer_free(struct tar_writer **w)
{
	if (*w == NULL)
		return;
	digester_free(&(*w)->digester);
	free(*w);
	*w = NULL;
}

static enum rb_err
flush(struct tar_writer *w)
{
	struct span s = span_of(w->buffer, w->len);
	enum rb_err rc;

	if ((rc = digester_put(w->digester, s)) != RB_OK ||
	    (rc = file_write_fd(w->fd, s)) != RB_OK)
		return rc;
	w->len = 0;
	return RB_OK;
}

static enum rb_err
put(struct tar_writer *w, struct span s)
{
	enum rb_err rc;
	size_t len;

	w->size += s.len;
	while (s.len > 0) {
		len = BUFFER_LEN - w->len;
		if (len > s.len)
			len = s.len;
		memcpy(w->buffer + w->len, s.p, len);
		w->len += len;
		s = span_of(s.p + len, s.len - len);
		if (w->len == BUFFER_LEN && (rc = flush(w)) != RB_OK)
			return rc;
	}
	return RB_OK;
}

/* Zeros up to the next block. */
static enum rb_err
pad(struct tar_writer *w)
{
	static const uint8_t zeros[BLOCK_LEN];

	return put(w,
	    span_of(zeros, (BLOCK_LEN - w->size % BLOCK_LEN) % BLOCK_LEN));
}

/* Fills a field with octal digits and its terminating zero. */
static void
set_octal(char *field, size_t len, uint64_t value)
{
	size_t i = len - 1;

	field[i] = '\0';
	while (i-- > 0) {
		field[i] = (char)('0' + (value & 7));
		value >>= 3;
	}
}

/* What does not fit stands whole in front; here it is cut. */
static void
set_text(char field[FIELD_MAX], struct span s)
{
	if (s.len > 0)
		memcpy(field, s.p, s.len < FIELD_MAX ? s.len : FIELD_MAX);
}

static enum rb_err
put_header(struct tar_writer *w, const struct tar_member *m, char type)
{
	struct header h;
	unsigned int sum = 0;
	size_t i;

	memset(&h, 0, sizeof(h));
	set_text(h.name, m->name);
	set_text(h.link, m->link);
	set_octal(h.mode, sizeof(h.mode), m->mode);
	set_octal(h.uid, sizeof(h.uid), m->uid);
	set_octal(h.gid, sizeof(h.gid), m->gid);
	set_octal(h.size, sizeof(h.size), m->size);
	set_octal(h.mtime, sizeof(h.mtime), m->mtime);
	memcpy(h.magic, "ustar  ", sizeof(h.magic));
	h.type = type;
	/* The sum is over the header with blanks where the sum goes. */
	memset(h.checksum, ' ', sizeof(h.checksum));
	for (i = 0; i < sizeof(h); i++)
		sum += ((const uint8_t *)&h)[i];
	set_octal(h.checksum, sizeof(h.checksum) - 1, sum);
	return put(w, span_of(&h, sizeof(h)));
}

/* A name or link that its field cannot hold. */
static enum rb_err
put_long(struct tar_writer *w, char type, struct span s)
{
	static const uint8_t zero;
	struct tar_member m = { .name = SPAN("././@LongLink"),
		.size = s.len + 1 };
	enum rb_err rc;

	if (s.len <= FIELD_MAX)
		return RB_OK;
	if ((rc = put_header(w, &m, type)) != RB_OK ||
	    (rc = put(w, s)) != RB_OK ||
	    (rc = put(w, span_of(&zero, 1))) != RB_OK)
		return rc;
	return pad(w);
}

enum rb_err
tar_writer_member(struct tar_writer *w, const struct tar_member *m)
{
	enum rb_err rc;

	if (w->left != 0) /* the member before is not whole */
		return RB_EINTERNAL;
	if (m->size > TAR_NUMBER_MAX || m->mtime > TAR_NUMBER_MAX)
		return RB_EINTERNAL;
	if ((rc = pad(w)) != RB_OK ||
	    (rc = put_long(w, 'K', m->link)) != RB_OK ||
	    (rc = put_long(w, 'L', m->name)) != RB_OK ||
	    (rc = put_header(w, m, types[m->kind])) != RB_OK)
		return rc;
	w->left = m->size;
	return RB_OK;
}

enum rb_err
tar_writer_put(struct tar_writer *w, struct span bytes)
{
	if (bytes.len > w->left)
		return RB_EINTERNAL;
	w->left -= bytes.len;
	return put(w, bytes);
}

enum rb_err
tar_writer_end(struct tar_writer *w, uint64_t *size, struct digest *digest)
{
	static const uint8_t zeros[2 * BLOCK_LEN];
	enum rb_err rc;

	if (w->left != 0)
		return RB_EINTERNAL;
	if ((rc = pad(w)) != RB_OK ||
	    (rc = put(w, span_of(zeros, sizeof(zeros)))) != RB_OK ||
	    (rc = flush(w)) != RB_OK ||
	    (rc = digester_end(w->digester, digest)) != RB_OK)
		return rc;
	*size = w->size;
	return RB_OK;
}
