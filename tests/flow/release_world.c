/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/release_world.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"

#define STEP_MS 50
#define STEPS_MAX 200 /* then it does not come any more */

struct release_world release_world;

void
release_do(const char *fmt, ...)
{
	char *deed = NULL;
	struct said said;
	va_list args;
	int r;

	va_start(args, fmt);
	r = vasprintf(&deed, fmt, args);
	va_end(args);
	assert_int_not_equal(r, -1);
	said = archive_ask("exec 2>&1; '%s/qubes/world' %s '%s'",
	    getenv("RB_DATA"), archive_world.directory, deed);
	if (said.status != 0)
		fail_msg("%s: %s", deed, said.text);
	free(deed);
}

static void
serve(const char *const *argv, int in, int out)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(in, 0) == -1 || dup2(out, 1) == -1 ||
	    chdir(archive_world.directory) == -1)
		_exit(126);
	(void)close_range(3, ~0u, 0);
	(void)execv("/usr/bin/python3", (char *const *)(uintptr_t)argv);
	_exit(127);
}

/* A server in Python, which says its port in one line. */
static void
server_start(struct release_server *s, const char *script, const char *root,
    const char *certificate, const char *key)
{
	const char *argv[] = { "python3", NULL, root, certificate, key, NULL };
	char path[4096], line[16];
	int in[2], out[2];
	FILE *said;

	(void)snprintf(path, sizeof(path), "%s/../flow/%s", getenv("RB_DATA"),
	    script);
	argv[1] = path;
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	s->pid = fork();
	assert_int_not_equal(s->pid, -1);
	if (s->pid == 0)
		serve(argv, in[0], out[1]);
	fd_close(&in[0]);
	fd_close(&out[1]);
	s->end = in[1];
	said = fdopen(out[0], "r");
	assert_non_null(said);
	assert_non_null(fgets(line, sizeof(line), said));
	s->port = (uint16_t)strtoul(line, NULL, 10);
	(void)fclose(said);
}

static void
server_stop(struct release_server *s)
{
	fd_close(&s->end);
	(void)waitpid(s->pid, NULL, 0);
}

/* For this process and those that it starts, our authority is the only one. */
static void
trust_authority(void)
{
	static const char bundle[] = "/etc/ssl/certs/ca-certificates.crt";
	char own[128];

	(void)snprintf(own, sizeof(own), "%s/ca.crt", archive_world.directory);
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL),
	    0);
	assert_int_equal(mount(own, bundle, NULL, MS_BIND, NULL), 0);
}

static uint16_t
free_port(void)
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

	w->port = free_port();
	said = archive_ask("exec 2>&1; '%s/qubes-rebuilder' init "
			   "-n test.example/log -l 127.0.0.1:%u %s/node",
	    getenv("RB_BIN"), w->port, w->directory);
	if (said.status != 0)
		fail_msg("init: %s", said.text);
}

int
release_world_make(void **state)
{
	struct archive_world *w = &archive_world;
	char www[128];

	(void)state;
	if (geteuid() != 0)
		return 0;
	memset(w, 0, sizeof(*w));
	(void)strcpy(w->directory, "/tmp/rb-release-XXXXXX");
	assert_non_null(mkdtemp(w->directory));
	assert_int_equal(chmod(w->directory, 0755), 0);
	release_do("make");
	trust_authority();
	make_node();
	server_start(&release_world.git, "git_server.py", "git", NULL, NULL);
	server_start(&release_world.elsewhere, "https_server.py", "elsewhere",
	    "ca.crt", "ca.key");
	(void)snprintf(www, sizeof(www), "%s/www", w->directory);
	mirror_start(&w->mirror, www);
	release_do("echo %u >git.port; echo %u >elsewhere.port; "
		   "echo %u >www.port; configure",
	    release_world.git.port, release_world.elsewhere.port,
	    w->mirror.port);
	return 0;
}

int
release_world_stop(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return 0;
	archive_serve_end();
	server_stop(&release_world.git);
	server_stop(&release_world.elsewhere);
	mirror_stop(&archive_world.mirror);
	release_do("remove");
	return rmdir(archive_world.directory);
}

struct said
release_says(const char *app, const char *rest, int status, const char *words)
{
	struct said said = archive_node(app, rest);

	if (said.status != status || strstr(said.text, words) == NULL)
		fail_msg("%s %s: not status %d and '%s', but %d: %s", app, rest,
		    status, words, said.status, said.text);
	return said;
}

void
release_poll(void)
{
	(void)release_says("poll", "", 0, "looked at");
}

struct said
release_get(const char *path)
{
	return archive_ask("exec python3 -c 'import sys, urllib.request\n"
			   "sys.stdout.write(urllib.request.urlopen("
			   "sys.argv[1]).read().decode())' "
			   "http://127.0.0.1:%u/%s",
	    archive_world.port, path);
}

struct said
release_shows(const char *component)
{
	return archive_ask(
	    "exec python3 -c 'import json, sys, urllib.request\n"
	    "all = json.load(urllib.request.urlopen(sys.argv[1]))\n"
	    "print(json.dumps([c for c in all[\"components\"]\n"
	    "    if c[\"name\"] == sys.argv[2]][0]))' "
	    "http://127.0.0.1:%u/release.json %s",
	    archive_world.port, component);
}

void
release_awaits(const char *component, const char *words)
{
	struct said said = release_shows(component);
	unsigned int i;

	for (i = 0; strstr(said.text, words) == NULL; i++) {
		if (i == STEPS_MAX)
			fail_msg("%s: no '%s': %s", component, words,
			    said.text);
		(void)poll(NULL, 0, STEP_MS);
		said = release_shows(component);
	}
}

bool
release_noted(const char *words)
{
	return archive_ask("grep -qF -e '%s' %s/notes", words,
		   archive_world.directory)
		   .status == 0;
}
