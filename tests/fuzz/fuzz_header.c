/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client takes does not depend on capitals or on other words. */
#include <stdlib.h>
#include <string.h>

#include "httpd/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *plain = malloc(len + 1), *more = malloc(len + 16);
	size_t i;

	if (plain == NULL || more == NULL)
		abort();
	memcpy(plain, data, len);
	plain[len] = '\0';
	strcpy(more, "br;q=0.1, ");
	strcat(more, plain);
	for (i = 0; more[i] != '\0'; i++) {
		/* The q of a weight stays as it is. */
		if (more[i] >= 'a' && more[i] <= 'z' && more[i] != 'q')
			more[i] = (char)(more[i] - 'a' + 'A');
	}
	if (header_takes_zstd(plain) != header_takes_zstd(more))
		abort();
	if (header_takes_html(plain) != header_takes_html(more))
		abort();
	free(plain);
	free(more);
	return 0;
}
