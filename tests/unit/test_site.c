/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/attest/bundle.h"
#include "common/attest/checkpoint.h"
#include "common/attest/envelope.h"
#include "common/attest/proof.h"
#include "httpd/evidence.h"
#include "httpd/site.h"
#include "tests/unit/served.h"

#define ok(call) assert_int_equal(call, RB_OK)

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LEAVES 300 /* one full tile and a partial one */

static struct {
	char directory[64];
	struct site site;
	struct vkey key;
} world;

static int
start(void **state)
{
	struct fault why;

	(void)state;
	strcpy(world.directory, "/tmp/test_site.XXXXXX");
	assert_non_null(mkdtemp(world.directory));
	ok(served_make(world.directory, LEAVES, &world.key));
	ok(store_open(world.directory, STORE_READ, &world.site.store, &why));
	world.site.news = (struct news)NEWS_INIT;
	world.site.about.node = SERVED_NODE;
	world.site.about.operator_ = "A <b>bold</b> operator";
	return 0;
}

static int
stop(void **state)
{
	static const char *const names[] = { "data.mdb", "lock.mdb" };
	char path[128];
	size_t i;

	(void)state;
	store_close(&world.site.store);
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", world.directory,
		    names[i]);
		unlink(path);
	}
	return rmdir(world.directory);
}

static void
ask_as(const struct request *rq, struct answer *a)
{
	*a = (struct answer)ANSWER_INIT;
	ok(site_answer(&world.site, rq, a));
}

static void
ask(enum method method, const char *target, struct span body, struct answer *a)
{
	struct request rq = { method, span_of_str(target), body, false, false,
		NULL };

	ask_as(&rq, a);
}

static void
get(const char *target, struct answer *a)
{
	ask(METHOD_GET, target, SPAN(""), a);
}

static bool
has(const struct answer *a, const char *words)
{
	return memmem(a->body.p, a->body.len, words, strlen(words)) != NULL;
}

static void
expect(const char *target, unsigned int status, const char *words)
{
	struct answer a;

	get(target, &a);
	if (a.status != status)
		fail_msg("%s: %u", target, a.status);
	if (!has(&a, words))
		fail_msg("%s: %.*s", target, (int)a.body.len,
		    (const char *)a.body.p);
	answer_clear(&a);
}

static void
path_of(const struct route *r, char out[ROUTE_PATH_MAX])
{
	struct buf b = BUF_INIT;

	ok(route_write(r, &b));
	assert_true(b.len < ROUTE_PATH_MAX);
	memcpy(out, b.p, b.len);
	out[b.len] = '\0';
	buf_clear(&b);
}

/* What an updater does with a bundle; returns how many pieces are good. */
static size_t
verify(const struct answer *a)
{
	struct bundle b = BUNDLE_INIT;
	struct checkpoint cp;
	struct envelope e;
	struct digest leaf;
	struct fault why;
	size_t i, n;

	assert_int_equal(a->status, 200);
	assert_string_equal(a->type, "application/json");
	if (bundle_parse(buf_span(&a->body), &b, &why) != RB_OK)
		fail_msg("%s", why.text);
	assert_int_equal(b.ncheckpoints, 1);
	ok(checkpoint_open(buf_span(&b.checkpoints[0]), &world.key, &cp));
	assert_int_equal(cp.size, LEAVES);
	for (i = 0; i < b.nevidence; i++) {
		ok(tree_leaf_hash(buf_span(&b.evidence[i].envelope), &leaf));
		ok(tree_verify_inclusion(&b.evidence[i].proof, cp.size,
		    b.evidence[i].index, &leaf, &cp.root));
		ok(envelope_parse(buf_span(&b.evidence[i].envelope), &e, &why));
		ok(envelope_verify(&e, &world.key.key));
		envelope_clear(&e);
	}
	n = b.nevidence;
	bundle_clear(&b);
	return n;
}

