/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole node against an archive that signs indices which cannot be right. */
#include "tests/flow/archive_world.h"

#define PACKAGES "$dists/main/binary-$arch/Packages"
#define SOURCES "$dists/main/source/Sources"

static void
refuses_an_index_that_is_not_the_one_that_was_signed(void **state)
{
	static const struct hostile list[] = {
		{ .deed = "cp " SOURCES ".xz " PACKAGES ".xz",
		    .says = "Packages.xz: the server has more" },
		{ .deed = "echo more >>" PACKAGES ".xz",
		    .says = "Packages.xz: the server has more" },
		{ .deed = "truncate -s -1 " SOURCES ".xz",
		    .says = "Sources.xz: the mirror sent bytes that are not "
			    "those of the signed index" },
		{ .deed = "rm " PACKAGES ".xz",
		    .says = "Packages.xz: the archive does not have it" },
		{ .deed = "rm " SOURCES ".xz",
		    .says = "Sources.xz: the archive does not have it" },
	};

	(void)state;
	SUFFER(list);
}

static void
refuses_an_index_that_does_not_decompress_as_signed(void **state)
{
	static const struct hostile list[] = {
		{ .deed = "compress; truncate -s 100 " PACKAGES ".xz; "
			  "release; sign good",
		    .says = "does not decompress" },
		{ .deed = "compress; cp " PACKAGES " " PACKAGES ".xz; "
			  "release; sign good",
		    .says = "not compressed with xz" },
		{ .deed = "compress; gzip -c " PACKAGES " >" PACKAGES ".xz; "
			  "release; sign good",
		    .says = "not compressed with xz" },
		/* Half a gigabyte of zeros is 75 kB. */
		{ .deed = "compress; head -c 500M /dev/zero | xz -0 >" PACKAGES
			  ".xz; release; sign good",
		    .says = "the index is larger than the" },
		{ .deed = "compress; echo | xz >" PACKAGES ".xz; "
			  "release; sign good",
		    .says = "not the one that Release names" },
		{ .deed = "compress; release; sed -i "
			  "\"s|[0-9]* main/binary-$arch/Packages$|"
			  "1073741825 main/binary-$arch/Packages|\" "
			  "$dists/Release; sign good",
		    .says = "and 1073741825 when decompressed" },
	};

	(void)state;
	SUFFER(list);
}

static void
refuses_an_index_that_is_not_made_of_stanzas(void **state)
{
	static const struct hostile list[] = {
		{ .deed = "head -c 3000 /dev/urandom >" SOURCES "; publish",
		    .says = "Sources: " },
		{ .deed = "head -c 3000 /dev/urandom >" PACKAGES "; publish",
		    .says = "Packages: " },
		{ .deed = "head -c 9M /dev/zero | tr \"\\\\000\" a >" PACKAGES
			  "; publish",
		    .says = "Packages: " },
		{ .deed = ": >" SOURCES "; publish",
		    .says = "Sources has no source package" },
		{ .deed = ": >" SOURCES "; publish",
		    .says = "is named by apt-cache showsrc" },
	};

	(void)state;
	SUFFER(list);
}

static void
refuses_paths_that_lead_out_of_the_pool(void **state)
{
	static const struct hostile list[] = {
		{ .deed = "edit Packages \"s|pool/main/t/tiny|pool/../..|\"; "
			  "publish",
		    .says = "path of package 'tiny' is malformed" },
		{ .deed = "edit Packages \"s|Filename: pool/|Filename: "
			  "/pool/|\"; publish",
		    .says = "path of package 'tiny' is malformed" },
		{ .deed = "edit Packages \"s|Filename: pool/|Filename: "
			  "http://127.0.0.1/|\"; publish",
		    .says = "path of package 'tiny' is malformed" },
		{ .deed = "edit Sources \"s|Directory: .*|Directory: "
			  "pool/../../etc|\"; publish",
		    .says = "the directory of 'tiny' is not a plain path" },
		{ .deed = "edit Sources \"s|Directory: .*|Directory: /etc|\"; "
			  "publish",
		    .says = "the directory of 'tiny' is not a plain path" },
		{ .deed = "edit Sources \"s| tiny_| ../tiny_|\"; publish",
		    .says = "a plain name" },
		{ .deed = "edit Sources \"s| tiny_| /tiny_|\"; publish",
		    .says = "a plain name" },
		{ .deed = "edit Sources \"s| tiny_1.0.tar.xz| ..|\"; publish",
		    .says = "a plain name" },
	};

	(void)state;
	SUFFER(list);
}

