/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a verified tree to a source package: .qubesbuilder, and what came. */
#include "rebuilder/judge/judge.h"

#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "rebuilder/judge/external.h"
#include "rebuilder/judge/gitmodules.h"
#include "rebuilder/judge/gpgv_status.h"
#include "rebuilder/judge/mapping.h"
#include "rebuilder/judge/prepared.h"
#include "rebuilder/judge/qubesbuilder.h"
#include "rebuilder/judge/tree_file.h"
#include "rebuilder/judge/tree_tar.h"

#define EXTERNAL_BYTES_MAX (1024u * 1024 * 1024)
#define DSC_BYTES_MAX (1024 * 1024)
#define WORD_FILE_MAX 4096
#define SUM_FILE_MAX 4096
#define KEY_FILE_MAX (256 * 1024)
#define TEXT_MAX 256
#define PATH_MAX_LEN 4096
#define SUBMODULES_MAX 64
#define URL_MAX 1024
#define STATUS_MAX (32 * 1024)

/* The first line of a file, which must be one word. */
static enum rb_err
word_read(struct span tree, const char *name, struct buf *out,
    struct fault *why)
{
	struct buf text = BUF_INIT;
	struct span in, line = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;

	rc = tree_file_read(tree, span_of_str(name), WORD_FILE_MAX, &text);
	if (rc != RB_OK)
		goto out;
	in = buf_span(&text);
	if (span_take_until(&in, '\n', &line) != RB_OK ||
	    !builder_word_is_valid(line)) {
		rc = fault_set(why, RB_EREFUSED,
		    "the file '%s' of the tree does not begin with one word",
		    name);
		goto out;
	}
	rc = buf_put(out, line);
out:
	buf_clear(&text);
	return rc;
}

static enum rb_err
words_read(struct span tree, struct span fallback, struct buf *version,
    struct buf *release, struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;

	rc = word_read(tree, "version", version, why);
	if (rc == RB_ENOTFOUND) {
		if (!builder_word_is_valid(fallback))
			return fault_set(why, RB_EREFUSED,
			    "the tree has no file 'version', and its tag "
			    "says none");
		rc = buf_put(version, fallback);
	}
	if (rc != RB_OK)
		return rc;
	rc = word_read(tree, "rel", release, why);
	return rc == RB_ENOTFOUND ? buf_put_str(release, "1") : rc;
}

static enum rb_err
lacks(struct span path, enum rb_err rc, struct fault *why)
{
	if (rc != RB_ENOTFOUND && rc != RB_ELIMIT)
		return rc;
	return fault_set(why, RB_EREFUSED,
	    ".qubesbuilder: the tree has no regular file '%.*s', or one that "
	    "is too long",
	    (int)path.len, (const char *)path.p);
}

static enum rb_err
put_sum(struct span tree, const struct builder_file *f, struct buf *records,
    struct fault *why)
{
	uint8_t sum[EXTERNAL_SUM_MAX];
	size_t len = f->check == CHECK_SHA256 ? 32 : 64;
	struct buf text = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	rc = tree_file_read(tree, f->sum, SUM_FILE_MAX, &text);
	if (rc != RB_OK) {
		rc = lacks(f->sum, rc, why);
		goto out;
	}
	if (external_sum_parse(buf_span(&text), len, sum) != RB_OK) {
		rc = fault_set(why, RB_EREFUSED,
		    ".qubesbuilder: '%.*s' does not hold a checksum of %zu "
		    "hexadecimal digits and nothing else",
		    (int)f->sum.len, (const char *)f->sum.p, 2 * len);
		goto out;
	}
	rc = put_bytes(records, span_of(sum, len));
out:
	buf_clear(&text);
	return rc;
}

static enum rb_err
put_keys(struct span tree, const struct builder_file *f, struct buf *records,
    struct fault *why)
{
	struct buf key = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if ((rc = put_bytes(records, SPAN(""))) != RB_OK ||
	    (rc = put_bytes(records, f->signature)) != RB_OK ||
	    (rc = put_u8(records, (uint8_t)f->nkeys)) != RB_OK)
		return rc;
	for (i = 0; i < f->nkeys; i++) {
		buf_reset(&key);
		rc = tree_file_read(tree, f->keys[i], KEY_FILE_MAX, &key);
		if (rc != RB_OK) {
			rc = lacks(f->keys[i], rc, why);
			break;
		}
		if ((rc = put_bytes(records, buf_span(&key))) != RB_OK)
			break;
	}
	buf_clear(&key);
	return rc;
}

