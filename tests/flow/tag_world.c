/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/tag_world.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/process/role.h"
#include "tests/unit/test_nobody.h"

#define PATH_LEN 4096
#define FACTS_MAX 64
#define NAME_LEN 32
#define VALUE_LEN 64

const char *world_path;
const char *world_keys_before;
struct depot *world_depot;

static char world[PATH_LEN]; /* what make made */
static char keys[PATH_LEN], keys_before[PATH_LEN];

static struct {
	char name[NAME_LEN], value[VALUE_LEN];
} facts[FACTS_MAX];
static size_t nfacts;

const char *
world_fact(const char *name)
{
	size_t i;

	for (i = 0; i < nfacts; i++) {
		if (strcmp(facts[i].name, name) == 0)
			return facts[i].value;
	}
	fail_msg("make told no fact '%s'", name);
	return NULL;
}

FILE *
world_text(const char *name)
{
	char path[PATH_LEN + NAME_LEN];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", world, name);
	f = fopen(path, "r");
	assert_non_null(f);
	return f;
}

int
world_file(const char *moment, const char *name)
{
	char path[PATH_LEN + NAME_LEN];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s/%s", world, moment, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* Everyone who may sign. */
static const char *const people[WORLD_PEOPLE] = { "alice", "bob", "carol",
	"dave", "erin", "frank" };

struct tag_question
world_question(const char *branch)
{
	static const char *maintainers[WORLD_PEOPLE];
	struct tag_question q;
	size_t i;

	for (i = 0; i < WORLD_PEOPLE; i++)
		maintainers[i] = world_fact(people[i]);
	memset(&q, 0, sizeof(q));
	q.component = "tested";
	q.url = "https://git.test.example/tested";
	q.branch = branch;
	q.maintainers = maintainers;
	q.nmaintainers = WORLD_PEOPLE;
	q.threshold = 1;
	q.keys = keys;
	return q;
}

void
world_refs(const struct tag_question *q, const char *moment,
    struct tag_refs *refs)
{
	int fd = world_file(moment, "advertisement");
	struct fault why = FAULT_INIT;

	if (tag_refs(fd, q, refs, &why) != RB_OK)
		fail_msg("refs: %s", why.text);
	fd_close(&fd);
}

enum rb_err
world_try(const struct tag_question *q, const char *moment, struct tagged *t,
    struct fault *why)
{
	struct tag_refs refs = TAG_REFS_INIT;
	int pack = world_file(moment, "pack");
	enum rb_err rc;

	world_refs(q, moment, &refs);
	rc = tag_verify(q, &refs, pack, world_depot, t, why);
	tag_refs_clear(&refs);
	fd_close(&pack);
	return rc;
}

void
world_verify(const struct tag_question *q, const char *moment, struct tagged *t)
{
	struct fault why = FAULT_INIT;

	if (world_try(q, moment, t, &why) != RB_OK)
		fail_msg("%s: %s", q->branch, why.text);
	/* The reason is given exactly when there is one. */
	assert_int_equal(why.text[0] == '\0', tagged_is_accepted(t));
}

const struct tag_seen *
world_seen(const struct tagged *t, const char *ref)
{
	size_t i;

	for (i = 0; i < t->nseen; i++) {
		if (strcmp(t->seen[i].ref, ref) == 0)
			return &t->seen[i];
	}
	fail_msg("tag %s was not looked at", ref);
	return NULL;
}

static void
make_world(void)
{
	char command[2 * PATH_LEN];
	FILE *f;

	(void)snprintf(world, sizeof(world), "/tmp/rb-tag-XXXXXX");
	if (mkdtemp(world) == NULL)
		abort();
	(void)snprintf(command, sizeof(command), "'%s/git/make' '%s'",
	    getenv("RB_DATA"), world);
	assert_int_equal(system(command), 0);
	f = world_text("facts");
	while (nfacts < FACTS_MAX &&
	    fscanf(f, "%31s %63s", facts[nfacts].name, facts[nfacts].value) ==
		2)
		nfacts++;
	(void)fclose(f);
	(void)snprintf(keys, sizeof(keys), "%.*s/keys", PATH_LEN - 32, world);
	(void)snprintf(keys_before, sizeof(keys_before), "%.*s/keys.before",
	    PATH_LEN - 32, world);
	world_path = world;
	world_keys_before = keys_before;
	(void)snprintf(command, sizeof(command), "%s/depot", world);
	assert_int_equal(mkdir(command, 0700), 0);
	assert_int_equal(depot_open(command, &world_depot), RB_OK);
}

int
world_start(void **state)
{
	(void)state;
	if (role_home() != RB_OK || !be_nobody())
		return -1;
	make_world();
	return 0;
}

int
world_stop(void **state)
{
	char command[2 * PATH_LEN];

	(void)state;
	depot_close(&world_depot);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", world);
	return system(command);
}
