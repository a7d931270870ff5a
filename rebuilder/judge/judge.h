/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_JUDGE_H
#define RB_REBUILDER_JUDGE_H

#include "common/process/role.h"

/* The parts of rebuilder-judge: a duty for each JUDGE_* of frames.h. */
enum { READY, DONE };

enum rb_err judge_release(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;
enum rb_err judge_index(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;
enum rb_err judge_source(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;
enum rb_err judge_resolution(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;
enum rb_err judge_outputs(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;
enum rb_err judge_refs(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;
enum rb_err judge_commit(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;
enum rb_err judge_tags(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;
enum rb_err judge_tree(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;
enum rb_err judge_layer(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;
enum rb_err judge_release_file(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;
enum rb_err judge_recipe(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;
enum rb_err judge_external(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;
enum rb_err judge_signed(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;
enum rb_err judge_prepared(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;

enum rb_err judge_published(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;
enum rb_err judge_buildinfo(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;
enum rb_err judge_pins(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;
enum rb_err judge_environment(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;
enum rb_err judge_changelog(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;
enum rb_err judge_built(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;
enum rb_err judge_overrides(void *self, unsigned int *state, int sock,
    struct msg *question) RB_CHECK;

/*
 * The last step of each duty: the answer when `rc` is RB_OK; JUDGE_REFUSED
 * when an input is wrong; otherwise this machine is, and the process ends.
 */
enum rb_err judge_answer(int sock, enum rb_err rc, const struct fault *why,
    const struct msg *answer) RB_CHECK;

#endif
