/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "httpd/words.h"

#include <string.h>

struct word {
	const char *token;
	const char *words;
};

/* FORMATS.md, "Reasons" */
static const struct word reasons[] = {
	/* differs */
	{ "build-id", "only build identifiers and debug links differ" },
	{ "compression", "the contents are equal, but packed differently" },
	{ "content", "files inside differ" },
	{ "control", "the package’s control data differs" },
	{ "member-set", "one package has files that the other has not" },
	{ "metadata", "owner, mode or time of a file inside differs" },
	{ "order", "the files inside stand in another order" },
	{ "size", "the files are of different length" },
	{ "unreadable", "how they differ could not be found out" },
	/* failed */
	{ "build", "the build ended with an error" },
	{ "crashed", "the machine or its recipe was killed" },
	{ "log-limit", "the build printed more than it may" },
	{ "memory", "the build wanted more memory than it may have" },
	{ "not-built", "the build left no such file" },
	{ "output-format", "what the build left is not an output stream" },
	{ "output-limit", "the build left more than it may" },
	{ "timeout", "the build did not end in time" },
	/* unavailable */
	{ "binnmu",
	    "it is a binary-only rebuild of the distribution, and no "
	    "package has the changelog entry of it" },
	{ "dependencies", "the build dependencies cannot be satisfied" },
	{ "disk", "this node ran out of disk space" },
	{ "environment", "the build environment could not be made" },
	{ "index", "the archive’s signed index could not be had" },
	{ "input",
	    "something that the build needs could not be had or not be "
	    "trusted" },
	{ "machine", "no machine could be started" },
	{ "published", "the published file could not be had" },
	{ "source", "the source could not be had" },
};

static const struct word machines[] = {
	{ "namespace", "Linux namespaces on this node’s own kernel" },
	{ "qemu", "a QEMU virtual machine" },
	{ "xen", "a disposable Xen virtual machine" },
};

#define LOOK_UP(table, token) \
	look_up(table, sizeof(table) / sizeof((table)[0]), token)

static const char *
look_up(const struct word *table, size_t n, const char *token)
{
	size_t i;

	for (i = 0; token != NULL && i < n; i++) {
		if (strcmp(table[i].token, token) == 0)
			return table[i].words;
	}
	return token;
}

const char *
verdict_words(enum verdict v)
{
	switch (v) {
	case VERDICT_REPRODUCED:
		return "This node rebuilt the file from its source and got "
		       "the very same bytes.";
	case VERDICT_DIFFERS:
		return "This node rebuilt the file from its source and got "
		       "other bytes.";
	case VERDICT_FAILED:
		return "This node tried to rebuild the file, and the build "
		       "failed. That says nothing about the file.";
	case VERDICT_UNAVAILABLE:
		return "This node could not try to rebuild the file. That "
		       "says nothing about the file.";
	}
	return "";
}

const char *
reason_words(const char *token)
{
	return LOOK_UP(reasons, token);
}

const char *
machine_words(const char *kind)
{
	return LOOK_UP(machines, kind);
}

const char *
compared_words(enum compared c)
{
	switch (c) {
	case COMPARED_NOT:
		return NULL;
	case COMPARED_IDENTICAL:
		return "all bytes of both files";
	case COMPARED_SPLICED:
		return "all bytes, after the vendor’s signature was put in "
		       "front of the rebuilt file";
	}
	return NULL;
}