static enum rb_err
put_file(struct span tree, const struct builder_file *f, struct buf *records,
    struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_bytes(records, f->url)) != RB_OK ||
	    (rc = put_bytes(records, f->name)) != RB_OK ||
	    (rc = put_u8(records, f->uncompress ? 1 : 0)) != RB_OK ||
	    (rc = put_u8(records, (uint8_t)f->check)) != RB_OK)
		return rc;
	if (f->check == CHECK_SIGNATURE)
		return put_keys(tree, f, records, why);
	if ((rc = put_sum(tree, f, records, why)) != RB_OK ||
	    (rc = put_bytes(records, SPAN(""))) != RB_OK)
		return rc;
	return put_u8(records, 0);
}

/* The tree's submodules, and the address that theirs may be meant from. */
struct submodules {
	struct span base;
	struct span paths[SUBMODULES_MAX];
	uint16_t n;
};

/* One of them, and where .gitmodules says that its repository is. */
static enum rb_err
put_module(struct span tree, struct span path, struct span base,
    struct buf *records, struct fault *why)
{
	struct buf text = BUF_INIT, url = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (!builder_path_is_valid(path))
		return fault_set(why, RB_EREFUSED,
		    "submodule '%.*s': this path cannot be prepared",
		    (int)path.len, (const char *)path.p);
	rc = tree_file_read(tree, SPAN(".gitmodules"), GITMODULES_MAX, &text);
	if (rc == RB_OK)
		rc = gitmodules_url(buf_span(&text), path, base, &url, why);
	if (rc == RB_ENOTFOUND || rc == RB_ELIMIT)
		rc = fault_set(why, RB_EREFUSED,
		    ".gitmodules does not say where the repository of "
		    "submodule '%.*s' is",
		    (int)path.len, (const char *)path.p);
	if (rc == RB_OK && (rc = put_bytes(records, path)) == RB_OK)
		rc = put_bytes(records, buf_span(&url));
	buf_clear(&text);
	buf_clear(&url);
	return rc;
}

/* A clone has all of them; .qubesbuilder may name those that it uses. */
static enum rb_err
put_modules(struct span tree, const struct submodules *m,
    const struct qubesbuilder *q, struct buf *records, struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;
	size_t i, k;

	for (i = 0; i < q->nmodules; i++) {
		for (k = 0; k < m->n; k++)
			if (span_equal(q->modules[i], m->paths[k]))
				break;
		if (k == m->n)
			return fault_set(why, RB_EREFUSED,
			    ".qubesbuilder names '%.*s', which is no "
			    "submodule of the tree",
			    (int)q->modules[i].len,
			    (const char *)q->modules[i].p);
	}
	for (i = 0; i < m->n; i++)
		if ((rc = put_module(tree, m->paths[i], m->base, records,
			 why)) != RB_OK)
			return rc;
	return RB_OK;
}

static enum rb_err
put_plan(struct span tree, const struct submodules *m,
    const struct builder_place *p, const struct qubesbuilder *q,
    struct buf *body, struct buf *records, struct fault *why)
{
	uint16_t nmodules = q->nbuilds == 0 ? 0 : m->n;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	for (i = 0; i < q->nbuilds; i++)
		if ((rc = put_bytes(records, q->builds[i])) != RB_OK)
			return rc;
	if (nmodules != 0 || q->nmodules != 0)
		if ((rc = put_modules(tree, m, q, records, why)) != RB_OK)
			return rc;
	for (i = 0; i < q->nfiles; i++)
		if ((rc = put_file(tree, &q->files[i], records, why)) != RB_OK)
			return rc;
	if ((rc = put_bytes(body, p->version)) != RB_OK ||
	    (rc = put_bytes(body, p->release)) != RB_OK ||
	    (rc = put_text(body,
		 q->unavailable == NULL ? "" : q->unavailable)) != RB_OK ||
	    (rc = put_u8(body, q->makes_archive ? 1 : 0)) != RB_OK ||
	    (rc = put_u32(body, (uint32_t)q->nbuilds)) != RB_OK ||
	    (rc = put_u32(body, nmodules)) != RB_OK)
		return rc;
	return put_u32(body, (uint32_t)q->nfiles);
}

static enum rb_err
read_recipe(struct builder_place *p, const struct submodules *m, int tree_fd,
    int records_fd, struct buf *body, struct fault *why)
{
	struct mapping tree = MAPPING_INIT;
	struct buf version = BUF_INIT, release = BUF_INIT, text = BUF_INIT,
		   records = BUF_INIT;
	struct qubesbuilder q;
	enum rb_err rc = RB_EINTERNAL;

	memset(&q, 0, sizeof(q));
	if ((rc = mapping_open_file(tree_fd, TREE_TAR_MAX, &tree)) != RB_OK ||
	    (rc = words_read(tree.bytes, p->version, &version, &release,
		 why)) != RB_OK)
		goto out;
	rc = tree_file_read(tree.bytes, SPAN(".qubesbuilder"), BUILDER_FILE_MAX,
	    &text);
	if (rc != RB_OK) {
		if (rc == RB_ENOTFOUND || rc == RB_ELIMIT)
			rc = fault_set(why, RB_EREFUSED,
			    "the tree has no file .qubesbuilder, or one that "
			    "is too long");
		goto out;
	}
	p->version = buf_span(&version);
	p->release = buf_span(&release);
	if ((rc = qubesbuilder_parse(buf_span(&text), p, &q, why)) != RB_OK ||
	    (rc = put_plan(tree.bytes, m, p, &q, body, &records, why)) != RB_OK)
		goto out;
	rc = file_write_fd(records_fd, buf_span(&records));
out:
	qubesbuilder_clear(&q);
	mapping_close(&tree);
	buf_clear(&version);
	buf_clear(&release);
	buf_clear(&text);
	buf_clear(&records);
	return rc;
}

