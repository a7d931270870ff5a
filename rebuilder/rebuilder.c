/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rebuilder: plans, remembers, and moves bytes and digests between those who
 * do the work.
 *
 * It can reach its journal and depot, the sockets of its node and the pure
 * roles that it starts.  It has no network, no key and no host privilege,
 * and parses nothing that came from outside: an attacker who owns a role
 * gains that role's answers, and `reproduced` is the answer of
 * rebuilder-compare about bytes that both sides of it hashed.  Who owns this
 * process can submit false verdicts under this node's name; no other node,
 * and not the log's past.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/jail.h"
#include "common/process/role.h"
#include "common/told/told.h"
#include "rebuilder/admin.h"
#include "rebuilder/keeper.h"
#include "rebuilder/watch.h"
#include "rebuilder/work.h"

static void
usage(FILE *to)
{
	fprintf(to,
	    "usage: rebuilder -c node.yml\n"
	    "Rebuilds what it is asked to on descriptor 3 (admin.sock).\n"
	    "Started by qubes-rebuilder serve; see rebuilder(8).\n");
}

/*
 * The programs whose work is in a verdict, in bytewise order.  Recipes and
 * the guest's init are carried inside them.
 */
static const char *const programs[] = {
	"rebuilder",
	"rebuilder-compare",
	"rebuilder-explain",
	"rebuilder-judge",
	"rebuilder-machine",
	"rebuilder-net",
};

/* FORMATS.md, "Statement", builder.program. */
static enum rb_err
programs_digest(struct digest *out, struct fault *why)
{
	struct buf lines = BUF_INIT;
	struct digest digest = DIGEST_INIT;
	char hex[DIGEST_HEX_LEN + 1];
	uint64_t size = 0;
	size_t i;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		fd_close(&fd);
		fd = openat(role_home_fd(), programs[i], O_RDONLY | O_CLOEXEC);
		if (fd == -1) {
			rc = fault_set(why, RB_EIO,
			    "%s cannot be read: %s; all programs of a node "
			    "lie in one folder",
			    programs[i], strerror(errno));
			goto out;
		}
		if ((rc = file_size(fd, &size)) != RB_OK ||
		    (rc = digest_of_fd(fd, 0, size, &digest)) != RB_OK)
			goto out;
		digest_hex(&digest, hex);
		if ((rc = buf_printf(&lines, "%s %s\n", programs[i], hex)) !=
		    RB_OK)
			goto out;
	}
	rc = digest_of(buf_span(&lines), out);
out:
	fd_close(&fd);
	buf_clear(&lines);
	return rc;
}

#define FIXED_PATHS 9
#define RELEASE_PATHS 3

/*
 * The directory of a file: who edits a file puts another in its place, and a
 * jail is on the file that was there.  NULL stays NULL; owned.
 */
static enum rb_err
directory_of(const char *file, char **out)
{
	const char *slash = file == NULL ? NULL : strrchr(file, '/');

	if (slash == NULL)
		return RB_OK;
	return str_dup_span(span_of(file, (size_t)(slash + 1 - file)), out);
}

static enum rb_err
enter_jail(const char *own, const struct settings *settings, struct fault *why)
{
	char home[32]; /* a name that leads to the directory we hold */
	char *files = NULL;
	const char *release[RELEASE_PATHS] = { NULL,
		settings->release.directory, settings->release.keys };
	struct jail_path
	    paths[FIXED_PATHS + SETTINGS_KEYRINGS + RELEASE_PATHS] = {
		    { own, JAIL_WRITE, 0 },
		    { "/usr", JAIL_READ_EXEC, 0 },
		    { "/lib", JAIL_READ_EXEC, 1 },
		    { "/lib64", JAIL_READ_EXEC, 1 },
		    { "/etc/ld.so.cache", JAIL_READ, 1 },
		    { "/etc/ssl/openssl.cnf", JAIL_READ, 1 },
		    { "/proc", JAIL_READ, 0 },
		    { "/dev/null", JAIL_WRITE, 0 },
		    { home, JAIL_READ_EXEC, 0 },
	    };
	struct jail jail = {
		.allow = JAIL_FILES | JAIL_DB | JAIL_SPAWN | JAIL_THREADS |
		    JAIL_UNIX | JAIL_ACCEPT | JAIL_MODES,
		.paths = paths,
		.npaths = FIXED_PATHS,
		.files = 1024,
	};
	const char *keyring, *key;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = directory_of(settings->release.file, &files)) != RB_OK)
		return rc;
	release[0] = files;
	for (i = 0; i < SETTINGS_KEYRINGS; i++) {
		keyring = settings_keyring(settings, i, &key);
		if (keyring != NULL)
			paths[jail.npaths++] = (struct jail_path){ keyring,
				JAIL_READ, 0 };
	}
	for (i = 0; i < RELEASE_PATHS; i++)
		if (release[i] != NULL)
			paths[jail.npaths++] = (struct jail_path){ release[i],
				JAIL_READ, 0 };
	snprintf(home, sizeof(home), "/proc/self/fd/%d", role_home_fd());
	rc = jail_enter(&jail, why);
	free(files);
	return rc;
}

