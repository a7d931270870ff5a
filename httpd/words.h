/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_HTTPD_WORDS_H
#define RB_HTTPD_WORDS_H

#include "common/attest/statement.h"

/* What the tokens of a statement mean, in words for people; static. */

/* A whole sentence. */
const char *verdict_words(enum verdict v);
/* Half a sentence, without a full stop; the token when it is unknown. */
const char *reason_words(const char *token);
const char *machine_words(const char *kind);
const char *compared_words(enum compared c);

#endif
