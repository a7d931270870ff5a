/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_BASE_NOTE_H
#define RB_BASE_NOTE_H

#include "common/base/err.h"

/*
 * What a program tells its operator: one line on descriptor 2 for each
 * event, "program: text".  Bytes that are not printable ASCII are shown as
 * \xHH, so that nothing from outside can forge a line or drive a terminal.
 * Levels are those of sd-daemon(3) and are written in front ("<4>") when
 * the journal was at the other end of the descriptor at note_open.
 */
enum note_level {
	NOTE_ALARM = 2,  /* smells of an attack */
	NOTE_ERROR = 3,  /* something was lost or cannot go on */
	NOTE_WARN = 4,   /* something is wrong, the program goes on */
	NOTE_INFO = 6,   /* normal course */
};

/*
 * Names the program in every later line; `name` must outlive the process.
 * From here on SIGPIPE is ignored: a reader that went away ends no program,
 * be it that of the notes or the other end of a connection.
 */
void note_open(const char *name);
void note(enum note_level level, const char *fmt, ...) RB_PRINTF(2, 3);

#endif
