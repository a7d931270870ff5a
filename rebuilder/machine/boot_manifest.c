/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/boot_manifest.h"

#include <inttypes.h>

#include "common/base/enc.h"

const char *
boot_file_name(enum boot_file file)
{
	switch (file) {
	case BOOT_KERNEL:
		return "kernel";
	case BOOT_INITRAMFS:
		return "initramfs";
	case BOOT_SYSTEM:
		return "system";
	}
	return "unknown";
}

/* `<name> SP <sha256> SP <bytes> LF` */
static enum rb_err
take_file(struct span *in, enum boot_file file, struct boot_manifest *m)
{
	struct span line = SPAN_INIT, name = SPAN_INIT, hex = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = span_take_line(in, &line)) != RB_OK ||
	    (rc = span_take_until(&line, ' ', &name)) != RB_OK ||
	    (rc = span_take_until(&line, ' ', &hex)) != RB_OK)
		return rc;
	if (!span_equal_str(name, boot_file_name(file)))
		return RB_EFORMAT;
	if ((rc = digest_parse(hex, &m->files[file].sha256)) != RB_OK)
		return rc;
	return dec_parse(line, BOOT_FILE_MAX, &m->files[file].size);
}

enum rb_err
boot_manifest_parse(struct span in, struct boot_manifest *out,
    struct fault *why)
{
	struct boot_manifest m = BOOT_MANIFEST_INIT;
	struct span line = SPAN_INIT;
	unsigned int i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = span_take_line(&in, &line)) != RB_OK ||
	    !span_equal(line, SPAN("image 1")))
		return fault_set(why, RB_EFORMAT,
		    "manifest: only \"image 1\" is known here");
	for (i = 0; i < BOOT_FILES; i++)
		if ((rc = take_file(&in, (enum boot_file)i, &m)) != RB_OK)
			return fault_set(why, rc,
			    "manifest: the line \"%s ...\" is missing, not in "
			    "its place or malformed",
			    boot_file_name((enum boot_file)i));
	if (in.len != 0)
		return fault_set(why, RB_EFORMAT,
		    "manifest: something follows the line \"system ...\"");
	*out = m;
	return RB_OK;
}

enum rb_err
boot_manifest_write(const struct boot_manifest *m, struct buf *out)
{
	char hex[DIGEST_HEX_LEN + 1];
	unsigned int i;
	enum rb_err rc = buf_put_str(out, "image 1\n");

	for (i = 0; i < BOOT_FILES && rc == RB_OK; i++) {
		digest_hex(&m->files[i].sha256, hex);
		rc = buf_printf(out, "%s %s %" PRIu64 "\n",
		    boot_file_name((enum boot_file)i), hex, m->files[i].size);
	}
	return rc;
}