static enum rb_err
take_submodules(struct span in, struct submodules *m)
{
	enum rb_err rc = RB_EINTERNAL;
	uint16_t n = 0;

	if ((rc = take_bytes(&in, URL_MAX, &m->base)) != RB_OK ||
	    (rc = take_u16(&in, &n)) != RB_OK)
		return rc;
	if (n > SUBMODULES_MAX)
		return RB_ELIMIT;
	while (m->n < n) {
		if ((rc = take_bytes(&in, PATH_MAX_LEN, &m->paths[m->n])) !=
		    RB_OK)
			return rc;
		m->n++;
	}
	return take_end(in);
}

enum rb_err
judge_recipe(void *self, unsigned int *state, int sock, struct msg *question)
{
	struct span in = buf_span(&question->body);
	struct builder_place p;
	struct submodules m = { .n = 0 };
	struct fault why = FAULT_INIT;
	struct msg answer;
	enum rb_err rc = RB_EINTERNAL;

	(void)self;
	*state = DONE;
	memset(&p, 0, sizeof(p));
	if (question->nfds != 2)
		return RB_EFORMAT;
	if ((rc = take_bytes(&in, TEXT_MAX, &p.component)) != RB_OK ||
	    (rc = take_bytes(&in, TEXT_MAX, &p.distribution)) != RB_OK ||
	    (rc = take_bytes(&in, TEXT_MAX, &p.version)) != RB_OK ||
	    (rc = take_submodules(in, &m)) != RB_OK)
		return rc;
	msg_init(&answer, JUDGE_RECIPE_IS);
	rc = read_recipe(&p, &m, question->fds[0], question->fds[1],
	    &answer.body, &why);
	rc = judge_answer(sock, rc, &why, &answer);
	msg_clear(&answer);
	return rc;
}

struct external_question {
	uint8_t packing, check;
	uint64_t max;
	struct span sum;
};

static enum rb_err
read_external(const struct external_question *q, int in, int out,
    struct buf *body, struct fault *why)
{
	struct mapping packed = MAPPING_INIT;
	struct digest digest = DIGEST_INIT;
	uint64_t size = 0;
	int fd = in;
	enum rb_err rc = RB_EINTERNAL;

	if (q->packing != PACKED_NOT) {
		if ((rc = mapping_open_file(in, EXTERNAL_BYTES_MAX, &packed)) !=
			RB_OK ||
		    (rc = external_unpack(packed.bytes,
			 (enum external_packing)q->packing, q->max, out,
			 why)) != RB_OK)
			goto out;
		fd = out;
	}
	if ((rc = file_size(fd, &size)) != RB_OK ||
	    (q->check != CHECK_SIGNATURE &&
		(rc = external_check(fd, size, q->sum, why)) != RB_OK) ||
	    (rc = digest_of_fd(fd, 0, size, &digest)) != RB_OK ||
	    (rc = put_u64(body, size)) != RB_OK)
		goto out;
	rc = put_digest(body, &digest);
out:
	mapping_close(&packed);
	return rc;
}

