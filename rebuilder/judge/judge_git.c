/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a git server sent: its refs, and a pack. */
#include "rebuilder/judge/judge.h"

#include <string.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "rebuilder/judge/git/git_refs.h"
#include "rebuilder/judge/git/git_tag.h"
#include "rebuilder/judge/git/pack_reader.h"
#include "rebuilder/judge/mapping.h"
#include "rebuilder/judge/tag_choice.h"
#include "rebuilder/judge/tag_record.h"
#include "rebuilder/judge/tree_tar.h"

#define INDEX_BYTES_MAX (256u * 1024 * 1024)

static enum rb_err
read_refs(struct span branch, const int fds[2], struct buf *body,
    struct fault *why)
{
	struct mapping advertisement = MAPPING_INIT;
	struct git_refs refs = GIT_REFS_INIT;
	struct buf records = BUF_INIT;
	enum rb_err rc;

	if ((rc = mapping_open_file(fds[0], GIT_REFS_BYTES_MAX,
		 &advertisement)) != RB_OK ||
	    (rc = git_refs_parse(advertisement.bytes, branch, &refs, why)) !=
		RB_OK ||
	    (rc = git_refs_put(&refs, &records)) != RB_OK ||
	    (rc = file_write_fd(fds[1], buf_span(&records))) != RB_OK ||
	    (rc = put_git_id(body, &refs.head)) != RB_OK ||
	    (rc = put_u32(body, (uint32_t)refs.n)) != RB_OK)
		goto out;
	rc = put_u32(body, (uint32_t)refs.nskipped);
out:
	mapping_close(&advertisement);
	git_refs_clear(&refs);
	buf_clear(&records);
	return rc;
}

