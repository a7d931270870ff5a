/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tor's own daemon, configured as qubes-rebuilder.conf(5) says, hears of each
 * download under an identity of its own, and keeps them apart.  It has no
 * network here, and needs none to say so.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "tests/flow/net_talk.h"
#include "tests/flow/wire.h"

#define CONTROL_PORT 9051
#define DOWNLOADS 4

static struct {
	char socks_port[128]; /* a line of torrc(5), as the page has it */
	char proxy[128];      /* fetch.proxy */
	char directory[64], torrc[96];
	struct wire wire;
	struct net_talk talk;
	pid_t tor;
	FILE *says, *control;
} fix;

/* The rest of the page's first line that begins so. */
static void
read_page(const char *begin, char *out, size_t cap)
{
	char path[4096], line[256];
	FILE *page;

	(void)snprintf(path, sizeof(path),
	    "%s/../../rebuilder/command/qubes-rebuilder.conf.5",
	    getenv("RB_DATA"));
	page = fopen(path, "r");
	assert_non_null(page);
	do
		assert_non_null(fgets(line, sizeof(line), page));
	while (strncmp(line, begin, strlen(begin)) != 0);
	(void)fclose(page);
	line[strcspn(line, "\n")] = '\0';
	(void)snprintf(out, cap, "%s", line + strlen(begin));
}

static void
write_torrc(const char *more)
{
	FILE *f;

	(void)strcpy(fix.directory, "/tmp/rb-test-tor-XXXXXX");
	assert_non_null(mkdtemp(fix.directory));
	(void)snprintf(fix.torrc, sizeof(fix.torrc), "%s/torrc", fix.directory);
	f = fopen(fix.torrc, "w");
	assert_non_null(f);
	(void)fprintf(f,
	    "DataDirectory %s/data\nControlPort 127.0.0.1:%d\n"
	    "SocksPort %s%s\n",
	    fix.directory, CONTROL_PORT, fix.socks_port, more);
	(void)fclose(f);
}

/* Its words are in `fix.says`. */
static void
run_tor(const char *option)
{
	int out[2];

	assert_int_equal(pipe(out), 0);
	fix.tor = fork();
	assert_int_not_equal(fix.tor, -1);
	if (fix.tor == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (dup2(out[1], 1) == -1 || dup2(out[1], 2) == -1)
			_exit(126);
		(void)close_range(3, ~0u, 0);
		(void)execl("/usr/sbin/tor", "tor", "--defaults-torrc",
		    "/dev/null", "-f", fix.torrc, option, (char *)NULL);
		(void)execl("/usr/bin/tor", "tor", "--defaults-torrc",
		    "/dev/null", "-f", fix.torrc, option, (char *)NULL);
		_exit(127);
	}
	(void)close(out[1]);
	fix.says = fdopen(out[0], "r");
	assert_non_null(fix.says);
}

/* The next line with this in it. */
static void
read_until(FILE *f, const char *sign, char *line, size_t cap)
{
	do {
		if (fgets(line, (int)cap, f) == NULL)
			fail_msg("no line with '%s'", sign);
	} while (strstr(line, sign) == NULL);
}

static void
open_control(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(CONTROL_PORT) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char line[256];

	read_until(fix.says, "Opened Control listener", line, sizeof(line));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	fix.control = fdopen(fd, "r+");
	assert_non_null(fix.control);
	(void)setvbuf(fix.control, NULL, _IONBF, 0);
	(void)fputs("AUTHENTICATE\r\nSETEVENTS STREAM\r\n", fix.control);
	read_until(fix.control, "250 OK", line, sizeof(line));
	read_until(fix.control, "250 OK", line, sizeof(line));
}

static int
set_up(void **state)
{
	(void)state;
	read_page("SocksPort ", fix.socks_port, sizeof(fix.socks_port));
	read_page("  proxy: ", fix.proxy, sizeof(fix.proxy));
	wire_enter(&fix.wire);
	net_talk_start(&fix.talk);
	net_talk_setup(&fix.talk, fix.proxy);
	return 0;
}

