/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/sample.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/attest/envelope.h"

typedef unsigned long long ull;

static struct buf
text(const char *what, uint64_t n)
{
	struct buf b = BUF_INIT;

	assert_ok(buf_printf(&b, "%s %llu\n", what, (ull)n));
	return b;
}

struct buf
sample_inputs(uint64_t n)
{
	return text("inputs", n / 4); /* shared, as in life */
}

struct buf
sample_log(uint64_t n)
{
	return text("log", n);
}

struct buf
sample_difference(uint64_t n)
{
	return text("difference", n);
}

static struct maybe_digest
digest_of_buf(struct buf b)
{
	struct maybe_digest d = { true, DIGEST_INIT };

	assert_ok(digest_of(buf_span(&b), &d.value));
	buf_clear(&b);
	return d;
}

static char *
copy(const char *s)
{
	char *p = strdup(s);

	assert_non_null(p);
	return p;
}

static void
fill_published(struct statement *s, uint64_t n)
{
	char file[64];

	snprintf(file, sizeof(file), "sample%llu_1.0-1_amd64.deb", (ull)n);
	s->published.file = copy(file);
	snprintf(file, sizeof(file), "sample%llu", (ull)n);
	s->published.name = copy(file);
	s->published.repository = copy("debian");
	s->published.suite = copy("bookworm");
	s->published.path = copy("pool/main/s/sample/sample.deb");
	s->published.version = copy("1.0-1");
	s->published.arch = copy("amd64");
	s->published.size = 1000 + n;
	s->published.sha256 = digest_of_buf(text("published", n)).value;
	s->published.seen = 1700000000;
}

static void
fill_verdict(struct statement *s, uint64_t n)
{
	static const char *const reasons[] = { NULL, "content", "build",
		"environment" };

	s->verdict = (enum verdict)(VERDICT_REPRODUCED + n % 4);
	if (reasons[n % 4] != NULL)
		s->reason = copy(reasons[n % 4]);
	if (s->verdict == VERDICT_REPRODUCED) {
		s->rebuilt.compared = COMPARED_IDENTICAL;
		s->rebuilt.sha256.is_set = true;
		s->rebuilt.sha256.value = s->published.sha256;
		s->rebuilt.size = s->published.size;
	} else if (s->verdict == VERDICT_DIFFERS) {
		s->rebuilt.sha256 = digest_of_buf(text("rebuilt", n));
		s->rebuilt.size = 7;
		s->difference = digest_of_buf(sample_difference(n));
	}
}

void
sample_statement(uint64_t n, struct statement *out)
{
	struct statement s;

	statement_init(&s);
	fill_published(&s, n);
	fill_verdict(&s, n);
	s.attempt = 1;
	s.source.kind = copy("debian-source");
	s.source.repository = copy("debian");
	s.source.name = copy("sample");
	s.source.version = copy("1.0-1");
	s.source.dsc = digest_of_buf(text("dsc", n));
	s.inputs.sha256 = digest_of_buf(sample_inputs(n));
	s.inputs.count = 1;
	s.log = digest_of_buf(sample_log(n));
	s.environment.release = copy("bookworm");
	s.environment.distribution = copy("debian");
	s.environment.arch = copy("amd64");
	s.environment.recipe = copy("deb");
	s.environment.recipe_sha256 = digest_of_buf(text("recipe", 0));
	s.machine.kind = copy("namespace");
	s.machine.network = copy("none");
	s.machine.clock = copy("host");
	s.builder.node = copy(SAMPLE_NODE);
	s.builder.version = copy("0");
	s.started = 1700000000;
	s.finished = 1700000100;
	*out = s;
}

struct buf
sample_bytes(const char *node, uint64_t n)
{
	struct fault why = FAULT_INIT;
	struct statement s;
	struct buf b = BUF_INIT;

	sample_statement(n, &s);
	free(s.builder.node);
	s.builder.node = copy(node);
	if (statement_write(&s, &b, &why) != RB_OK)
		fail_msg("%s", why.text);
	statement_clear(&s);
	return b;
}

struct buf
sample_leaf(const struct key *key, uint64_t n)
{
	struct buf payload = sample_bytes(SAMPLE_NODE, n), leaf = BUF_INIT;
	struct envelope e = ENVELOPE_INIT;

	assert_ok(envelope_sign(key, buf_span(&payload), &e));
	assert_ok(envelope_write(&e, &leaf));
	envelope_clear(&e);
	buf_clear(&payload);
	return leaf;
}

char *
sample_directory(void)
{
	const char *top = getenv("TMPDIR");
	char *name = NULL;

	if (asprintf(&name, "%s/rb-test-XXXXXX", top != NULL ? top : "/tmp") <
	    0)
		fail();
	assert_non_null(mkdtemp(name));
	return name;
}

void
sample_remove(char *directory)
{
	DIR *d = opendir(directory);
	struct dirent *e;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] != '.')
			(void)unlinkat(dirfd(d), e->d_name, 0);
	}
	closedir(d);
	(void)rmdir(directory);
	free(directory);
}
