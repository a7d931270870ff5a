/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TESTS_FLOW_GIT_WORLD_H
#define RB_TESTS_FLOW_GIT_WORLD_H

#include <stdint.h>
#include <sys/types.h>

/*
 * A repository "one.git" that git(1) made, with the annotated tags v1 and v2
 * on master, a lightweight one "light", and on branch "big" a file of 3 MiB
 * that no compression makes smaller; git's own server serves it.
 */
struct git_world {
	char directory[64];
	uint16_t port;
	pid_t server;
	int end; /* closed: the server ends */
};

void git_world_start(struct git_world *w);
void git_world_stop(struct git_world *w);

/* What `git -C one.git ARGS` prints, without the last line break. */
void git_world_ask(const struct git_world *w, const char *args, char *out,
    size_t cap);
/*
 * Whether git(1) takes the pack, with every object checked and nothing
 * missing, as all of a repository in which `id` is there.
 */
int git_world_accepts(const struct git_world *w, int pack, const char *id);

#endif