static void
refuses_sizes_that_no_file_has(void **state)
{
	static const struct hostile list[] = {
		{ .deed = "edit Packages "
			  "\"s/^Size: .*/Size: 9007199254740992/\"; "
			  "publish",
		    .says = "size, SHA256 or path of package 'tiny'" },
		{ .deed = "edit Packages \"s/^Size: .*/Size: -1/\"; publish",
		    .says = "size, SHA256 or path of package 'tiny'" },
		{ .deed = "edit Sources "
			  "\"s/ [0-9]* tiny/ 99999999999999999999 tiny/\"; "
			  "publish",
		    .says = "not given as SHA256, size" },
		/* A size that could be, but is not that of these bytes. */
		{ .deed = "edit Packages "
			  "\"s/^Size: .*/Size: 9007199254740991/\"; "
			  "publish",
		    .reason = "published",
		    .says = "the signed index says 9007199254740991 bytes" },
		{ .deed = "edit Sources "
			  "\"s/ [0-9]* tiny_1.0.dsc/ 999999999999 "
			  "tiny_1.0.dsc/\"; publish",
		    .reason = "source",
		    .says = "the signed index says 999999999999 bytes" },
		{ .deed = "edit Packages \"s/^Size: .*/Size: 0/\"; publish",
		    .reason = "published",
		    .says = "the server sends more than the 0 bytes" },
	};

	(void)state;
	SUFFER(list);
}

/* Whoever may be in the middle of it: nothing is concluded. */
static void
refuses_metadata_that_is_not_of_one_state(void **state)
{
	static const struct hostile list[] = {
		/* The text is newer than the indices, or older. */
		{ .deed = "cp " PACKAGES ".xz kept; "
			  "edit Packages s/small/0zx9cv8bn7mq6we5/; "
			  "publish; mv kept " PACKAGES ".xz",
		    .says = "are not of one state (archive, testing-suite)" },
		{ .deed = "cp $dists/InRelease kept; "
			  "edit Packages /^Description/d; "
			  "publish; mv kept $dists/InRelease",
		    .says = "are not of one state (archive, testing-suite)" },
		{ .deed = "rm " PACKAGES ".xz",
		    .says = "are not of one state (archive, testing-suite)" },
		{ .deed =
			"compress; release; "
			"echo Acquire-By-Hash: yes >>$dists/Release; sign good",
		    .says = "/by-hash/SHA256/" },
		{ .deed =
			"compress; release; "
			"echo Acquire-By-Hash: yes >>$dists/Release; sign good",
		    .says = "are not of one state (archive, testing-suite)" },
	};

	(void)state;
	SUFFER(list);
}

static void
refuses_what_is_there_twice(void **state)
{
	static const struct hostile list[] = {
		{ .deed = "cat " SOURCES " >two; cat two >>" SOURCES "; "
			  "publish",
		    .says = "Sources lists 'tiny' 1.0 twice" },
		{ .deed = "cat " PACKAGES " >two; cat two >>" PACKAGES "; "
			  "publish",
		    .says = "Packages lists package 'tiny' 1.0 twice" },
		{ .deed = "edit Sources \"s/^Version: 1.0/&\\nVersion: 1.1/\"; "
			  "publish",
		    .says = "Version" },
		{ .deed = "edit Sources \"/ tiny_1.0.dsc/{p;s/.dsc/-2.dsc/}\"; "
			  "publish",
		    .says = "has two .dsc files" },
		{ .deed = "edit Sources \"/ tiny_1.0.dsc/{p;}\"; publish",
		    .says = "file 'tiny_1.0.dsc' is listed twice" },
		{ .deed = "edit Sources \"/ tiny_1.0.dsc/d\"; publish",
		    .says = "names no .dsc file" },
	};

	(void)state;
	SUFFER(list);
}

static void
says_what_the_archive_does_not_have(void **state)
{
	static const struct hostile list[] = {
		{ .target = "deb:nothing",
		    .says = "no source package 'nothing'; is it in this suite "
			    "and component?" },
		{ .target = "deb:tiny=9.9",
		    .says = "no source package 'tiny' in version 9.9" },
		{ .deed = "edit Packages \"/^Package: tiny/,/^$/d\"; publish",
		    .says = "has no binary package of it" },
		{ .target = "deb:../tiny", .says = "is not a source package" },
		{ .target = "deb:twin",
		    .reason = "binnmu",
		    .says = "twin_2.0+b1_" },
	};

	(void)state;
	SUFFER(list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
		    refuses_an_index_that_is_not_the_one_that_was_signed,
		    archive_world_check),
		cmocka_unit_test_setup(
		    refuses_an_index_that_does_not_decompress_as_signed,
		    archive_world_check),
		cmocka_unit_test_setup(
		    refuses_an_index_that_is_not_made_of_stanzas,
		    archive_world_check),
		cmocka_unit_test_setup(refuses_paths_that_lead_out_of_the_pool,
		    archive_world_check),
		cmocka_unit_test_setup(refuses_sizes_that_no_file_has,
		    archive_world_check),
		cmocka_unit_test_setup(
		    refuses_metadata_that_is_not_of_one_state,
		    archive_world_check),
		cmocka_unit_test_setup(refuses_what_is_there_twice,
		    archive_world_check),
		cmocka_unit_test_setup(says_what_the_archive_does_not_have,
		    archive_world_check),
	};

	return cmocka_run_group_tests(tests, archive_world_start,
	    archive_world_stop);
}
