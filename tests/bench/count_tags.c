/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * count_tags DIRECTORY BRANCH KEYS FINGERPRINT...: how each tag of a
 * repository comes out, by the real judge and gpgv in their jails, as the
 * daemon would see it.  DIRECTORY holds `advertisement` and `pack`, as a git
 * server sent them; KEYS is a directory of FINGERPRINT.asc.  Prints one line
 * for each tag, and how many there are of each outcome.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/jail.h"
#include "common/process/role.h"
#include "rebuilder/tag.h"

#define NOBODY 65534
#define FIXED_ARGS 4

static void
print(const struct tagged *t)
{
	size_t i;

	for (i = 0; i < t->nseen; i++)
		printf("%s %s %s\n", tag_outcome_name(t->seen[i].outcome),
		    t->seen[i].ref, t->seen[i].primary);
	for (i = 0; i < TAG_OUTCOMES; i++) {
		if (t->counts[i] != 0)
			printf("%u %s\n", t->counts[i],
			    tag_outcome_name((enum tag_outcome)i));
	}
}

/* That of the daemon, as far as it matters here. */
static enum rb_err
enter_jail(const char *keys, struct fault *why)
{
	char judge[64];
	const struct jail_path paths[] = {
		{ "/usr", JAIL_READ_EXEC, 0 },
		{ "/lib", JAIL_READ_EXEC, 1 },
		{ "/lib64", JAIL_READ_EXEC, 1 },
		{ "/etc/ld.so.cache", JAIL_READ, 1 },
		{ "/proc", JAIL_READ, 0 },
		{ "/dev/null", JAIL_WRITE, 0 },
		{ judge, JAIL_READ_EXEC, 0 },
		{ keys, JAIL_READ, 0 },
	};
	const struct jail jail = {
		.allow = JAIL_FILES | JAIL_DB | JAIL_SPAWN | JAIL_THREADS |
		    JAIL_UNIX | JAIL_ACCEPT | JAIL_MODES,
		.paths = paths,
		.npaths = sizeof(paths) / sizeof(paths[0]),
		.files = 1024,
	};

	/* Beside us is a link to it. */
	snprintf(judge, sizeof(judge), "/proc/self/fd/%d/rebuilder-judge",
	    role_home_fd());
	return jail_enter(&jail, why);
}

static enum rb_err
count(const struct tag_question *q, const char *directory, struct tagged *t,
    struct fault *why)
{
	struct tag_refs refs = TAG_REFS_INIT;
	int dir = -1, advertisement = -1, pack = -1;
	enum rb_err rc = RB_ENOTFOUND;

	if ((dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1 ||
	    (advertisement = openat(dir, "advertisement",
		 O_RDONLY | O_CLOEXEC)) == -1 ||
	    (pack = openat(dir, "pack", O_RDONLY | O_CLOEXEC)) == -1) {
		fault_set(why, rc, "%s holds no advertisement and pack",
		    directory);
		goto out;
	}
	/* Pure roles refuse to run as root. */
	if (geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) == -1) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = enter_jail(q->keys, why)) != RB_OK)
		goto out;
	if ((rc = tag_refs(advertisement, q, &refs, why)) == RB_OK)
		rc = tag_count(q, &refs, pack, t, why);
out:
	tag_refs_clear(&refs);
	fd_close(&dir);
	fd_close(&advertisement);
	fd_close(&pack);
	return rc;
}

int
main(int argc, char **argv)
{
	struct tag_question q;
	struct fault why = FAULT_INIT;
	struct tagged t;
	enum rb_err rc;

	note_open("count_tags");
	if (argc <= FIXED_ARGS) {
		fputs(
		    "usage: count_tags DIRECTORY BRANCH KEYS FINGERPRINT...\n",
		    stderr);
		return 2;
	}
	memset(&q, 0, sizeof(q));
	q.component = q.url = argv[1];
	q.branch = argv[2];
	q.keys = argv[3];
	q.maintainers = (const char *const *)argv + FIXED_ARGS;
	q.nmaintainers = (size_t)(argc - FIXED_ARGS);
	q.threshold = 1;
	tagged_init(&t);
	if ((rc = role_home()) == RB_OK)
		rc = count(&q, argv[1], &t, &why);
	if (rc != RB_OK) {
		fprintf(stderr, "count_tags: %s: %s\n", err_name(rc), why.text);
		return 1;
	}
	print(&t);
	tagged_clear(&t);
	return 0;
}