static void
says_what_is_wrong_with_a_path(void **state)
{
	(void)state;
	expect("/nothing", 404, "404: there is nothing at this path.\n");
	expect("/../etc/passwd", 404, "404: ");
	expect("/builds/x", 400, "400: a leaf's index is a decimal number");
	expect("/builds/300", 404,
	    "there is no build 300: the log has 300 leaves");
	expect("/builds/300/log", 404, "there is no build 300");
	expect("/builds/300/proof", 404, "there is no build 300");
	expect("/builds/300/envelope", 404, "there is no build 300");
	expect("/builds/0/difference", 404, "build 0 has no difference report");
	expect("/builds/7/log", 404, "build 7 has no log");
	expect("/evidence/sha256/AB", 400, "64 lower-case");
	expect("/evidence/prefix/123456789", 400, "1 to 8");
	expect("/metrics?a", 400, "takes no queries");
	expect("/package/debian/nothing/1/all", 404, "has not tried");
	expect("/inputs/sha256/" HEX, 404, "keeps no input list");
}

static void
answers_other_methods_with_those_that_fit(void **state)
{
	struct answer a;

	(void)state;
	ask(METHOD_POST, "/", SPAN(""), &a);
	assert_int_equal(a.status, 405);
	assert_string_equal(a.allow, "GET, HEAD");
	answer_clear(&a);
	ask(METHOD_OTHER, "/log/checkpoint", SPAN(""), &a);
	assert_int_equal(a.status, 405);
	answer_clear(&a);
	get("/evidence", &a);
	assert_int_equal(a.status, 405);
	assert_string_equal(a.allow, "POST");
	answer_clear(&a);
	ask(METHOD_HEAD, "/log/checkpoint", SPAN(""), &a);
	assert_int_equal(a.status, 200);
	answer_clear(&a);
}

static void
says_errors_to_people_as_pages(void **state)
{
	struct request rq = { METHOD_GET, SPAN("/<b>"), SPAN_INIT, true, false,
		NULL };
	struct answer a;

	(void)state;
	ask_as(&rq, &a);
	assert_int_equal(a.status, 404);
	assert_true(a.is_page);
	assert_true(has(&a, "<h1>Not here</h1>"));
	assert_false(has(&a, "<b>"));
	answer_clear(&a);
}

static void
proves_everything_that_it_says(void **state)
{
	struct route r = { .kind = ROUTE_EVIDENCE_FILE, .bits = 256 };
	char path[ROUTE_PATH_MAX];
	struct statement s;
	struct answer a;

	(void)state;
	ok(served_statement(2, &s));
	r.digest = s.published.sha256;
	path_of(&r, path);
	get(path, &a);
	assert_int_equal(verify(&a), 43); /* leaves 2, 9, 16, ... 296 */
	answer_clear(&a);

	r.kind = ROUTE_EVIDENCE_PACKAGE;
	strcpy(r.repository, s.published.repository);
	strcpy(r.name, s.published.name);
	strcpy(r.version, s.published.version);
	strcpy(r.arch, s.published.arch);
	path_of(&r, path);
	get(path, &a);
	assert_int_equal(verify(&a), 43);
	answer_clear(&a);

	r.kind = ROUTE_EVIDENCE_PREFIX;
	r.bits = 4;
	path_of(&r, path);
	get(path, &a);
	assert_true(verify(&a) >= 43);
	answer_clear(&a);
	statement_clear(&s);
}

/* "Nobody tried" is an answer too, as of a checkpoint. */
static void
answers_about_files_that_nobody_tried(void **state)
{
	struct answer a;

	(void)state;
	get("/evidence/sha256/" HEX, &a);
	assert_int_equal(verify(&a), 0);
	answer_clear(&a);
	get("/evidence/package/debian/nothing/1/all", &a);
	assert_int_equal(verify(&a), 0);
	answer_clear(&a);
}

