/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "rebuilder/net/net_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What was parsed is its own only spelling, and one place. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct net_url u = NET_URL_INIT, v = NET_URL_INIT;
	struct fault why;
	char *text = NULL;

	if (str_dup_span(span_of(data, len), &text) != RB_OK)
		return 0;
	if (net_url_parse(text, &u, &why) != RB_OK)
		goto out;
	if (strncmp(u.text, u.is_https ? "https://" : "http://",
		u.is_https ? 8 : 7) != 0 ||
	    strchr(u.text, '#') != NULL)
		abort();
	if (strlen(u.text) <= NET_URL_MAX &&
	    (net_url_parse(u.text, &v, &why) != RB_OK ||
		strcmp(u.text, v.text) != 0 || strcmp(u.place, v.place) != 0 ||
		u.is_literal != v.is_literal || u.reach != v.reach))
		abort();
out:
	net_url_clear(&u);
	net_url_clear(&v);
	free(text);
	return 0;
}
