/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_SETTINGS_H
#define RB_REBUILDER_SETTINGS_H

#include "common/base/conf.h"
#include "common/process/node.h"
#include "rebuilder/machine/machine_settings.h"

/*
 * What the operator decides about rebuilding: the sections `archive`,
 * `published`, `fetch`, `machine`, `rebuilder`, `release` and `store` of
 * node.yml (qubes-rebuilder.conf(5)).
 */
struct settings {
	struct {
		char *name;         /* what statements call the repository */
		char *uri;          /* ends in a slash */
		char *suite;        /* codename */
		char *component;
		char *architecture;
		char *keyring;      /* absolute path, for gpgv */
		char *buildinfo_keyring; /* NULL: there are no .buildinfo */
		struct conf_list mirrors; /* of uri */
		struct conf_list old; /* "uri" or "uri suite" */
	} archive;
	struct {
		char *name; /* NULL, as all here: nothing is published there */
		char *uri;
		char *component;
		char *keyring;
		char *buildinfo_keyring; /* the same as keyring by default */
		struct conf_list suffixes;
	} published;
	struct {
		char *proxy; /* NULL: none */
	} fetch;
	struct machine_settings machine;
	struct {
		uint64_t jobs; /* trips at once */
		uint64_t refresh; /* seconds that a fetched index stays fresh */
		uint64_t memory, cpus; /* of all machines; 0: no bound */
		uint64_t retries; /* beside the first try */
		uint64_t retry; /* seconds before the first of them */
		uint64_t timeout; /* seconds of one try; 0: as job_seconds */
	} rebuilder;
	struct {
		char *file; /* absolute path; NULL: nothing is watched */
		char *directory; /* absolute path, where includes are */
		char *keys; /* absolute path, FINGERPRINT.asc in it */
		uint64_t poll; /* seconds between two rounds */
		/*
		 * "COMPONENT/SOURCE", or a name that both have: whose a source
		 * package is; and of which the packages may take the archive's
		 * place.
		 */
		struct conf_list sources, overrides;
	} release;
	struct {
		uint64_t keep; /* seconds of running; 0: for ever */
		uint64_t size; /* bytes; 0: no bound */
		uint64_t reserve; /* bytes that stay free on the disk */
	} store;
};

/* The component that node.yml says a source package is of; empty: none. */
struct span settings_owner(const struct settings *s, const char *source);
/* The source package of an item of release.sources or release.overrides. */
const char *settings_source(const char *item);

/* The longest that one try at one target may take. */
uint64_t job_seconds(const struct settings *s);

void settings_init(struct settings *s);
void settings_clear(struct settings *s);

/* All keyrings, and what node.yml calls each; NULL: there is no i-th. */
#define SETTINGS_KEYRINGS 4
const char *settings_keyring(const struct settings *s, size_t i,
    const char **key);

/* Reads node.yml: what all programs share and what is ours. */
enum rb_err settings_read(const char *path, struct node *node,
    struct settings *s, struct fault *why) RB_CHECK;

#endif
