/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/note.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NOTE_FD 2
#define NOTE_MAX 1024

static const char *program = "?";
static bool has_levels;

/*
 * Whether a journal listens at the other end.  JOURNAL_STREAM would say it
 * too, but roles have no environment.
 */
static bool
fd_is_journal(int fd)
{
	static const char front[] = "/run/systemd/journal";
	static const char back[] = "/stdout";
	struct sockaddr_un peer;
	socklen_t len = sizeof(peer);
	size_t n;

	memset(&peer, 0, sizeof(peer));
	if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0 ||
	    peer.sun_family != AF_UNIX)
		return false;
	n = strnlen(peer.sun_path, sizeof(peer.sun_path));
	return n < sizeof(peer.sun_path) &&
	    n >= sizeof(front) + sizeof(back) - 2 &&
	    strncmp(peer.sun_path, front, sizeof(front) - 1) == 0 &&
	    strcmp(peer.sun_path + n - (sizeof(back) - 1), back) == 0;
}

void
note_open(const char *name)
{
	program = name;
	/* Who reads our notes may go away; what we do matters more. */
	(void)signal(SIGPIPE, SIG_IGN);
	has_levels = fd_is_journal(NOTE_FD);
}

void
note(enum note_level level, const char *fmt, ...)
{
	char raw[NOTE_MAX];
	char text[NOTE_MAX];
	char line[NOTE_MAX + 128];
	int saved = errno;
	ssize_t put;
	va_list args;
	int r;

	va_start(args, fmt);
	if (vsnprintf(raw, sizeof(raw), fmt, args) < 0)
		raw[0] = '\0';
	va_end(args);
	text_show(raw, text, sizeof(text));
	if (has_levels)
		r = snprintf(line, sizeof(line), "<%d>%.64s: %s\n", (int)level,
		    program, text);
	else
		r = snprintf(line, sizeof(line), "%.64s: %s\n", program, text);
	/*
	 * One write, so that lines of many processes do not mix.  Whom
	 * should we tell that telling failed?
	 */
	put = r < 0 ? 0 : write(NOTE_FD, line, (size_t)r);
	(void)put;
	errno = saved;
}
