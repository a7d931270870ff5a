/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images that are none, and kernels that do not boot: a machine of QEMU that
 * cannot be made says nothing about what was to run in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/machine/trial.h"

#define SECONDS 60

static void
expect_unavailable(uint64_t seconds, const char *detail)
{
	struct description d = trial.small;
	struct run r;

	d.seconds = seconds;
	run_init(&r);
	run_to_end(&r, &d, "echo ran\n", MACHINE_UNAVAILABLE);
	if (strstr(r.answer.detail, detail) == NULL)
		fail_msg("%s, not %s", r.answer.detail, detail);
	assert_null(strstr((const char *)r.text.p, "ran\n"));
	expect_output(&r, "");
	run_clear(&r);
}

static void
refuses_an_image_that_is_not_what_its_manifest_says(void **state)
{
	static const struct {
		const char *deed, *detail;
	} cases[] = {
		{ "rm manifest", "there is no guest image in" },
		{ "echo >>manifest", "manifest: something follows" },
		{ "sed -i 's/image 1/image 2/' manifest", "\"image 1\"" },
		{ "sed -i 2d manifest", "\"kernel ...\"" },
		{ "sed -i '3s/ .* / 00 /' manifest", "\"initramfs ...\"" },
		{ "printf x >>kernel", "image/kernel has another size" },
		{ "truncate -s -1 kernel", "image/kernel has another size" },
		{ ": >initramfs", "image/initramfs has another size" },
		{ "truncate -s +4096 system", "image/system has another size" },
		{ "truncate -s -4096 system", "image/system has another size" },
		{ "printf x | dd of=kernel conv=notrunc status=none",
		    "image/kernel is not what" },
		{ "printf x | dd of=initramfs conv=notrunc status=none",
		    "image/initramfs is not what" },
		{ "printf x | dd of=system conv=notrunc status=none",
		    "image/system is not what" },
		{ "rm system", "image/system No such file" },
		{ "rm system; mkdir system", "image/system has another size" },
		{ "mv kernel k; ln -s k kernel", "image/kernel Too many" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		trial_use_changed(":");
		/* As if it had not been seen before. */
		shell("rm -rf %s/node/machine/image", trial.dir);
		shell("cd %s/image && %s", trial.dir, cases[i].deed);
		expect_unavailable(SECONDS, cases[i].detail);
	}
}

/* One copy, of which nothing unfinished is ever used. */
static void
keeps_a_verified_copy(void **state)
{
	struct run r;

	(void)state;
	trial_use_changed(":");
	shell("mkdir -p %s/node/machine/image/new-1 && "
	      "echo half >%s/node/machine/image/new-1/kernel",
	    trial.dir, trial.dir);
	run_init(&r);
	run_to_end(&r, &trial.small, "true\n", MACHINE_DONE);
	run_clear(&r);
	shell("test \"$(ls %s/node/machine/image)\" = "
	      "\"$(sha256sum <%s/image/manifest | cut -d ' ' -f 1)\"",
	    trial.dir, trial.dir);

	/* What the operator's files become does not matter to it. */
	shell("echo broken >%s/image/system", trial.dir);
	run_init(&r);
	run_to_end(&r, &trial.small, "true\n", MACHINE_DONE);
	run_clear(&r);

	/* Another image is another copy. */
	trial_use_changed("truncate -s +4096 system");
	run_init(&r);
	run_to_end(&r, &trial.small, "true\n", MACHINE_DONE);
	run_clear(&r);
	shell("test \"$(ls %s/node/machine/image)\" = "
	      "\"$(sha256sum <%s/image/manifest | cut -d ' ' -f 1)\"",
	    trial.dir, trial.dir);
}

static void
tells_when_the_kernel_is_none(void **state)
{
	(void)state;
	trial_use_changed("echo no kernel >kernel");
	expect_unavailable(SECONDS, "did not boot");
	trial_use_changed("truncate -s 1M kernel");
	expect_unavailable(SECONDS, "did not boot");
	trial_use_changed(": >kernel");
	expect_unavailable(SECONDS, "did not boot");
}

static void
tells_when_the_kernel_hangs(void **state)
{
	(void)state;
	/* An ELF file with a PVH entry (Xen's note 18) that does nothing. */
	trial_use_changed(
	    "printf '%s\\n' '.code32' '.globl _start' '_start: cli' '1: hlt' "
	    "'jmp 1b' '.section .note.Xen, \"a\", @note' '.long 4, 4, 18' "
	    "'.asciz \"Xen\"' '.long _start' >k.S\n"
	    "gcc -m32 -c -o k.o k.S\n"
	    "ld -m elf_i386 -static -Ttext=0x100000 -o kernel k.o");
	expect_unavailable(5, "before its kernel had booted");
}

static void
tells_when_the_initramfs_is_none(void **state)
{
	(void)state;
	trial_use_changed("echo no archive >initramfs");
	expect_unavailable(SECONDS, "did not boot");
	/* What init ends with does not matter: process 1 may not end. */
	trial_use_changed("printf '#!/bin/sh\\nexit 0\\n' >init; "
			  "chmod 755 init; add init");
	expect_unavailable(SECONDS, "did not boot");
}

static void
tells_when_the_system_is_none(void **state)
{
	(void)state;
	trial_use_changed("echo no file system >system");
	expect_unavailable(SECONDS, "mount its disks");
	trial_use_changed("truncate -s 4096 system");
	expect_unavailable(SECONDS, "mount its disks");
}

/* A guest may say what it likes about how it went. */
static void
believes_no_guest_that_says_done(void **state)
{
	struct run r;

	(void)state;
	trial_use_changed(
	    "sed '/^hostname machine/,$d' \"$BOOT\" >init\n"
	    "printf '%s\\n' 'printf nonsense >${disk}c' 'mark d' 'turn_off' "
	    ">>init; chmod 755 init; add init");
	run_init(&r);
	run_to_end(&r, &trial.small, "true\n", MACHINE_DONE);
	/* That this is no output stream is for rebuilder-judge to say. */
	expect_output(&r, "nonsense");
	run_clear(&r);
}

/* It is the driver's own disk, made before anything boots. */
static void
refuses_a_layer_that_is_not_what_was_said(void **state)
{
	(void)state;
	trial_use("qemu", NULL);
	trial_refuse_layers();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    refuses_an_image_that_is_not_what_its_manifest_says),
		cmocka_unit_test(keeps_a_verified_copy),
		cmocka_unit_test(tells_when_the_kernel_is_none),
		cmocka_unit_test(tells_when_the_kernel_hangs),
		cmocka_unit_test(tells_when_the_initramfs_is_none),
		cmocka_unit_test(tells_when_the_system_is_none),
		cmocka_unit_test(believes_no_guest_that_says_done),
		cmocka_unit_test(refuses_a_layer_that_is_not_what_was_said),
	};

	return cmocka_run_group_tests(tests, trial_set_up, trial_tear_down);
}
