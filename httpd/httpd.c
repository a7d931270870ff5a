/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * httpd: shows the world what this node signed.
 *
 * It can reach: the listening socket (descriptor 3), the served store, of
 * which it may read the data and write the lock, and two files that rebuilder
 * writes, to read them.  Who owns it can show a
 * visitor wrong pages, and withhold; but it holds no key, so that evidence
 * which it made up or changed fails every updater's check; and it can write
 * nothing that any other process reads as data.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/note.h"
#include "common/process/jail.h"
#include "common/process/node.h"
#include "common/process/role.h"
#include "httpd/serve.h"

/* Leaves that are read into the catalog in a second, at most. */
#define CATALOG_LEAVES 2000
#define EXIT_USAGE 2
#define TEND_SECONDS 1
#define THREADS_DEFAULT 2
#define THREADS_MAX 64
/* Beside the connections: store, threads and notes. */
#define FILES_MAX (SERVE_CONNECTIONS_MAX + 512)

struct settings {
	char *listen; /* owned; the supervisor's, who makes the socket */
	uint64_t threads;
};

static const struct conf_key settings_keys[] = {
	{ "listen", CONF_TEXT, offsetof(struct settings, listen), false, 0, 0 },
	{ "threads", CONF_NUMBER, offsetof(struct settings, threads), false, 1,
	    THREADS_MAX },
};

static const char usage[] =
    "usage: httpd -c node.yml\n"
    "\n"
    "Serves the log, the evidence and the pages of a node on the listening\n"
    "socket that is descriptor 3.  Started by 'qubes-rebuilder serve'.\n"
    "\n"
    "  -c, --config FILE   the node's configuration\n"
    "  -h, --help          this text\n"
    "  -V, --version       the version\n";

/* Returns the configuration's path, or ends the program. */
static const char *
read_arguments(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	const char *path = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "c:hV", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		case 'V':
			puts("httpd " RB_VERSION);
			exit(EXIT_SUCCESS);
		default:
			fputs(usage, stderr);
			exit(EXIT_USAGE);
		}
	}
	if (path == NULL || optind != argc) {
		fputs(usage, stderr);
		exit(EXIT_USAGE);
	}
	return path;
}

static enum rb_err
check_listener(int fd, struct fault *why)
{
	int listens = 0, flags;
	socklen_t len = sizeof(listens);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) != 0 ||
	    listens == 0)
		return fault_set(why, RB_EREFUSED,
		    "descriptor %d is not a listening socket: start this "
		    "program by 'qubes-rebuilder serve'",
		    fd);
	/* Several threads wait for the same connection, and one gets it. */
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return fault_set(why, RB_EIO, "descriptor %d: %s", fd,
		    strerror(errno));
	return RB_OK;
}

static enum rb_err
open_store(const struct node *node, struct store **out, struct fault *why)
{
	char *path = NULL;
	enum rb_err rc;

	if ((rc = node_path(node, "served", &path)) == RB_OK)
		rc = store_open(path, STORE_READ, out, why);
	free(path);
	return rc;
}

static enum rb_err
enter_jail(struct fault *why)
{
	const struct jail jail = {
		.allow = JAIL_ACCEPT | JAIL_THREADS | JAIL_DB,
		.files = FILES_MAX,
	};

	return jail_enter(&jail, why);
}

/* Until it is told to stop, or the store that it serves is no more. */
static void
tend(struct server *server, struct site *site, const sigset_t *stops)
{
	const struct timespec pause = { TEND_SECONDS, 0 };
	bool more;

	while (sigtimedwait(stops, NULL, &pause) < 0) {
		server_tend(server);
		/* What cannot be read now is read in a second. */
		if (catalog_read(site->catalog, site->store, CATALOG_LEAVES,
			&more) == RB_ENOMEM)
			note(NOTE_WARN, "no memory for the release table");
		if (store_is_gone(site->store)) {
			note(NOTE_INFO,
			    "the served store was made anew: "
			    "ending, to be started on the new one");
			return;
		}
	}
}

static enum rb_err
serve(const struct node *node, unsigned int threads, struct fault *why)
{
	struct server *server = NULL;
	struct site *site = NULL;
	sigset_t stops;
	enum rb_err rc = RB_EINTERNAL;

	/* Before there are threads, so that none of them gets them. */
	sigemptyset(&stops);
	sigaddset(&stops, SIGTERM);
	sigaddset(&stops, SIGINT);
	if (sigprocmask(SIG_BLOCK, &stops, NULL) != 0 ||
	    signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		goto out;
	if ((site = calloc(1, sizeof(*site))) == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	site->news = (struct news)NEWS_INIT;
	site->about.node = node->name;
	if (node->operator_[0] != '\0')
		site->about.operator_ = node->operator_;
	if ((rc = check_listener(ROLE_SOCKET, why)) != RB_OK)
		goto out;
	if ((rc = open_store(node, &site->store, why)) != RB_OK ||
	    (rc = news_open(node->directory, &site->news)) != RB_OK ||
	    (rc = catalog_new(&site->catalog)) != RB_OK)
		goto out;
	if ((rc = enter_jail(why)) != RB_OK)
		goto out;
	rc = server_start(site, ROLE_SOCKET, threads, &server);
	if (rc != RB_OK) {
		fault_set(why, rc, "the HTTP library does not start: %s",
		    strerror(errno));
		goto out;
	}
	note(NOTE_INFO, "serving %s", node->name);
	tend(server, site, &stops);
	rc = RB_OK;
out:
	server_stop(&server);
	if (site != NULL) {
		store_close(&site->store);
		catalog_free(&site->catalog);
		news_close(&site->news);
	}
	free(site);
	return rc;
}

int
main(int argc, char **argv)
{
	struct settings settings = { NULL, THREADS_DEFAULT };
	const struct conf_section section = { "httpd", settings_keys,
		sizeof(settings_keys) / sizeof(settings_keys[0]), &settings };
	struct node node = NODE_INIT;
	struct fault why = FAULT_INIT;
	enum rb_err rc = RB_EINTERNAL;
	const char *path;

	note_open("httpd");
	path = read_arguments(argc, argv);
	if ((rc = node_read(path, &node, &section, 1, &why)) != RB_OK)
		goto out;
	rc = serve(&node, (unsigned int)settings.threads, &why);
out:
	if (rc != RB_OK)
		note(NOTE_ERROR, "%s",
		    why.text[0] != '\0' ? why.text : err_name(rc));
	free(settings.listen);
	node_clear(&node);
	return rc == RB_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
