/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/release.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"

#define FILES_MAX 12
#define FILE_BYTES_MAX (256 * 1024)
#define NAME_LIMIT 256
#define URL_LIMIT 1024
#define NOTE_LIMIT 1024
#define COMPONENTS_MAX 1024
#define NAMES_MAX 4096
#define MAINTAINERS_MAX 16
#define RECORDS_MAX (4 * 1024 * 1024)
#define JUDGE_SECONDS 60

/* The release file and what it includes, as far as that is known. */
struct files {
	char *names[FILES_MAX]; /* owned */
	int fds[FILES_MAX];     /* owned; copies in memory */
	size_t n;
};

static void
files_clear(struct files *f)
{
	while (f->n > 0) {
		f->n--;
		free(f->names[f->n]);
		fd_close(&f->fds[f->n]);
	}
}

/* The judge maps files: it gets copies that nobody changes. */
static enum rb_err
files_add(struct files *f, const char *directory, const char *name,
    struct fault *why)
{
	struct buf bytes = BUF_INIT;
	char *copy = NULL;
	int dir = -1, fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if (f->n == FILES_MAX) {
		rc = fault_set(why, RB_ELIMIT,
		    "'%s' would be the file number %d; no more are "
		    "read",
		    name, FILES_MAX + 1);
		goto out;
	}
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		rc = RB_ENOTFOUND;
	else
		rc = file_read_at(dir, name, FILE_BYTES_MAX, &bytes);
	if (rc != RB_OK) {
		fault_set(why, rc, "%s/%s: cannot be read (%s)%s", directory,
		    name, err_name(rc),
		    f->n == 0 ? "" :
				": included files are looked up by base name "
				"in release.directory");
		goto out;
	}
	if ((rc = memory_file("release", buf_span(&bytes), &fd)) != RB_OK)
		goto out;
	if ((copy = strdup(name)) == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	f->names[f->n] = copy;
	f->fds[f->n++] = fd;
	copy = NULL; /* now theirs */
	fd = -1;
	rc = RB_OK;
out:
	buf_clear(&bytes);
	free(copy);
	fd_close(&dir);
	fd_close(&fd);
	return rc;
}

static enum rb_err
take_names(struct span *in, uint32_t n, size_t max, char ***out, size_t *nout)
{
	enum rb_err rc = RB_EINTERNAL;
	uint32_t i;

	if (n > NAMES_MAX)
		return RB_ELIMIT;
	if ((*out = calloc((size_t)n + 1, sizeof(**out))) == NULL)
		return RB_ENOMEM;
	for (i = 0; i < n; i++) {
		if ((rc = take_text(in, max, &(*out)[i])) != RB_OK)
			return rc;
		*nout = (size_t)i + 1;
	}
	return RB_OK;
}

static enum rb_err
take_component(struct span *in, struct component *c)
{
	uint8_t n = 0, mode = 0, versions_only = 0, packages = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_text(in, NAME_LIMIT, &c->name)) != RB_OK ||
	    (rc = take_text(in, URL_LIMIT, &c->url)) != RB_OK ||
	    (rc = take_text(in, NAME_LIMIT, &c->branch)) != RB_OK ||
	    (rc = take_u8(in, &n)) != RB_OK)
		return rc;
	if (n > MAINTAINERS_MAX)
		return RB_ELIMIT;
	if ((rc = take_names(in, n, NAME_LIMIT, &c->maintainers,
		 &c->nmaintainers)) != RB_OK ||
	    (rc = take_u64(in, &c->min_distinct)) != RB_OK ||
	    (rc = take_u8(in, &mode)) != RB_OK ||
	    (rc = take_u8(in, &versions_only)) != RB_OK ||
	    (rc = take_u8(in, &packages)) != RB_OK ||
	    (rc = take_u64(in, &c->timeout)) != RB_OK)
		return rc;
	if (mode > VERIFY_NOTHING || versions_only > 1 || packages > 1 ||
	    c->min_distinct == 0)
		return RB_EFORMAT;
	c->mode = (enum verification)mode;
	c->versions_only = versions_only == 1;
	c->packages = packages == 1;
	return RB_OK;
}

/* The rest of JUDGE_RELEASE_FILE_IS behind `lacking`, and its records. */
static enum rb_err
take_release(struct span in, struct span records, struct release *r)
{
	uint32_t ndistributions = 0, ntemplates = 0, n = 0, nnotes = 0, i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_text(&in, NAME_LIMIT, &r->name)) != RB_OK ||
	    (rc = take_u32(&in, &ndistributions)) != RB_OK ||
	    (rc = take_u32(&in, &ntemplates)) != RB_OK ||
	    (rc = take_u32(&in, &n)) != RB_OK ||
	    (rc = take_u32(&in, &nnotes)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK ||
	    (rc = take_names(&records, ndistributions, NAME_LIMIT,
		 &r->distributions, &r->ndistributions)) != RB_OK ||
	    (rc = take_names(&records, ntemplates, NAME_LIMIT, &r->templates,
		 &r->ntemplates)) != RB_OK)
		return rc;
	if (n > COMPONENTS_MAX)
		return RB_ELIMIT;
	r->list = calloc((size_t)n + 1, sizeof(*r->list));
	if (r->list == NULL)
		return RB_ENOMEM;
	for (i = 0; i < n; i++) {
		r->n = (size_t)i + 1;
		if ((rc = take_component(&records, &r->list[i])) != RB_OK)
			return rc;
	}
	if ((rc = take_names(&records, nnotes, NOTE_LIMIT, &r->notes,
		 &r->nnotes)) != RB_OK)
		return rc;
	return take_end(records);
}

