/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/repository.h"

#include <stdlib.h>
#include <string.h>

static enum rb_err
copy(char **to, const char *from)
{
	return (*to = strdup(from)) == NULL ? RB_ENOMEM : RB_OK;
}

void
repository_clear(struct repository *r)
{
	size_t i;

	for (i = 0; i < r->nmirrors; i++)
		free(r->mirrors[i]);
	free(r->mirrors);
	free(r->name);
	free(r->uri);
	free(r->suite);
	free(r->component);
	free(r->architecture);
	free(r->keyring);
	memset(r, 0, sizeof(*r));
}

enum rb_err
repository_of_archive(const struct settings *s, struct repository *out)
{
	struct repository r;
	enum rb_err rc = RB_EINTERNAL;

	memset(&r, 0, sizeof(r));
	r.section = "archive";
	if ((rc = copy(&r.name, s->archive.name)) != RB_OK ||
	    (rc = copy(&r.uri, s->archive.uri)) != RB_OK ||
	    (rc = copy(&r.suite, s->archive.suite)) != RB_OK ||
	    (rc = copy(&r.component, s->archive.component)) != RB_OK ||
	    (rc = copy(&r.architecture, s->archive.architecture)) != RB_OK ||
	    (rc = copy(&r.keyring, s->archive.keyring)) != RB_OK)
		goto out;

	*out = r;
	memset(&r, 0, sizeof(r)); /* now the caller's */
	rc = RB_OK;
out:
	repository_clear(&r);
	return rc;
}

enum rb_err
repository_url(const struct repository *r, size_t place, const char *path,
    char **out)
{
	struct buf url = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (place > r->nmirrors)
		return RB_ENOTFOUND;
	if ((rc = buf_put_str(&url,
		 place == 0 ? r->uri : r->mirrors[place - 1])) == RB_OK &&
	    (rc = buf_put_str(&url, path)) == RB_OK)
		rc = str_dup_span(buf_span(&url), out);
	buf_clear(&url);
	return rc;
}
