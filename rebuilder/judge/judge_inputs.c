/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a build is to have: exact versions, and packages that we built. */
#include "rebuilder/judge/judge.h"

#include "common/attest/inputs.h"
#include "common/base/file.h"
#include "common/process/frames.h"
#include "rebuilder/judge/buildinfo.h"
#include "rebuilder/judge/built_index.h"
#include "rebuilder/judge/mapping.h"
#include "rebuilder/judge/overrides.h"
#include "rebuilder/judge/pins.h"

#define INDEX_BYTES_MAX (1024u * 1024 * 1024)
#define TEXT_MAX 1024
#define INDICES_MAX 12

/* fds: pins, out Packages, n times Packages. */
static enum rb_err
read_pins(struct span architecture, struct pins_index *indices, size_t n,
    const int *fds, struct buf *body, struct fault *why)
{
	struct mapping text = MAPPING_INIT;
	struct mapping packages[INDICES_MAX] = { MAPPING_INIT };
	struct pins pins = PINS_INIT;
	struct pins_merged m = PINS_MERGED_INIT;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	for (i = 0; i < n; i++) {
		if ((rc = mapping_open_file(fds[2 + i], INDEX_BYTES_MAX,
			 &packages[i])) != RB_OK)
			goto out;
		indices[i].bytes = packages[i].bytes;
	}
	if ((rc = mapping_open_file(fds[0], PINS_BYTES_MAX, &text)) != RB_OK ||
	    (rc = pins_parse(text.bytes, &pins, why)) != RB_OK ||
	    (rc = pins_merge(&pins, indices, n, architecture, &m, why)) !=
		RB_OK ||
	    (rc = file_write_fd(fds[1], buf_span(&m.index))) != RB_OK ||
	    (rc = put_u32(body, m.nmissing)) != RB_OK ||
	    (rc = put_bytes(body, buf_span(&m.missing))) != RB_OK)
		goto out;
	rc = put_u32(body, m.nbuilt);
out:
	mapping_close(&text);
	for (i = 0; i < INDICES_MAX; i++)
		mapping_close(&packages[i]);
	pins_clear(&pins);
	pins_merged_clear(&m);
	return rc;
}

enum rb_err
judge_pins(void *self, unsigned int *state, int sock, struct msg *question)
{
	struct span in = buf_span(&question->body), architecture;
	struct pins_index indices[INDICES_MAX];
	struct fault why = FAULT_INIT;
	struct msg answer;
	uint8_t n = 0, kind = 0, i;
	enum rb_err rc = RB_EINTERNAL;

	(void)self;
	*state = DONE;
	if ((rc = take_bytes(&in, TEXT_MAX, &architecture)) != RB_OK ||
	    (rc = take_u8(&in, &n)) != RB_OK)
		return rc;
	if (n > INDICES_MAX || question->nfds != 2u + n)
		return RB_EFORMAT;
	for (i = 0; i < n; i++) {
		if ((rc = take_u8(&in, &kind)) != RB_OK)
			return rc;
		if (kind > PINS_BUILT)
			return RB_EFORMAT;
		indices[i].kind = (enum pins_kind)kind;
	}
	if ((rc = take_end(in)) != RB_OK)
		return rc;
	msg_init(&answer, JUDGE_PINS_ARE);
	rc = read_pins(architecture, indices, n, question->fds, &answer.body,
	    &why);
	rc = judge_answer(sock, rc, &why, &answer);
	msg_clear(&answer);
	return rc;
}

static bool
has_input(const struct inputs *inputs, const struct buildinfo_package *p)
{
	const struct input *input;
	size_t i;

	for (i = 0; i < inputs->n; i++) {
		input = &inputs->list[i];
		if (span_equal_str(p->name, input->name) &&
		    span_equal_str(p->version, input->version))
			return true;
	}
	return false;
}

/* What we know to have been there, whatever the build says. */
static bool
inputs_have_all(const struct inputs *inputs, const struct buildinfo *followed,
    struct fault *why)
{
	const struct buildinfo_package *p;
	size_t i;

