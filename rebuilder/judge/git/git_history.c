/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/git/git_history.h"

#include <stdlib.h>
#include <string.h>

#include "rebuilder/judge/git/git_commit.h"

#define NONE UINT32_MAX
#define SLOTS_MIN 1024

/* git's describe.c: candidates after which it stops looking. */
#define CANDIDATES_MAX 10

struct commit {
	struct git_id id;
	bool is_read;
	bool is_seen;     /* of the walk under way */
	bool is_wanted;   /* of git_history_nearest */
	uint32_t within;  /* a bit for each candidate that it belongs to */
	int64_t time;
	uint32_t parents; /* in `parents`, as many as follow */
	uint32_t nparents;
};

struct git_history {
	struct pack_reader *reader; /* borrowed */
	struct commit *commits;     /* owned */
	uint32_t n, cap;
	uint32_t *slots;            /* owned: hash table, by id */
	uint32_t nslots;            /* a power of two, at least twice n */
	uint32_t *parents;          /* owned: numbers of commits */
	size_t nparents, parents_cap;
	/* The walk under way: a heap, the newest commit on top. */
	struct waiting {
		int64_t time;
		uint64_t order; /* of equals the one that came first */
		uint32_t commit;
	} *heap;      /* owned */
	size_t nheap, heap_cap;
	uint64_t order;
};

enum rb_err
git_history_new(struct pack_reader *r, struct git_history **out)
{
	struct git_history *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return RB_ENOMEM;
	h->reader = r;
	*out = h;
	return RB_OK;
}

void
git_history_free(struct git_history **h)
{
	if (*h == NULL)
		return;
	free((*h)->commits);
	free((*h)->slots);
	free((*h)->parents);
	free((*h)->heap);
	free(*h);
	*h = NULL;
}

/* Room for one more; the list grows to twice its length. */
static enum rb_err
grow(void **list, size_t n, size_t *cap, size_t item)
{
	size_t more = *cap == 0 ? 64 : 2 * *cap;
	void *p;

	if (n < *cap)
		return RB_OK;
	p = realloc(*list, more * item);
	if (p == NULL)
		return RB_ENOMEM;
	*list = p;
	*cap = more;
	return RB_OK;
}

/* Ids are hashes already: their first bytes spread well enough. */
static uint32_t
slot_of(const struct git_history *h, const struct git_id *id)
{
	uint32_t i;

	i = (uint32_t)id->b[0] << 24 | (uint32_t)id->b[1] << 16 |
	    (uint32_t)id->b[2] << 8 | id->b[3];
	i &= h->nslots - 1;
	while (h->slots[i] != NONE &&
	    !git_id_equal(&h->commits[h->slots[i]].id, id))
		i = (i + 1) & (h->nslots - 1);
	return i;
}

static enum rb_err
widen(struct git_history *h)
{
	uint32_t n = h->nslots == 0 ? SLOTS_MIN : 2 * h->nslots, i;
	uint32_t *slots = malloc(n * sizeof(*slots));

	if (slots == NULL)
		return RB_ENOMEM;
	for (i = 0; i < n; i++)
		slots[i] = NONE;
	free(h->slots);
	h->slots = slots;
	h->nslots = n;
	for (i = 0; i < h->n; i++)
		h->slots[slot_of(h, &h->commits[i].id)] = i;
	return RB_OK;
}

/* The number of a commit; a new one is not read yet. */
static enum rb_err
number(struct git_history *h, const struct git_id *id, uint32_t *out)
{
	size_t cap = h->cap;
	uint32_t slot;
	enum rb_err rc;

	if (h->n >= h->nslots / 2 && (rc = widen(h)) != RB_OK)
		return rc;
	slot = slot_of(h, id);
	if (h->slots[slot] == NONE) {
		if (h->n == GIT_COMMITS_MAX)
			return RB_ELIMIT;
		if ((rc = grow((void **)&h->commits, h->n, &cap,
			 sizeof(*h->commits))) != RB_OK)
			return rc;
		h->cap = (uint32_t)cap;
		memset(&h->commits[h->n], 0, sizeof(*h->commits));
		h->commits[h->n].id = *id;
		h->slots[slot] = h->n++;
	}
	*out = h->slots[slot];
	return RB_OK;
}

