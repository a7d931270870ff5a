/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/compare/compare_files.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What pread(2) can address. */
#define OFFSET_MAX ((uint64_t)INT64_MAX)

/*
 * The size of `fd`, which must be a regular file: the end of anything else
 * can't be known, and "all bytes were equal" could not be said.
 */
static enum rb_err
look_at(int fd, const char *name, struct stat *st, struct fault *why)
{
	if (fstat(fd, st) == -1)
		return fault_set(why, RB_EIO, "%s: cannot be looked at: %s",
		    name, strerror(errno));
	if (!S_ISREG(st->st_mode))
		return fault_set(why, RB_EFORMAT,
		    "%s: only regular files are compared", name);
	return RB_OK;
}

static enum rb_err
read_block(int fd, const char *name, uint64_t offset, uint8_t *p, size_t len,
    struct fault *why)
{
	size_t have = 0;
	ssize_t r;

	while (have < len) {
		r = pread(fd, p + have, len - have, (off_t)(offset + have));
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return fault_set(why, RB_EIO, "%s: cannot be read: %s",
			    name, strerror(errno));
		if (r == 0)
			return fault_set(why, RB_EREFUSED,
			    "%s: became shorter while it was compared", name);
		have += (size_t)r;
	}
	return RB_OK;
}

/* Nothing may stand behind `size`: one more byte would be uncompared. */
static enum rb_err
check_end(int fd, const char *name, uint64_t size, struct fault *why)
{
	uint8_t byte;
	ssize_t r;

	do
		r = pread(fd, &byte, 1, (off_t)size);
	while (r == -1 && errno == EINTR);
	if (r == -1)
		return fault_set(why, RB_EIO, "%s: cannot be read: %s", name,
		    strerror(errno));
	if (r != 0)
		return fault_set(why, RB_EREFUSED,
		    "%s: became longer while it was compared", name);
	return RB_OK;
}

static size_t
first_difference(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t i = 0;

	while (i < len && a[i] == b[i])
		i++;
	return i;
}

/*
 * Walks both up to `len` or the first difference; `*equal` is how many bytes
 * from the start are equal, `*digest` that of these bytes, taken from the
 * memory that was compared.  It means something only when *equal == len.
 */
static enum rb_err
compare_blocks(struct hasher *h, int rebuilt, uint64_t offset, int published,
    uint64_t len, uint64_t *equal, struct digest *digest, struct fault *why)
{
	struct digest d = DIGEST_INIT;
	enum rb_err rc = RB_OK, hash_rc;
	uint64_t at = 0;
	uint8_t *ours, *theirs;
	size_t n, same;

	if ((theirs = malloc(HASHER_BLOCK)) == NULL)
		return RB_ENOMEM;
	while (at < len) {
		n = len - at < HASHER_BLOCK ? (size_t)(len - at) : HASHER_BLOCK;
		ours = hasher_block(h);
		if ((rc = read_block(rebuilt, "rebuilt file", offset + at, ours,
			 n, why)) != RB_OK)
			break;
		if ((rc = read_block(published, "published file", at, theirs, n,
			 why)) != RB_OK)
			break;
		same = n;
		if (memcmp(ours, theirs, n) != 0)
			same = first_difference(ours, theirs, n);
		at += same;
		if (same != n)
			break;
		hasher_put(h, n);
	}
	free(theirs);

	/* Always: what was handed over must not reach the next digest. */
	hash_rc = hasher_end(h, &d);
	if (rc != RB_OK)
		return rc;
	if (hash_rc != RB_OK)
		return hash_rc;
	*equal = at;
	*digest = d;
	return RB_OK;
}

/* Both once more, for the digests; they can no longer become "same". */
static enum rb_err
digest_both(int rebuilt, uint64_t offset, int published, struct comparison *c,
    struct fault *why)
{
	enum rb_err rc;

	if ((rc = digest_of_fd(rebuilt, offset, c->rebuilt_size,
		 &c->rebuilt)) != RB_OK)
		return fault_set(why, rc, "rebuilt file: cannot be hashed");
	if ((rc = digest_of_fd(published, 0, c->published_size,
		 &c->published)) != RB_OK)
		return fault_set(why, rc, "published file: cannot be hashed");
	if (c->rebuilt_size == c->published_size &&
	    digest_equal(&c->rebuilt, &c->published))
		return fault_set(why, RB_EREFUSED,
		    "files changed while they were compared: they differed at "
		    "byte %llu, and then no longer",
		    (unsigned long long)c->offset);
	return RB_OK;
}

enum rb_err
compare_files(struct hasher *h, int rebuilt, uint64_t offset, uint64_t len,
    int published, struct comparison *out, struct fault *why)
{
	struct comparison c = COMPARISON_INIT;
	struct digest digest = DIGEST_INIT;
	struct stat ours, theirs;
	enum rb_err rc;
	uint64_t shorter, equal = 0;

	if ((rc = look_at(rebuilt, "rebuilt file", &ours, why)) != RB_OK)
		return rc;
	if ((rc = look_at(published, "published file", &theirs, why)) != RB_OK)
		return rc;
	/* A caller's slip here would make every package reproduce. */
	if (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)
		return fault_set(why, RB_EREFUSED,
		    "rebuilt and published file are one file: nothing would be "
		    "compared");
	if (offset > OFFSET_MAX || len > OFFSET_MAX - offset ||
	    offset + len > (uint64_t)ours.st_size)
		return fault_set(why, RB_EFORMAT,
		    "rebuilt file: %llu bytes from byte %llu on are asked for, "
		    "but it has %llu",
		    (unsigned long long)len, (unsigned long long)offset,
		    (unsigned long long)ours.st_size);
	c.rebuilt_size = len;
	c.published_size = (uint64_t)theirs.st_size;
	shorter = len < c.published_size ? len : c.published_size;

	if ((rc = compare_blocks(h, rebuilt, offset, published, shorter, &equal,
		 &digest, why)) != RB_OK)
		return rc;
	c.offset = equal;
	if (c.rebuilt_size != c.published_size || equal != shorter) {
		if ((rc = digest_both(rebuilt, offset, published, &c, why)) !=
		    RB_OK)
			return rc;
		*out = c;
		return RB_OK;
	}
	if ((rc = check_end(published, "published file", c.published_size,
		 why)) != RB_OK)
		return rc;

	c.rebuilt = digest;
	c.published = digest;
	c.same = true;
	*out = c;
	return RB_OK;
}
