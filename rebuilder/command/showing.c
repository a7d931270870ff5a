/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/command/showing.h"

#include <inttypes.h>
#include <string.h>

#define SHOWN_MAX 4096

void
show_text(FILE *to, const char *text)
{
	char shown[SHOWN_MAX];

	text_show(text, shown, sizeof(shown));
	fputs(shown, to);
}

void
show_seconds(FILE *to, uint64_t seconds)
{
	static const struct {
		uint64_t size;
		const char *name;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" } };
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (seconds >= 2 * units[i].size) {
			fprintf(to, "%" PRIu64 " %s", seconds / units[i].size,
			    units[i].name);
			return;
		}
	fprintf(to, "%" PRIu64 " s", seconds);
}

void
show_bytes(FILE *to, uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double n = (double)bytes;
	size_t i;

	if (bytes < 1024) {
		fprintf(to, "%" PRIu64 " B", bytes);
		return;
	}
	n /= 1024;
	for (i = 0; i + 1 < sizeof(units) / sizeof(units[0]) && n >= 1024; i++)
		n /= 1024;
	fprintf(to, "%.1f %s", n, units[i]);
}

static bool
is_harmless(uint8_t c)
{
	return (c >= ' ' && c <= '~') || c == '\n' || c == '\t';
}

enum rb_err
show_bulk(FILE *to, struct span bytes, bool is_terminal)
{
	size_t i, len = 0;
	bool is_end_of_line;

	if (!is_terminal)
		return fwrite(bytes.p, 1, bytes.len, to) == bytes.len ? RB_OK :
									RB_EIO;
	for (i = 0; i < bytes.len; i += len) {
		for (len = 0;
		    i + len < bytes.len && is_harmless(bytes.p[i + len]); len++)
			;
		if (fwrite(bytes.p + i, 1, len, to) != len)
			return RB_EIO;
		if (i + len == bytes.len)
			break;
		/* Some programs end their lines by two characters. */
		is_end_of_line = bytes.p[i + len] == '\r' &&
		    i + len + 1 < bytes.len && bytes.p[i + len + 1] == '\n';
		if (!is_end_of_line)
			fprintf(to, "\\x%02x", bytes.p[i + len]);
		len++;
	}
	return ferror(to) ? RB_EIO : RB_OK;
}

json_t *
show_json_text(const char *text)
{
	char shown[SHOWN_MAX];

	if (text == NULL)
		return json_null();
	text_show(text, shown, sizeof(shown));
	return json_string(shown);
}

enum rb_err
show_json_line(json_t *line)
{
	int r;

	if (line == NULL)
		return RB_ENOMEM;
	r = json_dumpf(line, stdout, JSON_COMPACT);
	json_decref(line);
	if (r != 0)
		return RB_EIO;
	return printf("\n") == 1 ? RB_OK : RB_EIO;
}
