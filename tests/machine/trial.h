/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TESTS_MACHINE_TRIAL_H
#define RB_TESTS_MACHINE_TRIAL_H

#include "tests/machine/machine_client.h"

/*
 * What tests of whole machines share: a node's directory, a small layer
 * with one file, etc/marker, that says "honest", and runs of recipes that
 * are given as text.  A failure ends the test (cmocka).
 */
#define TRIAL_PATH_LEN 512
#define MIB (UINT64_C(1) << 20)
/*
 * A recipe that says that it is there, and stays.  $MARK, which each recipe
 * finds, is for the command line of whatever shall not survive.
 */
#define LINGER "sh -c 'echo begun; sleep 100000; :' $MARK\n"

extern struct trial {
	char dir[64];
	char mark[16]; /* no other trial has it */
	char conf[TRIAL_PATH_LEN], program[TRIAL_PATH_LEN];
	int layer;
	struct description small; /* with the layer, and low limits */
	uint64_t life; /* of the first one that ran its recipe: milliseconds */
} trial;

/* For the group of tests.  They need root, $RB_BIN and $RB_DATA. */
int trial_set_up(void **state);
/*
 * From now on machines are of that kind; "qemu" boots the image `image`
 * (NULL: $RB_IMAGE, of scripts/image).
 */
void trial_use(const char *kind, const char *image);
/*
 * From now on they boot a copy of that image to which `deed`, a piece of
 * shell, did something: it runs where kernel, initramfs and system lie, $BOOT
 * is the path of guest/boot, and `add FILE` adds a file to the initramfs.
 * The manifest is right about what came out of it.
 */
void trial_use_changed(const char *deed);
/* What was made of a layer: "root", "image", or "new", half made. */
bool trial_has_layer(const struct digest *d, const char *name);
/* Has one run after another refuse a layer that is not what was said. */
void trial_refuse_layers(void);
int trial_tear_down(void **state);
/* From now on this is the trial's layer, owned, and that of `d`. */
void trial_use_layer(int layer, struct description *d);

/* Runs a command that must succeed. */
void shell(const char *format, ...) RB_PRINTF(1, 2);
/* Files in trial.dir. */
void put_file(const char *name, const char *text);
int open_in_dir(const char *name, int flags);
/* A file below $RB_DATA: open; or its text, terminated. */
int open_data(const char *name);
void read_data(const char *name, struct buf *out);
/* An inputs tar with this recipe, open. */
int make_inputs(const char *recipe);

/* One run and what came out of it. */
struct run {
	struct machine_client client;
	struct machine_answer answer;
	int inputs, output, log;
	struct buf out, text; /* the output stream and the log, terminated */
};

void run_init(struct run *r);
void run_clear(struct run *r);
/* Makes what of the descriptors is not there yet, and asks. */
void run_start(struct run *r, const struct description *d, const char *recipe);
/* Hears the answer and reads back output and log. */
void run_finish(struct run *r);
void run_to_end(struct run *r, const struct description *d, const char *recipe,
    enum machine_end end);
/*
 * A limit, in seconds, within which a machine of this trial gets to its
 * recipe, however slow this computer is: known once one has.
 */
uint64_t run_seconds(void);
/* Gives the run a log that one can wait on, which is returned. */
int open_pipe_log(struct run *r);

void expect_end(const struct run *r, enum machine_end end);
void expect_output(const struct run *r, const char *text);
void expect_no_process(void);
/* Remembers the control group of the machine that lingers. */
void note_group(void);
void expect_no_group(void);

#endif
