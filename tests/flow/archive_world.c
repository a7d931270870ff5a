/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/archive_world.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/digest.h"
#include "common/base/file.h"

#define STEP_MS 50
#define STEPS_MAX 600 /* then it does not start any more */

struct archive_world archive_world;

struct said
archive_ask(const char *fmt, ...)
{
	struct said said = { .status = -1 };
	char *command = NULL;
	va_list args;
	size_t len;
	FILE *f;
	int r;

	va_start(args, fmt);
	r = vasprintf(&command, fmt, args);
	va_end(args);
	assert_int_not_equal(r, -1);
	f = popen(command, "re");
	assert_non_null(f);
	len = fread(said.text, 1, sizeof(said.text) - 1, f);
	said.text[len] = '\0';
	said.status = pclose(f);
	if (!WIFEXITED(said.status))
		fail_msg("%s: did not exit: %s", command, said.text);
	said.status = WEXITSTATUS(said.status);
	free(command);
	return said;
}

void
archive_do(const char *deed)
{
	struct said said = archive_ask("exec 2>&1; sh '%s/archive/archive.sh' "
				       "%s '%s'",
	    getenv("RB_DATA"), archive_world.directory, deed);

	if (said.status != 0)
		fail_msg("%s: %s", deed, said.text);
}

struct said
archive_node(const char *app, const char *rest)
{
	return archive_ask("exec 2>&1; '%s/qubes-rebuilder' %s "
			   "-c %s/node/node.yml %s",
	    getenv("RB_BIN"), app, archive_world.directory, rest);
}

/* A port that was free just now. */
static uint16_t
find_port(void)
{
	struct mirror m;
	uint16_t port;

	mirror_start(&m, "/nonexistent");
	port = m.port;
	mirror_stop(&m);
	return port;
}

static void
make_node(void)
{
	struct archive_world *w = &archive_world;
	struct said said;
	char deed[64];

	w->port = find_port();
	said = archive_ask("exec 2>&1; '%s/qubes-rebuilder' init "
			   "-n test.example/log -l 127.0.0.1:%u %s/node",
	    getenv("RB_BIN"), w->port, w->directory);
	if (said.status != 0)
		fail_msg("init: %s", said.text);
	(void)snprintf(deed, sizeof(deed), "configure %u", w->mirror.port);
	archive_do(deed);
}

int
archive_world_make(void **state)
{
	struct archive_world *w = &archive_world;
	char www[128];
	FILE *f;

	(void)state;
	if (geteuid() != 0)
		return 0;
	memset(w, 0, sizeof(*w));
	(void)strcpy(w->directory, "/tmp/rb-archive-XXXXXX");
	assert_non_null(mkdtemp(w->directory));
	assert_int_equal(chmod(w->directory, 0755), 0);
	archive_do("make; restore");
	(void)snprintf(www, sizeof(www), "%s/published", w->directory);
	f = fopen(www, "re");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%79s", w->published), 1);
	(void)fclose(f);
	(void)snprintf(www, sizeof(www), "%s/www", w->directory);
	mirror_start(&w->mirror, www);
	(void)snprintf(www, sizeof(www), "%s/elsewhere", w->directory);
	mirror_start(&w->elsewhere, www);
	make_node();
	return 0;
}

int
archive_world_start(void **state)
{
	if (geteuid() == 0) {
		(void)archive_world_make(state);
		archive_serve();
	}
	return 0;
}

int
archive_world_check(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	return 0;
}

void
archive_serve(void)
{
	char *program = NULL, *conf = NULL, *notes = NULL;
	int i, fd;

	if (asprintf(&program, "%s/qubes-rebuilder", getenv("RB_BIN")) == -1 ||
	    asprintf(&conf, "%s/node/node.yml", archive_world.directory) ==
		-1 ||
	    asprintf(&notes, "%s/notes", archive_world.directory) == -1)
		abort();
	archive_world.pid = fork();
	assert_int_not_equal(archive_world.pid, -1);
	if (archive_world.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		fd = open(notes, O_WRONLY | O_CREAT | O_APPEND, 0600);
		if (fd == -1 || dup2(fd, 1) == -1 || dup2(fd, 2) == -1)
			_exit(126);
		(void)close_range(3, ~0u, 0);
		(void)execl(program, program, "serve", "-c", conf,
		    (char *)NULL);
		_exit(127);
	}
	for (i = 0; archive_node("queue", "").status != 0; i++) {
		if (i == STEPS_MAX)
			fail_msg("the node does not start; see %s", notes);
		(void)poll(NULL, 0, STEP_MS);
	}
	free(program);
	free(conf);
	free(notes);
}

void
archive_serve_end(void)
{
	int status = -1;

	if (archive_world.pid == 0)
		return;
	(void)kill(archive_world.pid, SIGTERM);
	assert_int_equal(waitpid(archive_world.pid, &status, 0),
	    archive_world.pid);
	archive_world.pid = 0;
	assert_int_equal(status, 0);
}

int
archive_world_stop(void **state)
{
	struct archive_world *w = &archive_world;

	(void)state;
	if (geteuid() != 0)
		return 0;
	archive_serve_end();
	mirror_stop(&w->mirror);
	mirror_stop(&w->elsewhere);
	archive_do("remove");
	return rmdir(w->directory);
}

static void
in_depot(void (*each)(int depot, const char *name))
{
	char path[160];
	struct dirent *entry;
	DIR *depot;

	(void)snprintf(path, sizeof(path), "%s/node/rebuilder/store",
	    archive_world.directory);
	depot = opendir(path);
	assert_non_null(depot);
	while ((entry = readdir(depot)) != NULL) {
		if (entry->d_name[0] != '.')
			each(dirfd(depot), entry->d_name);
	}
	(void)closedir(depot);
}

static void
remove_one(int depot, const char *name)
{
	assert_int_equal(unlinkat(depot, name, 0), 0);
}

void
archive_depot_empty(void)
{
	in_depot(remove_one);
}

static void
check_one(int depot, const char *name)
{
	char hex[DIGEST_HEX_LEN + 1];
	struct digest digest;
	uint64_t size = 0;
	int fd;

	/* What was not finished is never looked at as a file. */
	if (strncmp(name, "new.", 4) == 0 ||
	    (strlen(name) == DIGEST_HEX_LEN + 5 &&
		strcmp(name + DIGEST_HEX_LEN, ".part") == 0))
		return;
	fd = openat(depot, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(file_size(fd, &size), RB_OK);
	assert_int_equal(digest_of_fd(fd, 0, size, &digest), RB_OK);
	digest_hex(&digest, hex);
	assert_string_equal(name, hex);
	fd_close(&fd);
}

void
archive_depot_is_right(void)
{
	in_depot(check_one);
}