enum rb_err
judge_refs(void *self, unsigned int *state, int sock, struct msg *question)
{
	struct span in = buf_span(&question->body), branch;
	struct fault why = FAULT_INIT;
	struct msg answer;
	enum rb_err rc;

	(void)self;
	*state = DONE;
	if (question->nfds != 2)
		return RB_EFORMAT;
	if ((rc = take_bytes(&in, MSG_BODY_MAX, &branch)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		return rc;
	msg_init(&answer, JUDGE_REFS_ARE);
	rc = read_refs(branch, question->fds, &answer.body, &why);
	rc = judge_answer(sock, rc, &why, &answer);
	msg_clear(&answer);
	return rc;
}

/* A pack that can be read from. */
struct opened {
	struct mapping file;
	struct pack pack;
	struct pack_index index;
	struct pack_reader *reader; /* owned */
};

static void
opened_clear(struct opened *o)
{
	pack_reader_free(&o->reader);
	pack_index_clear(&o->index);
	mapping_close(&o->file);
}

/* With the index of an earlier process; -1 or an empty one: it is made. */
static enum rb_err
open_pack(int fd, int index_fd, struct opened *o, struct fault *why)
{
	struct mapping index = MAPPING_INIT;
	enum rb_err rc;

	if ((rc = mapping_open_file(fd, PACK_BYTES_MAX, &o->file)) != RB_OK) {
		if (rc == RB_ELIMIT)
			fault_set(why, rc,
			    "the pack has more than %u MiB; no larger one is "
			    "read",
			    PACK_BYTES_MAX >> 20);
		goto out;
	}
	if ((rc = pack_open(o->file.bytes, &o->pack, why)) != RB_OK ||
	    (index_fd != -1 &&
		(rc = mapping_open_file(index_fd, INDEX_BYTES_MAX, &index)) !=
		    RB_OK))
		goto out;
	rc = index.bytes.len == 0 ? pack_index_make(&o->pack, &o->index, why) :
				    pack_index_take(index.bytes, &o->index);
	if (rc == RB_OK)
		rc = pack_reader_new(&o->pack, &o->index, &o->reader);
out:
	mapping_close(&index);
	return rc;
}

static enum rb_err
take_wish(struct span in, struct tag_wish *wish)
{
	struct span accepted;
	enum rb_err rc;

	if ((rc = take_git_id(&in, &wish->head)) != RB_OK ||
	    (rc = take_bytes(&in, GIT_REF_NAME_MAX, &wish->tag)) != RB_OK ||
	    (rc = take_bool(&in, &wish->versions_only)) != RB_OK ||
	    (rc = take_bool(&in, &wish->with_commit)) != RB_OK ||
	    (rc = take_bool(&in, &wish->all)) != RB_OK ||
	    (rc = take_bytes(&in, GIT_ID_HEX_LEN, &accepted)) != RB_OK)
		return rc;
	wish->has_accepted = accepted.len != 0;
	if (wish->has_accepted &&
	    (rc = git_id_parse(accepted, &wish->accepted)) != RB_OK)
		return rc;
	return take_end(in);
}

static enum rb_err
put_choice(const struct tag_choice *c, struct buf *body)
{
	const struct told *told = &c->told;
	enum rb_err rc;

	if ((rc = put_git_id(body, &c->commit)) != RB_OK ||
	    (rc = put_text(body, told->version)) != RB_OK ||
	    (rc = put_text(body, told->release)) != RB_OK ||
	    (rc = put_u8(body, told->has_version ? 1 : 0)) != RB_OK ||
	    (rc = put_u64(body, (uint64_t)told->time)) != RB_OK ||
	    (rc = put_u8(body, (uint8_t)c->relation)) != RB_OK)
		return rc;
	return put_u32(body, c->ncandidates);
}

/* fds: pack, refs, out candidates, out index. */
static enum rb_err
read_commit(const struct tag_wish *wish, const int fds[4], struct buf *body,
    struct fault *why)
{
	struct opened o = { .file = MAPPING_INIT, .index = PACK_INDEX_INIT };
	struct mapping records = MAPPING_INIT;
	struct git_refs refs = GIT_REFS_INIT;
	struct buf index = BUF_INIT;
	struct tag_choice c;
	enum rb_err rc;

	memset(&c, 0, sizeof(c));
	if ((rc = mapping_open_file(fds[1], GIT_REFS_BYTES_MAX, &records)) !=
		RB_OK ||
	    (rc = git_refs_take(records.bytes, &refs)) != RB_OK ||
	    (rc = open_pack(fds[0], -1, &o, why)) != RB_OK ||
	    (rc = tag_choose(o.reader, &refs, wish, &c, why)) != RB_OK ||
	    (rc = pack_index_put(&o.index, &index)) != RB_OK ||
	    (rc = file_write_fd(fds[2], buf_span(&c.candidates))) != RB_OK ||
	    (rc = file_write_fd(fds[3], buf_span(&index))) != RB_OK)
		goto out;
	rc = put_choice(&c, body);
out:
	tag_choice_clear(&c);
	buf_clear(&index);
	git_refs_clear(&refs);
	mapping_close(&records);
	opened_clear(&o);
	return rc;
}

enum rb_err
judge_commit(void *self, unsigned int *state, int sock, struct msg *question)
{
	struct fault why = FAULT_INIT;
	struct tag_wish wish;
	struct msg answer;
	enum rb_err rc;

	(void)self;
	*state = DONE;
	if (question->nfds != 4)
		return RB_EFORMAT;
	memset(&wish, 0, sizeof(wish));
	if ((rc = take_wish(buf_span(&question->body), &wish)) != RB_OK)
		return rc;
	msg_init(&answer, JUDGE_COMMIT_IS);
	rc = read_commit(&wish, question->fds, &answer.body, &why);
	rc = judge_answer(sock, rc, &why, &answer);
	msg_clear(&answer);
	return rc;
}

/* fds: pack, index, out tar, out files, out submodules. */
static enum rb_err
write_tree(const struct git_id *commit, const int fds[5], struct buf *body,
    struct fault *why)
{
	struct opened o = { .file = MAPPING_INIT, .index = PACK_INDEX_INIT };
	struct buf files = BUF_INIT;
	struct tree_tar t;
	enum rb_err rc;
	size_t i;

	memset(&t, 0, sizeof(t));
	if ((rc = open_pack(fds[0], fds[1], &o, why)) != RB_OK ||
	    (rc = tree_tar_write(o.reader, commit, fds[2], &t, why)) != RB_OK)
		goto out;
	for (i = 0; i < TREE_FILES && rc == RB_OK; i++) {
		if ((rc = put_u8(&files, t.has[i] ? 1 : 0)) == RB_OK)
			rc = put_bytes(&files, buf_span(&t.files[i]));
	}
	if (rc != RB_OK ||
	    (rc = file_write_fd(fds[3], buf_span(&files))) != RB_OK ||
	    (rc = file_write_fd(fds[4], buf_span(&t.submodules))) != RB_OK ||
	    (rc = put_u64(body, t.size)) != RB_OK ||
	    (rc = put_digest(body, &t.digest)) != RB_OK ||
	    (rc = put_u64(body, (uint64_t)t.time)) != RB_OK)
		goto out;
	rc = put_u32(body, t.nsubmodules);
out:
	tree_tar_clear(&t);
	buf_clear(&files);
	opened_clear(&o);
	return rc;
}

enum rb_err
judge_tree(void *self, unsigned int *state, int sock, struct msg *question)
{
	struct span in = buf_span(&question->body);
	struct fault why = FAULT_INIT;
	struct git_id commit;
	struct msg answer;
	enum rb_err rc;

	(void)self;
	*state = DONE;
	if (question->nfds != 5)
		return RB_EFORMAT;
	if ((rc = take_git_id(&in, &commit)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		return rc;
	msg_init(&answer, JUDGE_TREE_IS);
	rc = write_tree(&commit, question->fds, &answer.body, &why);
	rc = judge_answer(sock, rc, &why, &answer);
	msg_clear(&answer);
	return rc;
}
