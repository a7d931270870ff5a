/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_BASE_OPENPGP_H
#define RB_BASE_OPENPGP_H

#include "common/base/buf.h"

/*
 * Armour and packets of OpenPGP (RFC 4880), as far as it must be known what a
 * file holds before gpgv is given it.  Whether a signature holds, gpgv says.
 */
enum openpgp_tag { /* 4.3 */
	OPENPGP_SIGNATURE = 2,
	OPENPGP_KEY = 6,
	OPENPGP_USER_ID = 13,
	OPENPGP_SUBKEY = 14,
	OPENPGP_USER_ATTRIBUTE = 17,
};

/*
 * The bytes in an armour (6.2) of that kind, such as "SIGNATURE"; appended.
 * `text` is the armour and nothing else, its last line ended or not.  The
 * checksum is passed over, as gpgv passes over a wrong one.
 */
enum rb_err openpgp_armour_parse(struct span text, const char *kind,
    struct buf *out) RB_CHECK;

/*
 * Cuts a packet (4.2) off the front.  RB_EFORMAT also for a length that is
 * told in parts or not at all: those are for data alone.
 */
enum rb_err openpgp_packet_take(struct span *in, unsigned int *tag,
    struct span *body) RB_CHECK;

#endif
