/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/attest.h"

#include <fcntl.h>

#include "common/base/file.h"

/* Linked with --wrap, so that our allocations pass here; libcrypto's not. */
void *__real_malloc(size_t len);
void *__real_calloc(size_t n, size_t len);
void *__real_realloc(void *p, size_t len);
void *__real_reallocarray(void *p, size_t n, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t n, size_t len);
void *__wrap_realloc(void *p, size_t len);
void *__wrap_reallocarray(void *p, size_t n, size_t len);

static struct {
	size_t after; /* the first to be refused; 0: none */
	size_t n;
} scarce;

void
scarce_begin(size_t n)
{
	scarce.after = n;
	scarce.n = 0;
}

bool
scarce_end(void)
{
	bool was = scarce.after != 0 && scarce.n >= scarce.after;

	scarce_begin(0);
	return was;
}

static bool
is_refused(void)
{
	return scarce.after != 0 && ++scarce.n >= scarce.after;
}

void *
__wrap_malloc(size_t len)
{
	return is_refused() ? NULL : __real_malloc(len);
}

void *
__wrap_calloc(size_t n, size_t len)
{
	return is_refused() ? NULL : __real_calloc(n, len);
}

void *
__wrap_realloc(void *p, size_t len)
{
	return is_refused() ? NULL : __real_realloc(p, len);
}

void *
__wrap_reallocarray(void *p, size_t n, size_t len)
{
	return is_refused() ? NULL : __real_reallocarray(p, n, len);
}

struct buf
vector(const char *name)
{
	const char *data = getenv("RB_DATA");
	struct buf path = BUF_INIT, out = BUF_INIT;

	assert_non_null(data);
	assert_ok(buf_printf(&path, "%s/attest/%s", data, name));
	assert_ok(buf_put_byte(&path, 0));
	assert_ok(file_read_at(AT_FDCWD, (const char *)path.p, 1 << 20, &out));
	buf_clear(&path);
	return out;
}

struct buf
vector_line(const char *name)
{
	struct buf b = vector(name);

	assert_true(b.len > 0 && b.p[b.len - 1] == '\n');
	b.len--;
	return b;
}

struct key *
vector_key(void)
{
	struct buf pem = vector("signing.key");
	struct key *k = NULL;

	assert_ok(key_read(buf_span(&pem), &k));
	buf_wipe(&pem);
	return k;
}

struct vkey
vector_vkey(const char *name)
{
	struct buf text = vector_line(name);
	struct vkey v;

	memset(&v, 0, sizeof(v));
	assert_ok(vkey_parse(buf_span(&text), &v));
	buf_clear(&text);
	return v;
}

void
assert_span_equal(struct span a, struct span b)
{
	assert_int_equal(a.len, b.len);
	if (a.len != 0)
		assert_memory_equal(a.p, b.p, a.len);
}

struct buf
altered(struct span s, size_t at, uint8_t byte)
{
	struct buf b = BUF_INIT;

	assert_true(at < s.len);
	assert_ok(buf_put(&b, s));
	b.p[at] = byte;
	return b;
}

struct buf
replaced(struct span s, const char *from, const char *to)
{
	const uint8_t *at = memmem(s.p, s.len, from, strlen(from));
	struct buf b = BUF_INIT;
	size_t before;

	if (at == NULL)
		fail_msg("'%s' is not there to be replaced", from);
	before = (size_t)(at - s.p);
	assert_ok(buf_put(&b, span_of(s.p, before)));
	assert_ok(buf_put_str(&b, to));
	before += strlen(from);
	assert_ok(buf_put(&b, span_of(s.p + before, s.len - before)));
	return b;
}
