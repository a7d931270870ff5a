/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/net/net_url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

/* RFC 6890 and its successors; the first that fits counts. */
static const struct {
	uint32_t prefix;
	unsigned int bits;
	enum reach reach;
} ranges4[] = {
	{ 0x00000000, 8, REACH_HOST }, { 0x7f000000, 8, REACH_HOST },
	{ 0x0a000000, 8, REACH_PRIVATE },
	{ 0x64400000, 10, REACH_PRIVATE }, /* 100.64, carriers */
	{ 0xa9fe0000, 16, REACH_PRIVATE }, /* 169.254, link */
	{ 0xac100000, 12, REACH_PRIVATE }, /* 172.16 */
	{ 0xc0000000, 24, REACH_PRIVATE }, /* 192.0.0 */
	{ 0xc0a80000, 16, REACH_PRIVATE }, /* 192.168 */
	{ 0xc6120000, 15, REACH_PRIVATE }, /* 198.18, benchmarks */
	{ 0xe0000000, 3, REACH_PRIVATE },  /* multicast and reserved */
};

static const struct {
	uint8_t prefix[16];
	unsigned int bits;
	int embeds; /* offset of an IPv4 address that decides; -1: none */
	enum reach reach;
} ranges6[] = {
	{ { [10] = 0xff, 0xff }, 96, 12, REACH_WORLD },
	{ { 0x00, 0x64, 0xff, 0x9b }, 96, 12, REACH_WORLD },
	{ { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 48, -1, REACH_PRIVATE },
	{ { 0x20, 0x02 }, 16, 2, REACH_WORLD },
	{ { 0 }, 64, -1, REACH_HOST }, /* ::, ::1, and the old ::a.b.c.d */
	{ { 0xfc }, 7, -1, REACH_PRIVATE },
	{ { 0xfe, 0x80 }, 9, -1, REACH_PRIVATE }, /* link and site */
	{ { 0xff }, 8, -1, REACH_PRIVATE },
};

static enum reach
reach_of_4(const uint8_t b[4])
{
	uint32_t v = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	    (uint32_t)b[2] << 8 | b[3];
	size_t i;

	for (i = 0; i < sizeof(ranges4) / sizeof(ranges4[0]); i++) {
		if (((v ^ ranges4[i].prefix) >> (32 - ranges4[i].bits)) == 0)
			return ranges4[i].reach;
	}
	return REACH_WORLD;
}

static bool
has_prefix(const uint8_t b[16], const uint8_t prefix[16], unsigned int bits)
{
	unsigned int whole = bits / 8, rest = bits % 8;

	if (memcmp(b, prefix, whole) != 0)
		return false;
	return rest == 0 || ((b[whole] ^ prefix[whole]) >> (8 - rest)) == 0;
}

static enum reach
reach_of_6(const uint8_t b[16])
{
	size_t i;

	for (i = 0; i < sizeof(ranges6) / sizeof(ranges6[0]); i++) {
		if (!has_prefix(b, ranges6[i].prefix, ranges6[i].bits))
			continue;
		if (ranges6[i].embeds >= 0)
			return reach_of_4(b + ranges6[i].embeds);
		return ranges6[i].reach;
	}
	return REACH_WORLD;
}

enum reach
reach_of(const struct sockaddr *address)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	if (address->sa_family == AF_INET) {
		memcpy(&in4, address, sizeof(in4));
		return reach_of_4((const uint8_t *)&in4.sin_addr);
	}
	if (address->sa_family == AF_INET6) {
		memcpy(&in6, address, sizeof(in6));
		return reach_of_6(in6.sin6_addr.s6_addr);
	}
	return REACH_HOST;
}

enum rb_err
reach_parse(const char *text, enum reach *out)
{
	char plain[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "%"); /* a scope says nothing here */
	uint8_t b[16];

	if (len >= sizeof(plain))
		return RB_EFORMAT;
	memcpy(plain, text, len);
	plain[len] = '\0';
	if (inet_pton(AF_INET, plain, b) == 1)
		*out = reach_of_4(b);
	else if (inet_pton(AF_INET6, plain, b) == 1)
		*out = reach_of_6(b);
	else
		return RB_EFORMAT;
	return RB_OK;
}

/* RFC 6761, 6.3: the name and all below it are this machine. */
static bool
is_localhost(const char *host)
{
	static const char name[] = "localhost";
	size_t len = strlen(host), n = sizeof(name) - 1;

	if (len > 0 && host[len - 1] == '.')
		len--;
	if (len < n || strncasecmp(host + len - n, name, n) != 0)
		return false;
	return len == n || host[len - n - 1] == '.';
}

