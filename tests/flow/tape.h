/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FLOW_TAPE_H
#define TESTS_FLOW_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What the programs of a node do to its stores, in the order in which they do
 * it: every write, every change of a directory, every sync.  Taken by
 * ptrace(2) in a process of its own, of all that the test starts meanwhile;
 * needs root.
 *
 * A file is known by a number, which it keeps for its life.  The first ones
 * are those that were there when the recording began; they count as synced.
 */
#define TAPE_PARTS_MAX 8
#define TAPE_NAME_MAX 80
#define TAPE_FILES_MAX 4096
#define TAPE_LEN ((size_t)1 << 30) /* address space */

enum event_kind {
	EVENT_LINK,   /* `name` in `dir` is `file`, which is new */
	EVENT_UNLINK, /* `name` in `dir`, which was `file` */
	EVENT_RENAME, /* that becomes `to_name` in `to_dir` */
	EVENT_WRITE,  /* `len` bytes at `offset` of `file` */
	EVENT_SIZE,   /* `file` now ends at `offset` */
	EVENT_MODE,   /* `file` has a new owner or mode */
	EVENT_SYNC,   /* `file`, or a directory's names */
	EVENT_SAID,   /* `program` sent a frame on descriptor 3 */
	EVENT_MARK,   /* the test says `offset` */
	EVENT_WRONG,  /* something that no replay could repeat */
};

struct event {
	enum event_kind kind;
	unsigned int file, dir, to_dir;
	bool is_directory; /* LINK */
	uint64_t offset;
	size_t len; /* of the bytes behind */
	mode_t mode; /* LINK, MODE; and owner */
	uid_t uid;
	gid_t gid;
	char name[TAPE_NAME_MAX], to_name[TAPE_NAME_MAX];
	char program[TAPE_NAME_MAX];
};

/* One that was there. */
struct tape_file {
	ino_t inode; /* 0: gone */
	bool is_directory;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	unsigned int parent; /* itself: it is one of `parts` */
	char name[TAPE_NAME_MAX];
	uint8_t *bytes; /* owned */
	size_t len;
};

struct tape_shared; /* with the process that records */

struct tape {
	const char *root; /* borrowed */
	const char *const *parts; /* borrowed: directories below it, NULL */
	const char *const *programs; /* borrowed: whom to record, NULL */
	struct tape_file *files; /* owned */
	unsigned int nfiles;
	struct tape_shared *shared; /* owned */
	size_t *events; /* owned: where each begins; after tape_end */
	size_t nevents;
	pid_t recorder;
	int stop; /* owned */
};

/*
 * `programs` are recorded in what they do to files below root/part, if they
 * are started before tape_end.
 */
void tape_begin(struct tape *t, const char *root, const char *const *parts,
    const char *const *programs);
/* When all that was recorded has ended. */
void tape_end(struct tape *t);
void tape_clear(struct tape *t);

/* Of the test itself, between two calls of the others. */
void tape_mark(struct tape *t, uint64_t number);

/*
 * What else happens to who is recorded.  Call number `n` (from 0) that
 * `program` makes on a file of the stores, and `more` behind it, fail.
 */
enum tape_calls {
	CALLS_WRITE,
	CALLS_SYNC,
};
void tape_fail(struct tape *t, const char *program, enum tape_calls calls,
    long n, long more, int error);
/* Ends it; how many calls failed. */
long tape_fail_end(struct tape *t);
/* How many such calls there were since tape_fail, failed or not. */
long tape_fail_seen(struct tape *t);
/*
 * The time of day is so many seconds ahead, or behind, in programs that were
 * started after the first call.
 */
void tape_clock(struct tape *t, long seconds);

const struct event *tape_at(const struct tape *t, size_t i);
const uint8_t *tape_bytes(const struct event *e);

#endif
