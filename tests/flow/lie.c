/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lie -c node.yml -v VERDICT [-a ATTEMPT] FILE: has the node sign VERDICT
 * about FILE, of which nothing was rebuilt.  What rebuilder hands to attestor
 * after a build, and what somebody could hand over who owns rebuilder.  Prints
 * the place in the log.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/attest/inputs.h"
#include "common/attest/statement.h"
#include "common/base/enc.h"
#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "common/process/node.h"

#define FILE_MAX (1 << 20)
#define ANSWER_MAX 1024
#define WHEN 1750000000

struct wish {
	const char *conf, *path; /* borrowed */
	enum verdict verdict;
	uint64_t attempt;
};

/* What stands behind the statement. */
struct blob {
	uint8_t kind;
	struct buf bytes; /* owned */
};

enum { INPUTS, LOG, DIFFERENCE, BLOBS };

/* A liar that fails lies to nobody: every failure ends it. */
static void
must(enum rb_err rc, const char *what, const struct fault *why)
{
	if (rc == RB_OK)
		return;
	fprintf(stderr, "lie: %s: %s\n", what,
	    why != NULL && why->text[0] != '\0' ? why->text : err_name(rc));
	exit(1);
}

static char *
text(const char *s)
{
	char *copy = strdup(s);

	must(copy == NULL ? RB_ENOMEM : RB_OK, s, NULL);
	return copy;
}

static struct digest
digest_of_text(const char *s)
{
	struct digest d = DIGEST_INIT;

	must(digest_of(span_of_str(s), &d), s, NULL);
	return d;
}

static struct maybe_digest
digest_of_blob(const struct blob *b)
{
	struct maybe_digest d = { true, DIGEST_INIT };

	must(digest_of(buf_span(&b->bytes), &d.value), "blob", NULL);
	return d;
}

static void
make_blobs(struct blob blobs[BLOBS], const char *file)
{
	const struct digest d = digest_of_text("make");
	struct inputs inputs = INPUTS_INIT;

	must(inputs_add(&inputs, "deb", "make", "4.3-4.1", "amd64", "debian",
		 395596, &d),
	    "inputs", NULL);
	must(inputs_write(&inputs, &blobs[INPUTS].bytes), "inputs", NULL);
	inputs_clear(&inputs);
	must(buf_printf(&blobs[LOG].bytes, "no build of %s ran\n", file), "log",
	    NULL);
	must(buf_printf(&blobs[DIFFERENCE].bytes, "%s: another\n", file),
	    "difference", NULL);
}

/* What stands before `end`, which is taken too. */
static char *
take_field(const char **at, const char *end)
{
	const char *stop = strstr(*at, end);
	struct fault why = FAULT_INIT;
	char *field = NULL;

	if (stop == NULL || stop == *at) {
		must(fault_set(&why, RB_EFORMAT,
			 "no package's name: NAME_VERSION_ARCH.deb"),
		    *at, &why);
		return NULL;
	}
	must(str_dup_span(span_of(*at, (size_t)(stop - *at)), &field), *at,
	    NULL);
	*at = stop + strlen(end);
	return field;
}

static void
fill_published(struct statement *s, const struct wish *wish)
{
	const char *slash = strrchr(wish->path, '/');
	const char *file = slash != NULL ? slash + 1 : wish->path, *at = file;
	struct buf bytes = BUF_INIT;

	s->published.name = take_field(&at, "_");
	s->published.version = take_field(&at, "_");
	s->published.arch = take_field(&at, ".deb");
	must(file_read_at(AT_FDCWD, wish->path, FILE_MAX, &bytes), file, NULL);
	must(digest_of(buf_span(&bytes), &s->published.sha256), file, NULL);
	s->published.size = bytes.len;
	buf_clear(&bytes);
	s->published.file = text(file);
	s->published.repository = text("debian");
	s->published.suite = text("bookworm");
	s->published.path = text("pool/main/x");
	s->published.metadata = digest_of_text("Release");
	s->published.seen = WHEN;
	s->source.name = text(s->published.name);
	s->source.version = text(s->published.version);
}

static void
fill_verdict(struct statement *s, enum verdict verdict,
    const struct blob blobs[BLOBS])
{
	s->verdict = verdict;
	switch (verdict) {
	case VERDICT_REPRODUCED:
		s->rebuilt.compared = COMPARED_IDENTICAL;
		s->rebuilt.sha256.is_set = true;
		s->rebuilt.sha256.value = s->published.sha256;
		s->rebuilt.size = s->published.size;
		return;
	case VERDICT_DIFFERS:
		s->reason = text("content");
		s->rebuilt.sha256.is_set = true;
		s->rebuilt.sha256.value = digest_of_text("other bytes");
		s->rebuilt.size = 1;
		s->difference = digest_of_blob(&blobs[DIFFERENCE]);
		return;
	case VERDICT_FAILED:
		s->reason = text("build");
		return;
	case VERDICT_UNAVAILABLE:
		s->reason = text("dependencies");
		return;
	}
}

