/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/xen_block.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <xenstore.h>

#define NUMBER_LEN 32

static bool
put(struct xs_handle *xs, const char *above, const char *key, const char *value)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/%s", above, key);

	return len > 0 && (size_t)len < sizeof(path) &&
	    xs_write(xs, XBT_NULL, path, value, (unsigned int)strlen(value));
}

static enum rb_err
add(struct xs_handle *xs, const char *xenbus, struct fault *why)
{
	char path[PATH_MAX], number[NUMBER_LEN];
	unsigned int len = 0;
	struct stat st;
	char *device = NULL;
	int r = snprintf(path, sizeof(path), "%s/params", xenbus);
	enum rb_err rc = RB_EINTERNAL;

	if (r < 0 || (size_t)r >= sizeof(path))
		return fault_set(why, RB_ELIMIT, "too long a path in xenstore");
	if ((device = xs_read(xs, XBT_NULL, path, &len)) == NULL)
		return fault_set(why, RB_EIO, "xenstore has no %s", path);
	if (stat(device, &st) != 0 || !S_ISBLK(st.st_mode)) {
		rc = fault_set(why, RB_EFORMAT, "%s is no block device",
		    device);
		goto out;
	}
	snprintf(number, sizeof(number), "%x:%x", major(st.st_rdev),
	    minor(st.st_rdev));
	/* The second is what says that the first is there. */
	if (!put(xs, xenbus, "physical-device", number) ||
	    !put(xs, xenbus, "hotplug-status", "connected")) {
		rc = fault_set(why, RB_EIO, "cannot write to xenstore: %s",
		    strerror(errno));
		goto out;
	}
	rc = RB_OK;
out:
	free(device);
	return rc;
}

enum rb_err
xen_block(const char *verb, const char *xenbus, struct fault *why)
{
	struct xs_handle *xs;
	enum rb_err rc = RB_EINTERNAL;

	/* libxenlight removes the nodes itself. */
	if (strcmp(verb, "remove") == 0)
		return RB_OK;
	if (strcmp(verb, "add") != 0)
		return fault_set(why, RB_EFORMAT, "add or remove, not \"%s\"",
		    verb);
	if ((xs = xs_open(0)) == NULL)
		return fault_set(why, RB_EIO, "cannot reach xenstore: %s",
		    strerror(errno));
	rc = add(xs, xenbus, why);
	xs_close(xs);
	return rc;
}
