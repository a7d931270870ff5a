/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"
#include "tests/flow/descriptor_name.h"
#include "tests/flow/processes.h"

/*
 * Each production process of a node that runs, as the kernel sees it, against
 * the table in processes.c: who it is, what it may, and what it has open.
 */
#define TEXT_MAX 65536
#define OPEN_LIMIT 32
#define NAME_LEN 512

static struct whole_node node = WHOLE_NODE_INIT;
static struct running running = RUNNING_INIT;

static void
proc_path(char path[NAME_LEN], pid_t pid, const char *rest)
{
	(void)snprintf(path, NAME_LEN, "/proc/%d/%s", (int)pid, rest);
}

static void
proc_read(pid_t pid, const char *rest, struct buf *out)
{
	char path[NAME_LEN];

	proc_path(path, pid, rest);
	assert_int_equal(file_read_at(AT_FDCWD, path, TEXT_MAX, out), RB_OK);
	assert_int_equal(buf_put_byte(out, 0), RB_OK);
}

static void
proc_link(pid_t pid, const char *rest, char out[NAME_LEN])
{
	char path[NAME_LEN];
	ssize_t len;

	proc_path(path, pid, rest);
	len = readlink(path, out, NAME_LEN - 1);
	assert_true(len > 0);
	out[len] = '\0';
}

/* A line "name:\tvalue" of /proc/PID/status. */
static void
assert_status(const struct buf *status, const char *name, const char *value)
{
	char line[NAME_LEN], *end;
	const char *at = (const char *)status->p;

	(void)snprintf(line, sizeof(line), "\n%s:\t", name);
	at = strstr(at, line);
	assert_non_null(at);
	(void)snprintf(line, sizeof(line), "%s", at + strlen(line));
	if ((end = strchr(line, '\n')) != NULL)
		*end = '\0';
	/* "Groups" ends in a space for each. */
	while (*line != '\0' && line[strlen(line) - 1] == ' ')
		line[strlen(line) - 1] = '\0';
	if (strcmp(line, value) != 0)
		fail_msg("%s is \"%s\", not \"%s\"", name, line, value);
}

static void
is_its_user(const struct process *p, const struct buf *status)
{
	struct user_ids ids = whole_node_user(p->user);
	char four[NAME_LEN];

	(void)snprintf(four, sizeof(four), "%u\t%u\t%u\t%u", ids.uid, ids.uid,
	    ids.uid, ids.uid);
	assert_status(status, "Uid", four);
	(void)snprintf(four, sizeof(four), "%u\t%u\t%u\t%u", ids.gid, ids.gid,
	    ids.gid, ids.gid);
	assert_status(status, "Gid", four);
	assert_status(status, "Groups", "");
}

static void
has_its_capabilities(const struct process *p, const struct buf *status)
{
	static const char *const sets[] = { "CapPrm", "CapEff", "CapBnd" };
	char own[32];
	size_t i;

	(void)snprintf(own, sizeof(own), "%016llx",
	    (unsigned long long)p->capabilities);
	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		assert_status(status, sets[i], own);
	assert_status(status, "CapInh", "0000000000000000");
	assert_status(status, "CapAmb", "0000000000000000");
	assert_status(status, "NoNewPrivs", "1");
	assert_status(status, "Seccomp", p->is_jailed ? "2" : "0");
}

static void
lives_in_its_namespaces(const struct process *p)
{
	static const struct {
		const char *name;
		unsigned int flag;
	} spaces[] = {
		{ "ns/user", OWN_USER },
		{ "ns/ipc", OWN_IPC },
		{ "ns/uts", OWN_UTS },
		{ "ns/net", OWN_NET },
	};
	char own[NAME_LEN], ours[NAME_LEN];
	size_t i;

	for (i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		proc_link(running.pid, spaces[i].name, own);
		proc_link(getpid(), spaces[i].name, ours);
		if ((strcmp(own, ours) != 0) !=
		    ((p->own & spaces[i].flag) != 0))
			fail_msg("%s is %s, and ours %s", spaces[i].name, own,
			    ours);
	}
}

/* A debugger of the same user, who is not root, is refused. */
static bool
can_be_traced(const struct user_ids *ids)
{
	int status = -1;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		if (setgroups(0, NULL) == -1 ||
		    setresgid(ids->gid, ids->gid, ids->gid) == -1 ||
		    setresuid(ids->uid, ids->uid, ids->uid) == -1)
			_exit(2);
		_exit(ptrace(PTRACE_SEIZE, running.pid, NULL, NULL) == -1 ? 0 :
									    1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 2);
	return WEXITSTATUS(status) == 1;
}

/* proc(5): "Max core file size", soft and hard. */
static void
leaves_no_core(void)
{
	static const char name[] = "\nMax core file size";
	struct buf limits = BUF_INIT;
	const char *line;
	char *end = NULL;
	int i;

	proc_read(running.pid, "limits", &limits);
	assert_non_null(line = strstr((const char *)limits.p, name));
	line += strlen(name);
	for (i = 0; i < 2; i++) {
		assert_int_equal(strtol(line, &end, 10), 0);
		assert_true(end > line); /* "unlimited" is no number */
		line = end;
	}
	buf_clear(&limits);
}

