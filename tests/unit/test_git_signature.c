/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rebuilder/judge/git/git_signature.h"

#define TEXT "object x\n\nmessage\n"
#define BEGIN "-----BEGIN PGP SIGNATURE-----\n"
#define END "-----END PGP SIGNATURE-----\n"
#define BODY "\niHUE\n=abcd\n"
#define SIG BEGIN BODY END

struct sample {
	const char *why, *text;
	enum git_signature_kind kind;
};

static void
check(const struct sample *s,
    enum rb_err (*split)(struct span, enum git_signature_kind *, struct buf *,
	struct buf *))
{
	struct buf payload = BUF_INIT, signature = BUF_INIT;
	enum git_signature_kind kind;

	assert_int_equal(split(span_of_str(s->text), &kind, &payload,
			     &signature),
	    RB_OK);
	if (kind != s->kind)
		fail_msg("%s: kind %d", s->why, (int)kind);
	if (kind != GIT_SIGNED_PGP)
		assert_int_equal(payload.len + signature.len, 0);
	buf_clear(&payload);
	buf_clear(&signature);
}

static void
tells_signatures_of_tags_apart(void **state)
{
	static const struct sample cases[] = {
		{ "none", TEXT, GIT_UNSIGNED },
		{ "nothing", "", GIT_UNSIGNED },
		{ "one", TEXT SIG, GIT_SIGNED_PGP },
		{ "a mark inside a line", TEXT "x" SIG, GIT_UNSIGNED },
		{ "a mark cut off", TEXT "-----BEGIN PGP SIGNATURE----",
		    GIT_UNSIGNED },
		{ "SSH",
		    TEXT "-----BEGIN SSH SIGNATURE-----\nU1NI\n"
			 "-----END SSH SIGNATURE-----\n",
		    GIT_SIGNED_SSH },
		{ "X.509",
		    TEXT "-----BEGIN SIGNED MESSAGE-----\nMA==\n"
			 "-----END SIGNED MESSAGE-----\n",
		    GIT_SIGNED_X509 },
		{ "a message",
		    TEXT "-----BEGIN PGP MESSAGE-----\n\nx\n"
			 "-----END PGP MESSAGE-----\n",
		    GIT_SIGNED_ODDLY },
		{ "two", TEXT SIG SIG, GIT_SIGNED_TWICE },
		{ "two of two kinds",
		    TEXT SIG "-----BEGIN SSH SIGNATURE-----\n",
		    GIT_SIGNED_TWICE },
		{ "one that begins twice", TEXT BEGIN SIG, GIT_SIGNED_TWICE },
		{ "text behind it", TEXT SIG "more\n", GIT_SIGNED_ODDLY },
		{ "a line behind it", TEXT SIG "\n", GIT_SIGNED_ODDLY },
		{ "no end", TEXT BEGIN BODY, GIT_SIGNED_ODDLY },
		{ "the last line does not end",
		    TEXT BEGIN BODY "-----END PGP SIGNATURE-----",
		    GIT_SIGNED_PGP },
		{ "half an end", TEXT BEGIN BODY "-----END PGP SIGNATURE----",
		    GIT_SIGNED_ODDLY },
		{ "more in the last line",
		    TEXT BEGIN BODY "-----END PGP SIGNATURE-----x",
		    GIT_SIGNED_ODDLY },
		{ "two ends", TEXT SIG END, GIT_SIGNED_ODDLY },
		{ "the end of something else",
		    TEXT BEGIN BODY "-----END PGP MESSAGE-----\n",
		    GIT_SIGNED_ODDLY },
		{ "more in the first line",
		    TEXT "-----BEGIN PGP SIGNATURE-----x\n" BODY END,
		    GIT_SIGNED_ODDLY },
		{ "another block inside",
		    TEXT BEGIN "-----BEGIN PGP PUBLIC KEY BLOCK-----\n" END,
		    GIT_SIGNED_ODDLY },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&cases[i], git_tag_split);
}

static void
the_payload_of_a_tag_is_all_before_its_signature(void **state)
{
	struct buf payload = BUF_INIT, signature = BUF_INIT;
	enum git_signature_kind kind;

	(void)state;
	assert_int_equal(git_tag_split(SPAN(TEXT SIG), &kind, &payload,
			     &signature),
	    RB_OK);
	assert_true(span_equal_str(buf_span(&payload), TEXT));
	assert_true(span_equal_str(buf_span(&signature), SIG));
	buf_clear(&payload);
	buf_clear(&signature);
}

#define HEADERS "tree x\nauthor y\ncommitter z\n"
#define GPGSIG \
	"gpgsig -----BEGIN PGP SIGNATURE-----\n \n iHUE\n =abcd\n " \
	"-----END PGP SIGNATURE-----\n"

static void
tells_signatures_of_commits_apart(void **state)
{
	static const struct sample cases[] = {
		{ "none", HEADERS "\nmessage\n", GIT_UNSIGNED },
		{ "one in the message only", HEADERS "\n" GPGSIG,
		    GIT_UNSIGNED },
		{ "one", HEADERS GPGSIG "\nmessage\n", GIT_SIGNED_PGP },
		{ "two", HEADERS GPGSIG GPGSIG "\nmessage\n",
		    GIT_SIGNED_TWICE },
		{ "one of each format",
		    HEADERS GPGSIG "gpgsig-sha256 x\n\nmessage\n",
		    GIT_SIGNED_TWICE },
		{ "one of the other format",
		    HEADERS "gpgsig-sha256 x\n\nmessage\n", GIT_SIGNED_TWICE },
		{ "something like it", HEADERS "gpgsigx y\n\nmessage\n",
		    GIT_SIGNED_TWICE },
		{ "an empty one", HEADERS "gpgsig \n\nmessage\n",
		    GIT_SIGNED_ODDLY },
		{ "SSH",
		    HEADERS "gpgsig -----BEGIN SSH SIGNATURE-----\n U1NI\n"
			    "\nmessage\n",
		    GIT_SIGNED_SSH },
		{ "one without its end",
		    HEADERS "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n"
			    "\nmessage\n",
		    GIT_SIGNED_ODDLY },
		{ "text behind it", HEADERS GPGSIG " more\n\nmessage\n",
		    GIT_SIGNED_ODDLY },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&cases[i], git_commit_split);
}

static void
the_payload_of_a_commit_lacks_the_signature_alone(void **state)
{
	struct buf payload = BUF_INIT, signature = BUF_INIT;
	enum git_signature_kind kind;

	(void)state;
	/* A header of several lines, as of a merged tag, stays. */
	assert_int_equal(
	    git_commit_split(SPAN(
				 HEADERS "mergetag object x\n gpgsig y\n" GPGSIG
					 "encoding q\n\nmessage\ngpgsig z\n"),
		&kind, &payload, &signature),
	    RB_OK);
	assert_int_equal(kind, GIT_SIGNED_PGP);
	assert_true(span_equal_str(buf_span(&payload),
	    HEADERS "mergetag object x\n gpgsig y\nencoding q\n\nmessage\n"
		    "gpgsig z\n"));
	assert_true(span_equal_str(buf_span(&signature), SIG));
	buf_clear(&payload);
	buf_clear(&signature);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_signatures_of_tags_apart),
		cmocka_unit_test(tells_signatures_of_commits_apart),
		cmocka_unit_test(
		    the_payload_of_a_tag_is_all_before_its_signature),
		cmocka_unit_test(
		    the_payload_of_a_commit_lacks_the_signature_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
