/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_LAYERS_H
#define RB_REBUILDER_LAYERS_H

#include "rebuilder/machine/session.h"

/*
 * Layers, made once into what a kind of machine wants, and kept below
 * machine/layers/<sha256>: `root`, the tree, or `image`, a directory with
 * the file `layer`, a squashfs.  Their owner is the guest's root.  The
 * directory above belongs to the host and is the lock: shared while a
 * machine uses the layer, exclusive while it is made or removed.  What has
 * one of those names is complete; what is being made is called `new`.
 */
#define LAYERS_KEPT 16

enum layer_form { LAYER_TREE, LAYER_IMAGE };

struct layer {
	char *path; /* owned; of the tree or of the file */
	int lock;   /* owned */
};

#define LAYER_INIT { NULL, -1 }

/*
 * Finds the layer that the description names, or makes it from `tar` (read
 * to its end), in a sandbox without network and files, after the least
 * recently used ones above LAYERS_KEPT are removed.  What the making says
 * goes to `log`.
 * RB_EDIGEST: `tar` is not what the description says; nothing is kept.
 * RB_ETIME, RB_EPEER: as session_pause.
 */
enum rb_err layer_get(struct session *x, const struct description *d,
    enum layer_form form, int *tar, int log, struct layer *out,
    struct fault *why) RB_CHECK;
/* Gives up the lock, not the layer. */
void layer_clear(struct layer *l);

#endif
