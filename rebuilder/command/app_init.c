/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/attest/key.h"
#include "common/base/file.h"
#include "common/base/note.h"
#include "rebuilder/command/apps.h"
#include "rebuilder/command/apt.h"
#include "rebuilder/command/layout.h"
#include "rebuilder/command/sockets.h"

#define SYNOPSIS "init [-n NAME] [-o OPERATOR] [-l ADDRESS:PORT] DIR"
#define HOST_MAX 64

struct wish {
	const char *name, *operator_, *listen, *directory;
};

static enum rb_err
write_conf(const struct node *node, const char *listen_,
    const struct apt_archive *a, struct buf *out)
{
	return buf_printf(out,
	    "# A node of qubes-rebuilder; every key is explained in\n"
	    "# qubes-rebuilder.conf(5).\n"
	    "node:\n"
	    "  # Origin of the log.  It is part of every signature: never\n"
	    "  # change it once statements exist.\n"
	    "  name: \"%s\"\n"
	    "  operator: \"%s\"\n"
	    "  directory: \"%s\"\n"
	    "\n"
	    "# Where sources, inputs and published binaries come from.\n"
	    "archive:\n"
	    "  name: debian\n"
	    "  uri: \"%s\"\n"
	    "  suite: %s\n"
	    "  component: %s\n"
	    "  architecture: %s\n"
	    "  keyring: \"%s\"\n"
	    "  # Versions that the suite above has not, or not any more.\n"
	    "  #old:\n"
	    "  #- http://HOST/debian-security/ bookworm-security\n"
	    "\n"
	    "# Everything below shows the defaults.\n"
	    "#fetch:\n"
	    "#  proxy: socks5h://127.0.0.1:9050\n"
	    "\n"
	    "#machine:\n"
	    "#  kind: namespace\n"
	    "#  image: /path/of/what/scripts/image/made\n"
	    "#  memory: 4G\n"
	    "#  disk: 8G\n"
	    "#  output: 4G\n"
	    "#  log: 32M\n"
	    "#  processes: 4096\n"
	    "#  cpus: 2\n"
	    "#  timeout: 6h\n"
	    "\n"
	    "#rebuilder:\n"
	    "#  jobs: 1\n"
	    "#  refresh: 10m\n"
	    "#  retries: 3\n"
	    "#  retry: 10m\n"
	    "\n"
	    "#store:\n"
	    "#  keep: 30d\n"
	    "#  reserve: 1G\n"
	    "\n"
	    "# A release of Qubes to watch; without it, none.\n"
	    "#release:\n"
	    "#  file: /etc/qubes-rebuilder/qubes-os-r4.3-debian.yml\n"
	    "#  keys: /etc/qubes-rebuilder/keys\n"
	    "#  poll: 15m\n"
	    "# And where it is published.\n"
	    "#published:\n"
	    "#  name: qubes-r4.3\n"
	    "#  uri: https://HOST/r4.3/vm/\n"
	    "#  component: main\n"
	    "#  keyring: /etc/qubes-rebuilder/qubes-debian-r4.3.gpg\n"
	    "\n"
	    "httpd:\n"
	    "  listen: \"%s\"\n",
	    node->name, node->operator_, node->directory, a->uri, a->suite,
	    a->component, a->architecture, a->keyring, listen_);
}

/* Two nodes must never share an origin: part of it comes from the key. */
static enum rb_err
default_name(const struct key_public *public, char **out)
{
	struct digest id = DIGEST_INIT;
	char host[HOST_MAX + 1] = "", hex[DIGEST_HEX_LEN + 1];
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = key_id(public, &id)) != RB_OK)
		return rc;
	digest_hex(&id, hex);
	if (gethostname(host, sizeof(host) - 1) == -1 || host[0] == '\0')
		memcpy(host, "node", sizeof("node"));
	if (asprintf(out, "%s/%.8s", host, hex) == -1) {
		*out = NULL;
		return RB_ENOMEM;
	}
	return RB_OK;
}

