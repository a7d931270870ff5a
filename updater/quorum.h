/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_UPDATER_QUORUM_H
#define RB_UPDATER_QUORUM_H

/*
 * The commands of qubes-quorum(1).  Each gets what stands behind its name
 * (argv[0] is the name) and returns the exit status.
 */
enum quorum_exit {
	QUORUM_ACCEPTED = 0,  /* every file */
	QUORUM_REFUSED = 1,   /* some file */
	QUORUM_UNDECIDED = 2, /* nothing was decided */
};

int quorum_verify(int argc, char **argv);
int quorum_explain(int argc, char **argv);
int quorum_policy(int argc, char **argv);
int quorum_fetch(int argc, char **argv);

#endif