/* RB_OK with *lacking set: a file more is needed. */
static enum rb_err
ask_judge(const struct files *f, char **lacking, struct release *r,
    struct fault *why)
{
	struct msg question, answer;
	struct buf bytes = BUF_INIT;
	struct span in;
	int records = -1;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	msg_init(&question, JUDGE_RELEASE_FILE);
	msg_init(&answer, 0);
	records = memfd_create("records", MFD_CLOEXEC);
	if (records == -1) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = put_u8(&question.body, (uint8_t)f->n)) != RB_OK)
		goto out;
	for (i = 0; i < f->n; i++)
		if ((rc = put_text(&question.body, f->names[i])) != RB_OK ||
		    (rc = ask_add_copy(&question, f->fds[i])) != RB_OK)
			goto out;
	if ((rc = ask_add_copy(&question, records)) != RB_OK)
		goto out;
	if ((rc = ask_role("rebuilder-judge", &question, JUDGE_RELEASE_FILE_IS,
		 JUDGE_SECONDS, &answer, why)) != RB_OK)
		goto out;
	in = buf_span(&answer.body);
	if ((rc = take_text(&in, NAME_LIMIT, lacking)) != RB_OK ||
	    (*lacking)[0] != '\0')
		goto out;
	if (lseek(records, 0, SEEK_SET) == -1) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = file_read_fd(records, RECORDS_MAX, &bytes)) == RB_OK)
		rc = take_release(in, buf_span(&bytes), r);
out:
	buf_clear(&bytes);
	msg_clear(&question);
	msg_clear(&answer);
	fd_close(&records);
	return rc;
}

/* A base name: what the judge says must not lead out of the directory. */
static bool
is_file_name(const char *name)
{
	return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL;
}

static enum rb_err
add_first(const struct settings *s, struct files *f, struct fault *why)
{
	const char *slash = strrchr(s->release.file, '/');
	char *directory = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if (slash == NULL || !is_file_name(slash + 1))
		return fault_set(why, RB_EFORMAT,
		    "release.file: \"%s\" names no file", s->release.file);
	/* With the slash: the root directory has nothing else. */
	rc = str_dup_span(span_of(s->release.file,
			      (size_t)(slash + 1 - s->release.file)),
	    &directory);
	if (rc == RB_OK)
		rc = files_add(f, directory, slash + 1, why);
	free(directory);
	return rc;
}

enum rb_err
release_read(const struct settings *s, struct release *out, struct fault *why)
{
	struct files f = { .n = 0 };
	struct release r = RELEASE_INIT;
	char *lacking = NULL;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if (s->release.file == NULL)
		return fault_set(why, RB_ENOTFOUND,
		    "node.yml names no release.file");
	if ((rc = add_first(s, &f, why)) != RB_OK)
		goto out;
	/* Each answer asks for one file more, or is the last. */
	for (;;) {
		release_clear(&r);
		free(lacking);
		lacking = NULL;
		if ((rc = ask_judge(&f, &lacking, &r, why)) != RB_OK)
			goto out;
		if (lacking[0] == '\0')
			break;
		for (i = 0; i < f.n; i++) {
			if (strcmp(f.names[i], lacking) == 0) {
				rc = RB_EPEER;
				goto out;
			}
		}
		if (!is_file_name(lacking)) {
			rc = RB_EPEER;
			goto out;
		}
		if ((rc = files_add(&f, s->release.directory, lacking, why)) !=
		    RB_OK)
			goto out;
	}
	*out = r;
	r = (struct release)RELEASE_INIT; /* now the caller's */
	rc = RB_OK;
out:
	free(lacking);
	files_clear(&f);
	release_clear(&r);
	return rc;
}

static void
names_clear(char **names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

void
release_clear(struct release *r)
{
	size_t i;

	free(r->name);
	names_clear(r->distributions, r->ndistributions);
	names_clear(r->templates, r->ntemplates);
	names_clear(r->notes, r->nnotes);
	for (i = 0; i < r->n; i++) {
		free(r->list[i].name);
		free(r->list[i].url);
		free(r->list[i].branch);
		names_clear(r->list[i].maintainers, r->list[i].nmaintainers);
	}
	free(r->list);
	*r = (struct release)RELEASE_INIT;
}

const struct component *
release_find(const struct release *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (strcmp(r->list[i].name, name) == 0)
			return &r->list[i];
	return NULL;
}
