/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every call of base and process that can fail is made to fail once. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/conf.h"
#include "common/base/digest.h"
#include "common/base/enc.h"
#include "common/base/file.h"
#include "common/process/jail_plan.h"
#include "common/process/msg.h"
#include "common/process/node.h"
#include "tests/unit/shortage.h"

static char dir_name[] = "/tmp/rb-shortage-XXXXXX";
static int dir = -1;
static int pair[2] = { -1, -1 };
static int sample = -1; /* "0123456789" */

/* The buffer must be as before: "kept". */
static enum rb_err
appended(enum rb_err rc, struct buf *b)
{
	if (rc != RB_OK)
		assert_true(span_equal_str(buf_span(b), "kept"));
	buf_clear(b);
	return rc;
}

static enum rb_err
kept(struct buf *b)
{
	return buf_put_str(b, "kept");
}

static enum rb_err
deed_put(void)
{
	static const uint8_t big[100];
	struct buf b = BUF_INIT;
	enum rb_err rc;

	if ((rc = kept(&b)) != RB_OK)
		return rc;
	return appended(buf_put(&b, span_of(big, sizeof(big))), &b);
}

static enum rb_err
deed_print(void)
{
	struct buf b = BUF_INIT;
	enum rb_err rc;

	if ((rc = kept(&b)) != RB_OK)
		return rc;
	return appended(buf_printf(&b, "%100d", 1), &b);
}

static enum rb_err
deed_hex(void)
{
	static const uint8_t big[100];
	struct buf b = BUF_INIT;
	enum rb_err rc;

	if ((rc = kept(&b)) != RB_OK)
		return rc;
	return appended(hex_write(span_of(big, sizeof(big)), &b), &b);
}

static enum rb_err
deed_base64(void)
{
	struct buf text = BUF_INIT, b = BUF_INIT;
	static const uint8_t big[100];
	enum rb_err rc;

	if ((rc = base64_write(span_of(big, sizeof(big)), &text)) != RB_OK)
		goto out;
	if ((rc = kept(&b)) != RB_OK)
		goto out;
	rc = appended(base64_parse(buf_span(&text), &b), &b);
out:
	buf_clear(&text);
	return rc;
}

static enum rb_err
deed_digest(void)
{
	struct digest d = { { 7 } };
	enum rb_err rc = digest_of(SPAN("abc"), &d);

	if (rc != RB_OK)
		assert_int_equal(d.b[0], 7);
	return rc;
}

static enum rb_err
deed_digest_fd(void)
{
	struct digest d = { { 7 } };
	enum rb_err rc = digest_of_fd(sample, 0, 10, &d);

	if (rc != RB_OK)
		assert_int_equal(d.b[0], 7);
	return rc;
}

static enum rb_err
deed_read(void)
{
	struct buf b = BUF_INIT;
	enum rb_err rc;

	assert_true(lseek(sample, 0, SEEK_SET) == 0);
	if ((rc = kept(&b)) != RB_OK)
		return rc;
	return appended(file_read_fd(sample, 100, &b), &b);
}

static enum rb_err
deed_replace(void)
{
	return file_replace_at(dir, "f", SPAN("new"), 0600);
}

/* Whatever failed: the whole new content or the old, which is none. */
static void
check_replace(enum rb_err rc)
{
	struct buf b = BUF_INIT;
	enum rb_err read_rc = file_read_at(dir, "f", 100, &b);

	if (rc == RB_OK || read_rc == RB_OK)
		assert_true(span_equal_str(buf_span(&b), "new"));
	else
		assert_int_equal(read_rc, RB_ENOTFOUND);
	assert_int_not_equal(faccessat(dir, "f.new", F_OK, 0), 0);
	buf_clear(&b);
	(void)unlinkat(dir, "f", 0);
}

static enum rb_err
deed_copy(void)
{
	enum rb_err rc = RB_EIO;
	int to = memfd_create("to", MFD_CLOEXEC);

	if (to >= 0)
		rc = file_copy_range(sample, 0, 10, to);
	fd_close(&to);
	return rc;
}

static enum rb_err
deed_memory_file(void)
{
	int fd = -7;
	enum rb_err rc = memory_file("t", SPAN("abc"), &fd);

	if (rc == RB_OK)
		fd_close(&fd);
	else
		assert_int_equal(fd, -7);
	return rc;
}