/* What httpd is told.  Without the file it is told nothing. */
static enum rb_err
told_open(const struct node *node, const char *name, int *out)
{
	char *path = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = node_path(node, name, &path)) != RB_OK)
		return rc;
	*out = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (*out == -1)
		note(NOTE_WARN, "%s: %s; httpd will not be told of us", path,
		    strerror(errno));
	free(path);
	return RB_OK;
}

static void
set_jobs(struct work *w, struct jobs_setting *out)
{
	out->journal = w->journal;
	out->threads = w->settings->rebuilder.jobs;
	out->seconds = job_seconds(w->settings);
	out->retry.retries = w->settings->rebuilder.retries;
	out->retry.seconds = w->settings->rebuilder.retry;
	out->check = work_check;
	out->work = work_do;
	out->self = w;
}

static enum rb_err
run(const char *conf, struct fault *why)
{
	/* Threads use them until the process ends: never freed. */
	static struct node node = NODE_INIT;
	static struct settings settings;
	static struct work work;
	struct jobs_setting setting;
	struct watch_setting watch;
	struct keeper_setting keeping;
	struct keeper *keeper = NULL;
	struct watcher *watcher = NULL;
	struct admin admin;
	int told = -1, told_release = -1;
	char *own = NULL, *depot = NULL, *journal = NULL;
	enum rb_err rc = RB_EINTERNAL;

	memset(&setting, 0, sizeof(setting));
	work.node = &node;
	work.settings = &settings;
	settings_init(&settings);
	if ((rc = settings_read(conf, &node, &settings, why)) != RB_OK ||
	    (rc = programs_digest(&work.program, why)) != RB_OK ||
	    (rc = budget_new(settings.rebuilder.memory, settings.rebuilder.cpus,
		 &work.budget)) != RB_OK ||
	    (rc = node_path(&node, "rebuilder", &own)) != RB_OK ||
	    (rc = node_path(&node, "rebuilder/store", &depot)) != RB_OK ||
	    (rc = node_path(&node, "rebuilder/journal", &journal)) != RB_OK)
		goto out;
	if ((rc = depot_open(depot, &work.depot)) != RB_OK) {
		fault_set(why, rc,
		    "%s: cannot be opened; was the directory "
		    "made by qubes-rebuilder init?",
		    depot);
		goto out;
	}
	if ((rc = journal_open(journal, &work.journal, why)) != RB_OK ||
	    (rc = told_open(&node, TOLD_STATUS, &told)) != RB_OK ||
	    (rc = told_open(&node, TOLD_RELEASE, &told_release)) != RB_OK ||
	    (rc = enter_jail(own, &settings, why)) != RB_OK)
		goto out;
	set_jobs(&work, &setting);
	keeping = (struct keeper_setting){ &settings, work.journal, work.depot,
		NULL, told };
	if ((rc = jobs_start(&setting, &keeping.jobs)) != RB_OK ||
	    (rc = keeper_start(&keeping, &keeper)) != RB_OK)
		goto out;
	watch = (struct watch_setting){ &node, &settings, work.depot,
		work.journal, keeping.jobs, keeper, told_release };
	if (settings.release.file != NULL &&
	    (rc = watch_start(&watch, &watcher)) != RB_OK)
		goto out;
	admin = (struct admin){ keeping.jobs, work.journal, work.depot, watcher,
		keeper_status, keeper };
	if (admin_serve(ROLE_SOCKET, &admin) != 0)
		rc = RB_EIO;
out:
	free(own);
	free(depot);
	free(journal);
	return rc;
}

int
main(int argc, char **argv)
{
	struct fault why = FAULT_INIT;
	enum rb_err rc = RB_EINTERNAL;

	note_open("rebuilder");
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return 0;
	}
	if (argc != 3 || strcmp(argv[1], "-c") != 0) {
		usage(stderr);
		return 2;
	}
	if ((rc = role_home()) == RB_OK)
		rc = run(argv[2], &why);
	note(NOTE_ERROR, "%s", why.text[0] != '\0' ? why.text : err_name(rc));
	return 1;
}
