/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/hostile_git.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(s) s, sizeof(s) - 1
#define HEAD(what) \
	"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-" what \
	"\r\nConnection: close\r\n\r\n"
#define LIST_HEAD HEAD("advertisement") "001e# service=git-upload-pack\n0000"
#define PACK_HEAD HEAD("result") "0008NAK\n"

#define ID "0123456789012345678901234567890123456789"
#define REF ID " refs/tags/v1"
/* A length of its own for each set of capabilities. */
#define LIST LIST_HEAD "0048" REF "\0side-band-64k\n0000"
#define LIST_BARE LIST_HEAD "0044" REF "\0ofs-delta\n0000"

#define REDIRECT(to) \
	"HTTP/1.1 302 Go\r\nLocation: " to \
	"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

#define SUFFIX "/info/refs?service=git-upload-pack"
#define REPOSITORY(name, list, pack) \
	{ "/" name SUFFIX, NULL, TEXT(list) }, \
	{ \
		"/" name "/git-upload-pack", NULL, TEXT(pack) \
	}
#define LISTED(name, list) { "/" name SUFFIX, NULL, TEXT(list) }
#define ENDLESS(name, list, serve) \
	{ "/" name SUFFIX, NULL, TEXT(list) }, \
	    { "/" name "/git-upload-pack", serve, NULL, 0 }

static void
say_text(const struct visit *v, const char *s)
{
	hostile_say(v, s, strlen(s));
}

static void
say_for_ever(const struct visit *v, const char *p, size_t len)
{
	static char many[64 * 1024];
	size_t n = 0;

	while (n + len <= sizeof(many)) {
		memcpy(many + n, p, len);
		n += len;
	}
	for (;;)
		hostile_say(v, many, n);
}

static void
list_for_ever(const struct visit *v)
{
	say_text(v, LIST_HEAD);
	say_for_ever(v, TEXT("003a" REF "\n"));
}

static void
flush_for_ever(const struct visit *v)
{
	say_text(v, LIST_HEAD);
	say_for_ever(v, TEXT("0000"));
}

/* The least that libgit2 keeps a piece of memory for. */
static void
comment_for_ever(const struct visit *v)
{
	say_text(v, LIST_HEAD);
	say_for_ever(v, TEXT("0005#"));
}

/* Its end, and more. */
static void
end_for_ever(const struct visit *v)
{
	hostile_say(v, TEXT(LIST));
	say_for_ever(v, TEXT("0000"));
}

/* A line as long as a line can be. */
static void
list_a_long_line(const struct visit *v)
{
	static char name[0xfff0 - 4 - 41];

	memset(name, 'x', sizeof(name));
	say_text(v, LIST_HEAD "fff0" ID " ");
	hostile_say(v, name, sizeof(name));
	say_text(v, "0000");
}

static void
list_slowly(const struct visit *v)
{
	say_text(v, LIST_HEAD "00");
	hostile_wait(v);
}

static void
data_for_ever(const struct visit *v)
{
	static char line[0x1000];

	memset(line, 'x', sizeof(line));
	memcpy(line, "1000\1", 5);
	say_text(v, PACK_HEAD);
	say_for_ever(v, line, sizeof(line));
}

static void
crumbs_for_ever(const struct visit *v)
{
	say_text(v, PACK_HEAD);
	say_for_ever(v, TEXT("0006\1x"));
}

static void
progress_for_ever(const struct visit *v)
{
	say_text(v, PACK_HEAD);
	say_for_ever(v, TEXT("000c\2Hello\r\n"));
}

static void
keep_alive_for_ever(const struct visit *v)
{
	say_text(v, PACK_HEAD);
	say_for_ever(v, TEXT("0005\1"));
}

static void
acknowledge_for_ever(const struct visit *v)
{
	say_text(v, HEAD("result"));
	say_for_ever(v, TEXT("003aACK " ID " continue\n"));
}

static void
raw_for_ever(const struct visit *v)
{
	say_text(v, PACK_HEAD);
	say_for_ever(v, TEXT("PACK"));
}

static void
pack_slowly(const struct visit *v)
{
	say_text(v, PACK_HEAD "0009\1PACK");
	hostile_wait(v);
}

