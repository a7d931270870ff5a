/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rebuilder-explain: says how a rebuilt file differs from the published one.
 *
 * It opens packages, which is where hostile bytes have most to play with, so
 * it has the least: its socket, two files to read and one to write, no
 * network, no file system, little memory and time, and a fresh process for
 * each question.  Whoever owns it can write a false report about files that
 * rebuilder-compare already told to differ; nothing that it says can make
 * them the same.
 */
#include <iconv.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/frames.h"
#include "common/process/role.h"
#include "rebuilder/explain/explain_package.h"

/* Two members in memory, twice listings, and what unpacking needs. */
#define MEMORY_MAX (2ull * 1024 * 1024 * 1024)
#define CPU_SECONDS 900
#define FILE_NAME_MAX 255

enum { READY, DONE };

static enum rb_err
send_text(int sock, uint16_t type, const char *text)
{
	struct msg m;
	enum rb_err rc;

	msg_init(&m, type);
	if ((rc = put_text(&m.body, text)) == RB_OK)
		rc = msg_send(sock, &m);
	msg_clear(&m);
	return rc;
}

/* The range lies in the file; the offsets of libarchive then cannot wrap. */
static enum rb_err
open_package(const char *who, int fd, uint64_t offset, uint64_t len,
    struct package *out, struct fault *why)
{
	uint64_t size;

	if (file_size(fd, &size) != RB_OK)
		return fault_set(why, RB_EFORMAT,
		    "%s file: only regular files are read", who);
	if (offset > size || len > size - offset)
		return fault_set(why, RB_EFORMAT,
		    "%s file: %llu bytes from byte %llu on are asked for, but "
		    "it has %llu",
		    who, (unsigned long long)len, (unsigned long long)offset,
		    (unsigned long long)size);
	*out = (struct package){ who, fd, offset, len };
	return RB_OK;
}

static enum rb_err
explain(const struct msg *question, uint64_t offset, uint64_t len,
    const char *file, struct report *report, const char **reason,
    struct fault *why)
{
	struct package rebuilt, published;
	uint64_t size;
	enum rb_err rc;

	if ((rc = open_package("rebuilt", question->fds[0], offset, len,
		 &rebuilt, why)) != RB_OK)
		return rc;
	if (file_size(question->fds[1], &size) != RB_OK)
		size = 0; /* open_package says why */
	if ((rc = open_package("published", question->fds[1], 0, size,
		 &published, why)) != RB_OK)
		return rc;
	if ((rc = explain_files(&rebuilt, &published, file, report, reason,
		 why)) != RB_OK)
		return rc;
	return file_write_fd(question->fds[2], buf_span(&report->text));
}

static enum rb_err
answer_files(void *self, unsigned int *state, int sock, struct msg *question)
{
	struct span body = buf_span(&question->body);
	struct report report = REPORT_INIT;
	struct fault why = FAULT_INIT;
	const char *reason = NULL;
	char *file = NULL;
	uint64_t offset, len;
	enum rb_err rc;

	(void)self;
	*state = DONE;
	if ((rc = take_u64(&body, &offset)) != RB_OK)
		goto out;
	if ((rc = take_u64(&body, &len)) != RB_OK)
		goto out;
	if ((rc = take_text(&body, FILE_NAME_MAX, &file)) != RB_OK)
		goto out;
	if ((rc = take_end(body)) != RB_OK)
		goto out;
	rc = RB_EFORMAT;
	if (question->nfds != 3)
		goto out;

	rc = explain(question, offset, len, file, &report, &reason, &why);
	if (rc == RB_OK)
		rc = send_text(sock, EXPLAINED, reason);
	else if (rc == RB_EFORMAT || rc == RB_EREFUSED)
		rc = send_text(sock, FRAME_REFUSED, why.text);
	else
		note(NOTE_ERROR, "%s",
		    why.text[0] != '\0' ? why.text : err_name(rc));
out:
	free(file);
	report_clear(&report);
	return rc;
}

static const struct duty duties[] = {
	{ EXPLAIN_FILES, STATE(READY), answer_files },
};

/*
 * What libraries read from the file system at their first use: names in
 * UTF-8 (the locale is built into libc) and tables of character sets.
 */
static void
warm_up(void)
{
	iconv_t cd;

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	cd = iconv_open("UTF-8", "UTF-16BE");
	if (cd != (iconv_t)-1)
		iconv_close(cd);
}

int
main(int argc, char **argv)
{
	const struct jail jail = {
		.memory = MEMORY_MAX,
		.cpu = CPU_SECONDS,
		.file_max = REPORT_MAX,
	};
	struct fault why = FAULT_INIT;

	note_open("rebuilder-explain");
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		puts("usage: rebuilder-explain\n"
		     "Tells rebuilder, which starts it, how two files differ; "
		     "see rebuilder-explain(8).");
		return 0;
	}
	if (argc != 1) {
		note(NOTE_ERROR, "takes no arguments; started by rebuilder");
		return 2;
	}
	warm_up();
	if (jail_enter(&jail, &why) != RB_OK) {
		note(NOTE_ERROR, "%s", why.text);
		return 1;
	}
	return role_serve(ROLE_SOCKET, duties,
	    sizeof(duties) / sizeof(duties[0]), NULL);
}
