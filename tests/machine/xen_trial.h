/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TESTS_XEN_TRIAL_H
#define RB_TESTS_XEN_TRIAL_H

#include "tests/machine/trial.h"

/*
 * What tests in dom0 of a real Xen share: the laboratory's
 * (scripts/test-machine).  $RB_IMAGE is the guest image; files go to /tmp.
 */
#define HELLO "echo hello\necho result >\"$OUTPUT/file\"\n"
#define HELLO_OUTPUT "output 1\nfile file 7\nresult\nend 0\n"

/* Without a layer, and with low limits. */
extern struct description xen_plain;

/* For the group of tests, which ends with trial_tear_down. */
int xen_set_up(void **state);
/* From now on domains are of this type and boot this image. */
void xen_use(const char *type, const char *image);
/* What xen_set_up chose. */
void xen_use_pvh(void);

/* Domains, loop devices, nodes of xenstore, files: all is as it was. */
void xen_expect_nothing_left(void);
/* It may take a moment, when nobody waited for it. */
void xen_await_nothing_left(void);
void xen_say(const struct run *r, const char *what);
/* One run to its end, of which nothing must be left. */
void xen_run(struct run *r, const struct description *d, const char *what,
    const char *recipe, enum machine_end end);

#endif
