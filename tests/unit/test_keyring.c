/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "rebuilder/keyring.h"

#define A "2148F1ABF42E2576E60A714D5A1EA6DFF3D572CA"
#define B "0E43A3108FD82A3DFBFCA2FE66636E4A10211B7E"
#define C "7CF69A2EA5CC6592A08674F070D1D65C1472FB6C"
#define BEGIN "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
#define END "-----END PGP PUBLIC KEY BLOCK-----\n"
/* Keys with numbers that are 0, in three forms; of A, B and C. */
#define BODY(n) "\x04\0\0\0" n "\x01\0\0\0\0"
#define BARE(n) "\x98\x0a" BODY(n)
#define SUBKEY(n) "\xb8\x0a" BODY(n)
#define KEY BEGIN "\nmAoEAAAAAQEAAAAA\n=abcd\n" END
#define OTHER BEGIN "Comment: x\n\nmAoEAAAA\nAgEAAAAA\n" END
#define NEW_FORM "\xc6\x0a" BODY("\x03")
#define USER_ID "\xb4\x01x"

static void
refuses_what_is_not_one_key(void **state)
{
	static const struct {
		const char *why, *text;
	} cases[] = {
		{ "nothing", "" },
		{ "text before it", "x\n" KEY },
		{ "text behind it", KEY "x\n" },
		{ "two keys", KEY KEY },
		{ "no empty line", BEGIN "mAECAw==\n" END },
		{ "no end", BEGIN "\nmAECAw==\n" },
		{ "an end cut off", BEGIN "\nmAECAw==\n-----END PGP" },
		{ "the end of a message",
		    BEGIN "\nmAECAw==\n-----END PGP MESSAGE-----\n" },
		{ "a secret key",
		    "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nmAECAw==\n"
		    "-----END PGP PRIVATE KEY BLOCK-----\n" },
		{ "no base64", BEGIN "\nm?ECAw==\n" END },
		{ "no bytes", BEGIN "\n" END },
		{ "a signature instead", BEGIN "\niAECAw==\n" END },
		{ "a bare signature", "\x88\x01\x02" },
		{ "text between", BEGIN "\nmAECAw==\n=abcd\nmAEC\n" END },
	};
	struct buf out = BUF_INIT;
	size_t i;

	(void)state;
	assert_int_equal(buf_put_str(&out, "before"), RB_OK);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (key_parse(span_of_str(cases[i].text), &out) == RB_OK)
			fail_msg("accepted: %s", cases[i].why);
		assert_true(span_equal_str(buf_span(&out), "before"));
	}
	buf_clear(&out);
}

static void
refuses_what_is_no_fingerprint(void **state)
{
	static const char *const cases[] = { "", "../../../etc/passwd",
		"0064428f455451b3ebe78a7f063938ba42cfa724",
		"0064428F455451B3EBE78A7F063938BA42CFA72",
		"0064428F455451B3EBE78A7F063938BA42CFA7244",
		"0064428F455451B3EBE78A7F063938BA42CFA72/" };
	struct fault why = FAULT_INIT;
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(fingerprint_is_valid(cases[i]));
		assert_int_equal(keyring_make("/tmp", &cases[i], 1, &fd, &why),
		    RB_EFORMAT);
	}
	assert_true(fingerprint_is_valid(A));
	assert_int_equal(keyring_make("/tmp", cases, 0, &fd, &why), RB_ELIMIT);
	assert_int_equal(keyring_make("/tmp", cases, KEYRING_KEYS_MAX + 1, &fd,
			     &why),
	    RB_ELIMIT);
	assert_int_equal(keyring_make("/nonexistent", cases, 1, &fd, &why),
	    RB_ENOTFOUND);
}

static void
names_the_one_primary_key(void **state)
{
	const struct {
		const char *why;
		struct span key;
		enum rb_err rc;
	} rows[] = {
		{ "bare", SPAN(BARE("\x01")), RB_OK },
		{ "with a user id", SPAN(BARE("\x01") USER_ID), RB_OK },
		{ "in two octets of length", SPAN("\x99\0\x0a" BODY("\x01")),
		    RB_OK },
		{ "in four", SPAN("\xc6\xff\0\0\0\x0a" BODY("\x01")), RB_OK },
		{ "with a subkey", SPAN(BARE("\x01") SUBKEY("\x04")), RB_OK },
		{ "with a subkey of another time",
		    SPAN(BARE("\x01") "\xb8\x02\x06\x01"), RB_OK },
		{ "bytes behind it",
		    SPAN("\x98\x0b\x04\0\0\0\x01\x01\0\0\0\0x"), RB_EREFUSED },
		{ "a number cut off",
		    SPAN("\x98\x0a\x04\0\0\0\x01\x01\0\0\0\x01"), RB_EREFUSED },
		{ "a number that begins with 0",
		    SPAN("\x98\x0b\x04\0\0\0\x01\x01\0\0\0\x02\x01"),
		    RB_EREFUSED },
		{ "a subkey that does",
		    SPAN(BARE("\x01") "\xb8\x0b\x04\0\0\0\x01\x01\0\0\0"
				      "\x02\x01"),
		    RB_EREFUSED },
		{ "of no known algorithm",
		    SPAN("\x98\x0a\x04\0\0\0\x01\x63\0\0\0\0"), RB_EREFUSED },
		{ "twice", SPAN(BARE("\x01") BARE("\x01")), RB_EREFUSED },
		{ "and another", SPAN(BARE("\x01") USER_ID NEW_FORM),
		    RB_EREFUSED },
		{ "a secret key behind it", SPAN(BARE("\x01") "\x95\0\0"),
		    RB_EREFUSED },
		{ "version 3", SPAN("\x98\x01\x03"), RB_EREFUSED },
		{ "version 5", SPAN("\x98\x01\x05"), RB_EREFUSED },
		{ "no body", SPAN("\x98\0"), RB_EREFUSED },
		{ "a user id before it", SPAN(USER_ID BARE("\x01")),
		    RB_EFORMAT },
		{ "nothing", SPAN(""), RB_EFORMAT },
		{ "no packet", SPAN("x"), RB_EFORMAT },
		{ "cut off", SPAN("\x98\x06\x04\0\0\0\x01"), RB_EFORMAT },
		{ "length cut off", SPAN("\xc6\xff\0\0"), RB_EFORMAT },
		{ "no length", SPAN("\x9b\x04"), RB_EFORMAT },
		{ "length in parts", SPAN("\xc6\xe1\x04\0"), RB_EFORMAT },
	};
	struct key_names names;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (key_name(rows[i].key, &names) != rows[i].rc)
			fail_msg("%s: not %s", rows[i].why,
			    err_name(rows[i].rc));
		if (rows[i].rc == RB_OK)
			assert_string_equal(names.list[0], A);
	}
}