	for (i = 0; i < followed->ninstalled; i++) {
		p = &followed->installed[i];
		if (has_input(inputs, p))
			continue;
		(void)fault_set(why, RB_EREFUSED, "%.*s %.*s was not an input",
		    (int)p->name.len, (const char *)p->name.p,
		    (int)p->version.len, (const char *)p->version.p);
		return false;
	}
	return true;
}

/* fds: output stream, the text that was followed, input list. */
static enum rb_err
read_environment(uint64_t offset, uint64_t len, const int fds[3],
    struct buf *body, struct fault *why)
{
	struct mapping ours = MAPPING_INIT, theirs = MAPPING_INIT;
	struct mapping list = MAPPING_INIT;
	struct buildinfo built = BUILDINFO_INIT, followed = BUILDINFO_INIT;
	struct inputs inputs = INPUTS_INIT;
	struct fault differs = FAULT_INIT;
	bool is_equal;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = mapping_open(fds[0], offset, len, BUILDINFO_BYTES_MAX,
		 &ours)) != RB_OK ||
	    (rc = mapping_open_file(fds[1], BUILDINFO_BYTES_MAX, &theirs)) !=
		RB_OK ||
	    (rc = mapping_open_file(fds[2], INPUTS_MAX, &list)) != RB_OK ||
	    (rc = buildinfo_parse(theirs.bytes, &followed, why)) != RB_OK ||
	    (rc = inputs_parse(list.bytes, &inputs, why)) != RB_OK ||
	    (rc = buildinfo_parse(ours.bytes, &built, why)) != RB_OK)
		goto out;
	is_equal = inputs_have_all(&inputs, &followed, &differs) &&
	    buildinfo_equal(&built, &followed, &differs);
	if ((rc = put_u8(body, is_equal ? 1 : 0)) == RB_OK)
		rc = put_text(body, differs.text);
out:
	mapping_close(&ours);
	mapping_close(&theirs);
	mapping_close(&list);
	buildinfo_clear(&built);
	buildinfo_clear(&followed);
	inputs_clear(&inputs);
	return rc;
}

enum rb_err
judge_environment(void *self, unsigned int *state, int sock,
    struct msg *question)
{
	struct span in = buf_span(&question->body);
	struct fault why = FAULT_INIT;
	uint64_t offset, len;
	struct msg answer;
	enum rb_err rc = RB_EINTERNAL;

	(void)self;
	*state = DONE;
	if (question->nfds != 3)
		return RB_EFORMAT;
	if ((rc = take_u64(&in, &offset)) != RB_OK ||
	    (rc = take_u64(&in, &len)) != RB_OK || (rc = take_end(in)) != RB_OK)
		return rc;
	msg_init(&answer, JUDGE_ENVIRONMENT_IS);
	rc = read_environment(offset, len, question->fds, &answer.body, &why);
	rc = judge_answer(sock, rc, &why, &answer);
	msg_clear(&answer);
	return rc;
}

/* What JUDGE_BUILT asks. */
struct built_question {
	uint64_t offset, len;
	struct span source; /* borrowed, as are paths */
	struct checksum files[BUILT_MAX];
	uint16_t n;
};

static enum rb_err
take_built_question(struct span in, struct built_question *q)
{
	struct checksum *file;
	uint16_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u64(&in, &q->offset)) != RB_OK ||
	    (rc = take_u64(&in, &q->len)) != RB_OK ||
	    (rc = take_bytes(&in, TEXT_MAX, &q->source)) != RB_OK ||
	    (rc = take_u16(&in, &q->n)) != RB_OK)
		return rc;
	if (q->n > BUILT_MAX)
		return RB_ELIMIT;
	for (i = 0; i < q->n; i++) {
		file = &q->files[i];
		if ((rc = take_bytes(&in, TEXT_MAX, &file->path)) != RB_OK ||
		    (rc = take_u64(&in, &file->size)) != RB_OK ||
		    (rc = take_digest(&in, &file->digest)) != RB_OK)
			return rc;
	}
	return take_end(in);
}

