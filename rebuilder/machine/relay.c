/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/base/file.h"

#define CHUNK_LEN (256 * 1024)
#define RELAYS_MAX 4
#define MS_PER_S 1000
#define NS_PER_MS 1000000

int64_t
clock_now(void)
{
	struct timespec now = { 0, 0 };

	/* Only a wrong clock id could make it fail. */
	if (clock_gettime(CLOCK_BOOTTIME, &now) != 0)
		abort();
	return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

static enum rb_err
make_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return RB_EIO;
	return RB_OK;
}

enum rb_err
relay_open(struct relay *r, int *from, int *to, uint64_t max)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = make_nonblocking(*from)) != RB_OK ||
	    (rc = make_nonblocking(*to)) != RB_OK)
		return rc;
	if ((r->chunk = malloc(CHUNK_LEN)) == NULL)
		return RB_ENOMEM;
	r->from = *from;
	r->to = *to;
	*from = *to = -1; /* now the relay's */
	r->left = max;
	return RB_OK;
}

void
relay_clear(struct relay *r)
{
	fd_close(&r->from);
	fd_close(&r->to);
	free(r->chunk);
	*r = (struct relay)RELAY_INIT;
}

/* At the end of a stream its reader must see that. */
static void
finish(struct relay *r)
{
	fd_close(&r->from);
	fd_close(&r->to);
	r->len = 0;
}

static bool
is_open(const struct relay *r)
{
	return r->from != -1;
}

static bool
must_wait(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static enum rb_err
fill(struct relay *r)
{
	size_t want = CHUNK_LEN;
	ssize_t got;

	/* One byte more than allowed tells "all" from "too much". */
	if (r->left < want)
		want = (size_t)r->left + 1;
	got = read(r->from, r->chunk, want);
	if (got < 0)
		return must_wait() ? RB_OK : RB_EIO;
	if (got == 0) {
		finish(r);
		return RB_OK;
	}
	if ((uint64_t)got > r->left) {
		r->is_over = true;
		got = (ssize_t)r->left;
	}
	r->left -= (uint64_t)got;
	r->start = 0;
	r->len = (size_t)got;
	if (r->digester == NULL)
		return RB_OK;
	return digester_put(r->digester, span_of(r->chunk, r->len));
}

static enum rb_err
drain(struct relay *r)
{
	ssize_t put = write(r->to, r->chunk + r->start, r->len);

	if (put < 0) {
		if (must_wait())
			return RB_OK;
		if (r->to_guest && errno == EPIPE) {
			finish(r);
			return RB_OK;
		}
		return RB_EIO;
	}
	r->start += (size_t)put;
	r->len -= (size_t)put;
	return RB_OK;
}

struct pollfd
relay_pollfd(const struct relay *r)
{
	bool is_full = r->len != 0;

	return (struct pollfd){ is_full ? r->to : r->from,
		is_full ? POLLOUT : POLLIN, 0 };
}

enum rb_err
relay_step(struct relay *r)
{
	enum rb_err rc = r->len == 0 ? fill(r) : drain(r);

	if (rc == RB_OK && r->is_over && r->len == 0)
		return RB_ELIMIT;
	return rc;
}

static int
time_left(int64_t deadline)
{
	int64_t left = deadline - clock_now();

	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

/* What the guest sent is still in the pipes; what it didn't take is lost. */
static bool
all_passed(struct relay *const *relays, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (is_open(relays[i]) && !relays[i]->to_guest)
			return false;
	return true;
}

enum relays_end
relays_run(struct relay *const *relays, size_t n, int pidfd, int watch,
    int64_t deadline, size_t *which)
{
	struct pollfd fds[RELAYS_MAX + 2];
	bool has_ended = pidfd == -1;
	size_t i;
	int r;

	if (n > RELAYS_MAX)
		abort();
	for (;;) {
		if (has_ended && all_passed(relays, n))
			return RELAYS_DONE;
		for (i = 0; i < n; i++) {
			/* Negative descriptors are passed over. */
			fds[i] = relay_pollfd(relays[i]);
			if (has_ended && relays[i]->to_guest)
				fds[i].fd = -1;
		}
		fds[n] = (struct pollfd){ has_ended ? -1 : pidfd, POLLIN, 0 };
		fds[n + 1] = (struct pollfd){ watch, POLLIN, 0 };
		r = poll(fds, n + 2, time_left(deadline));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			*which = 0;
			return RELAYS_FAILED;
		}
		/* Even when bytes never stop coming. */
		if (time_left(deadline) == 0)
			return RELAYS_LATE;
		/* The peer has nothing to say: this is its end. */
		if (fds[n + 1].revents != 0)
			return RELAYS_ALONE;
		if (fds[n].revents != 0)
			has_ended = true;
		for (i = 0; i < n; i++) {
			enum rb_err rc = RB_OK;

			if (fds[i].fd != -1 && fds[i].revents != 0)
				rc = relay_step(relays[i]);
			*which = i;
			if (rc == RB_ELIMIT)
				return RELAYS_FULL;
			if (rc != RB_OK)
				return RELAYS_FAILED;
		}
	}
}
