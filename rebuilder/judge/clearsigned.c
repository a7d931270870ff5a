/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/clearsigned.h"

static const char first_line[] = "-----BEGIN PGP SIGNED MESSAGE-----";
static const char signature_line[] = "-----BEGIN PGP SIGNATURE-----";
static const char last_line[] = "-----END PGP SIGNATURE-----";

static enum rb_err
take_head(struct span *in, struct fault *why)
{
	struct span line;

	if (span_take_line(in, &line) != RB_OK ||
	    !span_equal_str(line, first_line))
		return fault_set(why, RB_EFORMAT,
		    "InRelease: something stands before '%s': only what is "
		    "signed may be there",
		    first_line);
	while (span_take_line(in, &line) == RB_OK) {
		if (line.len == 0)
			return RB_OK;
		if (!span_starts(line, SPAN("Hash: ")))
			break;
	}
	return fault_set(why, RB_EFORMAT,
	    "InRelease: the signed text begins with more than 'Hash:' lines "
	    "and an empty one");
}

/* Each line of the text, which stands there behind "- " if it has a dash. */
static enum rb_err
take_text_lines(struct span *in, struct span text, struct fault *why)
{
	struct span line, wanted;

	while (span_take_line(&text, &wanted) == RB_OK) {
		if (span_take_line(in, &line) != RB_OK)
			goto bad;
		if (span_starts(line, SPAN("-"))) {
			if (!span_starts(line, SPAN("- ")))
				goto bad;
			line = span_of(line.p + 2, line.len - 2);
		}
		if (!span_equal(line, wanted))
			goto bad;
	}
	if (text.len == 0)
		return RB_OK;
bad:
	return fault_set(why, RB_EFORMAT,
	    "InRelease: its text is not, byte for byte, the one that gpgv "
	    "read");
}

static enum rb_err
take_signature(struct span *in, struct fault *why)
{
	struct span line;

	if (span_take_line(in, &line) != RB_OK ||
	    !span_equal_str(line, signature_line))
		return fault_set(why, RB_EFORMAT,
		    "InRelease: '%s' does not follow the text that gpgv read",
		    signature_line);
	while (span_take_line(in, &line) == RB_OK) {
		if (span_equal_str(line, last_line))
			return RB_OK;
		if (span_starts(line, SPAN("-")))
			break;
	}
	return fault_set(why, RB_EFORMAT,
	    "InRelease: the signature is not ended by '%s'", last_line);
}

enum rb_err
clearsigned_check(struct span whole, struct span text, struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_head(&whole, why)) != RB_OK ||
	    (rc = take_text_lines(&whole, text, why)) != RB_OK ||
	    (rc = take_signature(&whole, why)) != RB_OK)
		return rc;
	if (whole.len != 0)
		return fault_set(why, RB_EFORMAT,
		    "InRelease: something stands behind '%s': only what is "
		    "signed may be there",
		    last_line);
	return RB_OK;
}
