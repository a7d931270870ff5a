/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whoever of a node is killed, and whenever, while it works on jobs and is
 * read: nothing that was answered is lost, and nobody and nothing is left.
 * RB_KILLS is how often; 30 without it.
 */
#include "tests/flow/archive_world.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/attest/checkpoint.h"
#include "common/base/file.h"
#include "tests/flow/attest_talk.h"

#define KILLS 30
#define SEEN_MAX 65536
#define TEXT_MAX (1 << 26)
#define TRIES 100
/* serve gives a daemon up that ends more often: see services.c. */
#define ENDS_A_MINUTE 12

/* A process that was once one of the node's. */
struct once {
	pid_t pid;
	unsigned long long started;
};

static struct once seen[SEEN_MAX];
static size_t nseen;

static struct fixture *f;

static char *
below(const char *rest)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s", archive_world.directory, rest) == -1)
		fail();
	return path;
}

/* Fields of /proc/PID/stat, of which the second, a name, may hold anything. */
#define FIELD_STATE 3
#define FIELD_PARENT 4
#define FIELD_STARTED 22

/* False: it is gone. */
static bool
look_at(pid_t pid, pid_t *parent, unsigned long long *started)
{
	struct buf text = BUF_INIT;
	char path[64], *at = NULL, *rest = NULL;
	bool is_there = false;
	int field;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (file_read_at(AT_FDCWD, path, 4096, &text) == RB_OK &&
	    buf_put_byte(&text, 0) == RB_OK)
		at = strrchr((char *)text.p, ')');
	if (at != NULL)
		at = strtok_r(at + 1, " ", &rest);
	for (field = FIELD_STATE; at != NULL; field++) {
		if (field == FIELD_STATE && at[0] == 'Z')
			break;
		if (field == FIELD_PARENT)
			*parent = (pid_t)strtol(at, NULL, 10);
		if (field == FIELD_STARTED) {
			*started = strtoull(at, NULL, 10);
			is_there = true;
			break;
		}
		at = strtok_r(NULL, " ", &rest);
	}
	buf_clear(&text);
	return is_there;
}

static void
remember(pid_t pid, unsigned long long started)
{
	size_t i;

	for (i = 0; i < nseen; i++)
		if (seen[i].pid == pid && seen[i].started == started)
			return;
	assert_true(nseen < SEEN_MAX);
	seen[nseen++] = (struct once){ pid, started };
}

/* Everybody below serve, at random; 0: nobody. */
static pid_t
choose(unsigned int *seed)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	unsigned long long started, at;
	pid_t pid, up, next, chosen = 0;
	unsigned int n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		pid = (pid_t)strtol(e->d_name, NULL, 10);
		if (pid <= 1 || !look_at(pid, &up, &started))
			continue;
		for (next = up; up > 1 && up != archive_world.pid; up = next)
			if (!look_at(up, &next, &at))
				next = 0;
		if (up != archive_world.pid)
			continue;
		remember(pid, started);
		if ((unsigned int)rand_r(seed) % ++n == 0)
			chosen = pid;
	}
	closedir(d);
	return chosen;
}

/* Its end makes serve start a daemon again. */
static bool
is_of_daemons(pid_t pid)
{
	static const char *const roles[] = { "rebuilder-net", "rebuilder-judge",
		"rebuilder-compare", "rebuilder-explain", "rebuilder-machine" };
	char path[64], exe[4096];
	const char *name;
	ssize_t len;
	size_t i;

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if ((len = readlink(path, exe, sizeof(exe) - 1)) < 0)
		return true;
	exe[len] = '\0';
	name = strrchr(exe, '/') + 1;
	for (i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(name, roles[i]) == 0)
			return false;
	return strncmp(exe, getenv("RB_BIN"), strlen(getenv("RB_BIN"))) == 0;
}

/* False: no victim now. */
static bool
kill_one(unsigned int *seed)
{
	static time_t ends[ENDS_A_MINUTE];
	static unsigned int next;
	const struct timespec moment = { .tv_nsec = rand_r(seed) % 200000000 };
	time_t now;
	pid_t pid;

	(void)nanosleep(&moment, NULL);
	now = time(NULL);
	pid = choose(seed);
	if (pid == 0)
		return false;
	if (is_of_daemons(pid)) {
		if (ends[next] != 0 && now - ends[next] <= 60)
			return false;
		ends[next] = now;
		next = (next + 1) % ENDS_A_MINUTE;
	}
	return kill(pid, SIGKILL) == 0;
}