static enum rb_err
write_keys(int top, const struct key *key, const struct vkey *vkey,
    const struct owners *who)
{
	struct buf pem = BUF_INIT, line = BUF_INIT;
	int keys = -1, secret = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((keys = openat(top, "keys",
		 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) == -1) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = key_write(key, &pem)) != RB_OK ||
	    (rc = file_replace_at(keys, "signing.key", buf_span(&pem), 0400)) !=
		RB_OK ||
	    (rc = vkey_write(vkey, &line)) != RB_OK ||
	    (rc = buf_put_byte(&line, '\n')) != RB_OK ||
	    (rc = file_replace_at(keys, "signing.vkey", buf_span(&line),
		 0644)) != RB_OK)
		goto out;
	if ((secret = openat(keys, "signing.key",
		 O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) == -1 ||
	    fchown(secret, who->signer.uid, who->signer.gid) == -1) {
		rc = RB_EIO;
		goto out;
	}
	rc = RB_OK;
out:
	fd_close(&secret);
	fd_close(&keys);
	buf_wipe(&pem);
	buf_clear(&line);
	return rc;
}

/*
 * A log that has not begun.  Only here one is made: a signer that finds no
 * state, or an empty one, stops rather than begin the log a second time.
 */
static enum rb_err
write_state(int top, const struct owners *who)
{
	int dir = -1, fd = -1;
	enum rb_err rc = RB_EIO;

	dir = openat(top, "signer",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir != -1)
		fd = openat(dir, "state",
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd != -1 && file_write_fd(fd, SPAN(NODE_STATE_NEW)) == RB_OK &&
	    fchown(fd, who->signer.uid, who->signer.gid) == 0 &&
	    fsync(fd) == 0 && fsync(dir) == 0)
		rc = RB_OK;
	fd_close(&fd);
	fd_close(&dir);
	return rc;
}

static enum rb_err
make_node(const struct wish *wish, int top, const struct node *node,
    const struct apt_archive *archive, const struct key *key,
    const struct vkey *vkey, struct fault *why)
{
	struct owners who;
	struct buf conf = BUF_INIT, line = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = owners_find(node, &who, why)) != RB_OK ||
	    (rc = vkey_write(vkey, &line)) != RB_OK ||
	    (rc = layout_make(node, &who, why)) != RB_OK ||
	    (rc = write_conf(node, wish->listen, archive, &conf)) != RB_OK ||
	    (rc = write_keys(top, key, vkey, &who)) != RB_OK ||
	    (rc = write_state(top, &who)) != RB_OK)
		goto out;
	/*
	 * Last, and behind everything else on the disk: a directory with
	 * node.yml is a whole node.
	 */
	if (fsync(top) == -1)
		rc = RB_EIO;
	if (rc == RB_OK)
		rc = file_replace_at(top, "node.yml", buf_span(&conf), 0644);
	if (rc == RB_OK)
		printf("%.*s\n", (int)line.len, (const char *)line.p);
out:
	if (rc != RB_OK && why->text[0] == '\0')
		fault_set(why, rc, "%s: cannot be written (%s)",
		    node->directory, err_name(rc));
	buf_clear(&conf);
	buf_clear(&line);
	return rc;
}