/* All prefixes of one digit together are all leaves, each once. */
static void
splits_the_log_into_buckets(void **state)
{
	static const char *const buckets[] = { "/evidence/prefix/",
		"/evidence/package-prefix/" };
	size_t total, i;
	unsigned int digit;
	struct answer a;
	char path[64];

	(void)state;
	for (i = 0; i < 2; i++) {
		total = 0;
		for (digit = 0; digit < 16; digit++) {
			sprintf(path, "%s%x", buckets[i], digit);
			get(path, &a);
			total += verify(&a);
			answer_clear(&a);
		}
		if (total != LEAVES)
			fail_msg("%s: %zu", buckets[i], total);
	}
}

static void
refuses_bodies_that_are_no_digests(void **state)
{
	static const struct {
		const char *why, *body, *words;
	} table[] = {
		{ "empty", "", "the body is empty" },
		{ "not ended", HEX, "line 1 is not ended" },
		{ "short", "0123\n", "line 1 is not a SHA-256 digest" },
		{ "long", HEX "0\n", "line 1 is not a SHA-256 digest" },
		{ "capitals",
		    "0123456789ABCDEF0123456789abcdef0123456789abcdef"
		    "0123456789abcdef\n",
		    "line 1 is not" },
		{ "carriage return", HEX "\r\n", "line 1 is not" },
		{ "space", " " HEX "\n", "line 1 is not" },
		{ "empty line", HEX "\n\n", "line 2 is not" },
		{ "second line", HEX "\n" HEX "\nx\n", "line 3 is not" },
	};
	struct answer a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		ask(METHOD_POST, "/evidence", span_of_str(table[i].body), &a);
		if (a.status != 400 || !has(&a, table[i].words))
			fail_msg("%s: %u %.*s", table[i].why, a.status,
			    (int)a.body.len, (const char *)a.body.p);
		answer_clear(&a);
	}
}

static void
answers_many_digests_at_once(void **state)
{
	struct buf body = BUF_INIT;
	struct statement s;
	char hex[DIGEST_HEX_LEN + 1];
	struct answer a;
	size_t i;

	(void)state;
	for (i = 0; i < EVIDENCE_DIGESTS_MAX; i++) {
		ok(served_statement(i % 3, &s));
		digest_hex(&s.published.sha256, hex);
		ok(buf_printf(&body, "%s\n", hex));
		statement_clear(&s);
	}
	assert_int_equal(body.len, EVIDENCE_BODY_MAX);
	/* Three files, asked for again and again, each told once. */
	ask(METHOD_POST, "/evidence", buf_span(&body), &a);
	assert_int_equal(verify(&a), 43 * 3);
	assert_int_equal(a.life, ANSWER_NEVER_KEEP);
	answer_clear(&a);

	ok(buf_printf(&body, "%s\n", hex));
	ask(METHOD_POST, "/evidence", buf_span(&body), &a);
	assert_int_equal(a.status, 400);
	assert_true(has(&a, "more than 1000 digests"));
	answer_clear(&a);
	buf_clear(&body);
}

static void
serves_the_tiles_of_the_log(void **state)
{
	struct answer full, part, entries;
	struct frontier f = FRONTIER_INIT;
	struct checkpoint cp;
	struct digest leaf, root;
	struct span rest, len, entry;
	struct answer note;
	size_t i;

	(void)state;
	get("/log/tile/entries/000", &full);
	get("/log/tile/entries/001.p/44", &part);
	assert_int_equal(full.status, 200);
	assert_int_equal(part.status, 200);
	ok(buf_put(&full.body, buf_span(&part.body)));
	get("/log/tile/0/000", &entries);
	assert_int_equal(entries.body.len, 256 * DIGEST_LEN);

	rest = buf_span(&full.body);
	for (i = 0; i < LEAVES; i++) {
		ok(span_take(&rest, 2, &len));
		ok(span_take(&rest, (size_t)len.p[0] << 8 | len.p[1], &entry));
		ok(tree_leaf_hash(entry, &leaf));
		ok(frontier_append(&f, &leaf));
		if (i < 256)
			assert_memory_equal(leaf.b,
			    entries.body.p + i * DIGEST_LEN, DIGEST_LEN);
	}
	assert_int_equal(rest.len, 0);

	/* Whoever reads the entries comes to the root that was signed. */
	get("/log/checkpoint", &note);
	assert_string_equal(note.type, "text/plain; charset=utf-8");
	ok(checkpoint_open(buf_span(&note.body), &world.key, &cp));
	ok(frontier_root(&f, &root));
	assert_true(digest_equal(&root, &cp.root));
	answer_clear(&full);
	answer_clear(&part);
	answer_clear(&entries);
	answer_clear(&note);
}