static void
classify(const char *host, struct net_url *u)
{
	char address[INET6_ADDRSTRLEN];
	size_t len = strlen(host);

	if (is_localhost(host)) {
		u->is_literal = true;
		u->reach = REACH_HOST;
		return;
	}
	/* libcurl leaves the brackets of an IPv6 address in place. */
	if (len > 2 && len - 2 < sizeof(address) && host[0] == '[') {
		memcpy(address, host + 1, len - 2);
		address[len - 2] = '\0';
		host = address;
	}
	u->is_literal = reach_parse(host, &u->reach) == RB_OK;
}

static bool
is_printable(const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s <= 0x20 || *s >= 0x7f)
			return false;
	}
	return true;
}

/* What libcurl makes of it, so that both of us speak of one host. */
struct parts {
	char *scheme, *host, *port, *user, *text; /* owned by libcurl */
};

static void
parts_clear(struct parts *p)
{
	curl_free(p->scheme);
	curl_free(p->host);
	curl_free(p->port);
	curl_free(p->user);
	curl_free(p->text);
}

static bool
split(const char *text, CURLU *handle, struct parts *p)
{
	if (curl_url_set(handle, CURLUPART_URL, text, 0) != CURLUE_OK ||
	    curl_url_set(handle, CURLUPART_FRAGMENT, NULL, 0) != CURLUE_OK ||
	    curl_url_get(handle, CURLUPART_SCHEME, &p->scheme, 0) !=
		CURLUE_OK ||
	    curl_url_get(handle, CURLUPART_HOST, &p->host, 0) != CURLUE_OK ||
	    curl_url_get(handle, CURLUPART_PORT, &p->port,
		CURLU_DEFAULT_PORT) != CURLUE_OK ||
	    curl_url_get(handle, CURLUPART_URL, &p->text, 0) != CURLUE_OK)
		return false;
	(void)curl_url_get(handle, CURLUPART_USER, &p->user, 0);
	return true;
}

static enum rb_err
take_parts(const struct parts *p, struct net_url *u, struct fault *why)
{
	struct buf place = BUF_INIT;
	enum rb_err rc;

	if (strcmp(p->scheme, "http") != 0 && strcmp(p->scheme, "https") != 0)
		return fault_set(why, RB_EREFUSED,
		    "%.300s: only http and https are fetched", p->text);
	/* libcurl decodes percents in a host; nobody needs them there. */
	if (!is_printable(p->text) || strchr(p->host, '%') != NULL)
		return fault_set(why, RB_EREFUSED,
		    "%.300s: the host is no plain name", p->text);
	if (p->user != NULL)
		return fault_set(why, RB_EREFUSED,
		    "a URL on %.300s names a user; nothing is fetched under a "
		    "name",
		    p->host);
	u->is_https = strcmp(p->scheme, "https") == 0;
	classify(p->host, u);
	u->text = strdup(p->text);
	if (u->text == NULL)
		return RB_ENOMEM;
	if ((rc = buf_printf(&place, "%s://%s:%s", p->scheme, p->host,
		 p->port)) == RB_OK)
		rc = str_dup_span(buf_span(&place), &u->place);
	buf_clear(&place);
	return rc;
}

enum rb_err
net_url_parse(const char *text, struct net_url *out, struct fault *why)
{
	struct net_url u = NET_URL_INIT;
	struct parts parts = { NULL, NULL, NULL, NULL, NULL };
	CURLU *handle = NULL; /* owned */
	enum rb_err rc = RB_EINTERNAL;

	if (strlen(text) > NET_URL_MAX || !is_printable(text)) {
		rc = fault_set(why, RB_EREFUSED,
		    "a URL is longer than %d bytes or not printable ASCII: "
		    "%.100s",
		    NET_URL_MAX, text);
		goto out;
	}
	if ((handle = curl_url()) == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	if (!split(text, handle, &parts)) {
		rc = fault_set(why, RB_EREFUSED,
		    "%.300s: not a whole URL of http or https", text);
		goto out;
	}
	if ((rc = take_parts(&parts, &u, why)) != RB_OK)
		goto out;

	*out = u;
	u = (struct net_url)NET_URL_INIT; /* now the caller's */
	rc = RB_OK;
out:
	parts_clear(&parts);
	curl_url_cleanup(handle);
	net_url_clear(&u);
	return rc;
}

void
net_url_clear(struct net_url *u)
{
	free(u->text);
	free(u->place);
	*u = (struct net_url)NET_URL_INIT;
}

enum rb_err
net_url_check_redirect(const struct net_url *from, enum reach reach,
    const struct net_url *to, struct fault *why)
{
	if (from->is_https && !to->is_https)
		return fault_set(why, RB_EREFUSED,
		    "%.200s redirects out of https to %.200s", from->text,
		    to->text);
	if (to->is_literal && to->reach < reach)
		return fault_set(why, RB_EREFUSED,
		    "%.200s redirects to %.200s: from outside, none may lead "
		    "into this machine or its network",
		    from->text, to->text);
	return RB_OK;
}
