/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/digest.h"
#include "common/base/file.h"
#include "rebuilder/judge/prepared.h"

#define ORIG "original"
#define DEBIAN "packaging"
#define DSC_NAME "greeting_4.2.8-1+deb12u1.dsc"
#define ORIG_NAME "greeting_4.2.8.orig.tar.gz"
#define DEBIAN_NAME "greeting_4.2.8-1+deb12u1.debian.tar.xz"

static char orig_hex[DIGEST_HEX_LEN + 1], debian_hex[DIGEST_HEX_LEN + 1];

static int
hash(void **state)
{
	struct digest d;

	(void)state;
	if (digest_of(SPAN(ORIG), &d) != RB_OK)
		return -1;
	digest_hex(&d, orig_hex);
	if (digest_of(SPAN(DEBIAN), &d) != RB_OK)
		return -1;
	digest_hex(&d, debian_hex);
	return 0;
}

/* What one machine left. */
struct left {
	struct outputs o;
	struct buf stream;
	int fd;
};

static void
left_begin(struct left *l)
{
	memset(l, 0, sizeof(*l));
	l->o.files = calloc(8, sizeof(*l->o.files));
	assert_non_null(l->o.files);
	l->fd = -1;
}

static void
left_add(struct left *l, const char *name, const char *text)
{
	struct output *file = &l->o.files[l->o.n++];

	memcpy(file->name, name, strlen(name) + 1);
	file->offset = l->stream.len;
	file->len = strlen(text);
	assert_int_equal(buf_put_str(&l->stream, text), RB_OK);
}

static void
left_clear(struct left *l)
{
	outputs_clear(&l->o);
	buf_clear(&l->stream);
	fd_close(&l->fd);
}

static enum rb_err
judge(struct left *l, struct prepared *p, struct buf *stanza, struct fault *why)
{
	const struct output *dsc = NULL;
	enum rb_err rc;

	memset(why, 0, sizeof(*why));
	assert_int_equal(memory_file("stream", buf_span(&l->stream), &l->fd),
	    RB_OK);
	if ((rc = prepared_find_dsc(&l->o, &dsc, why)) != RB_OK)
		return rc;
	return prepared_read(span_of(l->stream.p + dsc->offset,
				 (size_t)dsc->len),
	    &l->o, dsc, l->fd, p, stanza, why);
}

static void
fill(char out[1024], const char *head, const char *orig, const char *debian,
    const char *tail)
{
	(void)snprintf(out, 1024,
	    "Format: 3.0 (quilt)\n%sVersion: 4.2.8-1+deb12u1\n"
	    "Build-Depends: make\nChecksums-Sha256:\n %s 8 " ORIG_NAME
	    "\n %s 9 " DEBIAN_NAME "\n%s",
	    head, orig, debian, tail);
}

static void
refuses_what_does_not_belong_together(void **state)
{
	struct {
		const char *dsc_name, *head, *orig, *debian, *tail, *more,
		    *says;
	} cases[] = {
		{ "greeting.dsc", "Source: greeting\n", orig_hex, debian_hex,
		    "", NULL, "does not have the name" },
		{ "greeting_4.2.8-1.dsc", "Source: greeting\n", orig_hex,
		    debian_hex, "", NULL, "does not have the name" },
		{ DSC_NAME, "Source: farewell\n", orig_hex, debian_hex, "",
		    NULL, "does not have the name" },
		{ DSC_NAME, "Source: Greeting\n", orig_hex, debian_hex, "",
		    NULL, "does not have the name" },
		{ DSC_NAME, "", orig_hex, debian_hex, "", NULL, "Source" },
		{ DSC_NAME, "Source: greeting\n", debian_hex, debian_hex, "",
		    NULL, "another checksum for '" ORIG_NAME },
		{ DSC_NAME, "Source: greeting\n", orig_hex, orig_hex, "", NULL,
		    "another checksum for '" DEBIAN_NAME },
		{ DSC_NAME, "Source: greeting\n", orig_hex, debian_hex, "",
		    "stray.deb",
		    "4 files were prepared, and the .dsc lists "
		    "2" },
		{ DSC_NAME, "Source: greeting\n", orig_hex, debian_hex, "",
		    "other_1.dsc", "more than one source package" },
		{ DSC_NAME, "Source: greeting\nPackage: evil\n", orig_hex,
		    debian_hex, "", NULL, "more than one source package" },
		{ DSC_NAME, "Source: greeting\nDirectory: ..\n", orig_hex,
		    debian_hex, "", NULL, "more than one source package" },
		{ DSC_NAME, "Source: greeting\n", orig_hex, debian_hex,
		    "\nSource: second\n", NULL,
		    "more than one source package" },
	};
	struct buf stanza = BUF_INIT;
	struct prepared p;
	struct fault why;
	char text[1024];
	struct left l;
	enum rb_err rc;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		left_begin(&l);
		fill(text, cases[i].head, cases[i].orig, cases[i].debian,
		    cases[i].tail);
		left_add(&l, DEBIAN_NAME, DEBIAN);
		left_add(&l, cases[i].dsc_name, text);
		left_add(&l, ORIG_NAME, ORIG);
		if (cases[i].more != NULL)
			left_add(&l, cases[i].more, "x");
		rc = judge(&l, &p, &stanza, &why);
		if (rc != RB_EREFUSED && rc != RB_EFORMAT)
			fail_msg("case %zu: %s", i, err_name(rc));
		if (strstr(why.text, cases[i].says) == NULL)
			fail_msg("case %zu: says: %s", i, why.text);
		assert_int_equal(stanza.len, 0);
		left_clear(&l);
	}
	left_begin(&l);
	left_add(&l, ORIG_NAME, ORIG);
	assert_int_equal(judge(&l, &p, &stanza, &why), RB_EREFUSED);
	assert_non_null(strstr(why.text, "no source package"));
	left_clear(&l);
}

static void
writes_the_stanza_that_an_index_would_have(void **state)
{
	struct buf stanza = BUF_INIT;
	struct prepared p = { SPAN_INIT, SPAN_INIT, NULL };
	struct fault why;
	char text[1024], want[1024];
	struct left l;

	(void)state;
	left_begin(&l);
	fill(text, "Source: greeting\n", orig_hex, debian_hex, "");
	left_add(&l, DEBIAN_NAME, DEBIAN);
	left_add(&l, DSC_NAME, text);
	left_add(&l, ORIG_NAME, ORIG);
	if (judge(&l, &p, &stanza, &why) != RB_OK)
		fail_msg("%s", why.text);
	assert_true(span_equal_str(p.source, "greeting"));
	assert_true(span_equal_str(p.version, "4.2.8-1+deb12u1"));
	assert_string_equal(p.dsc->name, DSC_NAME);
	fill(want, "", orig_hex, debian_hex, "Directory: pool/prepared\n");
	assert_int_equal(buf_put_byte(&stanza, 0), RB_OK);
	assert_memory_equal(stanza.p, "Package: greeting\n", 18);
	assert_string_equal((const char *)stanza.p + 18, want);
	buf_clear(&stanza);
	left_clear(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_does_not_belong_together),
		cmocka_unit_test(writes_the_stanza_that_an_index_would_have),
	};

	return cmocka_run_group_tests(tests, hash, NULL);
}
