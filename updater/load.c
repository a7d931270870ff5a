/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "updater/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/file.h"
#include "updater/decision.h"

/* Without waiting: a FIFO in the place of a file must not hold us up. */
static enum rb_err
open_file(const char *path, int *out, struct fault *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd == -1)
		return fault_set(why, errno == ENOENT ? RB_ENOTFOUND : RB_EIO,
		    "%s: cannot be opened: %s", path, strerror(errno));
	*out = fd;
	return RB_OK;
}

static enum rb_err
open_regular(const char *path, int *out, uint64_t *size, struct fault *why)
{
	int fd = -1;
	enum rb_err rc;

	if ((rc = open_file(path, &fd, why)) != RB_OK)
		return rc;
	if ((rc = file_size(fd, size)) != RB_OK) {
		fd_close(&fd);
		return fault_set(why, rc, "%s: is no regular file", path);
	}
	*out = fd;
	return RB_OK;
}

static enum rb_err
load_file(const char *path, size_t limit, struct buf *out, struct fault *why)
{
	uint64_t size;
	int fd = -1;
	enum rb_err rc;

	if ((rc = open_regular(path, &fd, &size, why)) != RB_OK)
		return rc;
	if ((rc = file_read_fd(fd, limit, out)) != RB_OK)
		rc = fault_set(why, rc,
		    rc == RB_ELIMIT ? "%s: is larger than %zu bytes" :
				      "%s: cannot be read (limit %zu bytes)",
		    path, limit);
	fd_close(&fd);
	return rc;
}

/* Puts the file's name in front of what is wrong with its content. */
static enum rb_err
name_fault(struct fault *why, enum rb_err rc, const char *path,
    const struct fault *inner)
{
	return fault_set(why, rc, "%s: %s", path,
	    inner->text[0] != '\0' ? inner->text : err_name(rc));
}

enum rb_err
load_policy(const char *path, struct policy *out, struct fault *why)
{
	struct buf text = BUF_INIT;
	struct fault inner = FAULT_INIT;
	enum rb_err rc;

	rc = load_file(path, POLICY_MAX, &text, why);
	if (rc == RB_ELIMIT)
		rc = fault_set(why, rc,
		    "%s: is no policy: it has more than %d "
		    "bytes",
		    path, POLICY_MAX);
	if (rc != RB_OK)
		goto out;
	if ((rc = policy_parse(buf_span(&text), out, &inner)) != RB_OK)
		rc = name_fault(why, rc, path, &inner);
out:
	buf_clear(&text);
	return rc;
}

enum rb_err
load_bundle(const char *path, struct bundle *to, struct fault *why)
{
	struct buf json = BUF_INIT;
	struct bundle b = BUNDLE_INIT;
	struct fault inner = FAULT_INIT;
	enum rb_err rc;

	if ((rc = load_file(path, BUNDLE_MAX, &json, why)) != RB_OK)
		goto out;
	if ((rc = bundle_parse(buf_span(&json), &b, &inner)) != RB_OK) {
		rc = name_fault(why, rc, path, &inner);
		goto out;
	}
	if ((rc = bundle_merge(to, &b)) != RB_OK)
		rc = fault_set(why, rc,
		    "%s: too much evidence in all bundles "
		    "together (%s)",
		    path, err_name(rc));
out:
	bundle_clear(&b);
	buf_clear(&json);
	return rc;
}

enum rb_err
load_subject(const char *path, struct subject *out, struct fault *why)
{
	struct subject s = SUBJECT_INIT;
	const char *slash = strrchr(path, '/');
	uint64_t size;
	int fd = -1;
	enum rb_err rc;

	if ((rc = open_regular(path, &fd, &size, why)) != RB_OK)
		goto out;
	if ((rc = digest_of_fd(fd, 0, size, &s.sha256)) != RB_OK) {
		rc = fault_set(why, rc, "%s: cannot be read", path);
		goto out;
	}
	if ((s.name = strdup(slash != NULL ? slash + 1 : path)) == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}

	*out = s;
	s.name = NULL; /* now the caller's */
	rc = RB_OK;
out:
	subject_clear(&s);
	fd_close(&fd);
	return rc;
}

void
subjects_clear(struct subjects *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		subject_clear(&s->list[i]);
	free(s->list);
	s->list = NULL;
	s->n = 0;
}

enum rb_err
load_subjects(char *const *paths, size_t n, struct subjects *out,
    struct fault *why)
{
	struct subjects s = SUBJECTS_INIT;
	enum rb_err rc;
	size_t i;

	if (n > DECISION_FILES_MAX)
		return fault_set(why, RB_ELIMIT,
		    "more than %d files at once: ask about them in parts",
		    DECISION_FILES_MAX);
	if ((s.list = calloc(n + 1, sizeof(*s.list))) == NULL)
		return RB_ENOMEM;
	for (i = 0; i < n; i++) {
		if ((rc = load_subject(paths[i], &s.list[i], why)) != RB_OK)
			goto out;
		s.n++;
	}

	*out = s;
	s = (struct subjects)SUBJECTS_INIT; /* now the caller's */
	rc = RB_OK;
out:
	subjects_clear(&s);
	return rc;
}
