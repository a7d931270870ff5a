/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libgit2 and what we put below and above it, between any list and any
 * answer.  Two bytes say how long the list is.  Claims: no more than `max`
 * is written, and what is said about it is true.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/file.h"
#include "rebuilder/net/net_receive.h"
#include "rebuilder/net/net_pull.h"

#define PACK_MAX 64

/*
 * libgit2 1.5 forgets the name in a line that it wanted to be an ACK: once a
 * pack.  What we forget is found by test_net_receive.
 */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libgit2.so\n";
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* In place of net_pull.c: what a server would say. */
static struct {
	struct span list, pack;
	struct span *now;
	struct transfer transfer;
	size_t step; /* bytes at once */
} world;

uint64_t
pull_now(void)
{
	return 0;
}

enum rb_err
pull_open(const struct fetch_limits *limits, const char *proxy, char *url,
    int cancel, uint64_t deadline, struct pull *out)
{
	(void)limits;
	(void)proxy;
	(void)cancel;
	(void)deadline;
	free(url);
	out->transfer = &world.transfer;
	return RB_OK;
}

void
pull_clear(struct pull *p)
{
	p->transfer = NULL;
}

enum rb_err
pull_get(struct pull *p, uint64_t max)
{
	(void)p;
	(void)max;
	world.now = &world.list;
	return RB_OK;
}

enum rb_err
pull_post(struct pull *p, struct span post, uint64_t max)
{
	(void)p;
	(void)max;
	/* No history is offered, whatever the list says. */
	if (post.len < 9 || memmem(post.p, post.len, "have ", 5) != NULL ||
	    memcmp(post.p + post.len - 9, "0009done\n", 9) != 0)
		abort();
	world.now = &world.pack;
	return RB_OK;
}

enum rb_err
pull_read(struct pull *p, void *to, size_t cap, size_t *len)
{
	struct span *s = world.now;
	size_t n = s->len < cap ? s->len : cap;

	(void)p;
	n = n < world.step ? n : world.step;
	memcpy(to, s->p, n);
	*s = span_of(s->p + n, s->len - n);
	*len = n;
	return RB_OK;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (receive_begin() != RB_OK)
		abort();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct pack_limits limits = PACK_LIMITS;
	static char url[] = "http://git.example/x", ref[] = "refs/tags/v1";
	static char id[] = "0123456789012345678901234567890123456789";
	char *refs[] = { ref, id };
	struct pack_request r = { 5, PACK_MAX, url, refs, 1, -1 };
	struct fetch_result result;
	uint64_t size;
	size_t list;

	if (len < 3)
		return 0;
	list = (size_t)(data[0] << 8 | data[1]);
	r.nrefs = 1 + (data[2] & 1);
	world.step = (data[2] & 2) != 0 ? 1 : 65536;
	data += 3;
	len -= 3;
	if (list > len)
		return 0;
	world.list = span_of(data, list);
	world.pack = span_of(data + list, len - list);
	world.now = &world.list;
	r.fd = memfd_create("pack", MFD_CLOEXEC);
	if (pack_receive(&limits, "", -1, &r, &result) != RB_OK ||
	    file_size(r.fd, &size) != RB_OK)
		abort();
	if (size > PACK_MAX || size != result.len || result.id != 5)
		abort();
	if ((result.outcome == NET_OK) != (result.detail.text[0] == '\0') ||
	    (result.outcome == NET_OK && size == 0))
		abort();
	fd_close(&r.fd);
	return 0;
}