enum rb_err
judge_external(void *self, unsigned int *state, int sock, struct msg *question)
{
	static const size_t sum_len[] = { [CHECK_SHA256] = 32,
		[CHECK_SHA512] = 64,
		[CHECK_SIGNATURE] = 0 };
	struct span in = buf_span(&question->body);
	struct external_question q;
	struct fault why = FAULT_INIT;
	struct msg answer;
	enum rb_err rc = RB_EINTERNAL;

	(void)self;
	*state = DONE;
	if (question->nfds != 2)
		return RB_EFORMAT;
	if ((rc = take_u8(&in, &q.packing)) != RB_OK ||
	    (rc = take_u64(&in, &q.max)) != RB_OK ||
	    (rc = take_u8(&in, &q.check)) != RB_OK ||
	    (rc = take_bytes(&in, EXTERNAL_SUM_MAX, &q.sum)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		return rc;
	if (q.packing > PACKED_XZ || q.check > CHECK_SIGNATURE ||
	    q.sum.len != sum_len[q.check])
		return RB_EFORMAT;
	msg_init(&answer, JUDGE_OK);
	rc = read_external(&q, question->fds[0], question->fds[1], &answer.body,
	    &why);
	rc = judge_answer(sock, rc, &why, &answer);
	msg_clear(&answer);
	return rc;
}

static enum rb_err
judge_detached(struct span status, uint32_t exit_status, struct fault *why)
{
	struct gpgv_detached found;

	gpgv_detached_read(status, exit_status, &found);
	if (found.result == GPGV_GOOD)
		return RB_OK;
	return fault_set(why, RB_ESIG,
	    "no good signature over SHA-256 or better by a key of the tree "
	    "that has neither expired nor been revoked");
}

enum rb_err
judge_signed(void *self, unsigned int *state, int sock, struct msg *question)
{
	static const struct digest none = DIGEST_INIT;
	struct span in = buf_span(&question->body), status = SPAN_INIT;
	struct fault why = FAULT_INIT;
	struct msg answer;
	uint32_t exit_status = 0;
	enum rb_err rc = RB_EINTERNAL;

	(void)self;
	*state = DONE;
	if (question->nfds != 0)
		return RB_EFORMAT;
	if ((rc = take_u32(&in, &exit_status)) != RB_OK ||
	    (rc = take_bytes(&in, STATUS_MAX, &status)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		return rc;
	msg_init(&answer, JUDGE_OK);
	rc = judge_detached(status, exit_status, &why);
	if (rc == RB_OK && (rc = put_u64(&answer.body, 0)) == RB_OK)
		rc = put_digest(&answer.body, &none);
	rc = judge_answer(sock, rc, &why, &answer);
	msg_clear(&answer);
	return rc;
}

static enum rb_err
put_outputs(const struct outputs *o, int stream, struct buf *records)
{
	struct digest digest = DIGEST_INIT;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	for (i = 0; i < o->n; i++)
		if ((rc = digest_of_fd(stream, o->files[i].offset,
			 o->files[i].len, &digest)) != RB_OK ||
		    (rc = put_text(records, o->files[i].name)) != RB_OK ||
		    (rc = put_u64(records, o->files[i].offset)) != RB_OK ||
		    (rc = put_u64(records, o->files[i].len)) != RB_OK ||
		    (rc = put_digest(records, &digest)) != RB_OK)
			return rc;
	return RB_OK;
}

/* fds: output stream, out records, out stanza. */
static enum rb_err
read_prepared(uint64_t len, const int fds[3], struct buf *body,
    struct fault *why)
{
	struct outputs o = OUTPUTS_INIT;
	struct mapping text = MAPPING_INIT;
	struct buf records = BUF_INIT, stanza = BUF_INIT;
	const struct output *dsc = NULL;
	struct prepared p;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = outputs_read(fds[0], len, &o, why)) != RB_OK ||
	    (rc = prepared_find_dsc(&o, &dsc, why)) != RB_OK ||
	    (rc = mapping_open(fds[0], dsc->offset, dsc->len, DSC_BYTES_MAX,
		 &text)) != RB_OK ||
	    (rc = prepared_read(text.bytes, &o, dsc, fds[0], &p, &stanza,
		 why)) != RB_OK ||
	    (rc = put_outputs(&o, fds[0], &records)) != RB_OK ||
	    (rc = file_write_fd(fds[1], buf_span(&records))) != RB_OK ||
	    (rc = file_write_fd(fds[2], buf_span(&stanza))) != RB_OK ||
	    (rc = put_bytes(body, p.source)) != RB_OK ||
	    (rc = put_bytes(body, p.version)) != RB_OK ||
	    (rc = put_text(body, dsc->name)) != RB_OK)
		goto out;
	rc = put_u32(body, (uint32_t)o.n);
out:
	outputs_clear(&o);
	mapping_close(&text);
	buf_clear(&records);
	buf_clear(&stanza);
	return rc;
}

enum rb_err
judge_prepared(void *self, unsigned int *state, int sock, struct msg *question)
{
	struct span in = buf_span(&question->body);
	struct fault why = FAULT_INIT;
	struct msg answer;
	uint64_t len = 0;
	enum rb_err rc = RB_EINTERNAL;

	(void)self;
	*state = DONE;
	if (question->nfds != 3)
		return RB_EFORMAT;
	if ((rc = take_u64(&in, &len)) != RB_OK || (rc = take_end(in)) != RB_OK)
		return rc;
	msg_init(&answer, JUDGE_PREPARED_IS);
	rc = read_prepared(len, question->fds, &answer.body, &why);
	rc = judge_answer(sock, rc, &why, &answer);
	msg_clear(&answer);
	return rc;
}