struct values {
	char *text;
	struct conf_list list;
};

static const struct conf_key keys[] = {
	{ "text", CONF_TEXT, offsetof(struct values, text), true, 0, 0 },
	{ "list", CONF_LIST, offsetof(struct values, list), true, 0, 0 },
};

static enum rb_err
deed_conf(void)
{
	struct values v = { NULL, { NULL, 0 } };
	const struct conf_section sections[] = { { "s", keys, 2, &v } };
	enum rb_err rc;

	rc = conf_parse(SPAN("s:\n  text: a\n  list: [b, c]\n"), "t", sections,
	    1, NULL);
	free(v.text);
	conf_list_clear(&v.list);
	return rc;
}

static enum rb_err
deed_node(void)
{
	char name[64];
	struct node node = NODE_INIT;
	enum rb_err rc;

	(void)stpcpy(stpcpy(name, dir_name), "/node.yml");
	rc = node_read(name, &node, NULL, 0, NULL);
	if (rc != RB_OK)
		assert_null(node.name);
	node_clear(&node);
	return rc;
}

static enum rb_err
deed_path(void)
{
	char directory[] = "/srv";
	struct node node = NODE_INIT;
	char *path = NULL;
	enum rb_err rc;

	node.directory = directory;
	rc = node_path(&node, "x", &path);
	if (rc != RB_OK)
		assert_null(path);
	free(path);
	return rc;
}

static enum rb_err
deed_user(void)
{
	struct user_ids ids = { 7, 7 };
	enum rb_err rc = user_find("root", &ids, NULL);

	if (rc != RB_OK)
		assert_int_equal(ids.uid, 7);
	return rc;
}

static enum rb_err
deed_message(void)
{
	struct msg out, in;
	struct span body;
	enum rb_err rc;
	char *text = NULL;
	char byte;

	msg_init(&out, 1);
	msg_init(&in, 2);
	if ((rc = put_text(&out.body, "text")) != RB_OK)
		goto out;
	if ((rc = msg_send(pair[0], &out)) != RB_OK)
		goto out;
	if ((rc = msg_recv(pair[1], &in)) != RB_OK) {
		assert_int_equal(in.type, 2);
		goto out;
	}
	body = buf_span(&in.body);
	rc = take_text(&body, 10, &text);
	if (rc != RB_OK)
		assert_int_equal(body.len, 8);
out:
	/* What was sent and not received must not wait for the next one. */
	(void)recv(pair[1], &byte, 1, MSG_DONTWAIT);
	free(text);
	msg_clear(&out);
	msg_clear(&in);
	return rc;
}

static enum rb_err
deed_plan(void)
{
	struct jail_plan plan = JAIL_PLAN_INIT;
	struct jail jail;
	enum rb_err rc;

	memset(&jail, 0, sizeof(jail));
	rc = jail_plan_make(&jail, 0, &plan, NULL);
	if (rc != RB_OK)
		assert_int_equal(plan.ruleset, -1);
	jail_plan_clear(&plan);
	return rc;
}

static void
a_shortage_is_reported_and_leaves_nothing_half(void **state)
{
	static enum rb_err (*const deeds[])(void) = { deed_put, deed_print,
		deed_hex, deed_base64, deed_digest, deed_digest_fd, deed_read,
		deed_copy, deed_memory_file, deed_conf, deed_node, deed_path,
		deed_user, deed_message, deed_plan };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
		shortage_try(deeds[i], NULL);
	shortage_try(deed_replace, check_replace);
}

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(dir_name) == NULL ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	dir = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || memory_file("s", SPAN("0123456789"), &sample) != RB_OK)
		return -1;
	return file_replace_at(dir, "node.yml",
		   SPAN("node:\n  name: n\n"
			"  operator: o\n  directory: /d\n"),
		   0600) == RB_OK ?
	    0 :
	    -1;
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlinkat(dir, "f", 0);
	(void)unlinkat(dir, "node.yml", 0);
	fd_close(&dir);
	fd_close(&sample);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
	return rmdir(dir_name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_shortage_is_reported_and_leaves_nothing_half),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
