/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/err.h"

#include <stdarg.h>
#include <stdio.h>

size_t
text_show(const char *in, char *out, size_t cap)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = 0;

	for (; *in != '\0'; in++) {
		unsigned char c = (unsigned char)*in;

		if (c >= 0x20 && c < 0x7f) {
			if (cap - len < 2)
				break;
			out[len++] = (char)c;
		} else {
			if (cap - len < 5)
				break;
			out[len++] = '\\';
			out[len++] = 'x';
			out[len++] = digits[c >> 4];
			out[len++] = digits[c & 15];
		}
	}
	out[len] = '\0';
	return len;
}

enum rb_err
fault_set(struct fault *why, enum rb_err rc, const char *fmt, ...)
{
	char raw[FAULT_MAX]; /* arguments may lie in why->text */
	va_list args;

	if (why == NULL)
		return rc;
	va_start(args, fmt);
	if (vsnprintf(raw, sizeof(raw), fmt, args) < 0)
		raw[0] = '\0';
	va_end(args);
	text_show(raw, why->text, sizeof(why->text));
	return rc;
}

const char *
err_name(enum rb_err rc)
{
	switch (rc) {
	case RB_OK:
		return "ok";
	case RB_EFORMAT:
		return "format";
	case RB_ELIMIT:
		return "limit";
	case RB_EDIGEST:
		return "digest";
	case RB_ESIG:
		return "signature";
	case RB_ESTALE:
		return "stale";
	case RB_ENOTFOUND:
		return "not found";
	case RB_EREFUSED:
		return "refused";
	case RB_EPEER:
		return "peer";
	case RB_ETIME:
		return "time";
	case RB_ENOMEM:
		return "memory";
	case RB_EIO:
		return "io";
	case RB_EINTERNAL:
		return "internal";
	}
	return "unknown";
}
