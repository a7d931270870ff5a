/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_EXPLAIN_ELF_H
#define RB_REBUILDER_EXPLAIN_ELF_H

#include "rebuilder/explain/explain_report.h"

/*
 * The sections of an ELF file (32 and 64 bit, both byte orders), as far as
 * their table says: nothing is interpreted.
 */
#define ELF_SECTIONS_MAX 4096
#define ELF_NAME_MAX 64

struct elf_section {
	char name[ELF_NAME_MAX]; /* printable; cut or replaced if need be */
	uint32_t type;
	uint64_t flags, offset, size;
	struct span content; /* borrowed; empty without bytes in the file */
};

struct elf {
	struct elf_section *list; /* owned */
	size_t n;
};

#define ELF_INIT { NULL, 0 }

void elf_clear(struct elf *e);
bool elf_is(struct span file);
/* RB_EFORMAT: no ELF, or its section table is broken; RB_ELIMIT. */
enum rb_err elf_parse(struct span file, struct elf *out) RB_CHECK;

/*
 * Every byte that differs lies in a section that names the build and not its
 * code: .note.gnu.build-id or .gnu_debuglink.
 */
bool elf_is_build_id_only(struct span a, struct span b, const struct elf *ea,
    const struct elf *eb);
/* Which sections differ, and how. */
void elf_report(const struct elf *rebuilt, const struct elf *published,
    struct report *r);

#endif
