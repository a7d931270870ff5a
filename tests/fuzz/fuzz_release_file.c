/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "rebuilder/judge/release_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* "0", "1", ...: files that may include one another, parted by zero bytes. */
static size_t
part(struct span in, struct release_input files[RELEASE_FILES_MAX])
{
	static const char names[RELEASE_FILES_MAX + 1] = "0123456789ab";
	size_t n = 0;

	do {
		files[n].name = span_of(&names[n], 1);
		files[n].bytes = SPAN("");
		if (in.len != 0 &&
		    span_take_until(&in, 0, &files[n].bytes) != RB_OK)
			abort();
		n++;
	} while (in.len != 0 && n < RELEASE_FILES_MAX);
	return n;
}

/* What is read and written reads and writes the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct release_input files[RELEASE_FILES_MAX];
	struct release_file r = RELEASE_FILE_INIT;
	struct buf once = BUF_INIT, twice = BUF_INIT;
	char lacking[RELEASE_NAME_MAX + 1];
	struct fault why;
	size_t n;

	n = part(span_of(data, len), files);
	if (release_file_read(files, n, &r, lacking, &why) != RB_OK)
		return 0;
	if (release_file_write(&r, &once) != RB_OK)
		abort();
	release_file_clear(&r);
	/* More than a file may hold can't be read again. */
	if (once.len <= YAML_FILE_MAX) {
		files[0].bytes = buf_span(&once);
		if (release_file_read(files, 1, &r, lacking, &why) != RB_OK ||
		    release_file_write(&r, &twice) != RB_OK ||
		    !span_equal(buf_span(&once), buf_span(&twice)))
			abort();
		release_file_clear(&r);
	}
	buf_clear(&once);
	buf_clear(&twice);
	return 0;
}
