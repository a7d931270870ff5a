/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare_once A B: has a fresh rebuilder-compare, in its jail, compare two
 * whole files, as the daemon does.  Exit 0: the same, 1: different.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/role.h"
#include "rebuilder/ask.h"

#define NOBODY 65534
#define SECONDS 600

static enum rb_err
compare(const char *a, const char *b, struct msg *answer, struct fault *why)
{
	struct msg question;
	uint64_t size = 0;
	int rebuilt = -1, published = -1;
	enum rb_err rc = RB_EIO;

	msg_init(&question, COMPARE_FILES);
	rebuilt = open(a, O_RDONLY | O_CLOEXEC);
	published = open(b, O_RDONLY | O_CLOEXEC);
	/* Pure roles refuse to run as root. */
	if (rebuilt == -1 || published == -1 ||
	    (geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) == -1))
		goto out;
	if ((rc = file_size(rebuilt, &size)) != RB_OK ||
	    (rc = put_u64(&question.body, 0)) != RB_OK ||
	    (rc = put_u64(&question.body, size)) != RB_OK ||
	    (rc = ask_add_copy(&question, rebuilt)) != RB_OK ||
	    (rc = ask_add_copy(&question, published)) != RB_OK)
		goto out;
	rc = ask_compare(&question, SECONDS, answer, why);
out:
	msg_clear(&question);
	fd_close(&rebuilt);
	fd_close(&published);
	return rc;
}

int
main(int argc, char **argv)
{
	struct msg answer;
	struct fault why = FAULT_INIT;
	bool same;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&answer, 0);
	if (argc != 3) {
		fputs("usage: compare_once A B\n", stderr);
		return 2;
	}
	if ((rc = role_home()) == RB_OK)
		rc = compare(argv[1], argv[2], &answer, &why);
	same = rc == RB_OK && answer.type == COMPARE_SAME;
	msg_clear(&answer);
	if (rc != RB_OK) {
		fprintf(stderr, "compare_once: %s: %s\n", err_name(rc),
		    why.text);
		return 2;
	}
	return same ? 0 : 1;
}
