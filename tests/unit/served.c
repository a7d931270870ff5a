/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/served.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "common/attest/checkpoint.h"
#include "common/attest/envelope.h"
#include "common/attest/inputs.h"
#include "common/store/store.h"

#define FIRST_DAY 1783846800 /* 2026-07-12, nine in the morning */
#define MINUTES(n) ((int64_t)(n) * 60)
#define LOG_LINES 400

static const struct {
	const char *name, *version, *arch, *source;
	const char *differs, *failed, *unavailable;
} packages[] = {
	{ "base-files", "12.4+deb12u15", "amd64", "base-files", "content",
	    "build", "source" },
	{ "what-is-python", "13+deb12u1", "all", "what-is-python",
	    "compression", "timeout", "dependencies" },
	{ "hostname", "3.23+nmu1", "amd64", "hostname", "build-id", "memory",
	    "input" },
	{ "kexec-tools", "1:2.0.25-3+deb12u3", "amd64", "kexec-tools",
	    "control", "not-built", "environment" },
	{ "libuev3", "2.4.0-1.1+deb12u1", "amd64", "libuev", "metadata",
	    "output-limit", "machine" },
	{ "distro-info-data", "0.58+deb12u7", "all", "distro-info-data",
	    "member-set", "log-limit", "binnmu" },
	{ "g++-12", "12.2.0-14+deb12u1", "amd64", "gcc-12", "content",
	    "crashed", "disk" },
};

#define PACKAGES (sizeof(packages) / sizeof(packages[0]))

/* The first failure sticks, so that a statement can be filled in one go. */
struct filler {
	enum rb_err rc;
};

static void
fill(struct filler *f, char **to, const char *text)
{
	if (f->rc == RB_OK && (*to = strdup(text)) == NULL)
		f->rc = RB_ENOMEM;
}

static void
fill_digest(struct filler *f, struct digest *to, const char *what,
    const char *version)
{
	struct buf b = BUF_INIT;

	if (f->rc == RB_OK)
		f->rc = buf_printf(&b, "%s of %s", what, version);
	if (f->rc == RB_OK)
		f->rc = digest_of(buf_span(&b), to);
	buf_clear(&b);
}

static void
fill_maybe(struct filler *f, struct maybe_digest *to, const char *what,
    const char *version)
{
	to->is_set = true;
	fill_digest(f, &to->value, what, version);
}

static enum verdict
verdict_of(uint64_t i)
{
	/* Most reproduce, as they do in life. */
	switch (i % 8) {
	case 2:
	case 6:
		return VERDICT_DIFFERS;
	case 4:
		return VERDICT_FAILED;
	case 7:
		return VERDICT_UNAVAILABLE;
	default:
		return VERDICT_REPRODUCED;
	}
}

enum rb_err
served_log(uint64_t i, struct buf *out)
{
	enum rb_err rc;
	int line;

	rc = buf_printf(out, "dpkg-buildpackage: info: source package %s\n",
	    packages[i % PACKAGES].source);
	for (line = 0; rc == RB_OK && line < LOG_LINES; line++)
		rc = buf_printf(out, "%d: gcc -O2 -g -c <file>.c & \"so\" on\n",
		    line);
	return rc;
}

static enum rb_err
log_pack(uint64_t i, struct buf *out)
{
	struct buf plain = BUF_INIT;
	size_t n;
	enum rb_err rc;

	if ((rc = served_log(i, &plain)) != RB_OK)
		goto out;
	if ((rc = buf_reserve(out, ZSTD_compressBound(plain.len))) != RB_OK)
		goto out;
	n = ZSTD_compress(out->p, ZSTD_compressBound(plain.len), plain.p,
	    plain.len, 3);
	rc = RB_EINTERNAL;
	if (ZSTD_isError(n))
		goto out;
	out->len = n;
	rc = RB_OK;
out:
	buf_clear(&plain);
	return rc;
}

enum rb_err
served_difference(uint64_t i, struct buf *out)
{
	return buf_printf(out,
	    "%s_%s_%s.deb differs.\n\n"
	    "data.tar.xz: ./bin/hostname\n"
	    "  section .note.gnu.build-id: 20 bytes differ, from offset 16\n"
	    "  section .gnu_debuglink: 4 bytes differ, from offset 48\n"
	    "  all other sections are equal\n",
	    packages[i % PACKAGES].name, packages[i % PACKAGES].version,
	    packages[i % PACKAGES].arch);
}

