/* SPDX-License-Identifier: GPL-2.0-or-later */
/* That real libraries do their work in the jails that are meant for them. */
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <lmdb.h>
#include <microhttpd.h>

#include "common/base/file.h"
#include "common/process/jail.h"
#include "tests/unit/jailed.h"
#include "tests/unit/test_nobody.h"

static MDB_env *env;
static MDB_dbi dbi;

static int
deed_commit(void)
{
	char text[] = "x";
	MDB_val key = { 1, text }, value = { 1, text };
	MDB_txn *txn = NULL;
	int i;

	for (i = 0; i < 100; i++) {
		text[0] = (char)i;
		if (mdb_txn_begin(env, NULL, 0, &txn) != 0 ||
		    mdb_put(txn, dbi, &key, &value, 0) != 0 ||
		    mdb_txn_commit(txn) != 0)
			return -1;
		if (mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0 ||
		    mdb_get(txn, dbi, &key, &value) != 0)
			return -1;
		mdb_txn_abort(txn);
	}
	return 0;
}

static void *
commit_in_thread(void *arg)
{
	return deed_commit() == 0 ? arg : NULL;
}

static int
deed_commit_threaded(void)
{
	pthread_t thread;
	void *done = NULL;
	int here;

	if (deed_commit() != 0 ||
	    pthread_create(&thread, NULL, commit_in_thread, &here) != 0 ||
	    pthread_join(thread, &done) != 0)
		return -1;
	return done == &here ? 0 : -1;
}

/* The environment is opened in the child, before its jail. */
static enum jailed_end
try_database(unsigned int allow, int (*deed)(void))
{
	char dir[] = "/tmp/rb-jail-XXXXXX";
	char name[64];
	struct jail jail;
	MDB_txn *txn = NULL;
	enum jailed_end end;
	pid_t pid;

	memset(&jail, 0, sizeof(jail));
	jail.allow = allow;
	assert_non_null(mkdtemp(dir));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (mdb_env_create(&env) != 0 ||
		    mdb_env_set_mapsize(env, 1 << 24) != 0 ||
		    mdb_env_open(env, dir, 0, 0600) != 0 ||
		    mdb_txn_begin(env, NULL, 0, &txn) != 0 ||
		    mdb_dbi_open(txn, NULL, 0, &dbi) != 0 ||
		    mdb_txn_commit(txn) != 0)
			_exit(JAILED_NOT);
		jailed_enter(&jail);
		_exit(deed() == 0 ? 0 : 1);
	}
	end = jailed_end(pid);
	(void)snprintf(name, sizeof(name), "%s/data.mdb", dir);
	(void)unlink(name);
	(void)snprintf(name, sizeof(name), "%s/lock.mdb", dir);
	(void)unlink(name);
	(void)rmdir(dir);
	return end;
}

static void
a_database_commits(void **state)
{
	(void)state;
	assert_int_equal(try_database(0, deed_commit), KILLED);
	assert_int_equal(try_database(JAIL_DB, deed_commit), WORKED);
	assert_int_equal(try_database(JAIL_DB | JAIL_THREADS,
			     deed_commit_threaded),
	    WORKED);
	assert_int_equal(try_database(JAIL_DB | JAIL_ACCEPT | JAIL_THREADS,
			     deed_commit_threaded),
	    WORKED);
}

/* A listening TCP socket on loopback. */
static int
listen_on_loopback(uint16_t *port)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	int fd;

	memset(&address, 0, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static enum MHD_Result
answer(void *self, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload,
    size_t *nupload, void **request)
{
	static char body[] = "from inside\n";
	struct MHD_Response *response;
	enum MHD_Result r;

	(void)self;
	(void)url;
	(void)method;
	(void)version;
	(void)upload;
	(void)nupload;
	(void)request;
	response = MHD_create_response_from_buffer(sizeof(body) - 1, body,
	    MHD_RESPMEM_PERSISTENT);
	r = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return r;
}

/* Serves descriptor 3 until descriptor 4 is at its end. */
static void
serve(unsigned int allow)
{
	struct MHD_Daemon *daemon;
	struct jail jail;
	char byte;

	memset(&jail, 0, sizeof(jail));
	jail.allow = allow;
	jailed_enter(&jail);
	daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC,
	    0, NULL, NULL, answer, NULL, MHD_OPTION_LISTEN_SOCKET, 3,
	    MHD_OPTION_THREAD_POOL_SIZE, 2u, MHD_OPTION_CONNECTION_TIMEOUT, 9u,
	    MHD_OPTION_END);
	if (daemon == NULL)
		_exit(1);
	if (read(4, &byte, 1) != 0)
		_exit(2);
	MHD_stop_daemon(daemon);
	_exit(0);
}

static size_t
count(char *p, size_t size, size_t n, void *total)
{
	(void)p;
	*(size_t *)total += size * n;
	return size * n;
}

/* Fetches one address, as rebuilder-net does. */
static void
fetch(const char *url)
{
	static const struct jail_path paths[] = {
		{ "/etc/hosts", JAIL_READ, 1 },
		{ "/etc/resolv.conf", JAIL_READ, 1 },
		{ "/etc/nsswitch.conf", JAIL_READ, 1 },
		{ "/etc/host.conf", JAIL_READ, 1 },
	};
	struct jail jail;
	size_t total = 0;
	CURL *curl;

	memset(&jail, 0, sizeof(jail));
	jail.allow = JAIL_NET | JAIL_THREADS | JAIL_FILES;
	jail.paths = paths;
	jail.npaths = sizeof(paths) / sizeof(paths[0]);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		_exit(JAILED_NOT);
	jailed_enter(&jail);
	curl = curl_easy_init();
	if (curl == NULL ||
	    curl_easy_setopt(curl, CURLOPT_URL, url) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_PROXY, "") != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, count) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &total) != CURLE_OK ||
	    curl_easy_perform(curl) != CURLE_OK || total != 12)
		_exit(1);
	curl_easy_cleanup(curl);
	_exit(0);
}

static void
a_jailed_client_meets_a_jailed_server(void **state)
{
	char url[64];
	int stop[2] = { -1, -1 };
	uint16_t port = 0;
	pid_t server, client;
	int fd;

	(void)state;
	fd = listen_on_loopback(&port);
	assert_int_equal(pipe2(stop, O_CLOEXEC), 0);
	server = fork();
	assert_true(server >= 0);
	if (server == 0) {
		int in = fcntl(stop[0], F_DUPFD, 20);
		int listener = fcntl(fd, F_DUPFD, 20);

		fd_close(&stop[1]);
		if (dup2(listener, 3) != 3 || dup2(in, 4) != 4)
			_exit(JAILED_NOT);
		serve(JAIL_ACCEPT | JAIL_THREADS | JAIL_DB);
	}
	(void)snprintf(url, sizeof(url), "http://localhost:%u/", port);
	client = fork();
	assert_true(client >= 0);
	if (client == 0)
		fetch(url);
	assert_int_equal(jailed_end(client), WORKED);
	fd_close(&stop[1]);
	assert_int_equal(jailed_end(server), WORKED);
	fd_close(&stop[0]);
	fd_close(&fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_database_commits),
		cmocka_unit_test(a_jailed_client_meets_a_jailed_server),
	};

	if (!be_nobody())
		return JAILED_NOT;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
