/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/repository.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void
must(enum rb_err rc)
{
	if (rc != RB_OK)
		abort();
}

void
repository_start(struct repository *r)
{
	memset(r, 0, sizeof(*r));
	packed_start(&r->packed);
}

void
repository_open(struct repository *r)
{
	struct fault why = FAULT_INIT;

	must(pack_open(packed_end(&r->packed), &r->pack, &why));
	must(pack_index_make(&r->pack, &r->index, &why));
	must(pack_reader_new(&r->pack, &r->index, &r->reader));
}

void
repository_clear(struct repository *r)
{
	pack_reader_free(&r->reader);
	pack_index_clear(&r->index);
	packed_clear(&r->packed);
}

struct git_id
repository_put(struct repository *r, enum git_type type, struct span bytes)
{
	struct git_id id;

	must(git_id_of(type, bytes, &id));
	(void)packed_whole(&r->packed, type, bytes);
	return id;
}

void
tree_put(struct buf *tree, enum git_mode mode, const char *name,
    const struct git_id *id)
{
	must(buf_printf(tree, "%o %s", (unsigned int)mode, name));
	must(buf_put_byte(tree, 0));
	must(buf_put(tree, git_id_span(id)));
}

static void
put_parent(struct buf *b, const struct git_id *parent)
{
	char hex[GIT_ID_HEX_LEN + 1];

	if (parent == NULL)
		return;
	git_id_hex(parent, hex);
	must(buf_printf(b, "parent %s\n", hex));
}

struct git_id
repository_commit(struct repository *r, const struct git_id *tree, int64_t time,
    const struct git_id *parent, const struct git_id *second)
{
	char hex[GIT_ID_HEX_LEN + 1];
	struct buf b = BUF_INIT;
	struct git_id id;

	git_id_hex(tree, hex);
	must(buf_printf(&b, "tree %s\n", hex));
	put_parent(&b, parent);
	put_parent(&b, second);
	must(buf_printf(&b,
	    "author A <a> 1 +0000\ncommitter C <c> %" PRId64 " +0000\n\nm\n",
	    time));
	id = repository_put(r, GIT_COMMIT, buf_span(&b));
	buf_clear(&b);
	return id;
}

struct git_id
repository_tag(struct repository *r, const char *name, enum git_type type,
    const struct git_id *object)
{
	char hex[GIT_ID_HEX_LEN + 1];
	struct buf b = BUF_INIT;
	struct git_id id;

	git_id_hex(object, hex);
	must(buf_printf(&b,
	    "object %s\ntype %s\ntag %s\ntagger T <t> 1 +0000\n\nm\n", hex,
	    git_type_name(type), name));
	id = repository_put(r, GIT_TAG, buf_span(&b));
	buf_clear(&b);
	return id;
}
