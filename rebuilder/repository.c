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
	free(r->buildinfo_keyring);
	memset(r, 0, sizeof(*r));
}

/* Borrowed texts that a repository is made of. */
struct texts {
	enum repository_use use;
	const char *section;
	const char *name, *uri, *suite, *suffix, *component, *keyring;
	const char *buildinfo_keyring; /* NULL: none */
	const struct conf_list *mirrors;
};

static enum rb_err
copy_all(const struct settings *s, const struct texts *t, struct repository *r)
{
	struct buf suite = BUF_INIT;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_printf(&suite, "%s%s", t->suite, t->suffix)) != RB_OK ||
	    (rc = str_dup_span(buf_span(&suite), &r->suite)) != RB_OK ||
	    (rc = copy(&r->name, t->name)) != RB_OK ||
	    (rc = copy(&r->uri, t->uri)) != RB_OK ||
	    (rc = copy(&r->component, t->component)) != RB_OK ||
	    (rc = copy(&r->architecture, s->archive.architecture)) != RB_OK ||
	    (rc = copy(&r->keyring, t->keyring)) != RB_OK)
		goto out;
	if (t->buildinfo_keyring != NULL &&
	    (rc = copy(&r->buildinfo_keyring, t->buildinfo_keyring)) != RB_OK)
		goto out;
	r->mirrors = calloc(t->mirrors->n + 1, sizeof(*r->mirrors));
	if (r->mirrors == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	for (i = 0; i < t->mirrors->n; i++) {
		if ((rc = copy(&r->mirrors[i], t->mirrors->items[i])) != RB_OK)
			goto out;
		r->nmirrors++;
	}
out:
	buf_clear(&suite);
	return rc;
}

static enum rb_err
make(const struct settings *s, const struct texts *t, struct repository *out)
{
	struct repository r;
	enum rb_err rc = RB_EINTERNAL;

	memset(&r, 0, sizeof(r));
	r.use = t->use;
	r.section = t->section;
	if ((rc = copy_all(s, t, &r)) == RB_OK)
		*out = r; /* now the caller's */
	else
		repository_clear(&r);
	return rc;
}

enum rb_err
repository_of_archive(const struct settings *s, const char *suite,
    struct repository *out)
{
	const struct texts t = {
		.use = USE_BASE,
		.section = "archive",
		.name = s->archive.name,
		.uri = s->archive.uri,
		.suite = suite != NULL ? suite : s->archive.suite,
		.suffix = "",
		.component = s->archive.component,
		.keyring = s->archive.keyring,
		.buildinfo_keyring = s->archive.buildinfo_keyring,
		.mirrors = &s->archive.mirrors,
	};

	return make(s, &t, out);
}

enum rb_err
repository_of_old(const struct settings *s, const char *suite, size_t i,
    struct repository *out)
{
	static const struct conf_list none = { NULL, 0 };
	struct texts t = {
		.use = USE_OLD,
		.section = "archive",
		.name = s->archive.name,
		.suite = suite != NULL ? suite : s->archive.suite,
		.suffix = "",
		.component = s->archive.component,
		.keyring = s->archive.keyring,
		.mirrors = &none,
	};
	char *uri, *blank;
	enum rb_err rc = RB_EINTERNAL;

	if ((uri = strdup(s->archive.old.items[i])) == NULL)
		return RB_ENOMEM;
	if ((blank = strchr(uri, ' ')) != NULL) {
		*blank = '\0';
		t.suite = blank + 1;
	}
	t.uri = uri;
	rc = make(s, &t, out);
	free(uri);
	return rc;
}

enum rb_err
repository_of_published(const struct settings *s, const char *suite, size_t i,
    struct repository *out)
{
	static const struct conf_list none = { NULL, 0 };
	const struct texts t = {
		.use = USE_PUBLISHED,
		.section = "published",
		.name = s->published.name,
		.uri = s->published.uri,
		.suite = suite,
		.suffix = s->published.suffixes.items[i],
		.component = s->published.component,
		.keyring = s->published.keyring,
		.buildinfo_keyring = s->published.buildinfo_keyring,
		.mirrors = &none,
	};

	return make(s, &t, out);
}

enum rb_err
repository_url(const struct repository *r, size_t place, const char *path,
    char **out)
{
	struct buf url = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (r->uri == NULL || place > r->nmirrors)
		return RB_ENOTFOUND;
	if ((rc = buf_put_str(&url,
		 place == 0 ? r->uri : r->mirrors[place - 1])) == RB_OK &&
	    (rc = buf_put_str(&url, path)) == RB_OK)
		rc = str_dup_span(buf_span(&url), out);
	buf_clear(&url);
	return rc;
}
