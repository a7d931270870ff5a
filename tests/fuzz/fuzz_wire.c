/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever comes over the wire, a port gets the bytes of its own frames, in
 * their order, and never more than its limit.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "rebuilder/machine/relay.h"
#include "rebuilder/machine/wire.h"

#define INPUT_MAX 4096
#define LIMIT 1000
#define HEADER_LEN 5
#define LONG_MS 60000

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static enum rb_err
take(void *context, enum wire_channel channel, struct span body)
{
	(void)context;
	(void)body;
	return channel == WIRE_WANT_LAYER ? RB_OK : RB_EREFUSED;
}

/* The same by the simplest means: the bytes of the channel's frames. */
static void
expected(const uint8_t *p, size_t len, uint8_t channel, struct buf *out)
{
	while (len >= HEADER_LEN) {
		size_t n = (size_t)p[1] << 24 | (size_t)p[2] << 16 |
		    (size_t)p[3] << 8 | p[4];

		if (n > len - HEADER_LEN)
			return;
		if (p[0] == channel &&
		    buf_put(out, span_of(p + HEADER_LEN, n)) != RB_OK)
			abort();
		p += HEADER_LEN + n;
		len -= HEADER_LEN + n;
	}
}

static void
check(int fd, const uint8_t *p, size_t len, uint8_t channel)
{
	struct buf got = BUF_INIT, all = BUF_INIT;

	if (lseek(fd, 0, SEEK_SET) != 0 ||
	    file_read_fd(fd, LIMIT, &got) != RB_OK)
		abort();
	expected(p, len, channel, &all);
	if (got.len > all.len ||
	    (got.len != 0 && memcmp(got.p, all.p, got.len) != 0))
		abort();
	buf_clear(&got);
	buf_clear(&all);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	static int null = -1;
	int pipes[2], logs[2];
	struct wire w = WIRE_INIT;
	struct wire_port ports[2] = {
		{ .channel = WIRE_LOG, .fd = -1, .left = LIMIT },
		{ .channel = WIRE_OUTPUT, .fd = -1, .left = LIMIT },
	};
	struct wire_talk t = { .ports = ports,
		.nports = 2,
		.watch = -1,
		.take = take };
	size_t which = 0, i;

	if (len > INPUT_MAX)
		return 0;
	if (null == -1)
		null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	(void)signal(SIGPIPE, SIG_IGN);
	if (pipe2(pipes, O_CLOEXEC) != 0 ||
	    file_write_fd(pipes[1], span_of(p, len)) != RB_OK)
		abort();
	fd_close(&pipes[1]);
	for (i = 0; i < 2; i++) {
		logs[i] = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		ports[i].fd = fcntl(logs[i], F_DUPFD_CLOEXEC, 3);
		if (ports[i].fd == -1)
			abort();
	}
	t.until = clock_now() + LONG_MS;
	if (wire_open(&w, pipes[0], null) != RB_OK)
		abort();
	if (wire_talk(&w, &t, &which) == WIRE_LATE)
		abort();
	wire_clear(&w);
	fd_close(&pipes[0]);
	check(logs[0], p, len, WIRE_LOG);
	check(logs[1], p, len, WIRE_OUTPUT);
	for (i = 0; i < 2; i++) {
		fd_close(&ports[i].fd);
		fd_close(&logs[i]);
	}
	return 0;
}
