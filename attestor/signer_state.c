/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attestor/signer_state.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/node.h"

#define MAGIC "qubes-signer 1\n"
#define MAGIC_LEN (sizeof(MAGIC) - 1)
#define SUM_AT (SIGNER_COPY_LEN - DIGEST_LEN)
#define COPIES 2

_Static_assert(MAGIC_LEN + 8 + (2 + TREE_LEVELS) * DIGEST_LEN <= SUM_AT,
    "a full frontier fits into a copy");

static const struct digest zero = DIGEST_INIT;

static size_t
root_count(uint64_t size)
{
	return (size_t)__builtin_popcountll(size);
}

enum rb_err
signer_state_begin(const char *origin, const struct key_public *key,
    struct signer_state *out)
{
	struct signer_state s = SIGNER_STATE_INIT;
	struct buf b = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_put_str(&b, origin)) != RB_OK)
		goto out;
	if ((rc = buf_put_byte(&b, '\n')) != RB_OK)
		goto out;
	if ((rc = buf_put(&b, span_of(key->b, sizeof(key->b)))) != RB_OK)
		goto out;
	if ((rc = digest_of(buf_span(&b), &s.log)) != RB_OK)
		goto out;

	*out = s;
	rc = RB_OK;
out:
	buf_clear(&b);
	return rc;
}

enum rb_err
signer_state_append(struct signer_state *s, const struct digest *leaf)
{
	enum rb_err rc;

	if ((rc = frontier_append(&s->frontier, leaf)) == RB_OK)
		s->last = *leaf;
	return rc;
}

enum rb_err
signer_state_write(const struct signer_state *s, uint8_t out[SIGNER_COPY_LEN])
{
	uint8_t copy[SIGNER_COPY_LEN] = MAGIC;
	struct digest sum = DIGEST_INIT;
	uint8_t *p = copy + MAGIC_LEN;
	enum rb_err rc;
	size_t i;

	if (s->frontier.size > TREE_SIZE_MAX ||
	    s->frontier.n != root_count(s->frontier.size))
		return RB_EINTERNAL;
	for (i = 0; i < 8; i++)
		*p++ = (uint8_t)(s->frontier.size >> (8 * (7 - i)));
	memcpy(p, s->log.b, DIGEST_LEN);
	p += DIGEST_LEN;
	memcpy(p, s->last.b, DIGEST_LEN);
	p += DIGEST_LEN;
	for (i = 0; i < s->frontier.n; i++, p += DIGEST_LEN)
		memcpy(p, s->frontier.roots[i].b, DIGEST_LEN);
	if ((rc = digest_of(span_of(copy, SUM_AT), &sum)) != RB_OK)
		return rc;
	memcpy(copy + SUM_AT, sum.b, DIGEST_LEN);
	memcpy(out, copy, SIGNER_COPY_LEN);
	return RB_OK;
}

static enum rb_err
check_sum(const uint8_t in[SIGNER_COPY_LEN])
{
	struct digest sum = DIGEST_INIT;
	enum rb_err rc;

	if ((rc = digest_of(span_of(in, SUM_AT), &sum)) != RB_OK)
		return rc;
	return memcmp(sum.b, in + SUM_AT, DIGEST_LEN) == 0 ? RB_OK : RB_EDIGEST;
}

enum rb_err
signer_state_parse(const uint8_t in[SIGNER_COPY_LEN], struct signer_state *out)
{
	struct signer_state s = SIGNER_STATE_INIT;
	uint8_t again[SIGNER_COPY_LEN];
	const uint8_t *p = in + MAGIC_LEN;
	enum rb_err rc;
	size_t i;

	if ((rc = check_sum(in)) != RB_OK)
		return rc;
	if (memcmp(in, MAGIC, MAGIC_LEN) != 0)
		return RB_EFORMAT;
	for (i = 0; i < 8; i++)
		s.frontier.size = s.frontier.size << 8 | *p++;
	if (s.frontier.size > TREE_SIZE_MAX)
		return RB_ELIMIT;
	memcpy(s.log.b, p, DIGEST_LEN);
	p += DIGEST_LEN;
	memcpy(s.last.b, p, DIGEST_LEN);
	p += DIGEST_LEN;
	if (s.frontier.size == 0 && !digest_equal(&s.last, &zero))
		return RB_EFORMAT;
	s.frontier.n = root_count(s.frontier.size);
	for (i = 0; i < s.frontier.n; i++, p += DIGEST_LEN)
		memcpy(s.frontier.roots[i].b, p, DIGEST_LEN);
	/* What is left, padding above all, is as we would write it. */
	if ((rc = signer_state_write(&s, again)) != RB_OK)
		return rc;
	if (memcmp(in, again, SIGNER_COPY_LEN) != 0)
		return RB_EFORMAT;

	*out = s;
	return RB_OK;
}

