/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/mapping.h"

#include <sys/mman.h>

#include "common/base/file.h"

/* Maps start at whole pages; no page is larger than this. */
#define PAGE_MAX (64 * 1024)

enum rb_err
mapping_open(int fd, uint64_t offset, uint64_t len, size_t limit,
    struct mapping *out)
{
	struct mapping m = MAPPING_INIT;
	uint64_t size, skip = offset % PAGE_MAX;
	enum rb_err rc;

	if (len > limit || limit > SIZE_MAX - PAGE_MAX)
		return RB_ELIMIT;
	if ((rc = file_size(fd, &size)) != RB_OK)
		return rc;
	if (offset > size || len > size - offset)
		return RB_EFORMAT;
	if (len != 0) {
		m.len = (size_t)(len + skip);
		m.base = mmap(NULL, m.len, PROT_READ, MAP_PRIVATE, fd,
		    (off_t)(offset - skip));
		if (m.base == MAP_FAILED)
			return RB_ENOMEM;
		m.bytes = span_of((const uint8_t *)m.base + skip, (size_t)len);
	}
	*out = m;
	return RB_OK;
}

enum rb_err
mapping_open_file(int fd, size_t limit, struct mapping *out)
{
	uint64_t size;
	enum rb_err rc;

	if ((rc = file_size(fd, &size)) != RB_OK)
		return rc;
	return mapping_open(fd, 0, size, limit, out);
}

void
mapping_close(struct mapping *m)
{
	if (m->base != NULL)
		(void)munmap(m->base, m->len);
	*m = (struct mapping)MAPPING_INIT;
}
