/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/net/net_pack.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/file.h"
#include "rebuilder/net/net_receive.h"

/* One pack, and while it is under way its thread. */
struct pack {
	struct pack *next;
	struct pack_request request;
	const struct pack_limits *limits; /* borrowed */
	const char *proxy;                /* borrowed */
	int wake, cancel;                 /* borrowed */
	pthread_t thread;
	atomic_bool has_ended; /* the thread touches nothing any more */
	enum rb_err rc;
	struct fetch_result result;
};

struct packer {
	struct pack_limits limits;
	fetch_done done;
	void *self;
	char *proxy;          /* owned */
	int wake; /* owned eventfd: a thread ended, or one may start */
	int cancel; /* owned eventfd: all shall end */
	struct pack *waiting; /* owned list, the oldest first */
	struct pack *active; /* owned list; each has a thread */
	size_t nwaiting, nactive;
	bool has_begun; /* receive_begin */
};

void
pack_request_clear(struct pack_request *r)
{
	size_t i;

	for (i = 0; i < r->nrefs; i++)
		free(r->refs[i]);
	free(r->refs);
	free(r->url);
	fd_close(&r->fd);
	*r = (struct pack_request)PACK_REQUEST_INIT;
}

static void
pack_free(struct pack **p)
{
	if (*p == NULL)
		return;
	pack_request_clear(&(*p)->request);
	free(*p);
	*p = NULL;
}

/* An eventfd holds more of these than there can be packs. */
static void
signal_event(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
		abort();
}

enum rb_err
packer_new(const struct pack_limits *limits, fetch_done done, void *self,
    struct packer **out)
{
	struct packer *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return RB_ENOMEM;
	p->limits = *limits;
	p->done = done;
	p->self = self;
	p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->cancel = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->proxy = strdup("");
	if (p->wake == -1 || p->cancel == -1 || p->proxy == NULL) {
		packer_free(&p);
		return RB_ENOMEM;
	}
	*out = p;
	return RB_OK;
}

void
packer_free(struct packer **p)
{
	struct pack *pack;

	if (*p == NULL)
		return;
	if ((*p)->active != NULL)
		signal_event((*p)->cancel);
	while ((pack = (*p)->active) != NULL) {
		(*p)->active = pack->next;
		(void)pthread_join(pack->thread, NULL);
		pack_free(&pack);
	}
	while ((pack = (*p)->waiting) != NULL) {
		(*p)->waiting = pack->next;
		pack_free(&pack);
	}
	fd_close(&(*p)->wake);
	fd_close(&(*p)->cancel);
	free((*p)->proxy);
	free(*p);
	*p = NULL;
}

enum rb_err
packer_set_proxy(struct packer *p, const char *proxy)
{
	char *copy;

	if (p->waiting != NULL || p->active != NULL)
		return RB_EINTERNAL; /* they borrow the one before */
	if ((copy = strdup(proxy)) == NULL)
		return RB_ENOMEM;
	free(p->proxy);
	p->proxy = copy;
	return RB_OK;
}

enum rb_err
packer_add(struct packer *p, struct pack_request *r)
{
	struct pack **end = &p->waiting, *pack;
	enum rb_err rc;

	if (!p->has_begun && (rc = receive_begin()) != RB_OK)
		return rc;
	p->has_begun = true;
	if ((pack = calloc(1, sizeof(*pack))) == NULL)
		return RB_ENOMEM;
	pack->request = *r;
	*r = (struct pack_request)PACK_REQUEST_INIT; /* now ours */
	pack->limits = &p->limits;
	pack->proxy = p->proxy;
	pack->wake = p->wake;
	pack->cancel = p->cancel;
	while (*end != NULL)
		end = &(*end)->next;
	*end = pack;
	p->nwaiting++;
	signal_event(p->wake);
	return RB_OK;
}

size_t
packer_count(const struct packer *p)
{
	return p->nwaiting + p->nactive;
}

int
packer_fd(const struct packer *p)
{
	return p->wake;
}

static void *
run(void *arg)
{
	struct pack *pack = arg;
	int wake = pack->wake;

	pack->rc = pack_receive(pack->limits, pack->proxy, pack->cancel,
	    &pack->request, &pack->result);
	atomic_store(&pack->has_ended, true);
	signal_event(wake);
	return NULL;
}

static enum rb_err
start_waiting(struct packer *p)
{
	struct pack *pack;

	while (p->waiting != NULL && p->nactive < p->limits.together) {
		pack = p->waiting;
		if (pthread_create(&pack->thread, NULL, run, pack) != 0)
			return RB_ENOMEM;
		p->waiting = pack->next;
		pack->next = p->active;
		p->active = pack;
		p->nwaiting--;
		p->nactive++;
	}
	return RB_OK;
}

enum rb_err
packer_step(struct packer *p)
{
	struct pack **at = &p->active, *pack;
	enum rb_err rc = RB_OK;
	uint64_t n;

	if (read(p->wake, &n, sizeof(n)) == -1 && errno != EAGAIN)
		return RB_EIO;
	while (rc == RB_OK && (pack = *at) != NULL) {
		if (!atomic_load(&pack->has_ended)) {
			at = &pack->next;
			continue;
		}
		*at = pack->next;
		p->nactive--;
		(void)pthread_join(pack->thread, NULL);
		if ((rc = pack->rc) == RB_OK)
			rc = p->done(p->self, &pack->result);
		pack_free(&pack);
	}
	return rc == RB_OK ? start_waiting(p) : rc;
}