static const struct hostile_path paths[] = {
	/* What comes of them is the reader's business. */
	REPOSITORY("good", LIST, PACK_HEAD "0009\1PACK0000"),
	REPOSITORY("raw", LIST_BARE, PACK_HEAD "PACK"),
	REPOSITORY("noise", LIST,
	    PACK_HEAD "0008\2hm\r0009\1PACK0008\2ok\n0000"),

	{ "/list-endless" SUFFIX, list_for_ever, NULL, 0 },
	{ "/list-flushes" SUFFIX, flush_for_ever, NULL, 0 },
	{ "/list-crumbs" SUFFIX, comment_for_ever, NULL, 0 },
	{ "/list-tail" SUFFIX, end_for_ever, NULL, 0 },
	{ "/list-long-line" SUFFIX, list_a_long_line, NULL, 0 },
	{ "/list-slow" SUFFIX, list_slowly, NULL, 0 },
	{ "/list-silent" SUFFIX, hostile_wait, NULL, 0 },
	LISTED("list-none", ""),
	LISTED("list-nothing", HEAD("advertisement")),
	LISTED("list-short", LIST_HEAD "0048" REF "\0side-b"),
	LISTED("list-length", LIST_HEAD "zzzz" REF "\n0000"),
	LISTED("list-sign", LIST_HEAD "-001" REF "\n0000"),
	LISTED("list-1", LIST_HEAD "0001" REF "\n0000"),
	LISTED("list-3", LIST_HEAD "0003" REF "\n0000"),
	LISTED("list-4", LIST_HEAD "0004" REF "\n0000"),
	LISTED("list-5", LIST_HEAD "0005x0000"),
	LISTED("list-id", LIST_HEAD "003ax" REF "0000"),
	LISTED("list-nameless", LIST_HEAD "002c" ID "0000"),
	LISTED("list-blank", LIST_HEAD "002d" ID " 0000"),
	LISTED("list-symref", LIST_HEAD "0044" REF "\0symref=::\n0000"),
	LISTED("list-data", LIST_HEAD "0009\1PACK0000"),
	LISTED("list-ack", LIST_HEAD "0031ACK " ID "\n0000"),
	LISTED("list-err", LIST_HEAD "0016ERR go\x1b[31m away\xff\n0000"),
	LISTED("list-err-early", HEAD("advertisement") "0014ERR no such one\n"),
	LISTED("list-uncommented",
	    HEAD("advertisement") "003a" REF "\n00000000"),
	LISTED("list-empty", LIST_HEAD "0000"),
	LISTED("list-dumb", HEAD("advertisement") ID "\trefs/tags/v1\n"),
	LISTED("list-page",
	    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
	    "<html>Log in</html>"),
	LISTED("list-gzip",
	    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
	    "Connection: close\r\n\r\n\x1f\x8b\x08"),
	LISTED("list-403", "HTTP/1.1 403 No\r\nConnection: close\r\n\r\n"),
	LISTED("list-404", "HTTP/1.1 404 No\r\nConnection: close\r\n\r\n"),
	LISTED("list-500", "HTTP/1.1 500 Oh\r\nConnection: close\r\n\r\n"),
	LISTED("list-huge",
	    "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n"),

	LISTED("to-good", REDIRECT("/good" SUFFIX)),
	LISTED("to-elsewhere", REDIRECT("/elsewhere")),
	{ "/elsewhere", NULL, TEXT(LIST) },
	LISTED("to-loop", REDIRECT("/to-loop" SUFFIX)),
	LISTED("to-file", REDIRECT("file:///etc/passwd")),
	LISTED("to-git", REDIRECT("git://localhost/good")),
	LISTED("to-ssh", REDIRECT("ssh://localhost/good")),
	LISTED("to-user", REDIRECT("http://u:p@localhost/good" SUFFIX)),
	LISTED("to-loopback", REDIRECT("http://127.0.0.1:9/good" SUFFIX)),
	LISTED("to-localhost", REDIRECT("http://localhost:9/good" SUFFIX)),
	LISTED("to-private", REDIRECT("http://192.168.1.1/good" SUFFIX)),
	REPOSITORY("pack-to-good", LIST, REDIRECT("/good/git-upload-pack")),
	REPOSITORY("pack-to-loopback", LIST,
	    REDIRECT("http://127.0.0.1:9/good/git-upload-pack")),

	ENDLESS("pack-endless", LIST, data_for_ever),
	ENDLESS("pack-crumbs", LIST, crumbs_for_ever),
	ENDLESS("pack-progress", LIST, progress_for_ever),
	ENDLESS("pack-keep-alive", LIST, keep_alive_for_ever),
	ENDLESS("pack-acks", LIST, acknowledge_for_ever),
	ENDLESS("pack-multi-acks", LIST_HEAD "0044" REF "\0multi_ack\n0000",
	    acknowledge_for_ever),
	ENDLESS("pack-raw-endless", LIST_BARE, raw_for_ever),
	ENDLESS("pack-slow", LIST, pack_slowly),
	ENDLESS("pack-silent", LIST, hostile_wait),
	REPOSITORY("pack-none", LIST, ""),
	REPOSITORY("pack-nothing", LIST, HEAD("result")),
	REPOSITORY("pack-nak", LIST, PACK_HEAD),
	REPOSITORY("pack-empty", LIST, PACK_HEAD "0000"),
	REPOSITORY("pack-short", LIST, PACK_HEAD "0009\1PACK"),
	REPOSITORY("pack-cut", LIST, PACK_HEAD "0019\1PACK"),
	REPOSITORY("pack-length", LIST, PACK_HEAD "zzzz\1PACK0000"),
	REPOSITORY("pack-early", LIST, HEAD("result") "PACK0000"),
	REPOSITORY("pack-error", LIST, PACK_HEAD "0013\3out of memory\n"),
	REPOSITORY("pack-refused", LIST,
	    HEAD("result") "001cERR upload-pack: not us\n"),
	REPOSITORY("pack-promised", LIST,
	    "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
	    "0008NAK\n0009\1PACK"),
	REPOSITORY("pack-huge", LIST,
	    "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n"),
	REPOSITORY("pack-500", LIST,
	    "HTTP/1.1 500 Oh\r\nConnection: close\r\n\r\n"),
	REPOSITORY("pack-404", LIST,
	    "HTTP/1.1 404 No\r\nConnection: close\r\n\r\n"),
	REPOSITORY("pack-206", LIST,
	    "HTTP/1.1 206 Part\r\nContent-Range: bytes 0-3/4\r\n"
	    "Connection: close\r\n\r\n0008NAK\n0009\1PACK0000"),
};

void
hostile_git_start(struct hostile_http *h)
{
	hostile_http_start_with(h, paths, sizeof(paths) / sizeof(paths[0]));
}
