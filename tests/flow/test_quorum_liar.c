/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/file.h"
#include "tests/flow/quorum_liar.h"
#include "tests/flow/quorum_nodes.h"
#include "tests/flow/webnode.h"

/*
 * Carol has her key and her log, and in the place of her httpd a server that
 * answers what she likes.  Alice and Bob are as they should be.
 */
static const char *const everybody[NODES] = { "alice", "bob", "carol" };
static struct webnode front;

static void
write_text(const char *name)
{
	write_file(name, name, strlen(name));
}

static int
begin_all(void **state)
{
	(void)state;
	quorum_nodes_make();
	write_text(CALM);
	write_text(HELLO);
	write_text(OTHER);
	quorum_node_say(ALICE, "reproduced", CALM);
	quorum_node_say(ALICE, "reproduced", HELLO);
	quorum_node_say(BOB, "reproduced", CALM);
	quorum_node_say(BOB, "reproduced", HELLO);
	quorum_node_say(CAROL, "reproduced", CALM);
	quorum_node_say(CAROL, "reproduced", OTHER);
	liar_begin();
	webnode_start(&front, MANNER_HONEST);
	return 0;
}

static int
end_all(void **state)
{
	(void)state;
	webnode_stop(&front);
	liar_end();
	quorum_nodes_clear();
	return 0;
}

/* Carol says what she really said. */
static int
begin(void **state)
{
	(void)state;
	liar_forget();
	policy_write_moved("policy", everybody, 2, CAROL,
	    (unsigned int)front.port);
	return 0;
}

/* To every question, whatever it is about. */
static void
answer_by(void (*make)(struct bundle *b))
{
	struct bundle b = BUNDLE_INIT;

	make(&b);
	buf_reset(&front.answer);
	assert_int_equal(bundle_write(&b, &front.answer), RB_OK);
	bundle_clear(&b);
}

static void
a_forgery_counts_for_nothing_and_the_others_decide(void **state)
{
	const struct forgery *f = *state;

	answer_by(f->make);
	fetch(HELLO);
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "bundle", HELLO),
	    0);
	assert_says("accepted  " HELLO "  2 of 2: alice, bob\n");
	assert_node_says("carol", CAROL, f->says);
	policy_write("strict", everybody, 3);
	assert_int_equal(RUN("verify", "-p", "strict", "-b", "bundle", HELLO),
	    1);
	assert_says("2 of 3: alice, bob; too few operators reproduced it\n");
}

/* Everything above is refused for its reason, not for how it was made. */
static void
the_same_tools_make_what_is_believed(void **state)
{
	(void)state;
	answer_by(liar_log);
	fetch(HELLO);
	policy_write("strict", everybody, 3);
	assert_int_equal(RUN("verify", "-p", "strict", "-b", "bundle", HELLO),
	    0);
	assert_says("3 of 3: alice, bob, carol\n");
}

static void
a_forged_piece_beside_the_real_one_takes_nothing_away(void **state)
{
	(void)state;
	policy_write("strict", everybody, 3);
	assert_int_equal(RUN("fetch", "-p", "strict", "-o", "real", CALM), 0);
	answer_by(liar_replace_calm);
	assert_int_equal(RUN("fetch", "-p", "policy", "-o", "forged", CALM), 0);
	assert_int_equal(RUN("verify", "-p", "strict", "-b", "real", "-b",
			     "forged", CALM),
	    0);
	assert_says("3 of 3: alice, bob, carol\n");
	assert_node_says("carol", CAROL,
	    "reproduced; nothing proven: the proof does not lead");
	assert_int_equal(RUN("verify", "-p", "strict", "-b", "forged", CALM),
	    1);
}

