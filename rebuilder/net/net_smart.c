/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/net/net_smart.h"

#include <stdlib.h>

#include "rebuilder/net/net_pack.h"

/*
 * How much more than the pack an answer may hold: the lengths of its pieces,
 * of a thousand bytes at least, and what the server says while it counts.
 */
#define AROUND_PACK(max) ((max) / 64 + 1024 * 1024)

/* One question and its answer. */
struct stream {
	git_smart_subtransport_stream parent;
	git_smart_service_t service;
	bool is_asked;
	struct buf post; /* owned */
};

/* What libgit2 is told is of no account: `rc` and the pull know it. */
static int
fail(struct smart *s, enum rb_err rc)
{
	if (s->rc == RB_OK)
		s->rc = rc;
	git_error_set_str(GIT_ERROR_NET, "no answer");
	return GIT_EUSER;
}

static enum rb_err
ask(struct smart *s, struct stream *stream)
{
	if (stream->is_asked)
		return RB_OK;
	stream->is_asked = true;
	if (stream->service == GIT_SERVICE_UPLOADPACK_LS)
		return pull_get(s->pull, PACK_LIST_MAX);
	return pull_post(s->pull, buf_span(&stream->post),
	    s->pack_max + s->around);
}

/*
 * libgit2 clears its whole buffer after each line, so lines of a few bytes
 * cost a server nothing and us minutes.
 */
static bool
is_flooded(struct smart *s)
{
	uint64_t all = s->pull->transfer->result.len;

	s->is_flooded = all > *s->pack_len && all - *s->pack_len > s->around;
	return s->is_flooded;
}

static int
on_read(git_smart_subtransport_stream *parent, char *to, size_t cap,
    size_t *len)
{
	struct stream *stream = (struct stream *)parent;
	struct smart *s = (struct smart *)parent->subtransport;
	enum rb_err rc;

	*len = 0;
	if ((rc = ask(s, stream)) != RB_OK ||
	    (rc = pull_read(s->pull, to, cap, len)) != RB_OK)
		return fail(s, rc);
	if (stream->service == GIT_SERVICE_UPLOADPACK && is_flooded(s))
		return fail(s, RB_EREFUSED);
	return 0;
}

static int
on_write(git_smart_subtransport_stream *parent, const char *p, size_t len)
{
	struct stream *stream = (struct stream *)parent;
	struct smart *s = (struct smart *)parent->subtransport;
	enum rb_err rc;

	if (stream->service != GIT_SERVICE_UPLOADPACK || stream->is_asked)
		return fail(s, RB_EINTERNAL);
	if ((rc = buf_put(&stream->post, span_of(p, len))) != RB_OK)
		return fail(s, rc);
	return 0;
}

static void
on_stream_free(git_smart_subtransport_stream *parent)
{
	struct stream *stream = (struct stream *)parent;

	buf_clear(&stream->post);
	free(stream);
}

/* The list must be read to its end before the pack is asked for. */
static enum rb_err
finish_list(struct smart *s)
{
	uint8_t rest[4096];
	size_t len = 1;
	enum rb_err rc = RB_OK;

	while (rc == RB_OK && len != 0)
		rc = pull_read(s->pull, rest, sizeof(rest), &len);
	return rc;
}

static int
on_action(git_smart_subtransport_stream **out, git_smart_subtransport *parent,
    const char *url, git_smart_service_t service)
{
	struct smart *s = (struct smart *)parent;
	struct stream *stream;
	enum rb_err rc;

	(void)url; /* the pull has it, as redirects left it */
	if (service != GIT_SERVICE_UPLOADPACK_LS &&
	    service != GIT_SERVICE_UPLOADPACK)
		return fail(s, RB_EINTERNAL);
	if (service == GIT_SERVICE_UPLOADPACK && (rc = finish_list(s)) != RB_OK)
		return fail(s, rc);
	if ((stream = calloc(1, sizeof(*stream))) == NULL)
		return fail(s, RB_ENOMEM);
	stream->parent.subtransport = parent;
	stream->parent.read = on_read;
	stream->parent.write = on_write;
	stream->parent.free = on_stream_free;
	stream->service = service;
	stream->post = (struct buf)BUF_INIT;
	*out = &stream->parent;
	return 0;
}

static int
on_close(git_smart_subtransport *parent)
{
	(void)parent;
	return 0;
}

static void
on_free(git_smart_subtransport *parent)
{
	(void)parent;
}

void
smart_init(struct smart *s, struct pull *pull, uint64_t pack_max,
    const uint64_t *pack_len)
{
	*s = (struct smart){ .pull = pull,
		.pack_max = pack_max,
		.pack_len = pack_len,
		.around = AROUND_PACK(pack_max) };
	s->parent.action = on_action;
	s->parent.close = on_close;
	s->parent.free = on_free;
}

static int
on_subtransport(git_smart_subtransport **out, git_transport *owner, void *param)
{
	struct smart *s = param;

	(void)owner;
	*out = &s->parent;
	return 0;
}

int
smart_transport(git_transport **out, git_remote *owner, void *payload)
{
	struct smart *s = payload;
	int r;

	s->definition.callback = on_subtransport;
	s->definition.rpc = 1;
	s->definition.param = s;
	r = git_transport_smart(out, owner, &s->definition);
	if (r == 0)
		s->transport = *out;
	return r;
}