static void
fill(struct statement *s, const struct wish *wish, const char *node,
    const struct blob blobs[BLOBS])
{
	fill_published(s, wish);
	fill_verdict(s, wish->verdict, blobs);
	s->attempt = wish->attempt;
	s->source.kind = text("debian-source");
	s->source.repository = text("debian");
	s->source.dsc.is_set = true;
	s->source.dsc.value = digest_of_text("dsc");
	s->inputs.sha256 = digest_of_blob(&blobs[INPUTS]);
	s->inputs.count = 1;
	s->log = digest_of_blob(&blobs[LOG]);
	s->environment.distribution = text("debian");
	s->environment.release = text("bookworm");
	s->environment.arch = text("amd64");
	s->environment.recipe = text("deb");
	s->environment.recipe_sha256.is_set = true;
	s->environment.recipe_sha256.value = digest_of_text("recipe");
	s->machine.kind = text("namespace");
	s->machine.network = text("none");
	s->machine.clock = text("host");
	s->builder.node = text(node);
	s->builder.version = text(RB_VERSION);
	s->builder.program = digest_of_text("lie");
	s->started = WHEN;
	s->finished = WHEN + 100;
}

static void
write_question(struct msg *m, const struct statement *s,
    const struct blob blobs[BLOBS])
{
	/* The last one only of a difference. */
	uint8_t i, n = s->difference.is_set ? BLOBS : BLOBS - 1;
	struct fault why = FAULT_INIT;
	struct buf bytes = BUF_INIT;
	int fd = -1;

	must(statement_write(s, &bytes, &why), "statement", &why);
	must(put_bytes(&m->body, buf_span(&bytes)), "statement", NULL);
	must(put_u8(&m->body, n), "blobs", NULL);
	for (i = 0; i < n; i++) {
		must(put_u8(&m->body, blobs[i].kind), "blobs", NULL);
		must(memory_file("blob", buf_span(&blobs[i].bytes), &fd),
		    "blobs", NULL);
		must(msg_add_fd(m, fd), "blobs", NULL);
	}
	buf_clear(&bytes);
}

static uint64_t
submit(const struct node *node, const struct statement *s,
    const struct blob blobs[BLOBS])
{
	struct msg question, answer;
	struct fault why = FAULT_INIT;
	struct span in;
	uint64_t index = 0;
	char *refusal = NULL;
	int sock = -1;

	msg_init(&question, ATTEST_VERDICT);
	msg_init(&answer, 0);
	write_question(&question, s, blobs);
	must(node_connect(node, "attestor.sock", &sock, &why), "attestor.sock",
	    &why);
	must(msg_call(sock, &question, &answer), "attestor", NULL);
	in = buf_span(&answer.body);
	if (answer.type != ATTEST_LOGGED) {
		must(take_text(&in, ANSWER_MAX, &refusal), "answer", NULL);
		must(RB_EREFUSED, refusal, NULL);
	}
	must(take_u64(&in, &index), "answer", NULL);
	fd_close(&sock);
	msg_clear(&answer);
	msg_clear(&question);
	return index;
}

static void
take_options(int argc, char **argv, struct wish *wish)
{
	int c;

	while ((c = getopt(argc, argv, "c:v:a:")) != -1) {
		switch (c) {
		case 'c':
			wish->conf = optarg;
			break;
		case 'v':
			must(verdict_parse(span_of_str(optarg), &wish->verdict),
			    optarg, NULL);
			break;
		case 'a':
			must(dec_parse(span_of_str(optarg), UINT32_MAX,
				 &wish->attempt),
			    optarg, NULL);
			break;
		default:
			exit(2);
		}
	}
	if (wish->conf == NULL || optind + 1 != argc) {
		fputs("usage: lie -c node.yml -v VERDICT [-a ATTEMPT] FILE\n",
		    stderr);
		exit(2);
	}
	wish->path = argv[optind];
}

int
main(int argc, char **argv)
{
	struct blob blobs[BLOBS] = { { BLOB_INPUTS, BUF_INIT },
		{ BLOB_LOG, BUF_INIT }, { BLOB_DIFFERENCE, BUF_INIT } };
	struct wish wish = { NULL, NULL, VERDICT_REPRODUCED, 1 };
	struct node node = NODE_INIT;
	struct fault why = FAULT_INIT;
	struct statement s;
	size_t i;

	take_options(argc, argv, &wish);
	must(node_read(wish.conf, &node, NULL, 0, &why), wish.conf, &why);
	statement_init(&s);
	make_blobs(blobs, wish.path);
	fill(&s, &wish, node.name, blobs);
	printf("%llu\n", (unsigned long long)submit(&node, &s, blobs));
	for (i = 0; i < BLOBS; i++)
		buf_clear(&blobs[i].bytes);
	statement_clear(&s);
	node_clear(&node);
	return 0;
}
