/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_PROCESS_NODE_H
#define RB_PROCESS_NODE_H

#include <sys/types.h>

#include "common/base/conf.h"

/*
 * What `qubes-rebuilder init` puts into signer/state: a log that has not
 * begun.  An empty file never means that, since damage leaves such files.
 */
#define NODE_STATE_NEW "new log\n"

/*
 * What all programs of one node agree on: its name, where its files lie and
 * which users it runs as.  Read from the sections `node` and `users` of
 * node.yml (qubes-rebuilder.conf(5)).
 *
 * Below `directory`:
 *   keys/      signing.key (the signer's alone), signing.vkey (public)
 *   signer/    state: how far the signer's log goes
 *   attestor/  truth (LMDB)
 *   served/    LMDB that the attestor writes and httpd reads
 *   rebuilder/ journal (LMDB), store/ (files by digest)
 *   machine/   layers/, stage/: what rebuilder-machine keeps
 *   told/      status, release: what rebuilder tells httpd
 *   run/       admin.sock attestor.sock machine.sock net.sock signer.sock
 */
struct node {
	char *name; /* owned; origin of the log: "rebuilder.example/log" */
	char *operator_; /* owned; who runs it, free text */
	char *directory; /* owned; absolute */
	char *user_rebuilder, *user_net, *user_attestor, *user_signer,
	    *user_httpd; /* owned; names of system users */
};

#define NODE_INIT { NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL }

struct user_ids {
	uid_t uid;
	gid_t gid;
};

/*
 * Reads the file, filling `node` and the caller's own `extra` sections.
 * Section names known to any program of a node are accepted everywhere.
 */
enum rb_err node_read(const char *path, struct node *node,
    const struct conf_section *extra, size_t nextra, struct fault *why)
    RB_CHECK;
/*
 * Sets what node.yml may leave out; the fields must be NULL.  `operator_` of a
 * node that is not to be named is empty.
 */
enum rb_err node_defaults(struct node *node) RB_CHECK;
void node_clear(struct node *node);

/* RB_ENOTFOUND names the user and how to create it. */
enum rb_err user_find(const char *name, struct user_ids *out, struct fault *why)
    RB_CHECK;

/* "directory/rest"; RB_ELIMIT past PATH_MAX.  `out` is owned by the caller. */
enum rb_err node_path(const struct node *node, const char *rest, char **out)
    RB_CHECK;

/*
 * The peer of a Unix socket is this user (or root): else RB_EREFUSED.  Ask
 * before jail_enter: a jail's user namespace knows no user but its own, and
 * shows all others as one ("nobody"), who is refused.
 */
enum rb_err peer_is(int sock, uid_t uid) RB_CHECK;
/* Connects to directory/run/<name>. */
enum rb_err node_connect(const struct node *node, const char *name, int *out,
    struct fault *why) RB_CHECK;

#endif