enum rb_err
served_inputs(uint64_t i, struct buf *out)
{
	struct inputs list = INPUTS_INIT;
	struct digest d;
	enum rb_err rc;
	size_t k;

	(void)i; /* all builds share one environment */
	for (k = 0, rc = RB_OK; rc == RB_OK && k < PACKAGES; k++) {
		rc = digest_of(span_of_str(packages[k].name), &d);
		if (rc == RB_OK)
			rc = inputs_add(&list, "deb", packages[k].name,
			    packages[k].version, packages[k].arch, "debian",
			    1000 + k, &d);
	}
	if (rc == RB_OK)
		rc = inputs_write(&list, out);
	inputs_clear(&list);
	return rc;
}

static void
fill_blob(struct filler *f, struct maybe_digest *to, uint64_t i,
    enum rb_err (*make)(uint64_t i, struct buf *out))
{
	struct buf b = BUF_INIT;

	to->is_set = true;
	if (f->rc == RB_OK)
		f->rc = make(i, &b);
	if (f->rc == RB_OK)
		f->rc = digest_of(buf_span(&b), &to->value);
	buf_clear(&b);
}

static void
fill_published(struct filler *f, uint64_t i, struct statement *s)
{
	struct buf text = BUF_INIT;
	const char *version = packages[i % PACKAGES].version;

	if (f->rc == RB_OK)
		f->rc = buf_printf(&text, "pool/main/%s_%s_%s.deb%c",
		    packages[i % PACKAGES].name, version,
		    packages[i % PACKAGES].arch, '\0');
	if (f->rc != RB_OK)
		goto out;
	fill(f, &s->published.path, (const char *)text.p);
	fill(f, &s->published.file,
	    (const char *)text.p + strlen("pool/main/"));
	fill(f, &s->published.repository, "debian");
	fill(f, &s->published.suite, "bookworm");
	fill(f, &s->published.name, packages[i % PACKAGES].name);
	fill(f, &s->published.version, version);
	fill(f, &s->published.arch, packages[i % PACKAGES].arch);
	s->published.size = 71234 + i % PACKAGES;
	fill_digest(f, &s->published.sha256, packages[i % PACKAGES].name,
	    version);
	fill_digest(f, &s->published.metadata, "InRelease", "bookworm");
	s->published.seen = FIRST_DAY;
out:
	buf_clear(&text);
}

static void
fill_rebuilt(struct filler *f, uint64_t i, struct statement *s)
{
	const char *reason = NULL;

	switch (s->verdict) {
	case VERDICT_REPRODUCED:
		s->rebuilt.compared = COMPARED_IDENTICAL;
		s->rebuilt.sha256.is_set = true;
		s->rebuilt.sha256.value = s->published.sha256;
		s->rebuilt.size = s->published.size;
		break;
	case VERDICT_DIFFERS:
		reason = packages[i % PACKAGES].differs;
		fill_maybe(f, &s->rebuilt.sha256, "rebuilt",
		    packages[i % PACKAGES].name);
		s->rebuilt.size = s->published.size;
		fill_blob(f, &s->difference, i, served_difference);
		break;
	case VERDICT_FAILED:
		reason = packages[i % PACKAGES].failed;
		break;
	case VERDICT_UNAVAILABLE:
		reason = packages[i % PACKAGES].unavailable;
		break;
	}
	if (reason != NULL)
		fill(f, &s->reason, reason);
}

static void
fill_build(struct filler *f, uint64_t i, struct statement *s)
{
	if (s->verdict == VERDICT_UNAVAILABLE)
		return;
	fill(f, &s->environment.release, "bookworm");
	fill(f, &s->environment.distribution, "debian");
	fill(f, &s->environment.arch, "amd64");
	fill(f, &s->environment.recipe, "deb");
	fill_maybe(f, &s->environment.recipe_sha256, "recipe", "deb");
	fill_maybe(f, &s->environment.layer, "layer", "bookworm");
	fill_blob(f, &s->inputs.sha256, i, served_inputs);
	s->inputs.count = PACKAGES;
	fill(f, &s->machine.kind, "namespace");
	fill(f, &s->machine.network, "none");
	fill(f, &s->machine.clock, "host");
	fill_blob(f, &s->log, i, log_pack);
}

enum rb_err
served_statement(uint64_t i, struct statement *out)
{
	struct filler f = { RB_OK };

	statement_init(out);
	out->verdict = verdict_of(i);
	out->attempt = 1 + i / PACKAGES;
	fill_published(&f, i, out);
	fill_rebuilt(&f, i, out);
	fill(&f, &out->source.kind, "debian-source");
	fill(&f, &out->source.repository, "debian");
	fill(&f, &out->source.name, packages[i % PACKAGES].source);
	fill(&f, &out->source.version, packages[i % PACKAGES].version);
	fill_maybe(&f, &out->source.dsc, "dsc", packages[i % PACKAGES].version);
	fill_build(&f, i, out);
	fill(&f, &out->builder.node, SERVED_NODE);
	fill(&f, &out->builder.version, RB_VERSION);
	fill_digest(&f, &out->builder.program, "program", RB_VERSION);
	out->started = FIRST_DAY + MINUTES(7 * i);
	out->finished = out->started + MINUTES(1 + i % 6);
	return f.rc;
}

