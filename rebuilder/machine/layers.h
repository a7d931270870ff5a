/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_LAYERS_H
#define RB_REBUILDER_LAYERS_H

#include "rebuilder/machine/session.h"

/*
 * Layers, unpacked once and kept: machine/layers/<sha256>/root, whose owner
 * is the guest's root.  The directory above it belongs to the host and is
 * the lock: shared while a machine uses the layer, exclusive while it is
 * made or removed.  A `root` is always complete; what is being made is
 * called `new`.
 */
#define LAYERS_KEPT 16

struct layer {
	char *path; /* owned */
	int lock;   /* owned */
};

#define LAYER_INIT { NULL, -1 }

/*
 * Finds the layer that the description names, or unpacks it from `tar`
 * (read to its end) and then removes the least recently used ones above
 * LAYERS_KEPT.  What the unpacking says goes to `log`.
 * RB_EDIGEST: `tar` is not what the description says; nothing is kept.
 * RB_ETIME, RB_EPEER: as session_pause.
 */
enum rb_err layer_get(struct session *x, const struct description *d, int *tar,
    int log, struct layer *out, struct fault *why) RB_CHECK;
/* Gives up the lock, not the layer. */
void layer_clear(struct layer *l);

#endif
