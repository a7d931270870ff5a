/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/git_world.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Nothing of whoever runs the test. */
#define GIT \
	"env -i PATH=\"$PATH\" GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a " \
	"GIT_AUTHOR_EMAIL=a@example GIT_COMMITTER_NAME=a " \
	"GIT_COMMITTER_EMAIL=a@example git "

static const char make[] =
    "set -eu; cd %s\n"
    "git() { " GIT "\"$@\"; }\n"
    "git init -q -b master work; cd work\n"
    "for i in 1 2; do\n"
    "	echo \"$i\" >version; git add version; git commit -q -m \"$i\"\n"
    "	git tag -a -m \"version $i\" \"v$i\"\n"
    "done\n"
    "git tag light\n"
    "git checkout -q -b big\n"
    "head -c 3145728 /dev/urandom >big; git add big; git commit -q -m big\n"
    "git checkout -q master; cd ..\n"
    "git clone -q --mirror work one.git; rm -r work\n";

static void
run(const char *command)
{
	if (system(command) != 0) {
		(void)fprintf(stderr, "failed: %s\n", command);
		abort();
	}
}

static void
serve(const struct git_world *w, const char *program, int in, int out)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(in, 0) == -1 || dup2(out, 1) == -1)
		_exit(126);
	(void)close_range(3, ~0u, 0);
	(void)execl("/usr/bin/python3", "python3", program, w->directory,
	    (char *)NULL);
	_exit(127);
}

static void
start_server(struct git_world *w)
{
	char program[4096], line[16];
	int in[2], out[2];
	FILE *said;

	(void)snprintf(program, sizeof(program), "%s/../flow/git_server.py",
	    getenv("RB_DATA"));
	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1 ||
	    (w->server = fork()) == -1)
		abort();
	if (w->server == 0)
		serve(w, program, in[0], out[1]);
	(void)close(in[0]);
	(void)close(out[1]);
	w->end = in[1];
	said = fdopen(out[0], "r");
	if (said == NULL || fgets(line, sizeof(line), said) == NULL)
		abort();
	w->port = (uint16_t)strtoul(line, NULL, 10);
	(void)fclose(said);
}

void
git_world_start(struct git_world *w)
{
	char command[4096];

	(void)strcpy(w->directory, "/tmp/rb-test-git-XXXXXX");
	if (mkdtemp(w->directory) == NULL)
		abort();
	(void)snprintf(command, sizeof(command), make, w->directory);
	run(command);
	start_server(w);
}

void
git_world_stop(struct git_world *w)
{
	char command[256];

	(void)close(w->end);
	(void)waitpid(w->server, NULL, 0);
	(void)snprintf(command, sizeof(command), "rm -r %s", w->directory);
	run(command);
}

void
git_world_ask(const struct git_world *w, const char *args, char *out,
    size_t cap)
{
	char command[512];
	FILE *f;

	(void)snprintf(command, sizeof(command), GIT "-C %s/one.git %s",
	    w->directory, args);
	f = popen(command, "r");
	if (f == NULL || fgets(out, (int)cap, f) == NULL || pclose(f) != 0)
		abort();
	out[strcspn(out, "\n")] = '\0';
}

int
git_world_accepts(const struct git_world *w, int pack, const char *id)
{
	char command[1024];

	(void)snprintf(command, sizeof(command),
	    "cd %s; rm -rf got; { " GIT "init -q --bare got && cd got && " GIT
	    "index-pack --strict --stdin </proc/%d/fd/%d && " GIT
	    "update-ref refs/tags/got %s && " GIT
	    "fsck --strict --full; } >log 2>&1",
	    w->directory, (int)getpid(), pack, id);
	return system(command) == 0;
}