static void
shows_nothing_of_itself(const struct process *p)
{
	struct user_ids ids = whole_node_user(p->user);
	struct stat st;
	char path[NAME_LEN];

	if (!p->is_jailed)
		return; /* root's, who may see everything anyway */
	proc_path(path, running.pid, "mem");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 0); /* proc(5): not dumpable */
	assert_false(can_be_traced(&ids));
	leaves_no_core();
}

static void
has_no_surroundings(void)
{
	struct buf environment = BUF_INIT;
	char cwd[NAME_LEN];

	proc_read(running.pid, "environ", &environment);
	assert_string_equal((const char *)environment.p, "");
	proc_link(running.pid, "cwd", cwd);
	/* A jail without file names stands in an empty directory of /proc. */
	if (strncmp(cwd, "/proc/", 6) != 0)
		assert_string_equal(cwd, "/");
	buf_clear(&environment);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *
join(char **names, size_t n)
{
	struct buf all = BUF_INIT;
	char *out = NULL;
	size_t i;

	qsort(names, n, sizeof(*names), compare_names);
	for (i = 0; i < n; i++)
		assert_int_equal(buf_printf(&all, "%s\n", names[i]), RB_OK);
	assert_int_equal(str_dup_span(buf_span(&all), &out), RB_OK);
	buf_clear(&all);
	return out;
}

/* Neither one more than the table names, nor one less. */
static void
has_open_what_the_table_says(const struct process *p)
{
	const char *const first[] = { "rw null", "rw null", "w notes",
		p->socket };
	char path[NAME_LEN], *names[OPEN_LIMIT], *name, *found, *wanted;
	const char *const *other;
	size_t n = 0, i;
	struct dirent *e;
	DIR *d;

	proc_path(path, running.pid, "fd");
	assert_non_null(d = opendir(path));
	memset(names, 0, sizeof(names));
	while ((e = readdir(d)) != NULL) {
		int number = (int)strtol(e->d_name, NULL, 10);

		if (e->d_name[0] == '.')
			continue;
		name = descriptor_name(&node, running.pid, number);
		if (number < ROLE_FIRST_FD) {
			assert_string_equal(name, first[number]);
			free(name);
			continue;
		}
		assert_true(n < OPEN_LIMIT);
		names[n++] = name;
	}
	closedir(d);
	found = join(names, n);
	for (i = 0; i < n; i++)
		free(names[i]);
	for (n = 0, other = p->others; *other != NULL; other++)
		names[n++] = (char *)(uintptr_t)*other;
	wanted = join(names, n);
	assert_string_equal(found, wanted);
	free(found);
	free(wanted);
}

static void
is_what_the_table_says(void **state)
{
	const struct process *p = *state;
	struct buf status = BUF_INIT;

	process_begin(p, &node, &running);
	proc_read(running.pid, "status", &status);
	is_its_user(p, &status);
	has_its_capabilities(p, &status);
	lives_in_its_namespaces(p);
	shows_nothing_of_itself(p);
	has_no_surroundings();
	has_open_what_the_table_says(p);
	buf_clear(&status);
}

static int
end(void **state)
{
	(void)state;
	process_end(&running, false);
	return 0;
}

/* By another serve, or for systemd. */
static void
who_would_start_it_again_leaves_it_alone(void **state)
{
	static const char *const ways[] = { "serve", "prepare" };
	char command[512], line[512];
	FILE *said;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		snprintf(command, sizeof(command),
		    "\"%s\"/qubes-rebuilder %s -c %s 2>&1", getenv("RB_BIN"),
		    ways[i], node.conf);
		line[0] = '\0';
		said = popen(command, "r");
		assert_non_null(said);
		assert_non_null(fgets(line, sizeof(line), said));
		assert_int_equal(WEXITSTATUS(pclose(said)), 1);
		if (strstr(line, "this node is running already") == NULL)
			fail_msg("%s: %s", ways[i], line);
	}
	whole_node_answers(&node);
}

static int
begin_node(void **state)
{
	int part;

	(void)state;
	whole_node_make(&node);
	whole_node_start(&node);
	for (part = 0; part < NODE_PARTS; part++)
		whole_node_await(&node, (enum whole_node_part)part);
	return 0;
}

static int
end_node(void **state)
{
	(void)state;
	whole_node_clear(&node);
	return 0;
}

int
main(void)
{
	struct CMUnitTest tests[PROCESSES + 1];
	size_t i;

	if (geteuid() != 0 || role_home() != RB_OK) {
		print_message("needs root\n");
		return 77;
	}
	for (i = 0; i < PROCESSES; i++)
		tests[i] = (struct CMUnitTest){ processes[i].program,
			is_what_the_table_says, NULL, end,
			(void *)(uintptr_t)&processes[i] };
	tests[i] = (struct CMUnitTest)cmocka_unit_test(
	    who_would_start_it_again_leaves_it_alone);
	return cmocka_run_group_tests(tests, begin_node, end_node);
}