static void
read_checkpoint(int to)
{
	static const char request[] =
	    "GET /log/checkpoint HTTP/1.0\r\nHost: test.example\r\n\r\n";
	const struct timeval patience = { .tv_sec = 2 };
	struct sockaddr_in in = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[4096], *body;
	uint32_t len = 0, note;
	ssize_t n;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons(archive_world.port);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience));
	if (connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0 &&
	    send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0)
		while (
		    (n = recv(fd, text + len, sizeof(text) - 1 - len, 0)) > 0)
			len += (uint32_t)n;
	text[len] = '\0';
	(void)close(fd);
	/* Who was cut off said nothing. */
	if (len == 0 || strncmp(text, "HTTP/1.1 200", 12) != 0 ||
	    (body = strstr(text, "\r\n\r\n")) == NULL || text[len - 1] != '\n')
		return;
	body += 4;
	note = (uint32_t)(text + len - body);
	if (note > 0 &&
	    (write(to, &note, sizeof(note)) != sizeof(note) ||
		write(to, body, note) != (ssize_t)note))
		abort();
}

/* Reads as long as it lives, into a file. */
static pid_t
start_reader(void)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	char *path = below("read");
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	pid_t pid;

	assert_true(fd >= 0);
	free(path);
	pid = fork();
	assert_true(pid >= 0);
	if (pid > 0) {
		fd_close(&fd);
		return pid;
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		read_checkpoint(fd);
		(void)nanosleep(&pause, NULL);
	}
}

/* Asks for jobs as long as it lives, and keeps what it is told. */
static pid_t
start_worker(void)
{
	char *command = NULL;
	pid_t pid;

	if (asprintf(&command,
		"cd %s; while sleep 0.01; do '%s/qubes-rebuilder' rebuild -c "
		"node/node.yml --again --json deb:tiny deb:twin; done "
		">>told 2>>complaints",
		archive_world.directory, getenv("RB_BIN")) == -1)
		fail();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)setpgid(0, 0);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	(void)setpgid(pid, pid);
	free(command);
	return pid;
}