static void
start_tor(const char *more)
{
	write_torrc(more);
	run_tor(NULL);
	open_control();
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	/* They wait for connections that there will not be. */
	(void)kill(fix.talk.net.pid, SIGKILL);
	(void)net_talk_end(&fix.talk);
	if (fix.tor > 0) {
		(void)kill(fix.tor, SIGKILL);
		(void)waitpid(fix.tor, NULL, 0);
	}
	(void)fclose(fix.says);
	if (fix.control != NULL)
		(void)fclose(fix.control);
	fix.control = NULL;
	wire_leave(&fix.wire);
	(void)snprintf(command, sizeof(command), "rm -r %s", fix.directory);
	return system(command);
}

static void
is_a_configuration_to_tor(void **state)
{
	char line[256];
	int status;

	(void)state;
	write_torrc("");
	run_tor("--verify-config");
	read_until(fix.says, "Configuration was valid", line, sizeof(line));
	assert_int_equal(waitpid(fix.tor, &status, 0), fix.tor);
	assert_int_equal(status, 0);
	fix.tor = 0;
}

/* Half of them packs. */
static void
ask(void)
{
	const char *const refs[] = { "HEAD", NULL };
	int fd = memfd_create("file", MFD_CLOEXEC);
	uint32_t i;

	for (i = 0; i < DOWNLOADS; i += 2) {
		net_talk_fetch(&fix.talk, i, "http://mirror.test/x", 10, 0, fd);
		net_talk_pack(&fix.talk, i + 1, "http://mirror.test/x", 10,
		    refs, fd);
	}
	fd_close(&fd);
}

/* What Tor heard of the next connection of ours. */
static void
hear(char line[1024])
{
	do
		read_until(fix.control, " NEW ", line, 1024);
	while (strstr(line, "CLIENT_PROTOCOL=SOCKS5") == NULL);
}

static void
copy_value(const char *line, const char *key, char out[64])
{
	const char *value = strstr(line, key);
	size_t len;

	assert_non_null(value);
	value += strlen(key);
	len = strcspn(value, "\"");
	assert_true(len < 64);
	memcpy(out, value, len);
	out[len] = '\0';
}

static void
tor_keeps_downloads_apart(void **state)
{
	char line[1024], user[DOWNLOADS][64], password[DOWNLOADS][64];
	size_t i, j;

	(void)state;
	start_tor("");
	ask();
	for (i = 0; i < DOWNLOADS; i++) {
		hear(line);
		/* A name, so it was resolved nowhere yet. */
		assert_non_null(strstr(line, " mirror.test:80 "));
		assert_non_null(strstr(strstr(line, "ISO_FIELDS="),
		    "SOCKS_USERNAME,SOCKS_PASSWORD"));
		copy_value(line, "SOCKS_USERNAME=\"", user[i]);
		copy_value(line, "SOCKS_PASSWORD=\"", password[i]);
		assert_int_equal(strlen(user[i]), 32);
		for (j = 0; j < i; j++) {
			assert_string_not_equal(user[i], user[j]);
			assert_string_not_equal(password[i], password[j]);
		}
	}
}

/* What the page warns of does what it says: the test above would see it. */
static void
tor_can_be_told_to_mix_them(void **state)
{
	char line[1024];

	(void)state;
	start_tor(" NoIsolateSOCKSAuth");
	ask();
	hear(line);
	assert_null(strstr(strstr(line, "ISO_FIELDS="), "SOCKS_USERNAME"));
}

static void
tor_can_be_told_not_to_ask_who_it_is(void **state)
{
	char line[1024];

	(void)state;
	start_tor(" PreferSOCKSNoAuth");
	ask();
	hear(line);
	assert_null(strstr(line, "SOCKS_USERNAME=\""));
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(is_a_configuration_to_tor),
		CASE(tor_keeps_downloads_apart),
		CASE(tor_can_be_told_to_mix_them),
		CASE(tor_can_be_told_not_to_ask_who_it_is),
	};
#undef CASE

	return cmocka_run_group_tests(tests, NULL, NULL);
}
