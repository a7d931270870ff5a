/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <grp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/role.h"
#include "rebuilder/command/apps.h"
#include "rebuilder/keyring.h"
#include "rebuilder/release.h"

#define SYNOPSIS "release [-c node.yml] [--json]"

static const char *
mode_name(enum verification mode)
{
	switch (mode) {
	case VERIFY_TAG:
		return "signed-tag";
	case VERIFY_TAG_OR_COMMIT:
		return "less-secure-signed-commits-sufficient";
	case VERIFY_NOTHING:
		return "insecure-skip-checking";
	}
	return "?";
}

static void
print_names(const char *what, char *const *names, size_t n)
{
	size_t i;

	printf("%s:", what);
	for (i = 0; i < n; i++)
		printf(" %s", names[i]);
	printf("\n");
}

/* Whether the node has the key of everybody who may sign it. */
static bool
has_keys(const struct component *c, const char *keys, struct fault *why)
{
	int keyring = -1;
	bool has;

	has = keyring_make(keys, (const char *const *)c->maintainers,
		  c->nmaintainers, &keyring, why) == RB_OK;
	fd_close(&keyring);
	return has;
}

static void
print_component(const struct component *c, const char *keys, bool *is_whole)
{
	struct fault why = FAULT_INIT;
	size_t i;

	printf("%s  %s %s%s%s\n", c->name, c->url, c->branch,
	    c->versions_only ? "" : ", tags of any name",
	    c->packages ? "" : ", no packages");
	switch (c->mode) {
	case VERIFY_NOTHING:
		printf("    not checked: never attested\n");
		return;
	case VERIFY_TAG_OR_COMMIT:
		printf("    a signed commit suffices; ");
		break;
	case VERIFY_TAG:
		printf("    ");
		break;
	}
	printf("%llu of", (unsigned long long)c->min_distinct);
	for (i = 0; i < c->nmaintainers; i++)
		printf(" %s", c->maintainers[i]);
	printf("\n");
	if (!has_keys(c, keys, &why)) {
		printf("    cannot be checked: %s\n", why.text);
		*is_whole = false;
	}
}

static void
print_text(const struct release *r, const char *keys, bool *is_whole)
{
	size_t i;

	printf("release: %s\n", r->name);
	print_names("distributions", r->distributions, r->ndistributions);
	print_names("templates", r->templates, r->ntemplates);
	printf("components: %zu, in the order in which they are built\n", r->n);
	for (i = 0; i < r->n; i++)
		print_component(&r->list[i], keys, is_whole);
	for (i = 0; i < r->nnotes; i++)
		fprintf(stderr, "ignored: %s\n", r->notes[i]);
}

static json_t *
names_json(char *const *names, size_t n)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		(void)json_array_append_new(list, json_string(names[i]));
	return list;
}

static json_t *
component_json(const struct component *c, const char *keys, bool *is_whole)
{
	struct fault why = FAULT_INIT;
	bool has = c->mode == VERIFY_NOTHING || has_keys(c, keys, &why);

	*is_whole = *is_whole && has;
	return json_pack("{s:s, s:s, s:s, s:o, s:I, s:s, s:b, s:b, s:I, s:b, "
			 "s:s*}",
	    "name", c->name, "url", c->url, "branch", c->branch, "maintainers",
	    names_json(c->maintainers, c->nmaintainers), "threshold",
	    (json_int_t)c->min_distinct, "mode", mode_name(c->mode),
	    "versions_only", c->versions_only, "packages", c->packages,
	    "timeout", (json_int_t)c->timeout, "attested",
	    c->mode != VERIFY_NOTHING, "unchecked", has ? NULL : why.text);
}

static enum rb_err
print_json(const struct release *r, const char *keys, bool *is_whole)
{
	json_t *all, *components = json_array();
	size_t i;
	int failed;

	for (i = 0; i < r->n; i++)
		(void)json_array_append_new(components,
		    component_json(&r->list[i], keys, is_whole));
	all = json_pack("{s:s, s:o, s:o, s:o, s:o}", "release", r->name,
	    "distributions", names_json(r->distributions, r->ndistributions),
	    "templates", names_json(r->templates, r->ntemplates), "components",
	    components, "ignored", names_json(r->notes, r->nnotes));
	if (all == NULL ||
	    json_array_size(json_object_get(all, "components")) != r->n) {
		json_decref(all);
		return RB_ENOMEM;
	}
	failed = json_dumpf(all, stdout, JSON_COMPACT);
	json_decref(all);
	if (failed != 0)
		return RB_EIO;
	printf("\n");
	return RB_OK;
}

/*
 * The node reads the file as a user of its own, and so do we: root could
 * read what the node can't, and no role of ours confines root.
 */
static enum rb_err
become_rebuilder(const struct node *node, struct fault *why)
{
	struct user_ids ids = { 0, 0 };
	enum rb_err rc = RB_EINTERNAL;

	if (geteuid() != 0)
		return RB_OK;
	if ((rc = user_find(node->user_rebuilder, &ids, why)) != RB_OK)
		return rc;
	if (setgroups(0, NULL) != 0 ||
	    setresgid(ids.gid, ids.gid, ids.gid) != 0 ||
	    setresuid(ids.uid, ids.uid, ids.uid) != 0)
		return fault_set(why, RB_EIO, "cannot become user %s",
		    node->user_rebuilder);
	return RB_OK;
}

static enum rb_err
show(const char *conf, bool json, bool *is_whole, struct fault *why)
{
	struct node node = NODE_INIT;
	struct settings settings;
	struct release r = RELEASE_INIT;
	enum rb_err rc = RB_EINTERNAL;

	settings_init(&settings);
	if ((rc = role_home()) != RB_OK ||
	    (rc = settings_read(conf, &node, &settings, why)) != RB_OK ||
	    (rc = become_rebuilder(&node, why)) != RB_OK ||
	    (rc = release_read(&settings, &r, why)) != RB_OK)
		goto out;
	if (json)
		rc = print_json(&r, settings.release.keys, is_whole);
	else
		print_text(&r, settings.release.keys, is_whole);
out:
	release_clear(&r);
	settings_clear(&settings);
	node_clear(&node);
	return rc;
}

int
app_release(int argc, char **argv)
{
	struct fault why = FAULT_INIT;
	struct app_words w;
	bool is_whole = true;
	int code;
	enum rb_err rc = RB_EINTERNAL;

	code = app_words(argc, argv, SYNOPSIS,
	    "Shows what the release file says: components in the order in "
	    "which they are\nbuilt, and who must have signed them.",
	    TAKES_JSON, 0, 0, &w);
	if (code != -1)
		return code;
	rc = show(w.conf, w.json, &is_whole, &why);
	if (rc != RB_OK)
		return app_failed("release", rc, &why, 2);
	return is_whole ? 0 : 1;
}
