/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/net/net_bare.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <git2/sys/odb_backend.h>
#include <git2/sys/refdb_backend.h>
#include <git2/sys/repository.h>

struct objects {
	git_odb_backend parent;
	struct bare *bare; /* borrowed */
};

struct writer {
	git_odb_writepack parent;
	struct bare *bare; /* borrowed */
};

static int
on_append(git_odb_writepack *parent, const void *data, size_t len,
    git_indexer_progress *progress)
{
	struct bare *b = ((struct writer *)parent)->bare;
	const char *p = data;
	ssize_t done;

	(void)progress;
	if (len > b->max || b->len > b->max - len) {
		b->outcome = NET_TOO_LARGE;
		return GIT_EUSER;
	}
	while (len > 0) {
		done = pwrite(b->fd, p, len, (off_t)b->len);
		if (done == -1 && errno == EINTR)
			continue;
		if (done <= 0) {
			b->outcome = NET_UNWRITTEN;
			b->error = errno;
			return GIT_EUSER;
		}
		b->len += (uint64_t)done;
		p += done;
		len -= (size_t)done;
	}
	return 0;
}

static int
on_commit(git_odb_writepack *parent, git_indexer_progress *progress)
{
	(void)progress;
	((struct writer *)parent)->bare->is_whole = true;
	return 0;
}

static void
on_writer_free(git_odb_writepack *parent)
{
	free(parent);
}

static int
on_writepack(git_odb_writepack **out, git_odb_backend *backend, git_odb *odb,
    git_indexer_progress_cb progress, void *payload)
{
	struct writer *w = calloc(1, sizeof(*w));

	(void)odb;
	(void)progress;
	(void)payload;
	if (w == NULL)
		return GIT_ERROR;
	w->parent.backend = backend;
	w->parent.append = on_append;
	w->parent.commit = on_commit;
	w->parent.free = on_writer_free;
	w->bare = ((struct objects *)backend)->bare;
	*out = &w->parent;
	return 0;
}

static void
on_objects_free(git_odb_backend *backend)
{
	free(backend);
}

/* References: libgit2 wants all of these, and walks over none of them. */

static int
no_exists(int *exists, git_refdb_backend *backend, const char *name)
{
	(void)backend;
	(void)name;
	*exists = 0;
	return 0;
}

static int
no_lookup(git_reference **out, git_refdb_backend *backend, const char *name)
{
	(void)out;
	(void)backend;
	(void)name;
	return GIT_ENOTFOUND;
}

static int
no_next(git_reference **out, git_reference_iterator *i)
{
	(void)out;
	(void)i;
	return GIT_ITEROVER;
}

static int
no_next_name(const char **out, git_reference_iterator *i)
{
	(void)out;
	(void)i;
	return GIT_ITEROVER;
}

static void
on_iterator_free(git_reference_iterator *i)
{
	free(i);
}

static int
no_iterator(git_reference_iterator **out, git_refdb_backend *backend,
    const char *glob)
{
	git_reference_iterator *i = calloc(1, sizeof(*i));

	(void)backend;
	(void)glob;
	if (i == NULL)
		return GIT_ERROR;
	i->next = no_next;
	i->next_name = no_next_name;
	i->free = on_iterator_free;
	*out = i;
	return 0;
}

static int
no_write(git_refdb_backend *backend, const git_reference *ref, int force,
    const git_signature *who, const char *message, const git_oid *old,
    const char *old_target)
{
	(void)backend;
	(void)ref;
	(void)force;
	(void)who;
	(void)message;
	(void)old;
	(void)old_target;
	return GIT_EUSER;
}

static int
no_rename(git_reference **out, git_refdb_backend *backend, const char *from,
    const char *to, int force, const git_signature *who, const char *message)
{
	(void)out;
	(void)backend;
	(void)from;
	(void)to;
	(void)force;
	(void)who;
	(void)message;
	return GIT_EUSER;
}

static int
no_delete(git_refdb_backend *backend, const char *name, const git_oid *old,
    const char *old_target)
{
	(void)backend;
	(void)name;
	(void)old;
	(void)old_target;
	return GIT_EUSER;
}

/* has_log, ensure_log, reflog_delete */
static int
no_log(git_refdb_backend *backend, const char *name)
{
	(void)backend;
	(void)name;
	return 0;
}

static int
no_log_read(git_reflog **out, git_refdb_backend *backend, const char *name)
{
	(void)out;
	(void)backend;
	(void)name;
	return GIT_ENOTFOUND;
}

static int
no_log_write(git_refdb_backend *backend, git_reflog *log)
{
	(void)backend;
	(void)log;
	return GIT_EUSER;
}

static int
no_log_rename(git_refdb_backend *backend, const char *from, const char *to)
{
	(void)backend;
	(void)from;
	(void)to;
	return GIT_EUSER;
}

static void
on_references_free(git_refdb_backend *backend)
{
	free(backend);
}

static git_refdb_backend *
make_references(void)
{
	git_refdb_backend *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->version = GIT_REFDB_BACKEND_VERSION;
	b->exists = no_exists;
	b->lookup = no_lookup;
	b->iterator = no_iterator;
	b->write = no_write;
	b->rename = no_rename;
	b->del = no_delete;
	b->has_log = b->ensure_log = b->reflog_delete = no_log;
	b->reflog_read = no_log_read;
	b->reflog_write = no_log_write;
	b->reflog_rename = no_log_rename;
	b->free = on_references_free;
	return b;
}

static int
set_objects(git_repository *repo, struct bare *b)
{
	struct objects *o = calloc(1, sizeof(*o));
	git_odb *odb = NULL;
	int r = GIT_ERROR;

	if (o == NULL)
		goto out;
	o->parent.version = GIT_ODB_BACKEND_VERSION;
	o->parent.writepack = on_writepack;
	o->parent.free = on_objects_free;
	o->bare = b;
	if ((r = git_odb_new(&odb)) != 0 ||
	    (r = git_odb_add_backend(odb, &o->parent, 1)) != 0)
		goto out;
	o = NULL; /* now odb's */
	r = git_repository_set_odb(repo, odb);
out:
	git_odb_free(odb);
	free(o);
	return r;
}

static int
set_references(git_repository *repo)
{
	git_refdb_backend *b = make_references();
	git_refdb *refdb = NULL;
	int r = GIT_ERROR;

	if (b == NULL)
		goto out;
	if ((r = git_refdb_new(&refdb, repo)) != 0 ||
	    (r = git_refdb_set_backend(refdb, b)) != 0)
		goto out;
	b = NULL; /* now refdb's */
	r = git_repository_set_refdb(repo, refdb);
out:
	git_refdb_free(refdb);
	free(b);
	return r;
}

static int
set_configuration(git_repository *repo)
{
	git_config *config = NULL;
	int r;

	if ((r = git_config_new(&config)) == 0)
		r = git_repository_set_config(repo, config);
	git_config_free(config);
	return r;
}

enum rb_err
bare_open(struct bare *b, git_repository **out)
{
	git_repository *repo = NULL;

	if (git_repository_new(&repo) != 0 || set_configuration(repo) != 0 ||
	    set_objects(repo, b) != 0 || set_references(repo) != 0) {
		git_repository_free(repo);
		return RB_ENOMEM;
	}
	*out = repo;
	return RB_OK;
}
