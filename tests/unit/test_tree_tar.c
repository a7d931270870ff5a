/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>

#include "common/base/file.h"
#include "rebuilder/judge/tar_writer.h"
#include "rebuilder/judge/tree_tar.h"
#include "tests/unit/repository.h"

#define TIME 1700000000
#define TAR_MAX (1024 * 1024)

/* The tar goes to `tar`, when somebody wants it. */
static enum rb_err
write_tar(struct repository *r, const struct git_id *commit,
    struct tree_tar *out, struct buf *tar)
{
	struct fault why = FAULT_INIT;
	int fd = memfd_create("tar", MFD_CLOEXEC);
	enum rb_err rc;

	assert_true(fd >= 0);
	rc = tree_tar_write(r->reader, commit, fd, out, &why);
	assert_int_equal(rc == RB_OK, why.text[0] == '\0');
	if (rc == RB_OK && tar != NULL) {
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_int_equal(file_read_fd(fd, TAR_MAX, tar), RB_OK);
	}
	fd_close(&fd);
	return rc;
}

/* The commit of a tree with one entry, whose content is a blob's. */
static enum rb_err
write_one(enum git_mode mode, const char *name, struct span content)
{
	struct buf tree = BUF_INIT;
	struct git_id blob, id, commit;
	struct repository r;
	struct tree_tar t;
	enum rb_err rc;

	memset(&t, 0, sizeof(t));
	repository_start(&r);
	blob = repository_put(&r, GIT_BLOB, content);
	tree_put(&tree, mode, name, &blob);
	id = repository_put(&r, GIT_TREE, buf_span(&tree));
	commit = repository_commit(&r, &id, TIME, NULL, NULL);
	repository_open(&r);
	rc = write_tar(&r, &commit, &t, NULL);
	tree_tar_clear(&t);
	repository_clear(&r);
	buf_clear(&tree);
	return rc;
}

static void
refuses_what_is_no_tree(void **state)
{
	static char large[TREE_FILE_MAX + 1];
	static const struct {
		const char *why;
		enum git_mode mode;
		const char *name;
		struct span content;
		enum rb_err rc;
	} cases[] = {
		{ "a directory that is a file", GIT_MODE_DIRECTORY, "a",
		    SPAN("x"), RB_EFORMAT },
		{ "a link to nowhere", GIT_MODE_SYMLINK, "a", SPAN(""),
		    RB_EFORMAT },
		{ "a link with a zero", GIT_MODE_SYMLINK, "a", SPAN("a\0b"),
		    RB_EFORMAT },
		{ "a link of many bytes", GIT_MODE_SYMLINK, "a",
		    { (const uint8_t *)large, TAR_NAME_MAX + 1 }, RB_EFORMAT },
		{ "a large .qubesbuilder", GIT_MODE_FILE, ".qubesbuilder",
		    { (const uint8_t *)large, sizeof(large) }, RB_ELIMIT },
		{ "a large file of another name", GIT_MODE_FILE, "qubesbuilder",
		    { (const uint8_t *)large, sizeof(large) }, RB_OK },
		{ "a name that is none", GIT_MODE_FILE, "..", SPAN("x"),
		    RB_EFORMAT },
		{ "a good link", GIT_MODE_SYMLINK, "a", SPAN("../../x"),
		    RB_OK },
	};
	size_t i;

	(void)state;
	memset(large, 'x', sizeof(large));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (write_one(cases[i].mode, cases[i].name, cases[i].content) !=
		    cases[i].rc)
			fail_msg("wrong about: %s", cases[i].why);
	}
}

static void
refuses_what_is_not_there(void **state)
{
	struct git_id nowhere = { { 1 } }, id, lost, bad, blob;
	struct buf tree = BUF_INIT;
	struct repository r;
	struct tree_tar t;

	(void)state;
	repository_start(&r);
	tree_put(&tree, GIT_MODE_FILE, "a", &nowhere);
	id = repository_put(&r, GIT_TREE, buf_span(&tree));
	lost = repository_commit(&r, &id, TIME, NULL, NULL);
	bad = repository_put(&r, GIT_COMMIT, SPAN("tree x\n"));
	blob = repository_put(&r, GIT_BLOB, SPAN("blob"));
	repository_open(&r);
	assert_int_equal(write_tar(&r, &lost, &t, NULL), RB_ENOTFOUND);
	assert_int_equal(write_tar(&r, &nowhere, &t, NULL), RB_ENOTFOUND);
	assert_int_equal(write_tar(&r, &bad, &t, NULL), RB_EFORMAT);
	assert_int_equal(write_tar(&r, &blob, &t, NULL), RB_EFORMAT);
	repository_clear(&r);
	buf_clear(&tree);
}

/* A commit of `depth` directories, one in the other, `n` names in each. */
static enum rb_err
write_deep(size_t depth, size_t n, const char *name)
{
	struct buf tree = BUF_INIT;
	struct git_id id, commit;
	struct repository r;
	struct tree_tar t;
	char entry[GIT_NAME_MAX + 1];
	enum rb_err rc;
	size_t i;

	memset(&t, 0, sizeof(t));
	repository_start(&r);
	id = repository_put(&r, GIT_TREE, SPAN(""));
	while (depth-- > 0) {
		buf_reset(&tree);
		for (i = 0; i < n; i++) {
			(void)snprintf(entry, sizeof(entry), "%s%zu", name, i);
			tree_put(&tree, GIT_MODE_DIRECTORY, entry, &id);
		}
		id = repository_put(&r, GIT_TREE, buf_span(&tree));
	}
	commit = repository_commit(&r, &id, TIME, NULL, NULL);
	repository_open(&r);
	rc = write_tar(&r, &commit, &t, NULL);
	tree_tar_clear(&t);
	repository_clear(&r);
	buf_clear(&tree);
	return rc;
}

