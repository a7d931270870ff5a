/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/explain/explain_elf.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

/*
 * What a section may be that is allowed to differ: a hostile table could
 * otherwise stretch the name over all code.
 */
#define BUILD_ID_MAX 64
#define DEBUGLINK_MAX 512

#define SECTIONS_SHOWN 40

/* A file, and how numbers lie in it. */
struct source {
	struct span file;
	bool is_64, is_big;
};

/* Where the fields lie; gABI, chapter 4. */
struct layout {
	size_t shoff, shentsize, shnum, shstrndx, header_len; /* file header */
	size_t flags, offset, size, entry_len; /* section */
};

static const struct layout layouts[2] = {
	{ 32, 46, 48, 50, 52, 8, 16, 20, 40 },
	{ 40, 58, 60, 62, 64, 8, 24, 32, 64 },
};

void
elf_clear(struct elf *e)
{
	free(e->list);
	e->list = NULL;
	e->n = 0;
}

bool
elf_is(struct span file)
{
	return file.len >= EI_NIDENT && memcmp(file.p, ELFMAG, SELFMAG) == 0;
}

/* The caller checked that the bytes are there. */
static uint64_t
number(const struct source *s, size_t at, size_t len)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < len; i++)
		v = v << 8 | s->file.p[at + (s->is_big ? i : len - 1 - i)];
	return v;
}

static uint64_t
word(const struct source *s, size_t at)
{
	return number(s, at, s->is_64 ? 8 : 4);
}

static bool
is_inside(const struct source *s, uint64_t offset, uint64_t len)
{
	return offset <= s->file.len && len <= s->file.len - offset;
}

static enum rb_err
open_source(struct span file, struct source *out)
{
	struct source s = { file, false, false };

	if (!elf_is(file))
		return RB_EFORMAT;
	if (file.p[EI_CLASS] != ELFCLASS32 && file.p[EI_CLASS] != ELFCLASS64)
		return RB_EFORMAT;
	if (file.p[EI_DATA] != ELFDATA2LSB && file.p[EI_DATA] != ELFDATA2MSB)
		return RB_EFORMAT;
	s.is_64 = file.p[EI_CLASS] == ELFCLASS64;
	s.is_big = file.p[EI_DATA] == ELFDATA2MSB;
	if (file.len < layouts[s.is_64].header_len)
		return RB_EFORMAT;
	*out = s;
	return RB_OK;
}

static enum rb_err
read_section(const struct source *s, size_t at, struct elf_section *out)
{
	const struct layout *l = &layouts[s->is_64];
	struct elf_section e;

	memset(&e, 0, sizeof(e));
	e.type = (uint32_t)number(s, at + 4, 4);
	e.flags = word(s, at + l->flags);
	e.offset = word(s, at + l->offset);
	e.size = word(s, at + l->size);
	if (e.type != SHT_NOBITS && e.type != SHT_NULL) {
		if (!is_inside(s, e.offset, e.size))
			return RB_EFORMAT;
		e.content = span_of(s->file.p + e.offset, (size_t)e.size);
	}
	*out = e;
	return RB_OK;
}

static void
name_section(struct span names, uint64_t at, struct elf_section *out)
{
	size_t i = 0;
	uint8_t c;

	for (; at < names.len && i < ELF_NAME_MAX - 1; at++, i++) {
		c = names.p[at];
		if (c == '\0')
			break;
		out->name[i] = c > ' ' && c <= '~' ? (char)c : '?';
	}
	out->name[i] = '\0';
}

enum rb_err
elf_parse(struct span file, struct elf *out)
{
	struct elf e = ELF_INIT;
	const struct layout *l;
	struct source s;
	uint64_t table, names;
	enum rb_err rc;
	size_t i, n;

	if ((rc = open_source(file, &s)) != RB_OK)
		return rc;
	l = &layouts[s.is_64];
	table = word(&s, l->shoff);
	n = (size_t)number(&s, l->shnum, 2);
	names = number(&s, l->shstrndx, 2);
	if (n == 0 || number(&s, l->shentsize, 2) != l->entry_len ||
	    names >= n || !is_inside(&s, table, n * l->entry_len))
		return RB_EFORMAT;
	if (n > ELF_SECTIONS_MAX)
		return RB_ELIMIT;
	if ((e.list = calloc(n, sizeof(*e.list))) == NULL)
		return RB_ENOMEM;
	for (i = 0; i < n; i++) {
		if ((rc = read_section(&s, (size_t)table + i * l->entry_len,
			 &e.list[i])) != RB_OK)
			goto out;
		e.n++;
	}
	for (i = 0; i < n; i++)
		name_section(e.list[names].content,
		    number(&s, (size_t)table + i * l->entry_len, 4),
		    &e.list[i]);

	*out = e;
	e = (struct elf)ELF_INIT; /* now the caller's */
	rc = RB_OK;
out:
	elf_clear(&e);
	return rc;
}

