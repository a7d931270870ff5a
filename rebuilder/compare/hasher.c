/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/compare/hasher.h"

#include <pthread.h>
#include <stdlib.h>

/* Enough that neither side waits for the other's scheduling. */
#define SLOTS 8

struct slot {
	uint8_t *p; /* owned */
	size_t len;
};

/*
 * `given` and `hashed` count blocks and only rise; the lock covers them,
 * `stop` and `rc`.  Slot i belongs to the thread while hashed <= i < given
 * (modulo SLOTS), otherwise to the caller; so does the digester, which the
 * caller touches only when given == hashed.
 */
struct hasher {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool has_lock, has_cond, has_thread;
	struct slot slots[SLOTS];
	uint64_t given, hashed;
	bool stop;
	enum rb_err rc; /* the first failure since the last end */
	struct digester *digester; /* owned */
};

static void
must(int r)
{
	if (r != 0)
		abort();
}

static void *
hash_blocks(void *arg)
{
	struct hasher *h = arg;
	struct slot *s;
	enum rb_err rc;

	must(pthread_mutex_lock(&h->lock));
	for (;;) {
		while (h->given == h->hashed && !h->stop)
			must(pthread_cond_wait(&h->changed, &h->lock));
		if (h->stop)
			break;
		s = &h->slots[h->hashed % SLOTS];
		must(pthread_mutex_unlock(&h->lock));
		rc = digester_put(h->digester, span_of(s->p, s->len));
		must(pthread_mutex_lock(&h->lock));
		if (h->rc == RB_OK)
			h->rc = rc;
		h->hashed++;
		must(pthread_cond_signal(&h->changed));
	}
	must(pthread_mutex_unlock(&h->lock));
	return NULL;
}

void
hasher_free(struct hasher **hp)
{
	struct hasher *h = *hp;
	size_t i;

	if (h == NULL)
		return;
	if (h->has_thread) {
		must(pthread_mutex_lock(&h->lock));
		h->stop = true;
		must(pthread_cond_signal(&h->changed));
		must(pthread_mutex_unlock(&h->lock));
		must(pthread_join(h->thread, NULL));
	}
	if (h->has_cond)
		must(pthread_cond_destroy(&h->changed));
	if (h->has_lock)
		must(pthread_mutex_destroy(&h->lock));
	for (i = 0; i < SLOTS; i++)
		free(h->slots[i].p);
	digester_free(&h->digester);
	free(h);
	*hp = NULL;
}

enum rb_err
hasher_new(struct hasher **out)
{
	struct hasher *h;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if ((h = calloc(1, sizeof(*h))) == NULL)
		return RB_ENOMEM;
	for (i = 0; i < SLOTS; i++) {
		h->slots[i].p = malloc(HASHER_BLOCK);
		if (h->slots[i].p == NULL) {
			rc = RB_ENOMEM;
			goto out;
		}
	}
	if ((rc = digester_new(&h->digester)) != RB_OK)
		goto out;
	rc = RB_ENOMEM; /* what each of the three fails for */
	if (pthread_mutex_init(&h->lock, NULL) != 0)
		goto out;
	h->has_lock = true;
	if (pthread_cond_init(&h->changed, NULL) != 0)
		goto out;
	h->has_cond = true;
	if (pthread_create(&h->thread, NULL, hash_blocks, h) != 0)
		goto out;
	h->has_thread = true;

	*out = h;
	h = NULL; /* now the caller's */
	rc = RB_OK;
out:
	hasher_free(&h);
	return rc;
}

uint8_t *
hasher_block(struct hasher *h)
{
	uint8_t *p;

	must(pthread_mutex_lock(&h->lock));
	while (h->given - h->hashed == SLOTS)
		must(pthread_cond_wait(&h->changed, &h->lock));
	p = h->slots[h->given % SLOTS].p;
	must(pthread_mutex_unlock(&h->lock));
	return p;
}

void
hasher_put(struct hasher *h, size_t len)
{
	must(pthread_mutex_lock(&h->lock));
	if (len > HASHER_BLOCK || h->given - h->hashed == SLOTS)
		abort();
	h->slots[h->given % SLOTS].len = len;
	h->given++;
	must(pthread_cond_signal(&h->changed));
	must(pthread_mutex_unlock(&h->lock));
}

enum rb_err
hasher_end(struct hasher *h, struct digest *out)
{
	struct digest d = DIGEST_INIT;
	enum rb_err rc, first;

	must(pthread_mutex_lock(&h->lock));
	while (h->given != h->hashed)
		must(pthread_cond_wait(&h->changed, &h->lock));
	first = h->rc;
	h->rc = RB_OK;
	must(pthread_mutex_unlock(&h->lock));

	rc = digester_end(h->digester, &d);
	if (first != RB_OK)
		return first;
	if (rc != RB_OK)
		return rc;
	*out = d;
	return RB_OK;
}
