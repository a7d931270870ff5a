/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/machine/boot_manifest.h"

#define HEX_A \
	"000102030405060708090a0b0c0d0e0f" \
	"101112131415161718191a1b1c1d1e1f"
#define KERNEL "kernel " HEX_A " 1\n"
#define INITRAMFS "initramfs " HEX_A " 22\n"
#define SYSTEM "system " HEX_A " 1099511627776\n"

static void
refuses_every_other_spelling(void **state)
{
	static const struct {
		const char *why;
		struct span text;
		enum rb_err rc;
	} cases[] = {
		{ "empty", SPAN(""), RB_EFORMAT },
		{ "other version", SPAN("image 2\n" KERNEL INITRAMFS SYSTEM),
		    RB_EFORMAT },
		{ "no kernel", SPAN("image 1\n" INITRAMFS SYSTEM), RB_EFORMAT },
		{ "no system", SPAN("image 1\n" KERNEL INITRAMFS), RB_EFORMAT },
		{ "other order", SPAN("image 1\n" INITRAMFS KERNEL SYSTEM),
		    RB_EFORMAT },
		{ "one twice", SPAN("image 1\n" KERNEL KERNEL SYSTEM),
		    RB_EFORMAT },
		{ "something behind",
		    SPAN("image 1\n" KERNEL INITRAMFS SYSTEM "\n"),
		    RB_EFORMAT },
		{ "no last newline",
		    SPAN("image 1\n" KERNEL INITRAMFS "system " HEX_A " 1"),
		    RB_EFORMAT },
		{ "short digest",
		    SPAN("image 1\nkernel 00 1\n" INITRAMFS SYSTEM),
		    RB_EFORMAT },
		{ "leading zero",
		    SPAN("image 1\nkernel " HEX_A " 01\n" INITRAMFS SYSTEM),
		    RB_EFORMAT },
		{ "two blanks",
		    SPAN("image 1\nkernel  " HEX_A " 1\n" INITRAMFS SYSTEM),
		    RB_EFORMAT },
		{ "larger than any file",
		    SPAN("image 1\n" KERNEL INITRAMFS "system " HEX_A
			 " 1099511627777\n"),
		    RB_ELIMIT },
	};
	struct boot_manifest m = BOOT_MANIFEST_INIT;
	struct fault why = FAULT_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (boot_manifest_parse(cases[i].text, &m, &why) != cases[i].rc)
			fail_msg("%s", cases[i].why);
	assert_non_null(strstr(why.text, "system"));
}

static void
reads_what_it_writes(void **state)
{
	struct span text = SPAN("image 1\n" KERNEL INITRAMFS SYSTEM);
	struct boot_manifest m = BOOT_MANIFEST_INIT;
	struct fault why = FAULT_INIT;
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(boot_manifest_parse(text, &m, &why), RB_OK);
	assert_int_equal(m.files[BOOT_INITRAMFS].size, 22);
	assert_int_equal(m.files[BOOT_SYSTEM].sha256.b[31], 0x1f);
	assert_int_equal(boot_manifest_write(&m, &out), RB_OK);
	assert_true(span_equal(buf_span(&out), text));
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_every_other_spelling),
		cmocka_unit_test(reads_what_it_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
