/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/explained.h"

#include <elf.h>

static const struct deb_member control[] = {
	{ .name = "./control", .content = "Package: x\n" },
};
#define NCONTROL 1

/* A 64-bit ELF file with code, a build id and a debug link. */
struct tiny_elf {
	Elf64_Ehdr header;
	char code[32];
	char build_id[36];
	char debuglink[20];
	char names[64];
	Elf64_Shdr sections[5];
};

static const char section_names[] =
    "\0.text\0.note.gnu.build-id\0.gnu_debuglink\0.shstrtab";

static void
make_elf(struct tiny_elf *e)
{
	static const Elf64_Shdr sections[5] = {
		{ 0 },
		{ .sh_name = 1,
		    .sh_type = SHT_PROGBITS,
		    .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
		    .sh_offset = offsetof(struct tiny_elf, code),
		    .sh_size = 32 },
		{ .sh_name = 7,
		    .sh_type = SHT_NOTE,
		    .sh_flags = SHF_ALLOC,
		    .sh_offset = offsetof(struct tiny_elf, build_id),
		    .sh_size = 36 },
		{ .sh_name = 26,
		    .sh_type = SHT_PROGBITS,
		    .sh_offset = offsetof(struct tiny_elf, debuglink),
		    .sh_size = 20 },
		{ .sh_name = 41,
		    .sh_type = SHT_STRTAB,
		    .sh_offset = offsetof(struct tiny_elf, names),
		    .sh_size = 64 },
	};

	memset(e, 0, sizeof(*e));
	memcpy(e->header.e_ident, ELFMAG, SELFMAG);
	e->header.e_ident[EI_CLASS] = ELFCLASS64;
	e->header.e_ident[EI_DATA] = ELFDATA2LSB;
	e->header.e_shoff = offsetof(struct tiny_elf, sections);
	e->header.e_shentsize = sizeof(Elf64_Shdr);
	e->header.e_shnum = 5;
	e->header.e_shstrndx = 4;
	memcpy(e->names, section_names, sizeof(section_names));
	memcpy(e->sections, sections, sizeof(sections));
	memset(e->code, 0x90, sizeof(e->code));
}

static void
assert_elf(const struct tiny_elf *rebuilt, const struct tiny_elf *published,
    const char *expected, const char *says)
{
	struct deb_member a = { .name = "./x",
		.content = (const char *)rebuilt,
		.len = sizeof(*rebuilt) };
	struct deb_member b = { .name = "./x",
		.content = (const char *)published,
		.len = sizeof(*published) };
	struct deb ours = DEB(control, NCONTROL, &a, 1, "");
	struct deb theirs = DEB(control, NCONTROL, &b, 1, "");

	assert_explained(&ours, &theirs, expected, says);
}

static void
build_ids_are_told_from_code(void **state)
{
	struct tiny_elf a, b;

	(void)state;
	make_elf(&a);
	make_elf(&b);
	b.build_id[35] = 1;
	b.debuglink[0] = 2;
	assert_elf(&a, &b, "build-id",
	    ".note.gnu.build-id: 1 of 36 bytes differ, the first at 35");
	b.code[5] = 3;
	assert_elf(&a, &b, "content", ".text: 1 of 32 bytes differ");
	b.sections[1].sh_size = 31;
	assert_elf(&a, &b, "content", ".text: 31 bytes published, 32 rebuilt");

	make_elf(&b);
	b.header.e_entry = 1; /* in no section */
	assert_elf(&a, &b, "content", "the bytes between them differ");
}

static void
no_table_makes_code_a_build_id(void **state)
{
	struct tiny_elf a, b;

	(void)state;
	/* A build id as large as the code before it. */
	make_elf(&a);
	a.sections[2].sh_offset = a.sections[1].sh_offset;
	a.sections[2].sh_size = 68;
	b = a;
	b.code[5] = 3;
	assert_elf(&a, &b, "content", ".text");
	/* A debug link that is loaded. */
	make_elf(&a);
	a.sections[3].sh_offset = a.sections[1].sh_offset;
	a.sections[3].sh_flags = SHF_ALLOC;
	b = a;
	b.code[5] = 3;
	assert_elf(&a, &b, "content", ".text");
	/* Only one of the two says so. */
	make_elf(&a);
	make_elf(&b);
	b.sections[2].sh_offset = b.sections[1].sh_offset;
	b.code[5] = 3;
	assert_elf(&a, &b, "content", ".text");
}

static void
broken_tables_are_survived(void **state)
{
	struct tiny_elf a, b;
	size_t at;

	(void)state;
	make_elf(&a);
	for (at = 4; at < sizeof(a); at++) {
		make_elf(&b);
		((uint8_t *)&b)[at] ^= 0x81;
		if (at >= offsetof(struct tiny_elf, build_id) &&
		    at < offsetof(struct tiny_elf, names))
			assert_elf(&a, &b, "build-id", "names of the build");
		else
			assert_elf(&a, &b, "content", "");
	}
}

#define CLAIM(f) cmocka_unit_test_teardown(f, explained_clear)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(build_ids_are_told_from_code),
		CLAIM(no_table_makes_code_a_build_id),
		CLAIM(broken_tables_are_survived),
	};

	return cmocka_run_group_tests_name("explain_elf", tests, NULL, NULL);
}
