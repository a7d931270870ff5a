/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/command/apt.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/enc.h"
#include "common/base/file.h"

#define TARGETS_MAX (1024 * 1024)
#define SOURCES_MAX (1024 * 1024)
#define DEFAULT_KEYRING "/usr/share/keyrings/debian-archive-keyring.gpg"

void
apt_archive_clear(struct apt_archive *a)
{
	free(a->uri);
	free(a->suite);
	free(a->component);
	free(a->architecture);
	free(a->keyring);
	memset(a, 0, sizeof(*a));
}

/* What apt-get says of its targets: one line each, fields between '|'. */
static enum rb_err
ask_apt(struct buf *out, struct fault *why)
{
	static const char format[] =
	    "$(CREATED_BY)|$(REPO_URI)|$(CODENAME)|"
	    "$(COMPONENT)|$(ARCHITECTURE)|$(ORIGIN)|$(LABEL)|"
	    "$(SOURCESENTRY)";
	char *argv[] = { (char *)(uintptr_t)"apt-get",
		(char *)(uintptr_t)"indextargets",
		(char *)(uintptr_t)"--format", (char *)(uintptr_t)format,
		NULL };
	posix_spawn_file_actions_t actions;
	int ends[2] = { -1, -1 }, status = 0;
	pid_t pid = -1;
	enum rb_err rc = RB_EINTERNAL;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return RB_EIO;
	if (posix_spawn_file_actions_init(&actions) != 0) {
		rc = RB_ENOMEM;
		goto out;
	}
	if (posix_spawn_file_actions_adddup2(&actions, ends[1], 1) != 0 ||
	    posix_spawnp(&pid, "apt-get", &actions, NULL, argv, environ) != 0) {
		rc = fault_set(why, RB_ENOTFOUND,
		    "apt-get cannot be run; "
		    "write the section `archive` of node.yml by hand");
		goto out_actions;
	}
	fd_close(&ends[1]);
	rc = file_read_fd(ends[0], TARGETS_MAX, out);
	fd_close(&ends[0]);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		rc = fault_set(why, RB_ENOTFOUND,
		    "apt-get indextargets "
		    "failed; is apt configured here?");
out_actions:
	posix_spawn_file_actions_destroy(&actions);
out:
	fd_close(&ends[0]);
	fd_close(&ends[1]);
	return rc;
}

/*
 * The path behind "Signed-By:" or "signed-by=" in one line.  RB_ENOTFOUND:
 * the line names none.  RB_EFORMAT: it names what is no keyring file (a
 * fingerprint, or a key written into the line).
 */
static enum rb_err
signed_by(struct span line, char **out)
{
	static const char *const words[] = { "Signed-By:", "signed-by=" };
	const uint8_t *at = NULL, *end = line.p + line.len;
	size_t i, len;

	for (i = 0; i < 2 && at == NULL; i++) {
		at = memmem(line.p, line.len, words[i], strlen(words[i]));
		if (at != NULL)
			at += strlen(words[i]);
	}
	if (at == NULL || line.p[0] == '#')
		return RB_ENOTFOUND;
	while (at < end && *at == ' ')
		at++;
	for (len = 0; at + len < end && strchr(" ]\t,", at[len]) == NULL; len++)
		;
	if (len == 0 || at[0] != '/')
		return RB_EFORMAT;
	return str_dup_span(span_of(at, len), out);
}

/*
 * `entry` is FILE:LINE as apt gives it: a one-line entry, or the first line
 * of a deb822 stanza.  Only an entry that names no key at all is vouched
 * for by the archive's own keyring.
 */
static enum rb_err
find_keyring(struct span entry, char **out, struct fault *why)
{
	struct buf text = BUF_INIT;
	struct span name = SPAN_INIT, rest, line;
	char *path = NULL;
	uint64_t number = 0, i;
	bool is_stanza;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = span_take_until(&entry, ':', &name)) != RB_OK ||
	    (rc = dec_parse(entry, 1000000, &number)) != RB_OK ||
	    (rc = str_dup_span(name, &path)) != RB_OK ||
	    (rc = file_read_at(AT_FDCWD, path, SOURCES_MAX, &text)) != RB_OK ||
	    (rc = buf_put_byte(&text, '\n')) != RB_OK) {
		fault_set(why, rc,
		    "%.*s: cannot be read, so nobody knows "
		    "which keyring apt uses",
		    (int)name.len, (const char *)name.p);
		goto out;
	}
	is_stanza = strlen(path) > 8 &&
	    strcmp(path + strlen(path) - 8, ".sources") == 0;
	rest = buf_span(&text);
	rc = RB_ENOTFOUND;
	for (i = 1; span_take_line(&rest, &line) == RB_OK; i++) {
		if (i < number)
			continue;
		if (line.len == 0 || rc != RB_ENOTFOUND)
			break;
		rc = signed_by(line, out);
		if (!is_stanza)
			break;
	}
	if (rc == RB_ENOTFOUND) {
		*out = strdup(DEFAULT_KEYRING);
		rc = *out == NULL ? RB_ENOMEM : RB_OK;
	} else if (rc == RB_EFORMAT) {
		fault_set(why, rc,
		    "%s: Signed-By names no keyring file, and "
		    "gpgv needs one; write the key into a file and name it "
		    "there",
		    path);
	}
out:
	free(path);
	buf_clear(&text);
	return rc;
}

enum { BY, URI, SUITE, COMPONENT, ARCH, ORIGIN, LABEL, ENTRY, NFIELDS };

/*
 * Whether a target is an index of the main suite.  Updates and backports
 * carry the same label, but a dash in the codename; security has its own
 * label.  apt names the native architecture first.
 */
static bool
is_main(const struct span *f)
{
	return span_equal_str(f[BY], "Packages") &&
	    span_equal_str(f[COMPONENT], "main") &&
	    span_equal_str(f[ORIGIN], "Debian") &&
	    span_equal_str(f[LABEL], "Debian") &&
	    memchr(f[SUITE].p, '-', f[SUITE].len) == NULL;
}

enum rb_err
apt_archive_find(struct apt_archive *out, struct fault *why)
{
	struct apt_archive a = { NULL, NULL, NULL, NULL, NULL };
	struct buf text = BUF_INIT;
	struct span rest, line, f[NFIELDS];
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = ask_apt(&text, why)) != RB_OK)
		goto out;
	rest = buf_span(&text);
	while (span_take_line(&rest, &line) == RB_OK) {
		memset(f, 0, sizeof(f));
		for (i = 0; i < NFIELDS; i++)
			if (span_take_until(&line, '|', &f[i]) != RB_OK)
				break;
		if (i != NFIELDS || !is_main(f))
			continue;
		if ((rc = str_dup_span(f[URI], &a.uri)) != RB_OK ||
		    (rc = str_dup_span(f[SUITE], &a.suite)) != RB_OK ||
		    (rc = str_dup_span(f[COMPONENT], &a.component)) != RB_OK ||
		    (rc = str_dup_span(f[ARCH], &a.architecture)) != RB_OK ||
		    (rc = find_keyring(f[ENTRY], &a.keyring, why)) != RB_OK)
			goto out;
		*out = a;
		memset(&a, 0, sizeof(a)); /* now the caller's */
		rc = RB_OK;
		goto out;
	}
	rc = fault_set(why, RB_ENOTFOUND,
	    "apt on this computer knows no Debian main suite; run "
	    "apt-get update, or write the section `archive` of node.yml by "
	    "hand");
out:
	apt_archive_clear(&a);
	buf_clear(&text);
	return rc;
}