/* fds: output stream, out Packages. */
static enum rb_err
read_built(const struct built_question *q, const int fds[2], struct buf *body,
    struct fault *why)
{
	struct mapping control = MAPPING_INIT;
	struct buf index = BUF_INIT, left_out = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = mapping_open(fds[0], q->offset, q->len, BUILT_CONTROL_MAX,
		 &control)) != RB_OK ||
	    (rc = built_index_write(control.bytes, q->source, q->files, q->n,
		 &index, &left_out, why)) != RB_OK ||
	    (rc = file_write_fd(fds[1], buf_span(&index))) != RB_OK)
		goto out;
	rc = put_bytes(body, buf_span(&left_out));
out:
	mapping_close(&control);
	buf_clear(&index);
	buf_clear(&left_out);
	return rc;
}

enum rb_err
judge_built(void *self, unsigned int *state, int sock, struct msg *question)
{
	struct fault why = FAULT_INIT;
	struct built_question q;
	struct msg answer;
	enum rb_err rc = RB_EINTERNAL;

	(void)self;
	*state = DONE;
	if (question->nfds != 2)
		return RB_EFORMAT;
	if ((rc = take_built_question(buf_span(&question->body), &q)) != RB_OK)
		return rc;
	msg_init(&answer, JUDGE_BUILT_IS);
	rc = read_built(&q, question->fds, &answer.body, &why);
	rc = judge_answer(sock, rc, &why, &answer);
	msg_clear(&answer);
	return rc;
}

static enum rb_err
put_sifted(struct buf *body, const struct sifted *s)
{
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < WITHHELD_REASONS && rc == RB_OK; i++)
		if ((rc = put_u32(body, s->withheld[i].n)) == RB_OK)
			rc = put_bytes(body, buf_span(&s->withheld[i].names));
	return rc;
}

/* What JUDGE_OVERRIDES reads; of what is published, as many as there are. */
enum { RULES, BUILT, ARCHIVE, PUBLISHED };
#define READ_MAX 12

/* fds: out Packages, rules, Packages of what was built, Packages, ... */
static enum rb_err
read_overrides(const int *fds, size_t n, struct buf *body, struct fault *why)
{
	static const uint64_t limits[] = { OVERRIDES_BYTES_MAX,
		INDEX_BYTES_MAX };
	struct mapping files[READ_MAX] = { MAPPING_INIT };
	struct span published[READ_MAX];
	struct overrides o = OVERRIDES_INIT;
	struct sifted sifted = SIFTED_INIT;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	for (i = 0; i < n; i++) {
		if ((rc = mapping_open_file(fds[1 + i], limits[i != RULES],
			 &files[i])) != RB_OK)
			goto out;
		if (i >= PUBLISHED)
			published[i - PUBLISHED] = files[i].bytes;
	}
	if ((rc = overrides_parse(files[RULES].bytes, &o, why)) != RB_OK ||
	    (rc = overrides_sift(&o, files[BUILT].bytes, files[ARCHIVE].bytes,
		 published, n - PUBLISHED, &sifted, why)) != RB_OK ||
	    (rc = file_write_fd(fds[0], buf_span(&sifted.offered))) != RB_OK)
		goto out;
	rc = put_sifted(body, &sifted);
out:
	for (i = 0; i < READ_MAX; i++)
		mapping_close(&files[i]);
	overrides_clear(&o);
	sifted_clear(&sifted);
	return rc;
}

enum rb_err
judge_overrides(void *self, unsigned int *state, int sock, struct msg *question)
{
	struct fault why = FAULT_INIT;
	struct msg answer;
	enum rb_err rc = RB_EINTERNAL;

	(void)self;
	*state = DONE;
	if (question->nfds < 1 + PUBLISHED || question->nfds > 1 + READ_MAX)
		return RB_EFORMAT;
	if ((rc = take_end(buf_span(&question->body))) != RB_OK)
		return rc;
	msg_init(&answer, JUDGE_OVERRIDES_ARE);
	rc = read_overrides(question->fds, question->nfds - 1, &answer.body,
	    &why);
	rc = judge_answer(sock, rc, &why, &answer);
	msg_clear(&answer);
	return rc;
}
