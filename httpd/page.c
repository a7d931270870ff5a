/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "httpd/page.h"

#include <string.h>

#include "common/base/enc.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

void
page_clear(struct page *p)
{
	buf_clear(&p->out);
}

static void
page_put(struct page *p, struct span s)
{
	if (p->rc == RB_OK)
		p->rc = buf_put(&p->out, s);
}

void
page_raw(struct page *p, const char *markup)
{
	page_put(p, span_of_str(markup));
}

/*
 * The length of the character at `s`, and the character; 0 when the bytes
 * are none: RFC 3629, 4, with its ranges against second spellings.
 */
static size_t
utf8_take(const uint8_t *s, uint32_t *out)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c;
	size_t len, i;

	if (s[0] < 0x80)
		len = 1, c = s[0];
	else if ((s[0] & 0xe0) == 0xc0)
		len = 2, c = s[0] & 0x1f;
	else if ((s[0] & 0xf0) == 0xe0)
		len = 3, c = s[0] & 0x0f;
	else if ((s[0] & 0xf8) == 0xf0)
		len = 4, c = s[0] & 0x07;
	else
		return 0;
	/* The terminating zero is no continuation, and ends the loop. */
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*out = c;
	return len;
}

/* Could be taken for something else, or for nothing. */
static bool
char_is_hidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x34f ||
	    c == 0x61c || c == 0x115f || c == 0x1160 || c == 0x17b4 ||
	    c == 0x17b5 || (c >= 0x180b && c <= 0x180f) ||
	    (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || c == 0x3164 ||
	    (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff || c == 0xffa0 ||
	    (c >= 0xfff0 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

void
page_text(struct page *p, const char *text)
{
	const uint8_t *s = (const uint8_t *)text;
	uint32_t c = 0;
	size_t len;

	if (text == NULL)
		return;
	while (*s != '\0') {
		if ((len = utf8_take(s, &c)) == 0) {
			page_raw(p, REPLACEMENT);
			s++;
			continue;
		}
		if (char_is_hidden(c))
			page_raw(p, REPLACEMENT);
		else if (c == '&')
			page_raw(p, "&amp;");
		else if (c == '<')
			page_raw(p, "&lt;");
		else if (c == '>')
			page_raw(p, "&gt;");
		else if (c == '"')
			page_raw(p, "&quot;");
		else if (c == '\'')
			page_raw(p, "&#39;");
		else
			page_put(p, span_of(s, len));
		s += len;
	}
}

void
page_number(struct page *p, uint64_t n)
{
	char text[32];
	size_t i = sizeof(text), digits = 0;

	do {
		if (digits > 0 && digits % 3 == 0)
			text[--i] = ',';
		text[--i] = (char)('0' + n % 10);
		n /= 10;
		digits++;
	} while (n > 0);
	page_put(p, span_of(text + i, sizeof(text) - i));
}

void
page_count(struct page *p, uint64_t n, const char *one, const char *many)
{
	page_number(p, n);
	page_raw(p, " ");
	page_text(p, n == 1 ? one : many);
}

void
page_digest(struct page *p, const struct digest *d)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(d, hex);
	page_raw(p, "<code>");
	page_text(p, hex);
	page_raw(p, "</code>");
}

void
page_time(struct page *p, int64_t seconds)
{
	char utc[UTC_LEN + 1];

	if (utc_write(seconds, utc) != RB_OK) {
		page_text(p, "at no time that can be written");
		return;
	}
	page_raw(p, "<time datetime=\"");
	page_text(p, utc);
	utc[10] = utc[UTC_LEN - 1] = '\0';
	page_raw(p, "\"><span>");
	page_text(p, utc);
	page_raw(p, "</span> <span>");
	page_text(p, utc + 11);
	page_raw(p, " UTC</span></time>");
}

void
page_verdict(struct page *p, enum verdict v)
{
	page_raw(p, "<span class=\"verdict ");
	page_text(p, verdict_name(v));
	page_raw(p, "\">");
	page_text(p, verdict_name(v));
	page_raw(p, "</span>");
}

void
page_link(struct page *p, const struct route *to, const char *text)
{
	struct buf path = BUF_INIT;
	enum rb_err rc;

	rc = route_write(to, &path);
	if (rc == RB_OK)
		rc = buf_put_byte(&path, '\0');
	if (rc == RB_OK) {
		page_raw(p, "<a href=\"");
		page_text(p, (const char *)path.p);
		page_raw(p, "\">");
		page_text(p, text);
		page_raw(p, "</a>");
	} else if (rc == RB_EFORMAT) {
		page_text(p, text);
	} else if (p->rc == RB_OK) {
		p->rc = rc;
	}
	buf_clear(&path);
}

void
page_begin(struct page *p, const char *node, const char *title)
{
	page_raw(p,
	    "<!DOCTYPE html>\n"
	    "<html lang=\"en\">\n"
	    "<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n"
	    "<title>");
	if (title != NULL) {
		page_text(p, title);
		page_raw(p, " · ");
	}
	page_text(p, node);
	page_raw(p,
	    "</title>\n"
	    "<link rel=\"stylesheet\" href=\"/style.css\">\n"
	    "</head>\n"
	    "<body>\n"
	    "<header><a href=\"/\">");
	page_text(p, node);
	page_raw(p, "</a></header>\n<main>\n");
}

void
page_end(struct page *p)
{
	page_raw(p,
	    "</main>\n"
	    "<footer>\n"
	    "<p>All this is one node’s word. An updater takes no single "
	    "node’s word: it wants several operators to agree, and checks "
	    "their signatures and log proofs itself.</p>\n"
	    "<nav aria-label=\"For programs\"><ul>\n"
	    "<li><a href=\"/node.json\">node.json</a></li>\n"
	    "<li><a href=\"/log/checkpoint\">checkpoint</a></li>\n"
	    "<li><a href=\"/metrics\">metrics</a></li>\n"
	    "</ul></nav>\n"
	    "</footer>\n"
	    "</body>\n"
	    "</html>\n");
}

void
page_term(struct page *p, const char *term)
{
	page_raw(p, "<div><dt>");
	page_text(p, term);
	page_raw(p, "</dt><dd>");
}

void
page_term_end(struct page *p)
{
	page_raw(p, "</dd></div>\n");
}

void
page_field(struct page *p, const char *term, const char *text)
{
	if (text == NULL)
		return;
	page_term(p, term);
	page_text(p, text);
	page_term_end(p);
}

void
page_field_digest(struct page *p, const char *term,
    const struct maybe_digest *d)
{
	if (!d->is_set)
		return;
	page_term(p, term);
	page_digest(p, &d->value);
	page_term_end(p);
}