static void
a_fork_is_an_alarm_and_takes_the_voice_away(void **state)
{
	(void)state;
	policy_write("strict", everybody, 3);
	answer_by(liar_fork);
	assert_int_equal(RUN("fetch", "-p", "policy", "-o", "forked", HELLO),
	    0);
	/* Alone it looks like any other log. */
	assert_int_equal(RUN("verify", "-p", "strict", "-b", "forked", HELLO),
	    0);
	assert_int_equal(RUN("fetch", "-p", "strict", "-o", "real", CALM), 0);
	assert_int_equal(RUN("verify", "-p", "strict", "-b", "forked", "-b",
			     "real", HELLO, CALM),
	    1);
	assert_says("signed two different logs of 2 leaves");
	assert_says("keep the bundle");
	assert_says("refused   " HELLO "  2 of 3: alice, bob; ");
	/* The voice is gone for what she said honestly, too. */
	assert_says("refused   " CALM "  2 of 3: alice, bob; ");
	assert_says("FORK: ");
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "forked", "-b",
			     "real", HELLO, CALM),
	    0);
	assert_says("signed two different logs of 2 leaves");
}

/* One that takes connections and questions, and answers none. */
static int
silent_listen(unsigned int *port)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

/* What was asked on the next connection that waits. */
static void
take_question(int listening, char *out, size_t size)
{
	int fd = accept(listening, NULL, NULL);
	ssize_t n;
	size_t len = 0;

	assert_int_not_equal(fd, -1);
	while ((n = recv(fd, out + len, size - 1 - len, 0)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	fd_close(&fd);
}

static void
a_silent_node_is_given_up_and_learned_one_bucket(void **state)
{
	char question[4096], hex[DIGEST_HEX_LEN + 1], line[64];
	struct digest hello;
	unsigned int port;
	int fd = silent_listen(&port);

	(void)state;
	policy_write_moved("policy", everybody, 2, CAROL, port);
	fetch(HELLO);
	assert_says("given up after 0 of 1 answers");
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "bundle", HELLO),
	    0);
	assert_says("2 of 2: alice, bob\n");
	assert_node_says("carol", CAROL, "nothing\n");

	/* Not in a header either. */
	take_question(fd, question, sizeof(question));
	fd_close(&fd);
	assert_int_equal(digest_of(SPAN(HELLO), &hello), RB_OK);
	digest_hex(&hello, hex);
	snprintf(line, sizeof(line), "GET /evidence/prefix/%.2s HTTP/1.1\r\n",
	    hex);
	assert_int_equal(strncmp(question, line, strlen(line)), 0);
	hex[8] = '\0'; /* a port may look like fewer */
	assert_null(strstr(question, hex));
	assert_null(strcasestr(question, "hello"));
	assert_null(strstr(question, "1.0-1"));
	assert_null(strstr(question, "amd64"));
	assert_null(strstr(question, "debian"));
}

#define CLAIM(f) cmocka_unit_test_setup(f, begin)

/* One claim, named after the forgery that it is tried with. */
static struct CMUnitTest
claim_forgery(const struct forgery *f)
{
	struct CMUnitTest t = CLAIM(
	    a_forgery_counts_for_nothing_and_the_others_decide);

	t.name = f->name;
	t.initial_state = (void *)(uintptr_t)f;
	return t;
}

int
main(void)
{
	const struct CMUnitTest others[] = {
		CLAIM(the_same_tools_make_what_is_believed),
		CLAIM(a_forged_piece_beside_the_real_one_takes_nothing_away),
		CLAIM(a_fork_is_an_alarm_and_takes_the_voice_away),
		CLAIM(a_silent_node_is_given_up_and_learned_one_bucket),
	};
	enum { OTHERS = sizeof(others) / sizeof(others[0]) };
	struct CMUnitTest tests[FORGERIES + OTHERS];
	int failed;
	size_t i;

	if (geteuid() != 0) {
		print_message("needs root\n");
		return 77;
	}
	for (i = 0; i < FORGERIES; i++)
		tests[i] = claim_forgery(&forgeries[i]);
	memcpy(tests + FORGERIES, others, sizeof(others));
	quorum_directory_make();
	failed = cmocka_run_group_tests_name("quorum_liar", tests, begin_all,
	    end_all);
	quorum_directory_remove();
	return failed;
}
