/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/told/told.h"
#include "httpd/metrics.h"
#include "httpd/release_table.h"

#define ok(call) assert_int_equal(call, RB_OK)

static struct catalog *catalog;

static int
make(void **state)
{
	(void)state;
	return catalog_new(&catalog) == RB_OK ? 0 : -1;
}

static int
clear(void **state)
{
	(void)state;
	catalog_free(&catalog);
	catalog_free(&catalog);
	return 0;
}

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

/* Only what the catalog looks at. */
static void
say(uint64_t leaf, const char *component, const char *distribution,
    const char *tag, const char *package, enum verdict verdict)
{
	struct statement s;

	statement_init(&s);
	s.source.name = text(component);
	s.source.tag = text(tag);
	s.environment.distribution = text(distribution);
	s.published.name = text(package);
	s.published.version = text("1-1");
	s.published.arch = text("amd64");
	s.published.suite = text("bookworm-testing");
	s.verdict = verdict;
	s.reason = verdict == VERDICT_REPRODUCED ? NULL : text("content");
	s.finished = 1783000000 + (int64_t)leaf;
	ok(catalog_add(catalog, leaf, &s));
}

static void
is(const char *component, const char *distribution, const char *expected)
{
	const struct catalog_entry *e;
	struct buf out = BUF_INIT;

	catalog_lock(catalog);
	e = catalog_find(catalog, component, distribution);
	for (; e != NULL; e = e->next)
		ok(buf_printf(&out, "%s %s %d;", e->package, e->tag,
		    (int)e->leaf));
	catalog_unlock(catalog);
	ok(buf_put_byte(&out, 0));
	assert_string_equal((const char *)out.p, expected);
	buf_clear(&out);
}

static void
keeps_the_newest_of_each_package_and_no_other_source(void **state)
{
	(void)state;
	is("core", "vm-bookworm", "");
	say(1, "core", "vm-bookworm", "v1", "libcore", VERDICT_FAILED);
	say(2, "core", "vm-bookworm", "v1", "core-dev", VERDICT_DIFFERS);
	say(3, "core", "vm-trixie", "v1", "libcore", VERDICT_REPRODUCED);
	say(4, "other", "vm-bookworm", "v1", "libcore", VERDICT_REPRODUCED);
	say(5, "core", "vm-bookworm", "v2", "libcore", VERDICT_REPRODUCED);
	say(6, "debian", "vm-bookworm", NULL, "libcore", VERDICT_REPRODUCED);
	is("core", "vm-bookworm", "libcore v2 5;core-dev v1 2;");
	is("core", "vm-trixie", "libcore v1 3;");
	is("debian", "vm-bookworm", "");
}

static void
parse(const char *json, struct release_doc *out)
{
	release_doc_init(out);
	ok(release_doc_parse(span_of_str(json), out));
}

#define DOC(components) \
	"{\"format\":1,\"name\":\"r4.3\",\"time\":1783000000," \
	"\"distributions\":[\"vm-bookworm\",\"vm-trixie\"]," \
	"\"components\":[" components "]}"
#define CORE(tag, alarm) \
	"{\"name\":\"core\",\"tag\":" tag ",\"state\":\"watched\"," \
	"\"note\":null,\"alarms\":[" alarm "],\"builds\":[" \
	"{\"distribution\":\"vm-bookworm\",\"state\":\"done\",\"note\":null}," \
	"{\"distribution\":\"vm-trixie\",\"state\":\"blocked\"," \
	"\"note\":\"waits for <libs>\"}]}"

static void
shown(const char *json, bool as_json, struct buf *out)
{
	const struct about about = { "node.example/log", NULL, true };
	struct view v = VIEW_INIT;
	struct page p = PAGE_INIT;
	struct release_doc d;
	const struct release_table t = { &d, catalog, &v };

	parse(json, &d);
	catalog_lock(catalog);
	if (as_json) {
		ok(release_table_json(&t, out));
	} else {
		page_release(&p, &about, &t);
		ok(p.rc);
		ok(buf_put(out, buf_span(&p.out)));
	}
	catalog_unlock(catalog);
	ok(buf_put_byte(out, 0));
	page_clear(&p);
	release_doc_clear(&d);
}

static void
has(const struct buf *b, const char *words, bool expected)
{
	if ((strstr((const char *)b->p, words) != NULL) != expected)
		fail_msg("%s: %s", words, (const char *)b->p);
}

