/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "updater/subject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How apt writes the colon behind an epoch in names of its cache. */
#define EPOCH_END "%3a"

void
subject_clear(struct subject *s)
{
	free(s->name);
	s->name = NULL;
}

void
package_name_clear(struct package_name *p)
{
	free(p->name);
	free(p->version);
	free(p->arch);
	free(p->file);
	*p = (struct package_name)PACKAGE_NAME_INIT;
}

static bool
is_part(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '_')
			return false;
	return s.len != 0;
}

/* Splits "name_version_arch.deb"; each part is there, none has a "_". */
static enum rb_err
split(struct span in, struct span part[3])
{
	struct span suffix = SPAN(".deb");

	if (in.len <= suffix.len ||
	    memcmp(in.p + in.len - suffix.len, suffix.p, suffix.len) != 0)
		return RB_EFORMAT;
	in.len -= suffix.len;
	if (span_take_until(&in, '_', &part[0]) != RB_OK ||
	    span_take_until(&in, '_', &part[1]) != RB_OK)
		return RB_EFORMAT;
	part[2] = in; /* the rest, so that no "_" at its end is lost */
	if (!is_part(part[0]) || !is_part(part[1]) || !is_part(part[2]))
		return RB_EFORMAT;
	return RB_OK;
}

/* Cuts the epoch off the front of `version`; empty when there is none. */
static struct span
take_epoch(struct span *version)
{
	struct span end = SPAN(EPOCH_END), epoch = SPAN_INIT, rest = *version;
	size_t n = 0;

	while (n < rest.len && rest.p[n] >= '0' && rest.p[n] <= '9')
		n++;
	rest = span_of(rest.p + n, rest.len - n);
	if (n == 0 || !span_starts(rest, end))
		return epoch;
	epoch = span_of(version->p, n);
	*version = span_of(rest.p + end.len, rest.len - end.len);
	return epoch;
}

enum rb_err
package_name_parse(const char *file, struct package_name *out)
{
	struct package_name p = PACKAGE_NAME_INIT;
	struct span part[3], epoch;
	enum rb_err rc;
	int r;

	if ((rc = split(span_of_str(file), part)) != RB_OK)
		return rc;
	epoch = take_epoch(&part[1]);
	if ((rc = str_dup_span(part[0], &p.name)) != RB_OK)
		goto out;
	if ((rc = str_dup_span(part[2], &p.arch)) != RB_OK)
		goto out;
	rc = RB_ENOMEM;
	r = asprintf(&p.version, "%.*s%s%.*s", (int)epoch.len,
	    epoch.len != 0 ? (const char *)epoch.p : "",
	    epoch.len != 0 ? ":" : "", (int)part[1].len,
	    (const char *)part[1].p);
	if (r == -1) {
		p.version = NULL;
		goto out;
	}
	r = asprintf(&p.file, "%s_%.*s_%s.deb", p.name, (int)part[1].len,
	    (const char *)part[1].p, p.arch);
	if (r == -1) {
		p.file = NULL;
		goto out;
	}

	*out = p;
	p = (struct package_name)PACKAGE_NAME_INIT; /* now the caller's */
	rc = RB_OK;
out:
	package_name_clear(&p);
	return rc;
}

static bool
version_fits(const char *named, const char *version)
{
	size_t n = strspn(version, "0123456789");

	if (strcmp(named, version) == 0)
		return true;
	return strchr(named, ':') == NULL && n != 0 && version[n] == ':' &&
	    strcmp(named, version + n + 1) == 0;
}

bool
package_name_is_of(const struct package_name *p, const char *name,
    const char *version, const char *arch)
{
	return strcmp(p->name, name) == 0 &&
	    version_fits(p->version, version) && strcmp(p->arch, arch) == 0;
}

enum rb_err
package_name_key(const struct package_name *p, const char *repository,
    struct digest *out)
{
	struct buf b = BUF_INIT;
	enum rb_err rc;

	if ((rc = buf_put_str(&b, repository)) != RB_OK ||
	    (rc = buf_put_byte(&b, 0)) != RB_OK ||
	    (rc = buf_put_str(&b, p->name)) != RB_OK ||
	    (rc = buf_put_byte(&b, 0)) != RB_OK ||
	    (rc = buf_put_str(&b, p->version)) != RB_OK ||
	    (rc = buf_put_byte(&b, 0)) != RB_OK ||
	    (rc = buf_put_str(&b, p->arch)) != RB_OK)
		goto out;
	rc = digest_of(buf_span(&b), out);
out:
	buf_clear(&b);
	return rc;
}
