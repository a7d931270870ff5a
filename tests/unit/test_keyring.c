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

#define A "0064428F455451B3EBE78A7F063938BA42CFA724"
#define B "274E12AB03F2FE293765FC06DA0434BC706E1FCF"
#define C "77EEEF6D0386962AEA8CF84A9B8273F80AC219E6"
#define BEGIN "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
#define END "-----END PGP PUBLIC KEY BLOCK-----\n"
/* Bytes 98 01 02 03 and 98 04 05 06: packets of keys, as they begin. */
#define KEY BEGIN "\nmAECAw==\n=abcd\n" END
#define OTHER BEGIN "Comment: x\n\nmAQF\nBg==\n" END

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
write_key(int dirfd, const char *name, const char *text)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(file_write_fd(fd, span_of_str(text)), RB_OK);
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
	write_key(dirfd, A ".asc", KEY);
	write_key(dirfd, B ".asc", OTHER);
	write_key(dirfd, C ".asc", "\xc6\x07");
	assert_int_equal(keyring_make(path, all, 3, &fd, &why), RB_OK);
	assert_int_equal(file_read_fd(fd, 100, &keys), RB_OK);
	assert_true(span_equal(buf_span(&keys),
	    SPAN("\x98\x04\x05\x06\xc6\x07\x98\x01\x02\x03")));
	fd_close(&fd);
	assert_int_equal(keyring_make(path, unknown, 1, &fd, &why),
	    RB_ENOTFOUND);
	assert_non_null(strstr(why.text, unknown[0]));
	/* A file of another kind would hide the keys behind it. */
	write_key(dirfd, A ".asc", "x");
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
		cmocka_unit_test(holds_exactly_the_listed_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