static enum rb_err
add_parents(struct git_history *h, uint32_t i, const struct git_commit *c)
{
	struct span parents = c->parents;
	struct git_id id;
	uint32_t parent;
	size_t first = h->nparents;
	enum rb_err rc;

	while ((rc = git_parent_take(&parents, &id)) == RB_OK) {
		if ((rc = number(h, &id, &parent)) != RB_OK ||
		    (rc = grow((void **)&h->parents, h->nparents,
			 &h->parents_cap, sizeof(*h->parents))) != RB_OK)
			return rc;
		if (h->nparents == UINT32_MAX)
			return RB_ELIMIT;
		h->parents[h->nparents++] = parent;
	}
	if (rc != RB_ENOTFOUND)
		return rc;
	h->commits[i].parents = (uint32_t)first;
	h->commits[i].nparents = (uint32_t)c->nparents;
	return RB_OK;
}

static enum rb_err
read_commit(struct git_history *h, uint32_t i, struct fault *why)
{
	struct git_object o = GIT_OBJECT_INIT;
	struct git_id id = h->commits[i].id;
	char hex[GIT_ID_HEX_LEN + 1];
	struct git_commit c;
	enum rb_err rc;

	if (h->commits[i].is_read)
		return RB_OK;
	rc = pack_reader_want(h->reader, &id, GIT_COMMIT, &o, why);
	if (rc != RB_OK) {
		if (rc == RB_ENOTFOUND)
			rc = RB_EFORMAT; /* a history that is cut off */
		goto out;
	}
	if ((rc = git_commit_parse(buf_span(&o.bytes), &c)) != RB_OK) {
		git_id_hex(&id, hex);
		rc = fault_set(why, RB_EFORMAT, "commit %s is malformed", hex);
		goto out;
	}
	if ((rc = add_parents(h, i, &c)) != RB_OK)
		goto out;
	h->commits[i].time = c.time;
	h->commits[i].is_read = true;
out:
	git_object_clear(&o);
	return rc;
}

static bool
is_before(const struct waiting *a, const struct waiting *b)
{
	return a->time != b->time ? a->time > b->time : a->order < b->order;
}

static enum rb_err
heap_put(struct git_history *h, uint32_t commit)
{
	struct waiting w = { h->commits[commit].time, h->order++, commit };
	size_t i = h->nheap, up;
	enum rb_err rc;

	if ((rc = grow((void **)&h->heap, h->nheap, &h->heap_cap,
		 sizeof(*h->heap))) != RB_OK)
		return rc;
	for (h->nheap++; i > 0; i = up) {
		up = (i - 1) / 2;
		if (!is_before(&w, &h->heap[up]))
			break;
		h->heap[i] = h->heap[up];
	}
	h->heap[i] = w;
	return RB_OK;
}

/* The heap is not empty. */
static uint32_t
heap_take(struct git_history *h)
{
	uint32_t top = h->heap[0].commit;
	struct waiting last = h->heap[--h->nheap];
	size_t i = 0, down;

	for (; (down = 2 * i + 1) < h->nheap; i = down) {
		if (down + 1 < h->nheap &&
		    is_before(&h->heap[down + 1], &h->heap[down]))
			down++;
		if (!is_before(&h->heap[down], &last))
			break;
		h->heap[i] = h->heap[down];
	}
	h->heap[i] = last;
	return top;
}

static void
walk_reset(struct git_history *h)
{
	uint32_t i;

	h->nheap = 0;
	h->order = 0;
	for (i = 0; i < h->n; i++) {
		h->commits[i].is_seen = h->commits[i].is_wanted = false;
		h->commits[i].within = 0;
	}
}

static enum rb_err
walk_start(struct git_history *h, const struct git_id *from, struct fault *why)
{
	uint32_t i;
	enum rb_err rc;

	walk_reset(h);
	if ((rc = number(h, from, &i)) != RB_OK ||
	    (rc = read_commit(h, i, why)) != RB_OK)
		return rc;
	h->commits[i].is_seen = true;
	return heap_put(h, i);
}

