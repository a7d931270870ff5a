/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/machine/xen_trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define GUEST_MEMORY (320 * MIB)

/* What a domain leaves in xenstore, and what belongs to dom0 alone. */
#define STATE \
	"xl list | tail -n +2 | sed 's/ .*//'; losetup -a; " \
	"xenstore-ls -f | grep -vE '^/tool|^/local/domain/0/memory'; " \
	"ls -A /var/lib/xen /run/xen /tmp"

struct description xen_plain;

void
xen_use(const char *type, const char *image)
{
	char text[4 * TRIAL_PATH_LEN];

	snprintf(text, sizeof(text),
	    "node:\n  name: test.machine/log\n"
	    "  directory: %s/node\nusers:\n  rebuilder: root\n"
	    "machine:\n  kind: xen\n  xen-type: %s\n  image: %s\n",
	    trial.dir, type, image);
	put_file("node.yml", text);
}

void
xen_use_pvh(void)
{
	xen_use("pvh", getenv("RB_IMAGE"));
}

void
xen_expect_nothing_left(void)
{
	shell("{ " STATE "; } >%s/after; diff %s/before %s/after", trial.dir,
	    trial.dir, trial.dir);
	shell("test \"$(ls -A %s/node/machine/xen)\" = lock", trial.dir);
}

void
xen_await_nothing_left(void)
{
	shell("n=0; until { " STATE "; } >%s/after; cmp -s %s/before %s/after; "
	      "do n=$((n + 1)); test $n -lt 60 || exit 1; sleep 0.5; done",
	    trial.dir, trial.dir, trial.dir);
	xen_expect_nothing_left();
}

void
xen_say(const struct run *r, const char *what)
{
	printf("# %s: %s in %u ms%s%s\n", what, machine_end_name(r->answer.end),
	    (unsigned int)r->answer.milliseconds,
	    r->answer.detail[0] != '\0' ? ": " : "", r->answer.detail);
	fflush(stdout);
}

void
xen_run(struct run *r, const struct description *d, const char *what,
    const char *recipe, enum machine_end end)
{
	run_init(r);
	run_start(r, d, recipe);
	run_finish(r);
	xen_say(r, what);
	expect_end(r, end);
	xen_expect_nothing_left();
}

int
xen_set_up(void **state)
{
	struct run r;

	if (getenv("RB_IMAGE") == NULL || trial_set_up(state) != 0)
		return -1;
	xen_use_pvh();
	xen_plain = trial.small;
	xen_plain.has_layer = false;
	xen_plain.memory = GUEST_MEMORY;
	xen_plain.seconds = 120;
	/* The first one may make directories that stay. */
	run_init(&r);
	run_start(&r, &xen_plain, HELLO);
	run_finish(&r);
	xen_say(&r, "first");
	if (r.answer.end != MACHINE_DONE)
		fputs((const char *)r.text.p, stderr);
	run_clear(&r);
	shell("{ " STATE "; } >%s/before; cat %s/before", trial.dir, trial.dir);
	return 0;
}
