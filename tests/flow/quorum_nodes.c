/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/quorum_nodes.h"

#include <fcntl.h>

#include "common/base/file.h"

#define VKEY_LINE_MAX 1024

struct quorum_node quorum_nodes[NODES];

static void
read_vkey(struct quorum_node *n)
{
	char *path = whole_node_path(&n->node, "keys/signing.vkey");
	struct buf line = BUF_INIT;

	assert_int_equal(file_read_at(AT_FDCWD, path, VKEY_LINE_MAX, &line),
	    RB_OK);
	assert_true(line.len > 0 && line.p[line.len - 1] == '\n');
	line.len--;
	assert_int_equal(vkey_parse(buf_span(&line), &n->vkey), RB_OK);
	buf_clear(&line);
	free(path);
}

void
quorum_node_start(size_t i)
{
	struct whole_node *n = &quorum_nodes[i].node;

	whole_node_start(n);
	whole_node_await(n, NODE_ATTESTOR);
	whole_node_await(n, NODE_HTTPD);
}

void
quorum_nodes_make(void)
{
	size_t i;

	for (i = 0; i < NODES; i++) {
		quorum_nodes[i].node = (struct whole_node)WHOLE_NODE_INIT;
		whole_node_make(&quorum_nodes[i].node);
		read_vkey(&quorum_nodes[i]);
	}
	for (i = 0; i < NODES; i++)
		quorum_node_start(i);
}

void
quorum_nodes_clear(void)
{
	size_t i;

	for (i = 0; i < NODES; i++)
		whole_node_clear(&quorum_nodes[i].node);
}

void
quorum_node_say(size_t i, const char *verdict, const char *file)
{
	const char *const args[] = { "-c", quorum_nodes[i].node.conf, "-v",
		verdict, file, NULL };
	char program[4096];

	snprintf(program, sizeof(program), "%s/../tests/lie", getenv("RB_BIN"));
	if (program_run(program, args, NULL) != 0)
		fail_msg("%s", quorum_said);
}

static void
put_node(struct buf *b, size_t i, unsigned int port)
{
	struct buf vkey = BUF_INIT;

	assert_int_equal(vkey_write(&quorum_nodes[i].vkey, &vkey), RB_OK);
	assert_int_equal(buf_printf(b, "node %.*s http://127.0.0.1:%u/\n",
			     (int)vkey.len, (const char *)vkey.p, port),
	    RB_OK);
	buf_clear(&vkey);
}

/* All nodes of one operator, on the line of the first. */
static void
put_operator(struct buf *b, const char *const operators[NODES], size_t first)
{
	size_t i;

	for (i = 0; i < first; i++)
		if (operators[i] != NULL &&
		    strcmp(operators[i], operators[first]) == 0)
			return;
	assert_int_equal(buf_printf(b, "operator %s", operators[first]), RB_OK);
	for (; i < NODES; i++)
		if (operators[i] != NULL &&
		    strcmp(operators[i], operators[first]) == 0)
			assert_int_equal(buf_printf(b, " %s",
					     quorum_nodes[i].vkey.name),
			    RB_OK);
	assert_int_equal(buf_put_byte(b, '\n'), RB_OK);
}

void
policy_write_moved(const char *path, const char *const operators[NODES],
    unsigned int require, size_t moved, unsigned int port)
{
	struct buf b = BUF_INIT;
	size_t i;

	assert_int_equal(buf_put_str(&b, "policy 1\n"), RB_OK);
	for (i = 0; i < NODES; i++)
		if (operators[i] != NULL)
			put_node(&b, i,
			    i == moved ? port : quorum_nodes[i].node.port);
	for (i = 0; i < NODES; i++)
		if (operators[i] != NULL)
			put_operator(&b, operators, i);
	assert_int_equal(buf_printf(&b, "require %u\nrepository debian\n",
			     require),
	    RB_OK);
	write_file(path, b.p, b.len);
	buf_clear(&b);
}

void
policy_write(const char *path, const char *const operators[NODES],
    unsigned int require)
{
	policy_write_moved(path, operators, require, NODES, 0);
}

void
assert_node_says(const char *operator_, size_t i, const char *words)
{
	char line[2 * KEY_NAME_MAX];

	snprintf(line, sizeof(line), "    %s (%s): %s", operator_,
	    quorum_nodes[i].vkey.name, words);
	assert_says(line);
}