static void
serves_no_tile_before_its_time(void **state)
{
	struct answer a;

	(void)state;
	expect("/log/tile/0/001", 404, "404");
	expect("/log/tile/0/001.p/45", 404, "404");
	expect("/log/tile/entries/001.p/45", 404, "404");
	expect("/log/tile/entries/002.p/1", 404, "404");
	expect("/log/tile/1/000.p/2", 404, "404");
	expect("/log/tile/5/000.p/1", 404, "404");
	expect("/log/tile/0/x072/x057/x594/x037/x927/934", 404, "404");
	get("/log/tile/1/000.p/1", &a);
	assert_int_equal(a.status, 200);
	assert_int_equal(a.body.len, DIGEST_LEN);
	answer_clear(&a);
	/* Every partial tile of an earlier checkpoint stays. */
	get("/log/tile/0/001.p/7", &a);
	assert_int_equal(a.body.len, 7 * DIGEST_LEN);
	assert_int_equal(a.life, ANSWER_KEEP);
	answer_clear(&a);
}

static void
shows_what_stands_behind_a_build(void **state)
{
	struct request rq = { METHOD_GET, SPAN("/builds/2/log"), SPAN_INIT,
		false, true, NULL };
	struct statement s;
	struct answer a;
	struct buf want = BUF_INIT;
	struct proof p;

	(void)state;
	ok(served_statement(2, &s));
	ask_as(&rq, &a);
	assert_int_equal(a.coding, CODING_ZSTD);
	assert_true(digest_equal(&a.tag, &s.log.value));
	answer_clear(&a);
	get("/builds/2/log", &a);
	assert_int_equal(a.coding, CODING_UNPACK);
	answer_clear(&a);

	get("/builds/2/difference", &a);
	ok(served_difference(2, &want));
	assert_true(span_equal(buf_span(&a.body), buf_span(&want)));
	assert_int_equal(a.life, ANSWER_KEEP);
	answer_clear(&a);

	get("/builds/2/proof", &a);
	ok(proof_parse(buf_span(&a.body), &p));
	assert_int_equal(p.index, 2);
	proof_clear(&p);
	answer_clear(&a);
	buf_clear(&want);
	statement_clear(&s);
}

static void
tells_a_build_in_words(void **state)
{
	(void)state;
	expect("/builds/0", 200, "got the very same bytes");
	expect("/builds/2", 200, "only build identifiers and debug links");
	expect("/builds/2", 200, "<a href=\"/builds/2/difference\">");
	expect("/builds/4", 200, "the build failed");
	expect("/builds/7", 200, "could not try");
	/* The name is text, and so is what follows from it. */
	expect("/builds/6", 200, "g++-12");
	expect("/builds/6", 200,
	    "<a href=\"/package/debian/g++-12/12.2.0-14+deb12u1/amd64\">");
}

static void
pages_through_all_builds(void **state)
{
	struct answer a;

	(void)state;
	get("/", &a);
	assert_int_equal(a.status, 200);
	assert_true(has(&a, "A &lt;b&gt;bold&lt;/b&gt; operator"));
	assert_true(has(&a, "<a href=\"/builds/299\">"));
	assert_true(has(&a, "<a href=\"/builds/250\">"));
	assert_false(has(&a, "<a href=\"/builds/249\">"));
	assert_true(has(&a, "<a href=\"/builds/before/250\">Older</a>"));
	assert_false(has(&a, "Newest</a>"));
	assert_true(has(&a, "No other node cosigns"));
	answer_clear(&a);

	get("/builds/before/50", &a);
	assert_true(has(&a, "<a href=\"/builds/49\">"));
	assert_true(has(&a, "<a href=\"/builds/0\">"));
	assert_false(has(&a, "Older</a>"));
	assert_true(has(&a, "Newest</a>"));
	answer_clear(&a);
	expect("/builds/before/0", 200, "Nothing has been rebuilt");
	expect("/builds/before/9223372036854775807", 200, "/builds/299");
}

