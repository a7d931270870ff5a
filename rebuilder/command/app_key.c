/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/attest/key.h"
#include "common/base/file.h"
#include "rebuilder/command/apps.h"
#include "rebuilder/command/ready.h"
#include "rebuilder/settings.h"

/* What others must know of a node: its key, and how to trust it. */

#define POLICY_SYNOPSIS "policy [-c node.yml] [ADDRESS]"

/* A line of keys/signing.vkey, with its end. */
static enum rb_err
read_key(const struct node *node, struct buf *line, struct fault *why)
{
	char *path = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = node_path(node, "keys/signing.vkey", &path)) == RB_OK &&
	    (rc = file_read_at(AT_FDCWD, path, KEY_NAME_MAX + 128, line)) !=
		RB_OK)
		fault_set(why, rc, "%s: cannot be read: %s", path,
		    geteuid() != 0 ? "run it as root" : err_name(rc));
	free(path);
	return rc;
}

static enum rb_err
show_key(const char *conf, struct fault *why)
{
	struct node node = NODE_INIT;
	struct settings settings;
	struct buf line = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	settings_init(&settings);
	if ((rc = settings_read(conf, &node, &settings, why)) == RB_OK &&
	    (rc = read_key(&node, &line, why)) == RB_OK)
		printf("%.*s", (int)line.len, (const char *)line.p);
	buf_clear(&line);
	settings_clear(&settings);
	node_clear(&node);
	return rc;
}

int
app_key(int argc, char **argv)
{
	struct fault why = FAULT_INIT;
	const char *conf = NULL;
	int code;
	enum rb_err rc = RB_EINTERNAL;

	code = app_conf(argc, argv, "key [-c node.yml]",
	    "Prints the node's public key "
	    "as a C2SP verifier key: NAME+HASH+BASE64.",
	    &conf);
	if (code != -1)
		return code;
	rc = show_key(conf, &why);
	return rc == RB_OK ? 0 : app_failed("key", rc, &why, 2);
}

/* Policies have names where node.yml takes any text. */
static void
print_operator(const char *name)
{
	for (; *name != '\0'; name++) {
		if ((*name >= 'a' && *name <= 'z') ||
		    (*name >= 'A' && *name <= 'Z') ||
		    (*name >= '0' && *name <= '9') || *name == '.' ||
		    *name == '_' || *name == '-')
			putchar(*name);
		else
			putchar('-');
	}
}

static void
print_policy(const struct node *node, const struct settings *s,
    const struct buf *key, const char *scheme, const char *address)
{
	const char *end = address[strlen(address) - 1] == '/' ? "" : "/";

	printf("policy 1\nnode %.*s %s%s%s\noperator ", (int)key->len - 1,
	    (const char *)key->p, scheme, address, end);
	print_operator(node->operator_);
	printf(" %s\nrequire 1\nrepository %s\n", node->name, s->archive.name);
	if (s->published.name != NULL)
		printf("repository %s\n", s->published.name);
}

static enum rb_err
show_policy(const char *conf, const char *address, struct fault *why)
{
	struct node node = NODE_INIT;
	struct settings settings;
	struct buf key = BUF_INIT;
	char *listen_ = NULL;
	enum rb_err rc = RB_EINTERNAL;

	settings_init(&settings);
	if ((rc = settings_read(conf, &node, &settings, why)) != RB_OK ||
	    (rc = ready_listen(conf, &listen_, why)) != RB_OK ||
	    (rc = read_key(&node, &key, why)) != RB_OK)
		goto out;
	if (address != NULL)
		print_policy(&node, &settings, &key, "", address);
	else
		print_policy(&node, &settings, &key, "http://", listen_);
out:
	free(listen_);
	buf_clear(&key);
	settings_clear(&settings);
	node_clear(&node);
	return rc;
}

int
app_policy(int argc, char **argv)
{
	struct fault why = FAULT_INIT;
	const char *address;
	struct app_words w;
	int code;
	enum rb_err rc = RB_EINTERNAL;

	code = app_words(argc, argv, POLICY_SYNOPSIS,
	    "Prints a policy for qubes-quorum that trusts this node alone, to "
	    "try it or to put\ninto one that trusts several.  ADDRESS is where "
	    "others reach the node, such as\nhttps://rebuilder.example/; "
	    "default: where it listens.",
	    0, 0, 1, &w);
	if (code != -1)
		return code;
	address = w.nrest == 0 ? NULL : w.rest[0];
	if (address != NULL && strncmp(address, "http://", 7) != 0 &&
	    strncmp(address, "https://", 8) != 0) {
		rc = fault_set(&why, RB_EFORMAT,
		    "'%s' is no address: http://... or https://...", address);
		return app_failed("policy", rc, &why, 2);
	}
	rc = show_policy(w.conf, address, &why);
	return rc == RB_OK ? 0 : app_failed("policy", rc, &why, 2);
}
