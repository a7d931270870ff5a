/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_UPDATER_SUBJECT_H
#define RB_UPDATER_SUBJECT_H

#include "common/base/digest.h"

/*
 * A file about which somebody asks.  Its digest decides; a name that is a
 * package file's must be that of the package besides, so that an older version
 * is not taken for a newer one.
 */
struct subject {
	struct digest sha256;
	char *name; /* owned; without directories */
};

#define SUBJECT_INIT { DIGEST_INIT, NULL }

void subject_clear(struct subject *s);

/*
 * What the name of a Debian package file says: NAME_VERSION_ARCH.deb as an
 * archive spells it, without the version's epoch, or as apt's cache does,
 * with the epoch as "1%3a".  What an archive's name hides, `version` lacks.
 */
struct package_name {
	char *name, *version, *arch; /* owned */
	char *file;                  /* owned; as an archive spells it */
};

#define PACKAGE_NAME_INIT { NULL, NULL, NULL, NULL }

void package_name_clear(struct package_name *p);
/* RB_EFORMAT for any other name. */
enum rb_err package_name_parse(const char *file, struct package_name *out)
    RB_CHECK;
/*
 * The file name is that of this package.  Without an epoch it is that of every
 * epoch, which an archive's names hide.
 */
bool package_name_is_of(const struct package_name *p, const char *name,
    const char *version, const char *arch);
/*
 * The key under which nodes file a package: SHA-256 of repository, name,
 * version and arch with zero bytes between them.
 */
enum rb_err package_name_key(const struct package_name *p,
    const char *repository, struct digest *out) RB_CHECK;

#endif
