/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The signer's state file: whatever is in it, one copy parses only into what
 * writes the same bytes, and loading never yields a smaller log than a whole
 * first copy says.  The sums are set right, or nothing would get past them.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attestor/signer_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define CHECK(claim) \
	do { \
		if (!(claim)) \
			abort(); \
	} while (0)

static void
seal(uint8_t copy[SIGNER_COPY_LEN])
{
	struct digest sum;

	CHECK(digest_of(span_of(copy, SIGNER_COPY_LEN - DIGEST_LEN), &sum) ==
	    RB_OK);
	memcpy(copy + SIGNER_COPY_LEN - DIGEST_LEN, sum.b, DIGEST_LEN);
}

static void
check_load(const uint8_t copies[2 * SIGNER_COPY_LEN], size_t len)
{
	struct signer_state first = SIGNER_STATE_INIT, out = SIGNER_STATE_INIT;
	struct signer_state begin = SIGNER_STATE_INIT;
	bool is_whole = len >= SIGNER_COPY_LEN &&
	    signer_state_parse(copies, &first) == RB_OK;
	int fd = memfd_create("state", MFD_CLOEXEC);

	CHECK(fd >= 0);
	CHECK(write(fd, copies, len) == (ssize_t)len);
	begin.log = first.log;
	if (signer_state_load(fd, &begin, &out, NULL) == RB_OK && is_whole)
		CHECK(out.frontier.size >= first.frontier.size);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t copies[2 * SIGNER_COPY_LEN] = { 0 };
	uint8_t again[SIGNER_COPY_LEN];
	struct signer_state s = SIGNER_STATE_INIT;
	bool sealed;

	if (len < 1 || len - 1 > sizeof(copies))
		return 0;
	sealed = (data[0] & 1) != 0;
	memcpy(copies, data + 1, len - 1);
	if (sealed) {
		seal(copies);
		seal(copies + SIGNER_COPY_LEN);
	}
	if (signer_state_parse(copies, &s) == RB_OK) {
		CHECK(signer_state_write(&s, again) == RB_OK);
		CHECK(memcmp(copies, again, sizeof(again)) == 0);
	}
	check_load(copies, sealed ? sizeof(copies) : len - 1);
	return 0;
}
