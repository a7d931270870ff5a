/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TESTS_TAG_RECORDS_H
#define RB_TESTS_TAG_RECORDS_H

#include "rebuilder/judge/tag_rule.h"

#define FPR_A "0064428F455451B3EBE78A7F063938BA42CFA724"
#define FPR_B "274E12AB03F2FE293765FC06DA0434BC706E1FCF"
#define FPR_SUB "0123456789ABCDEF0123456789ABCDEF01234567"
#define COMMIT "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SIG \
	"-----BEGIN PGP SIGNATURE-----\n\niAEE\n=abcd\n" \
	"-----END PGP SIGNATURE-----\n"
#define S "[GNUPG:] "
#define VALIDSIG(fpr, hash) \
	S "VALIDSIG " FPR_SUB " 2026-07-11 1783765031 0 4 0 22 " hash \
	  " 00 " fpr "\n"
#define GOOD(fpr) \
	S "NEWSIG\n" S "GOODSIG 0123456789ABCDEF A\n" VALIDSIG(fpr, "8")

/* Candidates and statuses as the judge and gpgv would have left them. */
struct records {
	struct buf candidates, statuses;
};

void records_clear(struct records *r);

/* A commit whose tree says version 1.2, release 3; and a rule for it. */
struct tag_ground records_ground(void);
struct tag_rule records_rule(uint64_t threshold);

void records_put_status(struct records *r, bool asked, const char *status,
    uint32_t exit_status);
/* The text of a tag object; owned by the caller. */
struct buf records_tag_text(const char *name, const char *commit,
    const char *signature);
/* A candidate with what gpgv would be asked about it. */
void records_put(struct records *r, struct candidate *c);
/* A tag and what gpgv said. */
void records_add(struct records *r, const char *ref, const char *name,
    const char *commit, const char *signature, const char *status,
    uint32_t exit_status);
void records_add_good(struct records *r, const char *name, const char *status);

/* Judges; outcomes go to `outcomes`, at most 8. */
enum tag_ruling records_judge(const struct tag_rule *rule,
    const struct records *r, struct tag_judgement *j,
    enum tag_outcome outcomes[8]);

#endif