static bool
may_differ(const struct elf_section *s)
{
	if (strcmp(s->name, ".note.gnu.build-id") == 0)
		return s->type == SHT_NOTE && s->size <= BUILD_ID_MAX;
	if (strcmp(s->name, ".gnu_debuglink") == 0)
		return s->type == SHT_PROGBITS && s->size <= DEBUGLINK_MAX &&
		    (s->flags & SHF_ALLOC) == 0;
	return false;
}

/* The k-th section of this name, so that equal names find their twins. */
static const struct elf_section *
find(const struct elf *e, const char *name, size_t k)
{
	size_t i;

	for (i = 0; i < e->n; i++)
		if (strcmp(e->list[i].name, name) == 0 && k-- == 0)
			return &e->list[i];
	return NULL;
}

/* At most the first of each name, so that no table can name a thousand. */
static bool
is_in_such(const struct elf *e, size_t at)
{
	static const char *const names[] = { ".note.gnu.build-id",
		".gnu_debuglink" };
	const struct elf_section *s;
	size_t i;

	for (i = 0; i < 2; i++) {
		s = find(e, names[i], 0);
		if (s != NULL && may_differ(s) && at >= s->offset &&
		    at - s->offset < s->size)
			return true;
	}
	return false;
}

bool
elf_is_build_id_only(struct span a, struct span b, const struct elf *ea,
    const struct elf *eb)
{
	size_t i;

	if (a.len != b.len)
		return false;
	for (i = 0; i < a.len; i++)
		if (a.p[i] != b.p[i] &&
		    (!is_in_such(ea, i) || !is_in_such(eb, i)))
			return false;
	return true;
}

static size_t
rank(const struct elf *e, size_t at)
{
	size_t i, k = 0;

	for (i = 0; i < at; i++)
		k += strcmp(e->list[i].name, e->list[at].name) == 0;
	return k;
}

static bool
report_pair(const struct elf_section *a, const struct elf_section *b,
    struct report *r)
{
	size_t i, n = 0, first = 0;

	if (a->size != b->size) {
		report_say(r, "      %s: %llu bytes published, %llu rebuilt\n",
		    a->name, (unsigned long long)b->size,
		    (unsigned long long)a->size);
		return true;
	}
	if (a->content.len != b->content.len)
		return false; /* one holds no bytes; its type differs */
	for (i = a->content.len; i-- > 0;)
		if (a->content.p[i] != b->content.p[i]) {
			n++;
			first = i;
		}
	if (n == 0)
		return false;
	report_say(r, "      %s: %zu of %zu bytes differ, the first at %zu\n",
	    a->name, n, a->content.len, first);
	return true;
}

/* Sections of `e` that `other` lacks. */
static size_t
report_lone(const struct elf *e, const struct elf *other, const char *where,
    size_t shown, struct report *r)
{
	size_t i;

	for (i = 0; i < e->n && shown < SECTIONS_SHOWN; i++) {
		if (find(other, e->list[i].name, rank(e, i)) != NULL)
			continue;
		report_say(r, "      %s: only in the %s file\n",
		    e->list[i].name, where);
		shown++;
	}
	return shown;
}

void
elf_report(const struct elf *rebuilt, const struct elf *published,
    struct report *r)
{
	const struct elf_section *b;
	size_t i, shown = 0;

	report_say(r, "    ELF sections that differ:\n");
	for (i = 0; i < rebuilt->n && shown < SECTIONS_SHOWN; i++) {
		b = find(published, rebuilt->list[i].name, rank(rebuilt, i));
		if (b != NULL && report_pair(&rebuilt->list[i], b, r))
			shown++;
	}
	shown = report_lone(published, rebuilt, "published", shown, r);
	shown = report_lone(rebuilt, published, "rebuilt", shown, r);
	if (shown == 0)
		report_say(r, "      none: the bytes between them differ\n");
	if (shown == SECTIONS_SHOWN)
		report_say(r, "      (and perhaps more)\n");
}
