/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/base/enc.h"
#include "rebuilder/judge/packages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
put(struct buf *out, const char *name, struct span value)
{
	if (buf_put_str(out, name) != RB_OK ||
	    buf_put_str(out, ": ") != RB_OK || buf_put(out, value) != RB_OK ||
	    buf_put_byte(out, '\n') != RB_OK)
		abort();
}

/* A stanza made of what was read reads as the same package. */
static void
check_again(const struct package *p)
{
	char hex[DIGEST_HEX_LEN + 1];
	struct buf text = BUF_INIT;
	struct deb822 stanza;
	struct package q;
	struct span in;

	digest_hex(&p->file.digest, hex);
	put(&text, "Package", p->name);
	put(&text, "Version", p->version);
	put(&text, "Architecture", p->architecture);
	if (buf_printf(&text, "Source: %.*s (%.*s)\n", (int)p->source.len,
		(const char *)p->source.p, (int)p->source_version.len,
		(const char *)p->source_version.p) != RB_OK ||
	    buf_printf(&text, "Size: %llu\nSHA256: %s\n",
		(unsigned long long)p->file.size, hex) != RB_OK)
		abort();
	put(&text, "Filename", p->file.path);
	in = buf_span(&text);
	if (deb822_take(&in, "Packages", &stanza, NULL) != RB_OK ||
	    package_read(&stanza, &q, NULL) != RB_OK ||
	    !span_equal(p->name, q.name) ||
	    !span_equal(p->version, q.version) ||
	    !span_equal(p->architecture, q.architecture) ||
	    !span_equal(p->source, q.source) ||
	    !span_equal(p->source_version, q.source_version) ||
	    !span_equal(p->file.path, q.file.path) ||
	    p->file.size != q.file.size || p->is_binnmu != q.is_binnmu ||
	    !digest_equal(&p->file.digest, &q.file.digest))
		abort();
	buf_clear(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = span_of(data, len), rest = in;
	struct buf records = BUF_INIT;
	struct deb822 stanza;
	struct package p;
	struct fault why;
	uint32_t n;

	while (deb822_take(&rest, "Packages", &stanza, &why) == RB_OK) {
		if (package_read(&stanza, &p, &why) != RB_OK)
			continue;
		check_again(&p);
		/* The index as a whole may be refused, but never hides it. */
		if (packages_of_source(in, p.source, p.source_version,
			p.architecture, &records, &n, &why) == RB_OK &&
		    n == 0)
			abort();
		buf_reset(&records);
	}
	buf_clear(&records);
	return 0;
}