static void
lists_all_attempts_at_a_package(void **state)
{
	struct answer a;

	(void)state;
	get("/package/debian/g++-12/12.2.0-14+deb12u1/amd64", &a);
	assert_int_equal(a.status, 200);
	assert_true(has(&a, "<a href=\"/builds/6\">Attempt 1</a>"));
	assert_true(has(&a, "<a href=\"/builds/293\">Attempt 42</a>"));
	assert_false(has(&a, "Look twice"));
	answer_clear(&a);
}

static void
counts_for_prometheus(void **state)
{
	struct answer a;

	(void)state;
	metrics_count(&world.site.metrics, 404);
	metrics_count(&world.site.metrics, 999);
	get("/metrics", &a);
	assert_true(has(&a, "\nrebuilder_checkpoint_size 300\n"));
	assert_true(
	    has(&a, "\nrebuilder_verdicts{verdict=\"reproduced\"} 151\n"));
	assert_true(
	    has(&a, "\nrebuilder_verdicts{verdict=\"unavailable\"} 37\n"));
	assert_true(
	    has(&a, "\nrebuilder_http_answers_total{code=\"4xx\"} 1\n"));
	answer_clear(&a);
}

static void
serves_an_empty_store(void **state)
{
	char directory[] = "/tmp/test_site.XXXXXX", path[64];
	struct store *full = world.site.store, *s = NULL;
	struct fault why;
	struct answer a;

	(void)state;
	assert_non_null(mkdtemp(directory));
	ok(store_open(directory, STORE_WRITE, &s, &why));
	world.site.store = s;
	expect("/", 200, "Nothing has been rebuilt yet");
	expect("/", 200, "has no checkpoint yet");
	expect("/log/checkpoint", 404, "404");
	expect("/node.json", 404, "404");
	expect("/log/tile/0/000.p/1", 404, "404");
	expect("/metrics", 200, "rebuilder_checkpoint_size 0");
	expect("/evidence/prefix/0", 503, "no checkpoint yet");
	expect("/builds/0", 404, "the log has 0 leaves");
	ask(METHOD_POST, "/evidence", SPAN(HEX "\n"), &a);
	assert_int_equal(a.status, 503);
	answer_clear(&a);
	world.site.store = full;
	store_close(&s);
	snprintf(path, sizeof(path), "%s/data.mdb", directory);
	unlink(path);
	snprintf(path, sizeof(path), "%s/lock.mdb", directory);
	unlink(path);
	rmdir(directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_is_wrong_with_a_path),
		cmocka_unit_test(answers_other_methods_with_those_that_fit),
		cmocka_unit_test(says_errors_to_people_as_pages),
		cmocka_unit_test(proves_everything_that_it_says),
		cmocka_unit_test(answers_about_files_that_nobody_tried),
		cmocka_unit_test(splits_the_log_into_buckets),
		cmocka_unit_test(refuses_bodies_that_are_no_digests),
		cmocka_unit_test(answers_many_digests_at_once),
		cmocka_unit_test(serves_the_tiles_of_the_log),
		cmocka_unit_test(serves_no_tile_before_its_time),
		cmocka_unit_test(shows_what_stands_behind_a_build),
		cmocka_unit_test(tells_a_build_in_words),
		cmocka_unit_test(pages_through_all_builds),
		cmocka_unit_test(lists_all_attempts_at_a_package),
		cmocka_unit_test(counts_for_prometheus),
		cmocka_unit_test(serves_an_empty_store),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
