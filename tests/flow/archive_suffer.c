/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/archive_world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#define TRIES 600
#define TRY_MS 50

struct said
archive_rebuild(const char *target)
{
	static const char key[] = "\"leaf\":";
	char rest[128];
	const char *at;
	struct said said;

	(void)snprintf(rest, sizeof(rest), "--json %s", target);
	said = archive_node("rebuild", rest);
	for (at = strstr(said.text, key); at != NULL;
	    at = strstr(at + 1, key)) {
		if (strtoull(at + sizeof(key) - 1, NULL, 10) !=
		    archive_world.leaves++)
			fail_msg("a leaf that is not the next: %s", said.text);
	}
	return said;
}

static void
expect(const char *what, const struct said *said, const char *words)
{
	if (strstr(said->text, words) == NULL)
		fail_msg("%s: '%s' is not in the answer: %s", what, words,
		    said->text);
}

/* One verdict, `unavailable`. */
static void
expect_verdict(const char *what, const struct said *said, const char *reason)
{
	char words[128];

	(void)snprintf(words, sizeof(words),
	    "\"verdict\":\"unavailable\",\"reason\":\"%s\",", reason);
	expect(what, said, words);
	if (strstr(strstr(said->text, words) + 1, "\"verdict\"") != NULL)
		fail_msg("%s: more than one verdict: %s", what, said->text);
}

/* What httpd says; false: it is not there yet, or was cut off. */
static bool
read_log_size(uint64_t *out)
{
	static const char request[] =
	    "GET /log/checkpoint HTTP/1.0\r\nHost: test.example\r\n\r\n";
	static const char begin[] = "\r\n\r\ntest.example/log\n";
	struct sockaddr_in in = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[4096], *at;
	size_t len = 0;
	ssize_t n;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons(archive_world.port);
	assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0)
		while (
		    (n = recv(fd, text + len, sizeof(text) - 1 - len, 0)) > 0)
			len += (size_t)n;
	text[len] = '\0';
	(void)close(fd);
	/* The size in the node's signed checkpoint is its second line. */
	if ((at = strstr(text, begin)) == NULL)
		return false;
	*out = strtoull(at + sizeof(begin) - 1, NULL, 10);
	return true;
}

uint64_t
archive_log_size(void)
{
	uint64_t size = 0;
	int i;

	for (i = 0; !read_log_size(&size); i++) {
		if (i == TRIES)
			fail_msg("httpd does not show a checkpoint");
		(void)poll(NULL, 0, TRY_MS);
	}
	return size;
}

void
archive_is_well(void)
{
	struct said said;

	mirror_behave(&archive_world.mirror, MANNER_HONEST, "", "");
	archive_do("restore");
	said = archive_rebuild("deb:tiny");
	expect_verdict("honest", &said, "dependencies");
	expect("honest", &said, archive_world.published);
	archive_depot_is_right();
	/* Whatever was said stands in the log, and nothing else. */
	assert_int_equal(archive_log_size(), archive_world.leaves);
}

static void
suffer(const struct hostile *h)
{
	const char *what = h->deed != NULL ? h->deed : h->path;
	struct said said;
	char to[64];

	archive_depot_empty();
	archive_do("restore");
	if (h->deed != NULL)
		archive_do(h->deed);
	(void)snprintf(to, sizeof(to), "http://127.0.0.1:%u",
	    archive_world.elsewhere.port);
	mirror_behave(&archive_world.mirror, h->manner,
	    h->path != NULL ? h->path : "", to);
	said = archive_rebuild(h->target != NULL ? h->target : "deb:tiny");
	if (said.status != 2)
		fail_msg("%s: status %d: %s", what, said.status, said.text);
	if (h->reason != NULL)
		expect_verdict(what, &said, h->reason);
	else if (strstr(said.text, "\"verdict\"") != NULL)
		fail_msg("%s: a verdict: %s", what, said.text);
	expect(what, &said, h->says);
	if (h->manner != MANNER_HONEST &&
	    mirror_asked(&archive_world.mirror) == 0)
		fail_msg("%s: the mirror was not asked for it", what);
	archive_depot_is_right();
}

void
archive_suffer(const struct hostile *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		suffer(&list[i]);
		archive_is_well();
	}
}