static void
small_trees_cannot_become_large_ones(void **state)
{
	char name[200];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(write_deep(TREE_DEPTH_MAX - 1, 1, "d"), RB_OK);
	assert_int_equal(write_deep(TREE_DEPTH_MAX, 1, "d"), RB_ELIMIT);
	/* Ten times the same tree, ten times over: 10^10 directories. */
	assert_int_equal(write_deep(10, 10, "d"), RB_ELIMIT);
	assert_int_equal(write_deep(20, 1, name), RB_OK);
	assert_int_equal(write_deep(21, 1, name), RB_ELIMIT);
}

static void
the_tar_is_canonical(void **state)
{
	static const struct {
		const char *name, *content, *link;
		unsigned int mode;
	} members[] = {
		{ ".qubesbuilder", "host: {}\n", NULL, 0644 },
		{ "a", NULL, "x/y", 0777 },
		{ "d.x", "", NULL, 0755 },
		{ "d/", NULL, NULL, 0755 },
		{ "d/e", "deep", NULL, 0644 },
		{ "m/", NULL, NULL, 0755 },
		{ "rel", "1\n", NULL, 0644 },
		{ "version", "4.2\n", NULL, 0644 },
	};
	struct git_id link, empty, deep, builder, rel, version, module, id;
	struct buf tree = BUF_INIT, inner = BUF_INIT, tar = BUF_INIT;
	struct buf twice = BUF_INIT;
	struct archive *a = archive_read_new();
	struct archive_entry *e;
	struct repository r;
	struct tree_tar t;
	struct digest digest;
	char got[100];
	size_t i;

	(void)state;
	memset(&t, 0, sizeof(t));
	repository_start(&r);
	link = repository_put(&r, GIT_BLOB, SPAN("x/y"));
	empty = repository_put(&r, GIT_BLOB, SPAN(""));
	deep = repository_put(&r, GIT_BLOB, SPAN("deep"));
	builder = repository_put(&r, GIT_BLOB, SPAN("host: {}\n"));
	rel = repository_put(&r, GIT_BLOB, SPAN("1\n"));
	version = repository_put(&r, GIT_BLOB, SPAN("4.2\n"));
	memset(&module, 7, sizeof(module));
	tree_put(&inner, GIT_MODE_FILE, "e", &deep);
	id = repository_put(&r, GIT_TREE, buf_span(&inner));
	tree_put(&tree, GIT_MODE_FILE, ".qubesbuilder", &builder);
	tree_put(&tree, GIT_MODE_SYMLINK, "a", &link);
	tree_put(&tree, GIT_MODE_PROGRAM, "d.x", &empty);
	tree_put(&tree, GIT_MODE_DIRECTORY, "d", &id);
	tree_put(&tree, GIT_MODE_SUBMODULE, "m", &module);
	tree_put(&tree, GIT_MODE_FILE, "rel", &rel);
	tree_put(&tree, GIT_MODE_FILE, "version", &version);
	id = repository_put(&r, GIT_TREE, buf_span(&tree));
	id = repository_commit(&r, &id, TIME, NULL, NULL);
	repository_open(&r);
	assert_int_equal(write_tar(&r, &id, &t, &tar), RB_OK);
	assert_int_equal(t.size, tar.len);
	assert_int_equal(digest_of(buf_span(&tar), &digest), RB_OK);
	assert_true(digest_equal(&digest, &t.digest));
	assert_int_equal(t.time, TIME);
	assert_true(
	    t.has[TREE_VERSION] && t.has[TREE_RELEASE] && t.has[TREE_BUILDER]);
	assert_true(span_equal_str(buf_span(&t.files[TREE_VERSION]), "4.2\n"));
	assert_int_equal(t.nsubmodules, 1);
	tree_tar_clear(&t);
	assert_int_equal(write_tar(&r, &id, &t, &twice), RB_OK);
	assert_true(span_equal(buf_span(&tar), buf_span(&twice)));
	/* As another program reads it. */
	assert_non_null(a);
	assert_int_equal(archive_read_support_format_tar(a), ARCHIVE_OK);
	assert_int_equal(archive_read_open_memory(a, tar.p, tar.len),
	    ARCHIVE_OK);
	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		assert_int_equal(archive_read_next_header(a, &e), ARCHIVE_OK);
		assert_string_equal(archive_entry_pathname(e), members[i].name);
		assert_int_equal(archive_entry_perm(e), members[i].mode);
		assert_int_equal(archive_entry_mtime(e), TIME);
		assert_int_equal(archive_entry_uid(e), 0);
		if (members[i].link != NULL)
			assert_string_equal(archive_entry_symlink(e),
			    members[i].link);
		if (members[i].content == NULL)
			continue;
		memset(got, 0, sizeof(got));
		assert_int_equal(archive_read_data(a, got, sizeof(got) - 1),
		    strlen(members[i].content));
		assert_string_equal(got, members[i].content);
	}
	assert_int_equal(archive_read_next_header(a, &e), ARCHIVE_EOF);
	assert_int_equal(archive_read_free(a), ARCHIVE_OK);
	tree_tar_clear(&t);
	repository_clear(&r);
	buf_clear(&tree);
	buf_clear(&inner);
	buf_clear(&tar);
	buf_clear(&twice);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_tree),
		cmocka_unit_test(refuses_what_is_not_there),
		cmocka_unit_test(small_trees_cannot_become_large_ones),
		cmocka_unit_test(the_tar_is_canonical),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
