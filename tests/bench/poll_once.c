/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * poll_once PORT N: has a fresh rebuilder-net, in its jail, fetch the lists of
 * references of the repositories /0 to /N-1 on loopback, and hashes each, as
 * the daemon does to see what changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/process/frames.h"
#include "tests/flow/net_talk.h"

#define REFS_MAX (1024 * 1024)
#define ROUND_MAX 256 /* FETCH_QUEUE_MAX: none waits in the socket */

static void
ask(const struct net_talk *talk, const char *port, uint32_t i, int *fd)
{
	char url[128];

	(void)snprintf(url, sizeof(url),
	    "http://127.0.0.1:%s/%u/info/refs?service=git-upload-pack", port,
	    i);
	*fd = memfd_create("refs", MFD_CLOEXEC);
	if (*fd == -1)
		abort();
	net_talk_fetch(talk, i, url, REFS_MAX, 0, *fd);
}

static bool
take(const struct net_talk *talk, int fds[ROUND_MAX])
{
	struct done d = net_talk_done(talk);
	struct digest digest;

	if (d.outcome != NET_OK || d.len == 0 ||
	    digest_of_fd(fds[d.id], 0, d.len, &digest) != RB_OK) {
		(void)fprintf(stderr, "poll_once: %s\n", d.detail);
		return false;
	}
	fd_close(&fds[d.id]);
	return true;
}

int
main(int argc, char **argv)
{
	struct net_talk talk;
	int fds[ROUND_MAX];
	uint32_t i, n;
	bool is_good = true;

	n = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
	if (n == 0 || n > ROUND_MAX) {
		(void)fputs("usage: poll_once PORT N\n", stderr);
		return 2;
	}
	net_talk_start(&talk);
	net_talk_setup(&talk, "");
	for (i = 0; i < n; i++)
		ask(&talk, argv[1], i, &fds[i]);
	for (i = 0; i < n && is_good; i++)
		is_good = take(&talk, fds);
	return net_talk_end(&talk) == 0 && is_good ? 0 : 1;
}