/* What is there is never changed, also not what a failed init left. */
static enum rb_err
check_empty(int top, const char *path, struct fault *why)
{
	if (faccessat(top, "node.yml", F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	    faccessat(top, "keys/signing.key", F_OK, AT_SYMLINK_NOFOLLOW) == -1)
		return fault_set(why, RB_EREFUSED,
		    "%s: is a node that lost keys/signing.key: put it back "
		    "from a backup; without one its log has ended, and only a "
		    "new node in another directory, with a new name, helps",
		    path);
	if (faccessat(top, "node.yml", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return fault_set(why, RB_EREFUSED,
		    "%s: is a node already; nothing was changed", path);
	if (faccessat(top, "keys", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return fault_set(why, RB_EREFUSED,
		    "%s: is a node that was only half made, and has signed "
		    "nothing; remove it and try again",
		    path);
	return RB_OK;
}

/* The directory itself, which we may have made. */
static enum rb_err
sync_above(int top)
{
	int above = openat(top, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum rb_err rc = RB_EIO;

	if (above != -1 && fsync(above) == 0)
		rc = RB_OK;
	fd_close(&above);
	return rc;
}

static enum rb_err
init(const struct wish *wish, struct fault *why)
{
	struct node node = NODE_INIT;
	struct apt_archive archive = { NULL, NULL, NULL, NULL, NULL };
	struct key *key = NULL;
	struct key_public public;
	struct vkey vkey;
	char *path = NULL;
	int top = -1;
	enum rb_err rc = RB_EINTERNAL;

	if (geteuid() != 0) {
		rc = fault_set(why, RB_EREFUSED,
		    "must be run as root: it "
		    "gives directories to the users of the node");
		goto out;
	}
	if (mkdir(wish->directory, 0755) == -1 && errno != EEXIST) {
		rc = fault_set(why, RB_EIO, "%s: %s", wish->directory,
		    errno == ENOENT ?
			"the directory above it does not exist; make it first" :
			strerror(errno));
		goto out;
	}
	if ((path = realpath(wish->directory, NULL)) == NULL ||
	    (top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
		rc = fault_set(why, RB_EIO, "%s: %s", wish->directory,
		    strerror(errno));
		goto out;
	}
	if ((rc = check_empty(top, path, why)) != RB_OK)
		goto out;
	if ((rc = sync_above(top)) != RB_OK) {
		fault_set(why, rc, "%s: cannot be synced", path);
		goto out;
	}
	if ((rc = apt_archive_find(&archive, why)) != RB_OK ||
	    (rc = key_generate(&key)) != RB_OK)
		goto out;
	key_public_of(key, &public);
	if (wish->name == NULL) {
		rc = default_name(&public, &node.name);
	} else {
		node.name = strdup(wish->name);
		rc = node.name == NULL ? RB_ENOMEM : RB_OK;
	}
	if (rc != RB_OK)
		goto out;
	if ((rc = vkey_make(node.name, VKEY_ED25519, &public, &vkey)) !=
	    RB_OK) {
		fault_set(why, rc,
		    "\"%s\": cannot be the name of a log: it "
		    "must be printable, without space and plus sign (C2SP "
		    "signed-note)",
		    node.name);
		goto out;
	}
	if ((rc = node_defaults(&node)) != RB_OK)
		goto out;
	free(node.operator_);
	node.directory = strdup(path);
	node.operator_ = strdup(wish->operator_);
	if (node.directory == NULL || node.operator_ == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	rc = make_node(wish, top, &node, &archive, key, &vkey, why);
out:
	key_free(&key);
	apt_archive_clear(&archive);
	node_clear(&node);
	free(path);
	fd_close(&top);
	return rc;
}

static bool
is_plain(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e || *s == '"' || *s == '\\')
			return false;
	return true;
}

int
app_init(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "operator", required_argument, NULL, 'o' },
		{ "listen", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct wish wish = { NULL, "unnamed", "127.0.0.1:8480", NULL };
	struct fault why = FAULT_INIT;
	int c;
	enum rb_err rc = RB_EINTERNAL;

	while ((c = getopt_long(argc, argv, "n:o:l:h", longs, NULL)) != -1) {
		switch (c) {
		case 'n':
			wish.name = optarg;
			break;
		case 'o':
			wish.operator_ = optarg;
			break;
		case 'l':
			wish.listen = optarg;
			break;
		case 'h':
			printf("usage: qubes-rebuilder " SYNOPSIS "\n"
			       "Makes a node in DIR: a commented node.yml with "
			       "the archive of this computer's\napt, a signing "
			       "key, and the directories.  Prints the public "
			       "key.\n"
			       "  -n NAME          of its log, for ever "
			       "(default: this host's name and a\n"
			       "                   part of the key)\n"
			       "  -o OPERATOR      who runs it (default: "
			       "unnamed)\n"
			       "  -l ADDRESS:PORT  where it serves (default: "
			       "127.0.0.1:8480)\n");
			return 0;
		default:
			return app_usage(SYNOPSIS);
		}
	}
	if (argc - optind != 1)
		return app_usage(SYNOPSIS);
	wish.directory = argv[optind];
	if ((wish.name != NULL && !is_plain(wish.name)) ||
	    !is_plain(wish.operator_) || !is_plain(wish.listen) ||
	    !is_plain(wish.directory)) {
		note(NOTE_ERROR,
		    "init: only printable ASCII without quote "
		    "and backslash can be written into node.yml");
		return 2;
	}
	if ((rc = socket_check_address(wish.listen, &why)) != RB_OK ||
	    (rc = init(&wish, &why)) != RB_OK)
		return app_failed("init", rc, &why, 2);
	return 0;
}
