/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/hostile_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REQUEST_MAX 8192
#define TEXT(s) s, sizeof(s) - 1

uint8_t
hostile_byte(uint64_t at)
{
	return (uint8_t)(at * 7 + at / 251);
}

/* One connection in a process of its own. */
struct visit {
	int fd, seen;
	char request[REQUEST_MAX];
	char socks[128]; /* "user password host", behind SOCKS */
	unsigned int nth; /* request on this connection */
};

void
hostile_say(const struct visit *v, const char *s, size_t len)
{
	for (ssize_t n; len > 0; s += n, len -= (size_t)n) {
		if ((n = send(v->fd, s, len, MSG_NOSIGNAL)) <= 0)
			_exit(0);
	}
}

static void
say_text(const struct visit *v, const char *s)
{
	hostile_say(v, s, strlen(s));
}

static void
say_object(const struct visit *v, size_t from, size_t to)
{
	static char object[HOSTILE_LEN];
	size_t i;

	for (i = from; i < to; i++)
		object[i] = (char)hostile_byte(i);
	hostile_say(v, object + from, to - from);
}

void
hostile_wait(const struct visit *v)
{
	char c;

	while (recv(v->fd, &c, 1, 0) > 0)
		continue;
}

/* Where "Range: bytes=<from>-" starts; -1: none. */
static long
range_of(const struct visit *v)
{
	const char *range = strstr(v->request, "\r\nRange: bytes=");

	return range == NULL ? -1 : strtol(range + 15, NULL, 10);
}

static void
serve_whole(const struct visit *v)
{
	char head[128];

	(void)snprintf(head, sizeof(head),
	    "HTTP/1.1 200 OK\r\n"
	    "Content-Length: %d\r\nConnection: close\r\n\r\n",
	    HOSTILE_LEN);
	say_text(v, head);
	say_object(v, 0, HOSTILE_LEN);
}

static void
serve_ok(const struct visit *v)
{
	long from = range_of(v);
	char head[256];

	if (from < 0) {
		serve_whole(v);
	} else if (from >= HOSTILE_LEN) {
		(void)snprintf(head, sizeof(head),
		    "HTTP/1.1 416 No\r\n"
		    "Content-Range: bytes */%d\r\nContent-Length: 0\r\n"
		    "Connection: close\r\n\r\n",
		    HOSTILE_LEN);
		say_text(v, head);
	} else {
		(void)snprintf(head, sizeof(head),
		    "HTTP/1.1 206 Part\r\n"
		    "Content-Range: bytes %ld-%d/%d\r\nContent-Length: %ld\r\n"
		    "Connection: close\r\n\r\n",
		    from, HOSTILE_LEN - 1, HOSTILE_LEN, HOSTILE_LEN - from);
		say_text(v, head);
		say_object(v, (size_t)from, HOSTILE_LEN);
	}
}

/* A part with this Content-Range when one is asked for, else the whole. */
static void
serve_range(const struct visit *v, const char *range)
{
	if (range_of(v) < 0) {
		serve_whole(v);
		return;
	}
	say_text(v, "HTTP/1.1 206 Part\r\nConnection: close\r\n");
	say_text(v, range);
	say_text(v, "Content-Length: 10\r\n\r\n");
	say_object(v, 0, 10);
}

static void
serve_range_elsewhere(const struct visit *v)
{
	serve_range(v, "Content-Range: bytes 0-9/100000\r\n");
}

static void
serve_range_short(const struct visit *v)
{
	serve_range(v, "Content-Range: bytes 500-509/100000\r\n");
}

static void
serve_range_malformed(const struct visit *v)
{
	serve_range(v, "Content-Range: lines 500-\r\n");
}

static void
serve_range_twice(const struct visit *v)
{
	serve_range(v,
	    "Content-Range: bytes 500-509/510\r\n"
	    "Content-Range: bytes 0-9/10\r\n");
}

static void
serve_range_unsaid(const struct visit *v)
{
	serve_range(v, "");
}

