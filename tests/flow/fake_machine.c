/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/fake_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/process/msg.h"
#include "common/process/role.h"

#define NOBODY 65534

static void
hear_nothing(void *self, const char *stage, uint64_t done, uint64_t total,
    const char *detail)
{
	(void)self;
	(void)stage;
	(void)done;
	(void)total;
	(void)detail;
}

static void
answer(struct fake_world *w, int sock, const struct msg *question)
{
	struct msg m;
	const struct digest none = DIGEST_INIT;
	const size_t len = strlen(w->output);

	w->runs++;
	if (question->type != MACHINE_RUN || question->nfds < 3 ||
	    pwrite(question->fds[1], w->output, len, 0) != (ssize_t)len)
		abort();
	msg_init(&m, MACHINE_ENDED);
	if (put_u8(&m.body, (uint8_t)w->end) != RB_OK ||
	    put_u32(&m.body, 0) != RB_OK || put_u64(&m.body, 1) != RB_OK ||
	    put_text(&m.body, "namespace") != RB_OK ||
	    put_text(&m.body, "host") != RB_OK || put_u8(&m.body, 0) != RB_OK ||
	    put_digest(&m.body, &none) != RB_OK ||
	    put_u8(&m.body, 0) != RB_OK ||
	    put_digest(&m.body, &none) != RB_OK ||
	    put_text(&m.body, "") != RB_OK || msg_send(sock, &m) != RB_OK)
		abort();
	msg_clear(&m);
}

static void *
serve(void *arg)
{
	struct fake_world *w = arg;
	struct msg m;
	int sock;

	while ((sock = accept(w->listener, NULL, NULL)) != -1) {
		msg_init(&m, 0);
		if (msg_recv(sock, &m) == RB_OK)
			answer(w, sock, &m);
		msg_clear(&m);
		(void)close(sock);
	}
	return NULL;
}

static void
listen_at(struct fake_world *w)
{
	struct sockaddr_un address;
	int r;

	memset(&address, 0, sizeof(address));
	address.sun_family = AF_UNIX;
	r = snprintf(address.sun_path, sizeof(address.sun_path),
	    "%s/run/machine.sock", w->directory);
	assert_true(r > 0 && (size_t)r < sizeof(address.sun_path));
	w->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_true(w->listener >= 0);
	assert_int_equal(bind(w->listener, (struct sockaddr *)&address,
			     sizeof(address)),
	    0);
	assert_int_equal(listen(w->listener, 8), 0);
	assert_int_equal(pthread_create(&w->thread, NULL, serve, w), 0);
}

static void
make_directory(const struct fake_world *w, const char *name, char path[128])
{
	(void)snprintf(path, 128, "%s/%s", w->directory, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

void
fake_world_start(struct fake_world *w)
{
	char path[128];

	memset(w, 0, sizeof(*w));
	if (role_home_fd() == -1)
		assert_int_equal(role_home(), RB_OK);
	if (geteuid() == 0)
		assert_int_equal(setresuid(NOBODY, NOBODY, NOBODY), 0);
	(void)strcpy(w->directory, "/tmp/rb-fake-XXXXXX");
	assert_non_null(mkdtemp(w->directory));
	w->node = (struct node)NODE_INIT;
	w->node.directory = w->directory;
	settings_init(&w->settings);
	make_directory(w, "run", path);
	make_directory(w, "store", path);
	assert_int_equal(depot_open(path, &w->depot), RB_OK);
	make_directory(w, "journal", path);
	assert_int_equal(journal_open(path, &w->journal, NULL), RB_OK);
	assert_int_equal(digest_of((struct span)SPAN_INIT, &w->program), RB_OK);
	w->ear.stage = hear_nothing;
	w->output = "";
	w->end = MACHINE_DONE;
	trip_init(&w->trip);
	w->trip.node = &w->node;
	w->trip.settings = &w->settings;
	w->trip.depot = w->depot;
	w->trip.journal = w->journal;
	w->trip.ear = &w->ear;
	w->trip.program = &w->program;
	w->trip.name = "tiny";
	listen_at(w);
}

void
fake_world_stop(struct fake_world *w)
{
	char command[128];

	trip_clear(&w->trip);
	(void)shutdown(w->listener, SHUT_RDWR);
	assert_int_equal(pthread_join(w->thread, NULL), 0);
	(void)close(w->listener);
	depot_close(&w->depot);
	journal_close(&w->journal);
	w->node.directory = NULL;
	settings_clear(&w->settings);
	(void)snprintf(command, sizeof(command), "rm -r %s", w->directory);
	assert_int_equal(system(command), 0);
}

void
fake_world_build(struct fake_world *w, const char *name, const char *content)
{
	struct trip *t = &w->trip;
	char head[256];
	int r;

	fd_close(&t->build.fd);
	while (t->build.noutputs > 0)
		free(t->build.outputs[--t->build.noutputs].name);
	free(t->build.outputs);
	t->build.outputs = calloc(1, sizeof(*t->build.outputs));
	assert_non_null(t->build.outputs);
	r = snprintf(head, sizeof(head), "output 1\nfile %s %zu\n", name,
	    strlen(content));
	assert_true(r > 0 && (size_t)r < sizeof(head));
	t->build.outputs[0].name = strdup(name);
	t->build.outputs[0].offset = (uint64_t)r;
	t->build.outputs[0].len = strlen(content);
	t->build.noutputs = 1;
	assert_int_equal(depot_scratch(w->depot, &t->build.fd), RB_OK);
	assert_int_equal(file_write_fd(t->build.fd, span_of(head, (size_t)r)),
	    RB_OK);
	assert_int_equal(file_write_fd(t->build.fd, span_of_str(content)),
	    RB_OK);
}

struct buf
fake_world_text(const struct fake_world *w, const struct digest *d)
{
	struct buf b = BUF_INIT;
	int fd = -1;

	assert_int_equal(depot_get(w->depot, d, &fd), RB_OK);
	assert_int_equal(file_read_fd(fd, 1024 * 1024, &b), RB_OK);
	assert_int_equal(buf_put_byte(&b, 0), RB_OK);
	fd_close(&fd);
	return b;
}