static void
end(pid_t pid, bool with_group)
{
	(void)kill(with_group ? -pid : pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static size_t
see_what_was_read(void)
{
	char *path = below("read");
	struct buf all = BUF_INIT;
	struct span in, note;
	uint32_t len = 0;
	size_t n = 0;

	assert_ok(file_read_at(AT_FDCWD, path, TEXT_MAX, &all));
	for (in = buf_span(&all); in.len > sizeof(len); n++) {
		memcpy(&len, in.p, sizeof(len));
		if (in.len - sizeof(len) < len)
			break; /* killed while it wrote */
		note = span_of(in.p + sizeof(len), len);
		note_see(f, note);
		in.p += sizeof(len) + len;
		in.len -= sizeof(len) + len;
	}
	buf_clear(&all);
	free(path);
	return n;
}

/* Verdicts that somebody waited for: all in the log. */
static size_t
check_what_was_told(uint64_t size)
{
	static const char key[] = "\"leaf\":";
	char *path = below("told"), *at;
	struct buf all = BUF_INIT;
	size_t n = 0;

	assert_ok(file_read_at(AT_FDCWD, path, TEXT_MAX, &all));
	assert_ok(buf_put_byte(&all, 0));
	for (at = (char *)all.p; (at = strstr(at, key)) != NULL; n++) {
		at += sizeof(key) - 1;
		if (strtoull(at, NULL, 10) >= size)
			fail_msg("leaf %.10s was told, of %d", at, (int)size);
	}
	buf_clear(&all);
	free(path);
	return n;
}

/* Who only hears of another's end may be ending still. */
static void
nobody_is_left(void)
{
	const struct timespec moment = { .tv_nsec = 50000000 };
	unsigned long long started;
	char path[64], exe[4096];
	unsigned int tries = 0;
	pid_t parent;
	size_t i = 0;
	ssize_t len;

	while (i < nseen) {
		if (!look_at(seen[i].pid, &parent, &started) ||
		    started != seen[i].started) {
			i++;
			continue;
		}
		if (tries++ < TRIES) {
			(void)nanosleep(&moment, NULL);
			continue;
		}
		(void)snprintf(path, sizeof(path), "/proc/%d/exe",
		    (int)seen[i].pid);
		len = readlink(path, exe, sizeof(exe) - 1);
		fail_msg("process %d is left: %.*s", (int)seen[i].pid,
		    len < 0 ? 0 : (int)len, exe);
	}
}

/* No group that nobody holds any more. */
static void
no_group_is_left(void)
{
	struct said said = archive_ask("find /sys/fs/cgroup -maxdepth 5 "
				       "-name 'qubes-rebuilder-run-*'");
	char *line, *rest = NULL;
	int fd;

	for (line = strtok_r(said.text, "\n", &rest); line != NULL;
	    line = strtok_r(NULL, "\n", &rest)) {
		fd = open(line, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			fail_msg("group %s is left", line);
		fd_close(&fd);
	}
}

static void
nothing_is_left(void)
{
	struct said said;

	said = archive_ask("cd %s/node && find . -name 'new.*' -o -name "
			   "'*.new' -o -path './machine/stage/*'",
	    archive_world.directory);
	assert_string_equal(said.text, "");
	said = archive_ask("grep -F %s /proc/self/mounts",
	    archive_world.directory);
	assert_string_equal(said.text, "");
}

/* Jobs go on when nobody waits for them. */
static void
be_idle(void)
{
	const struct timespec moment = { .tv_nsec = 100000000 };
	unsigned int i;

	for (i = 0; archive_node("queue", "--json").text[0] != '\0'; i++) {
		if (i == 600)
			fail_msg("%s", archive_node("queue", "--json").text);
		(void)nanosleep(&moment, NULL);
	}
}

static void
make_fixture(void)
{
	char *path = below("node/keys/signing.vkey");
	struct buf line = BUF_INIT;
	struct span s;

	f = calloc(1, sizeof(*f));
	assert_non_null(f);
	f->sock = -1;
	f->name = "test.example/log";
	f->node.directory = below("node");
	assert_ok(file_read_at(AT_FDCWD, path, 4096, &line));
	s = buf_span(&line);
	s.len--; /* the line's end */
	assert_ok(vkey_parse(s, &f->node.vkey));
	buf_clear(&line);
	free(path);
}

static void
clear_fixture(void)
{
	size_t i;

	fd_close(&f->sock);
	for (i = 0; i <= STATEMENTS_MAX; i++)
		buf_clear(&f->seen.notes[i]);
	free(f->node.directory);
	free(f);
}

static void
kills_lose_nothing_and_leave_nothing(void **state)
{
	const char *wish = getenv("RB_KILLS");
	unsigned long kills = wish != NULL ? strtoul(wish, NULL, 10) : KILLS;
	unsigned int seed = (unsigned int)time(NULL);
	unsigned long n = 0;
	pid_t reader, worker;
	uint64_t logged = 0;
	size_t told, notes;

	(void)state;
	print_message("seed %u\n", seed);
	make_fixture();
	reader = start_reader();
	worker = start_worker();
	while (n < kills) {
		(void)verdict_log(f, logged++);
		if (kill_one(&seed))
			n++;
	}
	/* They have all come back, and finish what they began. */
	(void)verdict_log(f, logged++);
	end(worker, true);
	be_idle();
	archive_world.leaves = archive_log_size();
	archive_is_well();
	end(reader, false);
	notes = see_what_was_read();
	told = check_what_was_told(archive_log_size());
	print_message("%lu kills; %llu leaves, %zu verdicts told, %zu "
		      "checkpoints read, %zu processes\n",
	    n, (unsigned long long)archive_log_size(), told, notes, nseen);
	assert_true(notes > 0);
	served_check(f, archive_log_size());
	archive_serve_end();
	nobody_is_left();
	no_group_is_left();
	nothing_is_left();
	clear_fixture();
}

#define TEST(f) cmocka_unit_test_setup(f, archive_world_check)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kills_lose_nothing_and_leave_nothing),
	};

	return cmocka_run_group_tests(tests, archive_world_start,
	    archive_world_stop);
}
