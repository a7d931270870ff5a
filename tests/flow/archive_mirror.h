/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FLOW_ARCHIVE_MIRROR_H
#define TESTS_FLOW_ARCHIVE_MIRROR_H

#include <pthread.h>
#include <stdint.h>

/*
 * A mirror on loopback: serves the files of a directory over HTTP, all but
 * those under `path` honestly.
 */
enum manner {
	MANNER_HONEST,
	MANNER_MORE,     /* the file, and more behind it */
	MANNER_ENDLESS,  /* bytes for ever, of no length */
	MANNER_CUT,      /* half of what it promises */
	MANNER_LESS,     /* half, and promises no more */
	MANNER_OTHER,    /* other bytes, as many */
	MANNER_EMPTY,    /* an object without bytes */
	MANNER_SILENT,   /* closes without a word */
	MANNER_HANG,     /* says nothing, for as long as who asks waits */
	MANNER_GONE,     /* 404 */
	MANNER_ERROR,    /* 500 */
	MANNER_REDIRECT, /* to `to`, and the path behind it */
	MANNER_REDIRECT_TO_FILE, /* of the machine that asks */
};

struct mirror {
	char root[128];
	uint16_t port;
	int fd;
	pthread_t thread;
	pthread_mutex_t lock; /* guards what follows */
	enum manner manner;
	char path[128]; /* part of the paths that are meant */
	char to[128];
	unsigned int asked; /* how often such a path was */
};

void mirror_start(struct mirror *m, const char *root);
void mirror_stop(struct mirror *m);
void mirror_behave(struct mirror *m, enum manner manner, const char *path,
    const char *to);
unsigned int mirror_asked(struct mirror *m);

#endif