/* Puts a commit's parents on the heap, and hands down what it is within. */
static enum rb_err
walk_on(struct git_history *h, uint32_t commit, struct fault *why)
{
	uint32_t i, parent;
	enum rb_err rc;

	for (i = 0; i < h->commits[commit].nparents; i++) {
		parent = h->parents[h->commits[commit].parents + i];
		if ((rc = read_commit(h, parent, why)) != RB_OK)
			return rc;
		if (!h->commits[parent].is_seen) {
			h->commits[parent].is_seen = true;
			if ((rc = heap_put(h, parent)) != RB_OK)
				return rc;
		}
		h->commits[parent].within |= h->commits[commit].within;
	}
	return RB_OK;
}

struct candidate {
	uint32_t commit;
	uint64_t depth; /* commits seen that it does not go back to */
};

/* Whether a commit belongs to all candidates of the least depth. */
static bool
is_covered(const struct candidate *list, size_t n, uint32_t within)
{
	uint64_t least = UINT64_MAX;
	uint32_t all = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (list[i].depth < least) {
			least = list[i].depth;
			all = 1u << i;
		} else if (list[i].depth == least)
			all |= 1u << i;
	}
	return (within & all) == all;
}

/* git's describe.c, describe_commit. */
static enum rb_err
find_candidates(struct git_history *h, struct candidate list[CANDIDATES_MAX],
    size_t *n, struct fault *why)
{
	struct commit *c;
	uint64_t seen = 0;
	uint32_t i;
	size_t k;
	enum rb_err rc;

	while (h->nheap > 0) {
		i = heap_take(h);
		c = &h->commits[i];
		seen++;
		if (c->is_wanted) {
			if (*n == CANDIDATES_MAX)
				return RB_OK;
			list[*n].commit = i;
			list[*n].depth = seen - 1;
			c->within |= 1u << *n;
			(*n)++;
		}
		for (k = 0; k < *n; k++) {
			if ((c->within & 1u << k) == 0)
				list[k].depth++;
		}
		if (*n > 0 && h->nheap == 0 && is_covered(list, *n, c->within))
			return RB_OK;
		if ((rc = walk_on(h, i, why)) != RB_OK)
			return rc;
	}
	return RB_OK;
}

enum rb_err
git_history_nearest(struct git_history *h, const struct git_id *head,
    const struct git_id *commits, size_t n, struct git_id *out,
    struct fault *why)
{
	struct candidate list[CANDIDATES_MAX];
	size_t found = 0, best = 0, i;
	uint32_t commit;
	enum rb_err rc;

	if ((rc = walk_start(h, head, why)) != RB_OK)
		return rc;
	for (i = 0; i < n; i++) {
		if ((rc = number(h, &commits[i], &commit)) != RB_OK)
			return rc;
		h->commits[commit].is_wanted = true;
	}
	/* An exact match is the head itself, whatever else is near. */
	if (h->commits[h->heap[0].commit].is_wanted) {
		*out = *head;
		return RB_OK;
	}
	if ((rc = find_candidates(h, list, &found, why)) != RB_OK)
		return rc;
	if (found == 0)
		return fault_set(why, RB_ENOTFOUND,
		    "no version tag leads to the branch's head");
	for (i = 1; i < found; i++) {
		if (list[i].depth < list[best].depth)
			best = i;
	}
	*out = h->commits[list[best].commit].id;
	return RB_OK;
}

enum rb_err
git_history_reaches(struct git_history *h, const struct git_id *commit,
    const struct git_id *ancestor, bool *out, struct fault *why)
{
	uint32_t i;
	enum rb_err rc;

	if ((rc = walk_start(h, commit, why)) != RB_OK)
		return rc;
	while (h->nheap > 0) {
		i = heap_take(h);
		if (git_id_equal(&h->commits[i].id, ancestor)) {
			*out = true;
			return RB_OK;
		}
		if ((rc = walk_on(h, i, why)) != RB_OK)
			return rc;
	}
	*out = false;
	return RB_OK;
}