static enum rb_err
save_copy(int fd, size_t i, const uint8_t copy[SIGNER_COPY_LEN])
{
	size_t done = 0;
	ssize_t r;

	while (done < SIGNER_COPY_LEN) {
		r = pwrite(fd, copy + done, SIGNER_COPY_LEN - done,
		    (off_t)(i * SIGNER_COPY_LEN + done));
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return RB_EIO;
		done += (size_t)r;
	}
	/* After a failure the kernel may have dropped it: no retry. */
	return fdatasync(fd) == 0 ? RB_OK : RB_EIO;
}

enum rb_err
signer_state_save(int fd, const struct signer_state *s)
{
	uint8_t copy[SIGNER_COPY_LEN];
	enum rb_err rc;
	size_t i;

	if ((rc = signer_state_write(s, copy)) != RB_OK)
		return rc;
	/* In this order and one after the other: see signer_state_load. */
	for (i = 0; i < COPIES; i++) {
		if ((rc = save_copy(fd, i, copy)) != RB_OK)
			return rc;
	}
	return RB_OK;
}

/* RB_EFORMAT where the file ends before the copy does. */
static enum rb_err
load_copy(int fd, size_t i, uint8_t copy[SIGNER_COPY_LEN])
{
	size_t done = 0;
	ssize_t r;

	while (done < SIGNER_COPY_LEN) {
		r = pread(fd, copy + done, SIGNER_COPY_LEN - done,
		    (off_t)(i * SIGNER_COPY_LEN + done));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return RB_EIO;
		if (r == 0)
			return RB_EFORMAT;
		done += (size_t)r;
	}
	return RB_OK;
}

struct copy {
	uint8_t bytes[SIGNER_COPY_LEN];
	struct signer_state state;
	bool is_whole;
};

static enum rb_err
read_copy(int fd, size_t i, struct copy *out)
{
	enum rb_err rc;

	rc = load_copy(fd, i, out->bytes);
	if (rc == RB_OK)
		rc = signer_state_parse(out->bytes, &out->state);
	if (rc == RB_EIO || rc == RB_ENOMEM)
		return rc;
	out->is_whole = rc == RB_OK;
	return RB_OK;
}

/* The copy holds this state with its own last leaf appended. */
static bool
is_next(const struct copy *copy, const struct signer_state *before)
{
	struct signer_state next = *before;
	uint8_t bytes[SIGNER_COPY_LEN];

	return signer_state_append(&next, &copy->state.last) == RB_OK &&
	    signer_state_write(&next, bytes) == RB_OK &&
	    memcmp(bytes, copy->bytes, SIGNER_COPY_LEN) == 0;
}

/*
 * Which copy counts.  Saving writes the first, syncs, and writes the second:
 * so the first is never behind, and never more than one leaf ahead.
 */
static enum rb_err
choose(const struct copy copies[COPIES], size_t *out, struct fault *why)
{
	const struct copy *a = &copies[0], *b = &copies[1];

	if (!a->is_whole && !b->is_whole)
		return fault_set(why, RB_EFORMAT,
		    "the signer's state is damaged in both copies: restore the "
		    "disk; a state from a backup would fork the log, so if "
		    "there is no other, end this log; a new one is a new "
		    "directory, made by qubes-rebuilder init");
	if (!a->is_whole || !b->is_whole) {
		*out = a->is_whole ? 0 : 1;
		return RB_OK;
	}
	if (memcmp(a->bytes, b->bytes, SIGNER_COPY_LEN) == 0 ||
	    is_next(a, &b->state)) {
		*out = 0;
		return RB_OK;
	}
	return fault_set(why, RB_ESTALE,
	    "the copies of the signer's state have %llu and %llu leaves, which "
	    "no crash leaves behind: the disk forgot a synced write; end this "
	    "log; a new one is a new directory, made by qubes-rebuilder "
	    "init",
	    (unsigned long long)a->state.frontier.size,
	    (unsigned long long)b->state.frontier.size);
}

