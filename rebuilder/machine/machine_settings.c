/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/machine_settings.h"

#include <stdlib.h>
#include <string.h>

#define GIB (1024ull * 1024 * 1024)
#define MIB (1024ull * 1024)

#define FIELD(name) offsetof(struct machine_settings, name)

static const struct conf_key keys[] = {
	{ "kind", CONF_TEXT, FIELD(kind), false, 0, 0 },
	{ "image", CONF_TEXT, FIELD(image), false, 0, 0 },
	{ "connect", CONF_TEXT, FIELD(connect), false, 0, 0 },
	{ "xen-type", CONF_TEXT, FIELD(xen_type), false, 0, 0 },
	{ "memory", CONF_SIZE, FIELD(memory), false, 64 * MIB, 1024 * GIB },
	{ "disk", CONF_SIZE, FIELD(disk), false, 64 * MIB, 4096 * GIB },
	{ "output", CONF_SIZE, FIELD(output), false, MIB, 256 * GIB },
	/* What can't be compressed must still fit into the attestor's limit. */
	{ "log", CONF_SIZE, FIELD(log), false, 64 * 1024, 63 * MIB },
	{ "processes", CONF_NUMBER, FIELD(processes), false, 16, 100000 },
	{ "cpus", CONF_NUMBER, FIELD(cpus), false, 1, 1024 },
	{ "timeout", CONF_SECONDS, FIELD(seconds), false, 1, 30 * 86400 },
};

void
machine_settings_init(struct machine_settings *s)
{
	memset(s, 0, sizeof(*s));
	s->memory = 4 * GIB;
	s->disk = 8 * GIB;
	s->output = 4 * GIB;
	s->log = 32 * MIB;
	s->processes = 4096;
	s->cpus = 2;
	s->seconds = 6 * 3600;
}

void
machine_settings_clear(struct machine_settings *s)
{
	free(s->kind);
	free(s->image);
	free(s->xen_type);
	free(s->connect);
	memset(s, 0, sizeof(*s));
}

struct conf_section
machine_section(struct machine_settings *s)
{
	return (struct conf_section){ "machine", keys,
		sizeof(keys) / sizeof(keys[0]), s };
}

enum rb_err
machine_settings_check(struct machine_settings *s, const char *path,
    struct fault *why)
{
	if (s->kind == NULL && (s->kind = strdup("namespace")) == NULL)
		return RB_ENOMEM;
	if (strcmp(s->kind, "namespace") == 0)
		return RB_OK;
	if (strcmp(s->kind, "far") == 0) {
		if (s->connect != NULL && s->connect[0] == '/')
			return RB_OK;
		return fault_set(why, RB_EFORMAT,
		    "%s: machine.connect: a machine of kind \"far\" needs the "
		    "absolute path of the program that connects it",
		    path);
	}
	if (strcmp(s->kind, "qemu") != 0 && strcmp(s->kind, "xen") != 0)
		return fault_set(why, RB_EREFUSED,
		    "%s: machine.kind: \"%s\" is not a kind that this "
		    "program has; use namespace, qemu, xen or far",
		    path, s->kind);
	s->is_pv = s->xen_type != NULL && strcmp(s->xen_type, "pv") == 0;
	if (s->xen_type != NULL && !s->is_pv && strcmp(s->xen_type, "pvh") != 0)
		return fault_set(why, RB_EFORMAT,
		    "%s: machine.xen-type: pvh or pv, not \"%s\"", path,
		    s->xen_type);
	if (s->image == NULL || s->image[0] != '/')
		return fault_set(why, RB_EFORMAT,
		    "%s: machine.image: a machine of kind \"%s\" needs the "
		    "absolute path of what scripts/image made",
		    path, s->kind);
	return RB_OK;
}