static void
shows_verdicts_of_the_newest_tag_alone(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	say(1, "core", "vm-bookworm", "v1", "old", VERDICT_REPRODUCED);
	say(2, "core", "vm-bookworm", "v2", "new", VERDICT_DIFFERS);
	shown(DOC(CORE("\"v2\"", "")), false, &out);
	has(&out, "/builds/2\"", true);
	has(&out, "/builds/1\"", false);
	has(&out, "files inside differ", true);
	has(&out, "Not tried yet", true);
	has(&out, "waits for &lt;libs&gt;", true);
	has(&out, "<script", false);
	buf_reset(&out);
	/* Without a tag, nothing is about it. */
	shown(DOC(CORE("null", "\"a tag has vanished\"")), false, &out);
	has(&out, "/builds/", false);
	has(&out, "no tag", true);
	has(&out, "<strong>Alarm.</strong> a tag has vanished", true);
	buf_clear(&out);
}

static void
says_the_same_in_json(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	say(2, "core", "vm-bookworm", "v2", "new", VERDICT_DIFFERS);
	shown(DOC(CORE("\"v2\"", "\"x\"")), true, &out);
	has(&out, "\"packages\":[{\"name\":\"new\",\"version\":\"1-1\"", true);
	has(&out, "\"verdict\":\"differs\",\"reason\":\"content\"", true);
	has(&out, "\"leaf\":2", true);
	has(&out, "\"state\":\"blocked\",\"note\":\"waits for <libs>\"", true);
	has(&out, "\"alarms\":[\"x\"]", true);
	buf_clear(&out);
}

/* Files as a rebuilder that is hostile, or of another version, leaves them. */
static void
what_is_told_wrongly_is_no_news(void **state)
{
	char directory[] = "/tmp/test_news.XXXXXX", path[64];
	struct news n = NEWS_INIT;
	struct release_doc d;
	struct status s;
	struct fault why = FAULT_INIT;
	FILE *f;
	int fd;

	(void)state;
	release_doc_init(&d);
	assert_non_null(mkdtemp(directory));
	/* No files: no news, and no error. */
	ok(news_open(directory, &n));
	assert_int_equal(news_status(&n, &s, &why), RB_ENOTFOUND);
	assert_int_equal(news_release(&n, &d, &why), RB_ENOTFOUND);
	assert_false(news_has_release(&n));
	(void)snprintf(path, sizeof(path), "%s/told", directory);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/%s", directory, TOLD_RELEASE);
	assert_non_null(f = fopen(path, "we"));
	(void)fclose(f);
	ok(news_open(directory, &n));
	assert_int_equal(news_release(&n, &d, &why), RB_ENOTFOUND);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, "garbage", 7), 7);
	assert_int_equal(news_release(&n, &d, &why), RB_ESTALE);
	ok(told_write(fd, SPAN("{\"format\":2}")));
	assert_int_equal(news_release(&n, &d, &why), RB_ESTALE);
	assert_true(news_has_release(&n));
	ok(told_write(fd, span_of_str(DOC(CORE("null", "")))));
	ok(news_release(&n, &d, &why));
	assert_string_equal(d.components[0].name, "core");
	release_doc_clear(&d);
	fd_close(&fd);
	news_close(&n);
	unlink(path);
	(void)snprintf(path, sizeof(path), "%s/told", directory);
	rmdir(path);
	rmdir(directory);
}

static void
metrics_are_numbers_alone(void **state)
{
	struct buf out = BUF_INIT;
	struct status s;

	(void)state;
	memset(&s, 0, sizeof(s));
	s.retrying = 3;
	s.disk_short = 1;
	s.failed = 9;
	ok(metrics_write_status(&s, &out));
	ok(buf_put_byte(&out, 0));
	has(&out, "rebuilder_jobs{state=\"retrying\"} 3\n", true);
	has(&out, "# TYPE rebuilder_disk_short gauge\nrebuilder_disk_short 1\n",
	    true);
	has(&out, "rebuilder_said_total{verdict=\"failed\"} 9\n", true);
	buf_clear(&out);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, clear)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keeps_the_newest_of_each_package_and_no_other_source),
		TEST(shows_verdicts_of_the_newest_tag_alone),
		TEST(says_the_same_in_json),
		TEST(what_is_told_wrongly_is_no_news),
		TEST(metrics_are_numbers_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
