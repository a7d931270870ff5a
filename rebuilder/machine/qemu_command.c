/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/qemu_command.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 1024

/* Each is one word; a line holds a part of it. */
#define SANDBOX \
	("on,obsolete=deny,elevateprivileges=deny," \
	 "spawn=deny,resourcecontrol=deny")
#define MACHINE \
	("q35,i8042=off,sata=off,smbus=off,usb=off,vmport=off," \
	 "dump-guest-core=off")

/*
 * A reset must not look like a machine that turned itself off: the kernel is
 * told to reset through the keyboard's port, where a device sits that makes
 * QEMU end with a number of its own.
 */
static const char *const fixed[] = {
	QEMU_PROGRAM,
	"-name",
	"machine",
	"-nodefaults",
	"-no-user-config",
	"-display",
	"none",
	"-sandbox",
	SANDBOX,
	"-machine",
	MACHINE,
	/* Firmware that does what a kernel needs, and nothing for disks. */
	"-bios",
	"qboot.rom",
	"-action",
	"reboot=shutdown,shutdown=poweroff,panic=exit-failure",
	"-device",
	"isa-debug-exit,iobase=0x64,iosize=1",
	"-device",
	"virtio-serial-pci",
	"-device",
	"pvpanic-pci",
};

void
qemu_command_clear(struct qemu_command *c)
{
	buf_clear(&c->text);
	*c = (struct qemu_command)QEMU_COMMAND_INIT;
}

static RB_PRINTF(2, 3) enum rb_err add(struct buf *b, const char *format, ...)
{
	char word[WORD_MAX];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(word, sizeof(word), format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(word))
		return RB_ELIMIT;
	return buf_put(b, span_of(word, (size_t)len + 1));
}

static enum rb_err
add_pair(struct buf *b, const char *option, const char *value)
{
	enum rb_err rc = add(b, "%s", option);

	return rc != RB_OK ? rc : add(b, "%s", value);
}

/* A set of descriptors is what QEMU opens as a file. */
static enum rb_err
add_set(struct buf *b, int fd)
{
	enum rb_err rc = add(b, "-add-fd");

	return rc != RB_OK ? rc : add(b, "fd=%d,set=%d", fd, fd);
}

static enum rb_err
add_disk(struct buf *b, int fd, bool can_write, char name)
{
	enum rb_err rc = RB_EINTERNAL;

	/* Nobody reads it again after a crash: nothing needs to be flushed. */
	if ((rc = add_set(b, fd)) != RB_OK ||
	    (rc = add(b, "-blockdev")) != RB_OK ||
	    (rc = add(b,
		 "driver=file,node-name=%c,filename=/dev/fdset/%d,"
		 "read-only=%s,locking=off,cache.no-flush=on",
		 name, fd, can_write ? "off" : "on")) != RB_OK ||
	    (rc = add(b, "-device")) != RB_OK)
		return rc;
	return add(b, "virtio-blk-pci,drive=%c", name);
}

static enum rb_err
add_log(struct buf *b, int fd)
{
	/* append: QEMU would otherwise truncate it, which no pipe bears. */
	static const char file[] = "file,id=%s,append=on,path=/dev/fdset/%d";
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = add_set(b, fd)) != RB_OK ||
	    (rc = add(b, "-chardev")) != RB_OK ||
	    (rc = add(b, file, "kernel", fd)) != RB_OK ||
	    (rc = add_pair(b, "-serial", "chardev:kernel")) != RB_OK ||
	    (rc = add(b, "-chardev")) != RB_OK ||
	    (rc = add(b, file, "log", fd)) != RB_OK)
		return rc;
	return add_pair(b, "-device", "virtserialport,chardev=log");
}

static enum rb_err
add_kernel(struct buf *b, const struct qemu_machine *m)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = add(b, "-kernel")) != RB_OK ||
	    (rc = add(b, "/proc/self/fd/%d", m->kernel)) != RB_OK ||
	    (rc = add(b, "-initrd")) != RB_OK ||
	    (rc = add(b, "/proc/self/fd/%d", m->initramfs)) != RB_OK ||
	    (rc = add(b, "-append")) != RB_OK)
		return rc;
	return add(b, "console=ttyS0 reboot=k %s", m->words);
}

static enum rb_err
add_all(struct buf *b, const struct qemu_machine *m)
{
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if ((rc = add(b, "%s", fixed[i])) != RB_OK)
			return rc;
	if ((rc = add_pair(b, "-accel",
		 m->has_kvm ? "kvm" : "tcg,tb-size=128")) != RB_OK ||
	    (rc = add_pair(b, "-cpu", m->has_kvm ? "host" : "qemu64")) !=
		RB_OK ||
	    (rc = add(b, "-smp")) != RB_OK ||
	    (rc = add(b, "%u", m->cpus)) != RB_OK ||
	    (rc = add(b, "-m")) != RB_OK ||
	    (rc = add(b, "%" PRIu64 "M", m->memory)) != RB_OK ||
	    (rc = add(b, "-rtc")) != RB_OK ||
	    (rc = add(b, "base=%s", m->clock == NULL ? "utc" : m->clock)) !=
		RB_OK ||
	    (rc = add_log(b, m->log)) != RB_OK)
		return rc;
	for (i = 0; i < m->ndisks; i++)
		if ((rc = add_disk(b, m->disks[i], m->can_write[i],
			 (char)('a' + i))) != RB_OK)
			return rc;
	return add_kernel(b, m);
}

enum rb_err
qemu_command_make(const struct qemu_machine *m, struct qemu_command *out)
{
	struct qemu_command c = QEMU_COMMAND_INIT;
	size_t at = 0, n = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = add_all(&c.text, m)) != RB_OK) {
		qemu_command_clear(&c);
		return rc;
	}
	while (at < c.text.len) {
		const char *word = (const char *)c.text.p + at;

		/* The table is ours: too long is our mistake. */
		if (n + 1 >= QEMU_ARGS_MAX)
			abort();
		c.argv[n++] = word;
		at += strlen(word) + 1;
	}
	*out = c;
	return RB_OK;
}