static void
write_key(int dirfd, const char *name, struct span text)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);

	assert_true(fd >= 0);
	assert_int_equal(file_write_fd(fd, text), RB_OK);
	fd_close(&fd);
}

static void
holds_exactly_the_listed_keys(void **state)
{
	static const char *const all[] = { B, C, A };
	static const char *const unknown[] = {
		"0123456789ABCDEF0123456789ABCDEF01234567"
	};
	char path[] = "/tmp/rb-keys-XXXXXX";
	struct fault why = FAULT_INIT;
	struct buf keys = BUF_INIT;
	int dirfd, fd = -1;

	(void)state;
	assert_non_null(mkdtemp(path));
	dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dirfd >= 0);
	write_key(dirfd, A ".asc", SPAN(KEY));
	write_key(dirfd, B ".asc", SPAN(OTHER));
	write_key(dirfd, C ".asc", SPAN(NEW_FORM));
	assert_int_equal(keyring_make(path, all, 3, &fd, &why), RB_OK);
	assert_int_equal(file_read_fd(fd, 100, &keys), RB_OK);
	assert_true(span_equal(buf_span(&keys),
	    SPAN(BARE("\x02") NEW_FORM BARE("\x01"))));
	fd_close(&fd);
	assert_int_equal(keyring_make(path, unknown, 1, &fd, &why),
	    RB_ENOTFOUND);
	assert_non_null(strstr(why.text, unknown[0]));
	/* The older copy of one that was revoked meanwhile, say. */
	write_key(dirfd, C ".asc", SPAN(NEW_FORM USER_ID BARE("\x02")));
	assert_int_equal(keyring_make(path, all, 3, &fd, &why), RB_EREFUSED);
	assert_non_null(strstr(why.text, C ".asc"));
	write_key(dirfd, C ".asc", SPAN(BARE("\x01")));
	assert_int_equal(keyring_make(path, all, 3, &fd, &why), RB_EREFUSED);
	/* In B's place gpgv would look for B's signer in C's key. */
	write_key(dirfd, C ".asc", SPAN(NEW_FORM SUBKEY("\x02")));
	assert_int_equal(keyring_make(path, all, 3, &fd, &why), RB_EREFUSED);
	assert_non_null(strstr(why.text,
	    ": key " B " stands in " B ".asc and again in " C ".asc; take it "
	    "out of the one that it does not belong to"));
	write_key(dirfd, C ".asc",
	    SPAN(NEW_FORM SUBKEY("\x04") SUBKEY("\x04")));
	assert_int_equal(keyring_make(path, all, 3, &fd, &why), RB_EREFUSED);
	write_key(dirfd, C ".asc", SPAN(NEW_FORM SUBKEY("\x04")));
	write_key(dirfd, B ".asc", SPAN(OTHER));
	assert_int_equal(keyring_make(path, all, 3, &fd, &why), RB_OK);
	fd_close(&fd);
	write_key(dirfd, C ".asc", SPAN(NEW_FORM));
	/* A file of another kind would hide the keys behind it. */
	write_key(dirfd, A ".asc", SPAN("x"));
	assert_int_equal(keyring_make(path, all, 3, &fd, &why), RB_EFORMAT);
	assert_int_equal(unlinkat(dirfd, A ".asc", 0), 0);
	assert_int_equal(unlinkat(dirfd, B ".asc", 0), 0);
	assert_int_equal(unlinkat(dirfd, C ".asc", 0), 0);
	assert_int_equal(rmdir(path), 0);
	fd_close(&dirfd);
	buf_clear(&keys);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_not_one_key),
		cmocka_unit_test(refuses_what_is_no_fingerprint),
		cmocka_unit_test(names_the_one_primary_key),
		cmocka_unit_test(holds_exactly_the_listed_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
