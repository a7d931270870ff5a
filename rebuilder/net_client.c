/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/net_client.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/file.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"
#include "rebuilder/leash.h"

#define URL_MAX 4096
#define DETAIL_MAX 1024
#define SILENCE_SECONDS 600

enum rb_err
net_open(const struct fetch_context *c, int *out)
{
	struct msg m;
	int sock = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&m, NET_SETUP);
	rc = node_connect(c->node, "net.sock", &sock, c->why);
	if (rc != RB_OK)
		goto out;
	if ((rc = put_text(&m.body,
		 c->settings->fetch.proxy == NULL ?
		     "" :
		     c->settings->fetch.proxy)) != RB_OK ||
	    (rc = msg_send(sock, &m)) != RB_OK)
		goto out;
	*out = sock;
	sock = -1; /* now the caller's */
	rc = RB_OK;
out:
	msg_clear(&m);
	fd_close(&sock);
	return rc;
}

enum rb_err
net_fetch(int sock, uint32_t id, uint64_t max, uint64_t have, const char *url,
    int fd)
{
	struct msg m;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&m, NET_FETCH);
	if (strlen(url) > URL_MAX) {
		rc = RB_ELIMIT;
		goto out;
	}
	if ((rc = put_u32(&m.body, id)) != RB_OK ||
	    (rc = put_u64(&m.body, max)) != RB_OK ||
	    (rc = put_u64(&m.body, have)) != RB_OK ||
	    (rc = put_text(&m.body, url)) != RB_OK)
		goto out;
	if ((rc = ask_add_copy(&m, fd)) == RB_OK)
		rc = msg_send(sock, &m);
out:
	msg_clear(&m);
	return rc;
}

enum rb_err
net_pack(int sock, uint32_t id, uint64_t max, const char *url,
    const char *const *refs, size_t n, int fd)
{
	struct msg m;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&m, NET_PACK);
	if (strlen(url) > URL_MAX || n > UINT16_MAX) {
		rc = RB_ELIMIT;
		goto out;
	}
	if ((rc = put_u32(&m.body, id)) != RB_OK ||
	    (rc = put_u64(&m.body, max)) != RB_OK ||
	    (rc = put_text(&m.body, url)) != RB_OK ||
	    (rc = put_u16(&m.body, (uint16_t)n)) != RB_OK)
		goto out;
	for (i = 0; i < n; i++)
		if ((rc = put_text(&m.body, refs[i])) != RB_OK)
			goto out;
	if ((rc = ask_add_copy(&m, fd)) == RB_OK)
		rc = msg_send(sock, &m);
out:
	msg_clear(&m);
	return rc;
}

/* Of all these files. */
static uint64_t
bytes_in(const int *fds, size_t n)
{
	struct stat st;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		if (fds[i] != -1 && fstat(fds[i], &st) == 0)
			sum += (uint64_t)st.st_size;
	return sum;
}

enum rb_err
net_await(int sock, const int *fds, size_t n, unsigned int seconds)
{
	uint64_t before, now = bytes_in(fds, n);
	enum rb_err rc = RB_EINTERNAL;

	do {
		before = now;
		rc = ask_wait(sock, seconds);
		now = bytes_in(fds, n);
	} while (rc == RB_ETIME && leash_check() == RB_OK && now != before);
	return rc;
}

enum rb_err
net_take_done(int sock, const int *fds, size_t n, struct net_done *out)
{
	struct msg m;
	struct span body;
	uint32_t id = 0;
	uint8_t outcome = 0;
	uint64_t len = 0;
	char *detail = NULL;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&m, 0);
	if ((rc = net_await(sock, fds, n, SILENCE_SECONDS)) != RB_OK ||
	    (rc = msg_recv(sock, &m)) != RB_OK)
		goto out;
	body = buf_span(&m.body);
	if (m.type != NET_DONE || m.nfds != 0) {
		rc = RB_EPEER;
		goto out;
	}
	if ((rc = take_u32(&body, &id)) != RB_OK ||
	    (rc = take_u8(&body, &outcome)) != RB_OK ||
	    (rc = take_u64(&body, &len)) != RB_OK ||
	    (rc = take_text(&body, DETAIL_MAX, &detail)) != RB_OK ||
	    (rc = take_end(body)) != RB_OK)
		goto out;
	if (outcome > NET_UNWRITTEN) {
		rc = RB_EPEER;
		goto out;
	}
	out->id = id;
	out->outcome = (enum net_outcome)outcome;
	out->detail = detail;
	detail = NULL; /* now the caller's */
	rc = RB_OK;
out:
	free(detail);
	msg_clear(&m);
	return rc;
}