static enum rb_err
put_blob(struct store_txn *t, uint64_t i, const struct maybe_digest *d,
    enum rb_err (*make)(uint64_t i, struct buf *out))
{
	struct buf b = BUF_INIT;
	enum rb_err rc = RB_OK;

	if (d->is_set && (rc = make(i, &b)) == RB_OK)
		rc = store_put_blob(t, &d->value, buf_span(&b));
	buf_clear(&b);
	return rc;
}

static enum rb_err
put_leaf(struct store_txn *t, const struct key *k, struct frontier *f)
{
	const uint64_t i = f->size;
	struct envelope e = ENVELOPE_INIT;
	struct buf payload = BUF_INIT, leaf = BUF_INIT;
	struct digest hash;
	struct statement s;
	struct fault why;
	enum rb_err rc;

	if ((rc = served_statement(i, &s)) != RB_OK)
		goto out;
	if ((rc = statement_write(&s, &payload, &why)) != RB_OK)
		goto out;
	if ((rc = envelope_sign(k, buf_span(&payload), &e)) != RB_OK)
		goto out;
	if ((rc = envelope_write(&e, &leaf)) != RB_OK)
		goto out;
	if ((rc = put_blob(t, i, &s.log, log_pack)) != RB_OK)
		goto out;
	if ((rc = put_blob(t, i, &s.inputs.sha256, served_inputs)) != RB_OK)
		goto out;
	if ((rc = put_blob(t, i, &s.difference, served_difference)) != RB_OK)
		goto out;
	if ((rc = store_append(t, i, buf_span(&leaf), &s)) != RB_OK)
		goto out;
	if ((rc = tree_leaf_hash(buf_span(&leaf), &hash)) != RB_OK)
		goto out;
	rc = frontier_append(f, &hash);
out:
	statement_clear(&s);
	envelope_clear(&e);
	buf_clear(&payload);
	buf_clear(&leaf);
	return rc;
}

static enum rb_err
put_head(struct store_txn *t, const struct key *k, const struct frontier *f,
    const struct vkey *vkey)
{
	struct checkpoint cp = { SERVED_NODE, f->size, DIGEST_INIT };
	struct buf note = BUF_INIT, json = BUF_INIT;
	enum rb_err rc;

	if ((rc = frontier_root(f, &cp.root)) != RB_OK)
		goto out;
	if ((rc = checkpoint_sign(&cp, k, &note)) != RB_OK)
		goto out;
	if ((rc = store_put_checkpoint(t, buf_span(&note))) != RB_OK)
		goto out;
	if ((rc = buf_put_str(&json,
		 "{\"name\":\"" SERVED_NODE "\",\"vkey\":\"")) != RB_OK)
		goto out;
	if ((rc = vkey_write(vkey, &json)) != RB_OK)
		goto out;
	if ((rc = buf_put_str(&json,
		 "\",\"witnesses\":\"none\",\"witnessing\":\"No other node "
		 "cosigns the checkpoints of this log.\"}\n")) != RB_OK)
		goto out;
	rc = store_put_node_json(t, buf_span(&json));
out:
	buf_clear(&note);
	buf_clear(&json);
	return rc;
}

enum rb_err
served_make(const char *directory, uint64_t leaves, struct vkey *key)
{
	struct frontier f = FRONTIER_INIT;
	struct store_txn *t = NULL;
	struct store *s = NULL;
	struct key_public public;
	struct key *k = NULL;
	struct fault why;
	enum rb_err rc;

	if ((rc = key_generate(&k)) != RB_OK)
		goto out;
	key_public_of(k, &public);
	if ((rc = vkey_make(SERVED_NODE, VKEY_ED25519, &public, key)) != RB_OK)
		goto out;
	if ((rc = store_open(directory, STORE_WRITE, &s, &why)) != RB_OK)
		goto out;
	if ((rc = store_begin(s, STORE_WRITE, &t)) != RB_OK)
		goto out;
	while (f.size < leaves) {
		if ((rc = put_leaf(t, k, &f)) != RB_OK)
			goto out;
	}
	if ((rc = put_head(t, k, &f, key)) != RB_OK)
		goto out;
	rc = store_commit(&t);
out:
	store_abort(&t);
	store_close(&s);
	key_free(&k);
	return rc;
}
