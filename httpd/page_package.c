/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "httpd/pages.h"

/* Attempts at one package, newest first, and the files that they were at. */
struct attempts {
	uint64_t indexes[PAGE_ATTEMPTS];
	size_t n;
	struct digest file; /* of the newest */
	bool other_file;    /* an attempt was at a file with another digest */
};

static void
attempts_reverse(struct attempts *a)
{
	uint64_t t;
	size_t i;

	for (i = 0; i < a->n / 2; i++) {
		t = a->indexes[i];
		a->indexes[i] = a->indexes[a->n - 1 - i];
		a->indexes[a->n - 1 - i] = t;
	}
}

static enum rb_err
attempts_find(const struct view *v, const struct route *r, struct attempts *a)
{
	struct digest key;
	enum rb_err rc;

	rc = store_package_key(r->repository, r->name, r->version, r->arch,
	    &key);
	if (rc != RB_OK)
		return rc;
	rc = store_find_package(v->txn, &key, 256, a->indexes, PAGE_ATTEMPTS,
	    &a->n);
	if (rc != RB_OK)
		return rc;
	/* Leaves that no checkpoint covers yet stand last. */
	while (a->n > 0 && a->indexes[a->n - 1] >= v->head.size)
		a->n--;
	if (a->n == 0)
		return RB_ENOTFOUND;
	attempts_reverse(a);
	return RB_OK;
}

/* Two files under one name and version: rare, and worth a warning. */
static enum rb_err
attempts_read(const struct view *v, struct attempts *a)
{
	struct statement s;
	enum rb_err rc = RB_OK;
	size_t i;

	for (i = 0; i < a->n && rc == RB_OK && !a->other_file; i++) {
		statement_init(&s);
		rc = view_statement(v, a->indexes[i], &s, NULL);
		if (rc == RB_OK && i == 0)
			a->file = s.published.sha256;
		else if (rc == RB_OK)
			a->other_file = !digest_equal(&a->file,
			    &s.published.sha256);
		statement_clear(&s);
	}
	return rc;
}

enum rb_err
page_package(struct page *p, const struct about *about, const struct view *v,
    const struct route *r, struct fault *why)
{
	struct attempts *a = NULL;
	struct route evidence = *r;
	enum rb_err rc = RB_ENOMEM;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		goto out;
	rc = attempts_find(v, r, a);
	if (rc == RB_ENOTFOUND)
		fault_set(why, rc, "this node has not tried this package");
	if (rc != RB_OK)
		goto out;
	if ((rc = attempts_read(v, a)) != RB_OK)
		goto out;

	page_begin(p, about->node, r->name);
	page_raw(p, "<h1>");
	page_text(p, r->name);
	page_raw(p, " <span class=\"which\">");
	page_text(p, r->version);
	page_raw(p, " ");
	page_text(p, r->arch);
	page_raw(p, "</span></h1>\n<p>From the repository ");
	page_text(p, r->repository);
	page_raw(p, ". ");
	evidence.kind = ROUTE_EVIDENCE_PACKAGE;
	page_link(p, &evidence, "Evidence for programs");
	page_raw(p, "</p>\n");
	if (a->other_file)
		page_raw(p,
		    "<p class=\"notice\" role=\"note\"><strong>Look twice."
		    "</strong> Files with different digests were published "
		    "under this name and version.</p>\n");
	page_builds(p, v, BUILDS_OF_ONE_PACKAGE, "All attempts, newest first",
	    a->indexes, a->n);
	page_end(p);
out:
	free(a);
	return rc;
}
