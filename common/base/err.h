/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_BASE_ERR_H
#define RB_BASE_ERR_H

#include <stddef.h>

/*
 * What a function that can fail returns.  A result is written only when the
 * code is RB_OK; on any other code every result is untouched.
 */
enum rb_err {
	RB_OK = 0,
	RB_EFORMAT,   /* bytes are not what their format says */
	RB_ELIMIT,    /* a named limit was passed */
	RB_EDIGEST,   /* bytes are not those that a digest names */
	RB_ESIG,      /* a signature is missing or wrong */
	RB_ESTALE,    /* older than what was seen, or expired */
	RB_ENOTFOUND, /* the object does not exist */
	RB_EREFUSED,  /* a rule forbids it */
	RB_EPEER,     /* the other side went away or broke the protocol */
	RB_ETIME,     /* a deadline passed */
	RB_ENOMEM,    /* this machine has no more memory */
	RB_EIO,       /* this machine could not read or write */
	RB_EINTERNAL, /* we are wrong; the value that every rc starts with */
};

#define RB_CHECK __attribute__((warn_unused_result))
#define RB_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/*
 * The sentence that goes with a code: names the object, the rule that it
 * broke and, where there is one, the way out.  Always a terminated string
 * of printable ASCII (other bytes are shown as \xHH); too long is cut.
 * Functions that take a struct fault accept NULL.
 */
#define FAULT_MAX 512
struct fault {
	char text[FAULT_MAX];
};
#define FAULT_INIT { { 0 } }

/* Sets the sentence and returns `rc`, so that a caller can say both at once. */
enum rb_err fault_set(struct fault *why, enum rb_err rc, const char *fmt, ...)
    RB_PRINTF(3, 4);

/*
 * Copies a text so that it cannot forge a line or drive a terminal: bytes
 * that are not printable ASCII become \xHH.  At most `cap` bytes with the
 * terminating zero (at least 1); never half an escape.  Returns its length.
 */
size_t text_show(const char *in, char *out, size_t cap);

/* The code as one word, for notes and tests ("format", "limit", ...). */
const char *err_name(enum rb_err rc);

#endif
