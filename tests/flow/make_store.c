/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * make_store DIRECTORY LEAVES: fills a served store, for looking at httpd
 * without the rest of a node.  Prints the verifier key.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/enc.h"
#include "tests/unit/served.h"

int
main(int argc, char **argv)
{
	struct buf text = BUF_INIT;
	struct vkey key;
	uint64_t leaves;
	enum rb_err rc;

	if (argc != 3 ||
	    dec_parse(span_of_str(argv[2]), 1000000, &leaves) != RB_OK) {
		fputs("usage: make_store DIRECTORY LEAVES\n", stderr);
		return 2;
	}
	if ((rc = served_make(argv[1], leaves, &key)) == RB_OK)
		rc = vkey_write(&key, &text);
	if (rc == RB_OK)
		printf("%.*s\n", (int)text.len, (const char *)text.p);
	else
		fprintf(stderr, "make_store: %s\n", err_name(rc));
	buf_clear(&text);
	return rc == RB_OK ? 0 : 1;
}
