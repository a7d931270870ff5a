/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_DEBVERSION_H
#define RB_REBUILDER_DEBVERSION_H

#include "common/base/span.h"

/* Versions of Debian packages (Debian Policy, 5.6.12). */
#define DEBVERSION_MAX 256

/*
 * [epoch ":"] upstream ["-" revision], upstream starting with a digit, at
 * most DEBVERSION_MAX bytes, the epoch below 2^31 as for dpkg.
 */
bool debversion_is_valid(struct span v);

/*
 * Older, the same, newer: <0, 0, >0.  Both must be valid.  Versions that are
 * spelt differently can be the same ("1.0" and "1.0-0").
 */
int debversion_compare(struct span a, struct span b);

/* `v` is `base` rebuilt without a change of source: base "+b" number. */
bool debversion_is_binnmu(struct span v, struct span base);

#endif