static void
serve_endless(const struct visit *v)
{
	say_text(v, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
	for (;;)
		say_object(v, 0, HOSTILE_LEN);
}

static void
serve_short(const struct visit *v)
{
	say_text(v, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
	say_object(v, 0, 5000);
}

static void
serve_dripping(const struct visit *v)
{
	say_text(v, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
	say_object(v, 0, 3);
	hostile_wait(v);
}

static void
serve_endless_headers(const struct visit *v)
{
	say_text(v, "HTTP/1.1 200 OK\r\n");
	for (;;)
		say_text(v, "X-Header: and another one\r\n");
}

static void
serve_endless_header(const struct visit *v)
{
	say_text(v, "HTTP/1.1 200 OK\r\nX-Header: ");
	for (;;)
		say_text(v, "and so on ");
}

static void
serve_endless_interim(const struct visit *v)
{
	for (;;)
		say_text(v, "HTTP/1.1 100 Continue\r\n\r\n");
}

static void
serve_long_page(const struct visit *v)
{
	int i;

	say_text(v, "HTTP/1.1 404 No\r\nConnection: close\r\n\r\n");
	for (i = 0; i < 100; i++)
		say_object(v, 0, HOSTILE_LEN);
}

static void
serve_bad_chunks(const struct visit *v)
{
	say_text(v,
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "3\r\nabc\r\nfffffffffffffffffffff\r\nabc");
}

/* Body: the request as it came, and what came before it through SOCKS. */
static void
serve_echo(const struct visit *v)
{
	say_text(v, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
	say_text(v, v->request);
	say_text(v, v->socks);
}

/* Body: which request on its connection it was. */
static void
serve_kept(const struct visit *v)
{
	char answer[128];

	(void)snprintf(answer, sizeof(answer),
	    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n%04u", v->nth);
	say_text(v, answer);
}

static void
serve_nothing(const struct visit *v)
{
	(void)v;
}

#define CLOSE "Connection: close\r\n\r\n"
#define REDIRECT(to) \
	"HTTP/1.1 302 Go\r\nLocation: " to \
	"\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n" CLOSE

static const struct hostile_path paths[] = {
	{ "/ok", serve_ok, NULL, 0 },
	{ "/no-range", serve_whole, NULL, 0 },
	{ "/range-elsewhere", serve_range_elsewhere, NULL, 0 },
	{ "/range-short", serve_range_short, NULL, 0 },
	{ "/range-malformed", serve_range_malformed, NULL, 0 },
	{ "/range-twice", serve_range_twice, NULL, 0 },
	{ "/range-unsaid", serve_range_unsaid, NULL, 0 },
	{ "/endless", serve_endless, NULL, 0 },
	{ "/short", serve_short, NULL, 0 },
	{ "/nothing", serve_nothing, NULL, 0 },
	{ "/silent", hostile_wait, NULL, 0 },
	{ "/dripping", serve_dripping, NULL, 0 },
	{ "/endless-headers", serve_endless_headers, NULL, 0 },
	{ "/endless-header", serve_endless_header, NULL, 0 },
	{ "/endless-interim", serve_endless_interim, NULL, 0 },
	{ "/long-404", serve_long_page, NULL, 0 },
	{ "/bad-chunks", serve_bad_chunks, NULL, 0 },
	{ "/echo", serve_echo, NULL, 0 },
	{ "/kept", serve_kept, NULL, 0 },
	{ "/404", NULL, TEXT("HTTP/1.1 404 No\r\n" CLOSE "sorry") },
	{ "/410", NULL, TEXT("HTTP/1.1 410 Gone\r\n" CLOSE) },
	{ "/403", NULL, TEXT("HTTP/1.1 403 No\r\n" CLOSE) },
	{ "/500", NULL, TEXT("HTTP/1.1 500 Oh\r\n" CLOSE) },
	{ "/204", NULL, TEXT("HTTP/1.1 204 None\r\n" CLOSE) },
	{ "/always-206", NULL,
	    TEXT("HTTP/1.1 206 Part\r\n"
		 "Content-Range: bytes 0-3/4\r\n" CLOSE "abcd") },
	{ "/empty", NULL,
	    TEXT("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" CLOSE) },
	{ "/huge-length", NULL,
	    TEXT("HTTP/1.1 200 OK\r\n"
		 "Content-Length: 1000000000000\r\n" CLOSE "abc") },
	{ "/small-length", NULL,
	    TEXT("HTTP/1.1 200 OK\r\n"
		 "Content-Length: 3\r\n" CLOSE "abcdef") },
	{ "/negative-length", NULL,
	    TEXT("HTTP/1.1 200 OK\r\n"
		 "Content-Length: -1\r\n" CLOSE "abc") },
	{ "/compressed", NULL,
	    TEXT("HTTP/1.1 200 OK\r\n"
		 "Content-Encoding: gzip\r\n" CLOSE "\x1f\x8b\x08 not gzip") },
	{ "/no-http", NULL, TEXT("SSH-2.0-hello\r\n") },
	{ "/loop", NULL, TEXT(REDIRECT("/loop")) },
	{ "/redirect", NULL, TEXT(REDIRECT("/ok")) },
	{ "/redirect-echo", NULL, TEXT(REDIRECT("/echo")) },
	{ "/to-file", NULL, TEXT(REDIRECT("file:///etc/passwd")) },
	{ "/to-ftp", NULL, TEXT(REDIRECT("ftp://localhost/x")) },
	{ "/to-user", NULL, TEXT(REDIRECT("http://u:p@localhost/x")) },
	{ "/to-nowhere", NULL, TEXT("HTTP/1.1 302 Go\r\n" CLOSE) },
	{ "/to-loopback", NULL, TEXT(REDIRECT("http://127.0.0.1:9/x")) },
	{ "/to-localhost", NULL, TEXT(REDIRECT("http://localhost:9/x")) },
	{ "/to-private", NULL, TEXT(REDIRECT("http://192.168.1.1/x")) },
	{ "/to-mapped", NULL, TEXT(REDIRECT("http://[::ffff:7f00:1]/x")) },
	{ "/to-number", NULL, TEXT(REDIRECT("http://2130706433/x")) },
};

static const struct hostile_path *more_paths;
static size_t nmore_paths;

static void
skip_body(const struct visit *v)
{
	static const char name[] = "\r\nContent-Length: ";
	const char *length = strstr(v->request, name);
	char c;
	long n = length == NULL ? 0 :
				  strtol(length + sizeof(name) - 1, NULL, 10);

	while (n-- > 0) {
		if (recv(v->fd, &c, 1, 0) <= 0)
			_exit(0);
	}
}

static void
read_request(struct visit *v)
{
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(v->request) - 1) {
		n = recv(v->fd, v->request + len, 1, 0);
		if (n <= 0)
			_exit(0);
		v->request[++len] = '\0';
		if (len >= 4 && strcmp(v->request + len - 4, "\r\n\r\n") == 0) {
			skip_body(v);
			return;
		}
	}
	_exit(1);
}

static void
serve_from(const struct visit *v, const char *path,
    const struct hostile_path *list, size_t n)
{
	for (; n > 0; n--, list++) {
		if (strcmp(path, list->path) != 0)
			continue;
		if (list->serve != NULL)
			list->serve(v);
		else
			hostile_say(v, list->bytes, list->len);
	}
}

/* Whether there may be another one on the same connection. */
static bool
serve_one(struct visit *v)
{
	char line[REQUEST_MAX], *path;

	read_request(v);
	path = strchr(v->request, ' ');
	if (path == NULL)
		_exit(1);
	path++;
	(void)snprintf(line, sizeof(line), "%.*s", (int)strcspn(path, " "),
	    path);
	(void)dprintf(v->seen, "%s\n", line);
	serve_from(v, line, paths, sizeof(paths) / sizeof(paths[0]));
	serve_from(v, line, more_paths, nmore_paths);
	return strcmp(line, "/kept") == 0;
}

static void
serve(struct visit *v)
{
	do
		v->nth++;
	while (serve_one(v));
}

static void
read_bytes(const struct visit *v, uint8_t *p, size_t len)
{
	if (recv(v->fd, p, len, MSG_WAITALL) != (ssize_t)len)
		_exit(0);
}

/* One length byte and so many bytes, as text. */
static void
read_string(const struct visit *v, char out[256])
{
	uint8_t len;

	read_bytes(v, &len, 1);
	read_bytes(v, (uint8_t *)out, len);
	out[len] = '\0';
}

/* RFC 1928 and 1929: user and password, then a host by name. */
static void
shake_hands(struct visit *v)
{
	char user[256], password[256], host[256];
	uint8_t b[256];

	read_bytes(v, b, 2);
	read_bytes(v, b + 2, b[1]);
	if (memchr(b + 2, 2, b[1]) == NULL)
		_exit(1);
	hostile_say(v, "\x05\x02", 2);
	read_bytes(v, b, 1);
	read_string(v, user);
	read_string(v, password);
	hostile_say(v, "\x01\x00", 2);
	read_bytes(v, b, 4);
	if (b[3] != 3) /* an address: it resolved the name itself */
		_exit(1);
	read_string(v, host);
	read_bytes(v, b, 2);
	hostile_say(v, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10);
	(void)snprintf(v->socks, sizeof(v->socks), "%.40s %.40s %.40s", user,
	    password, host);
}

static int
listen_at_loopback(uint16_t *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || bind(fd, (struct sockaddr *)&in, len) == -1 ||
	    listen(fd, 64) == -1 ||
	    getsockname(fd, (struct sockaddr *)&in, &len) == -1)
		abort();
	*port = ntohs(in.sin_port);
	return fd;
}

static void
visit(int listener, int seen, bool is_socks)
{
	struct visit v = { .fd = accept(listener, NULL, NULL), .seen = seen };

	if (v.fd == -1)
		return;
	if (fork() == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (is_socks)
			shake_hands(&v);
		serve(&v);
		_exit(0);
	}
	(void)close(v.fd);
}

void
hostile_http_start(struct hostile_http *h)
{
	struct pollfd p[2];
	int seen[2];

	p[0].fd = listen_at_loopback(&h->port);
	p[1].fd = listen_at_loopback(&h->socks);
	p[0].events = p[1].events = POLLIN;
	if (pipe(seen) == -1 || (h->pid = fork()) == -1)
		abort();
	if (h->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)signal(SIGCHLD, SIG_IGN);
		(void)close(seen[0]);
		while (poll(p, 2, -1) > 0) {
			if (p[0].revents != 0)
				visit(p[0].fd, seen[1], false);
			if (p[1].revents != 0)
				visit(p[1].fd, seen[1], true);
		}
		_exit(1);
	}
	(void)close(seen[1]);
	(void)close(p[0].fd);
	(void)close(p[1].fd);
	h->seen = seen[0];
}

void
hostile_http_start_with(struct hostile_http *h, const struct hostile_path *more,
    size_t n)
{
	more_paths = more;
	nmore_paths = n;
	hostile_http_start(h);
}

void
hostile_http_stop(struct hostile_http *h)
{
	(void)kill(h->pid, SIGKILL);
	(void)waitpid(h->pid, NULL, 0);
	(void)close(h->seen);
}