/* These bytes are of `expected`, or were never written. */
static bool
is_partly(const uint8_t *seen, const uint8_t *expected, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (seen[i] != 0 && seen[i] != expected[i])
			return false;
	}
	return true;
}

/*
 * A log that has not begun, or whose begin was cut off: first the line of
 * init and nothing more, and behind it no more than pieces of the begin.
 */
static enum rb_err
is_new(int fd, uint64_t len, const struct signer_state *begin, bool *out)
{
	static const uint8_t new[SIGNER_COPY_LEN] = NODE_STATE_NEW;
	const size_t line = sizeof(NODE_STATE_NEW) - 1;
	uint8_t seen[COPIES * SIGNER_COPY_LEN] = { 0 };
	uint8_t copy[SIGNER_COPY_LEN];
	size_t done = 0;
	enum rb_err rc;
	ssize_t r;

	*out = false;
	if (len < line || len > sizeof(seen))
		return RB_OK;
	if ((rc = signer_state_write(begin, copy)) != RB_OK)
		return rc;
	while (done < len) {
		r = pread(fd, seen + done, (size_t)len - done, (off_t)done);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return RB_EIO;
		done += (size_t)r;
	}
	*out = memcmp(seen, new, SIGNER_COPY_LEN) == 0 &&
	    is_partly(seen + SIGNER_COPY_LEN, copy, SIGNER_COPY_LEN);
	return RB_OK;
}

/*
 * The other way round than saving: the line of init is there until the whole
 * state stands behind it.
 */
static enum rb_err
begin_file(int fd, const struct signer_state *begin)
{
	uint8_t copy[SIGNER_COPY_LEN];
	enum rb_err rc;
	size_t i;

	if ((rc = signer_state_write(begin, copy)) != RB_OK)
		return rc;
	for (i = COPIES; i-- > 0;) {
		if ((rc = save_copy(fd, i, copy)) != RB_OK)
			return rc;
	}
	return RB_OK;
}

enum rb_err
signer_state_load(int fd, const struct signer_state *begin,
    struct signer_state *out, struct fault *why)
{
	struct copy copies[COPIES];
	uint64_t len = 0;
	enum rb_err rc;
	size_t i, chosen = 0;
	bool begins = false;

	if ((rc = file_size(fd, &len)) != RB_OK)
		return fault_set(why, rc, "the signer's state is no file");
	if ((rc = is_new(fd, len, begin, &begins)) != RB_OK)
		return fault_set(why, rc, "the signer's state: %s",
		    strerror(errno));
	if (begins) {
		if ((rc = begin_file(fd, begin)) != RB_OK)
			return fault_set(why, rc, "the signer's state: %s",
			    strerror(errno));
		*out = *begin;
		return RB_OK;
	}
	for (i = 0; i < COPIES; i++) {
		if ((rc = read_copy(fd, i, &copies[i])) != RB_OK)
			return fault_set(why, rc, "the signer's state: %s",
			    strerror(errno));
	}
	if ((rc = choose(copies, &chosen, why)) != RB_OK)
		return rc;
	if (!digest_equal(&copies[chosen].state.log, &begin->log))
		return fault_set(why, RB_EREFUSED,
		    "the signer's state is of a log with another name or key: "
		    "put the old ones back; a new log is a new directory, "
		    "made by qubes-rebuilder init");
	/*
	 * Also what compares equal: after a failed sync the page cache, which
	 * we read, holds what the disk does not.
	 */
	if ((rc = signer_state_save(fd, &copies[chosen].state)) != RB_OK)
		return fault_set(why, rc, "the signer's state: %s",
		    strerror(errno));

	*out = copies[chosen].state;
	return RB_OK;
}
