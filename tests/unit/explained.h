/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_UNIT_EXPLAINED_H
#define TESTS_UNIT_EXPLAINED_H

#include "rebuilder/explain/explain_package.h"
#include "tests/unit/testdeb.h"

/* What explain_files said last. */
extern const char *reason;

#define DEB(control, ncontrol, data, ndata, compression) \
	{ control, data, ncontrol, ndata, compression, NULL, false }

/* Explains, and checks what holds for every report and reason. */
enum rb_err explain_spans(struct span a, struct span b, const char *name);
/* The reason is `expected`, and the report holds `says`. */
void assert_explained(const struct deb *a, const struct deb *b,
    const char *expected, const char *says);
/* The report as a string that lives until the next one. */
const char *words(void);

/* A teardown. */
int explained_clear(void **state);

#endif
