/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_UNIT_TESTDEB_H
#define TESTS_UNIT_TESTDEB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "common/base/buf.h"

/* Debian packages in memory, honest and hostile. */
struct deb_member {
	const char *name;
	const char *content; /* NULL: none */
	size_t len;          /* 0: strlen(content) */
	const char *link;    /* symbolic, or hard when `hard` is set */
	bool hard;
	unsigned int mode;   /* 0: 0644 */
	int64_t mtime;
	int64_t uid;
};

struct deb {
	const struct deb_member *control, *data;
	size_t ncontrol, ndata;
	const char *compression; /* "xz" (the default), "gz", "zst", "" */
	const char *control_name; /* NULL: "control.tar" and compression */
	bool is_pax; /* names in UTF-8, in headers of their own */
};

#define DEB_MAX (8 * 1024 * 1024)

/* A tar, compressed; owned by the caller. */
struct buf deb_tar(const struct deb_member *list, size_t n,
    const char *compression, bool is_pax);
/* An ar of parts with these names and contents. */
struct buf deb_ar(const char *const *names, const struct span *contents,
    size_t n);
struct buf deb_make(const struct deb *deb);
/* A file of these bytes, position 0. */
int deb_file(struct span bytes);

#endif
