/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/net_talk.h"

#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/process/frames.h"
#include "common/process/msg.h"

static void
write_conf(struct net_talk *t)
{
	struct passwd *me = getpwuid(geteuid());
	FILE *f;

	(void)strcpy(t->directory, "/tmp/rb-test-net-XXXXXX");
	assert_non_null(mkdtemp(t->directory));
	assert_int_equal(chmod(t->directory, 0755), 0);
	(void)snprintf(t->conf, sizeof(t->conf), "%s/node.yml", t->directory);
	f = fopen(t->conf, "w");
	assert_non_null(f);
	assert_non_null(me);
	(void)fprintf(f,
	    "node:\n  name: test.example/log\n"
	    "  directory: %s\nusers:\n  rebuilder: %s\n",
	    t->directory, me->pw_name);
	(void)fclose(f);
}

void
net_talk_again(struct net_talk *t)
{
	const char *args[] = { "-c", t->conf, NULL };

	run_role_start(&t->net, "rebuilder-net", args);
}

void
net_talk_start(struct net_talk *t)
{
	write_conf(t);
	net_talk_again(t);
}

int
net_talk_end(struct net_talk *t)
{
	int status = run_role_end(&t->net);

	(void)unlink(t->conf);
	(void)rmdir(t->directory);
	return status;
}

void
net_talk_setup(const struct net_talk *t, const char *proxy)
{
	struct msg m;

	msg_init(&m, NET_SETUP);
	assert_int_equal(put_text(&m.body, proxy), RB_OK);
	assert_int_equal(msg_send(t->net.sock, &m), RB_OK);
	msg_clear(&m);
}

void
net_talk_fetch(const struct net_talk *t, uint32_t id, const char *url,
    uint64_t max, uint64_t have, int fd)
{
	struct msg m;

	msg_init(&m, NET_FETCH);
	assert_int_equal(put_u32(&m.body, id), RB_OK);
	assert_int_equal(put_u64(&m.body, max), RB_OK);
	assert_int_equal(put_u64(&m.body, have), RB_OK);
	assert_int_equal(put_text(&m.body, url), RB_OK);
	assert_int_equal(msg_add_fd(&m, dup(fd)), RB_OK);
	assert_int_equal(msg_send(t->net.sock, &m), RB_OK);
	msg_clear(&m);
}

void
net_talk_pack(const struct net_talk *t, uint32_t id, const char *url,
    uint64_t max, const char *const *refs, int fd)
{
	struct msg m;
	uint16_t n = 0;

	while (refs[n] != NULL)
		n++;
	msg_init(&m, NET_PACK);
	assert_int_equal(put_u32(&m.body, id), RB_OK);
	assert_int_equal(put_u64(&m.body, max), RB_OK);
	assert_int_equal(put_text(&m.body, url), RB_OK);
	assert_int_equal(put_u16(&m.body, n), RB_OK);
	for (; *refs != NULL; refs++)
		assert_int_equal(put_text(&m.body, *refs), RB_OK);
	assert_int_equal(msg_add_fd(&m, dup(fd)), RB_OK);
	assert_int_equal(msg_send(t->net.sock, &m), RB_OK);
	msg_clear(&m);
}

struct done
net_talk_done(const struct net_talk *t)
{
	char *detail = NULL;
	struct done d;
	struct span in;
	struct msg m;

	msg_init(&m, 0);
	assert_int_equal(msg_recv(t->net.sock, &m), RB_OK);
	assert_int_equal(m.type, NET_DONE);
	in = buf_span(&m.body);
	assert_int_equal(take_u32(&in, &d.id), RB_OK);
	assert_int_equal(take_u8(&in, &d.outcome), RB_OK);
	assert_int_equal(take_u64(&in, &d.len), RB_OK);
	assert_int_equal(take_text(&in, sizeof(d.detail) - 1, &detail), RB_OK);
	assert_int_equal(take_end(in), RB_OK);
	(void)strcpy(d.detail, detail);
	free(detail);
	msg_clear(&m);
	return d;
}
