/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "rebuilder/machine/xen_marks.h"
#include "tests/unit/fake_libxl.h"

static char dir[] = "/tmp/test_xen_marks-XXXXXX";

static bool
is_there(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

static void
put_file(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	fd_close(&fd);
}

static void
clean(struct xen *x, int fd)
{
	struct fault why = FAULT_INIT;

	assert_int_equal(xen_open(x, &why), RB_OK);
	assert_int_equal(xen_marks_clean(x, fd, &why), RB_OK);
	xen_close(x);
}

static void
gives_each_domain_a_name_of_its_own(void **state)
{
	struct xen_mark a = XEN_MARK_INIT, b = XEN_MARK_INIT;
	struct fault why = FAULT_INIT;

	(void)state;
	assert_int_equal(xen_mark_make(&a, dir, &why), RB_OK);
	assert_int_equal(xen_mark_make(&b, dir, &why), RB_OK);
	assert_int_equal(strlen(a.name), XEN_UUID_TEXT_LEN);
	assert_string_not_equal(a.name, b.name);
	assert_int_equal(strncmp(a.domain, XEN_NAME_PREFIX,
			     strlen(XEN_NAME_PREFIX)),
	    0);
	assert_true(is_there(a.name));
	xen_mark_remove(&a);
	assert_false(is_there(a.name));
	xen_mark_remove(&b);
	/* Twice does no harm. */
	xen_mark_remove(&b);
}

static void
removes_the_domain_of_one_that_was_killed(void **state)
{
	struct xen x = XEN_INIT;
	struct xen_mark lives = XEN_MARK_INIT, dead = XEN_MARK_INIT;
	struct fault why = FAULT_INIT;

	(void)state;
	fake_reset();
	assert_int_equal(xen_mark_make(&lives, dir, &why), RB_OK);
	assert_int_equal(xen_mark_make(&dead, dir, &why), RB_OK);
	fake_leave(dead.domain, dead.uuid);
	xen_mark_clear(&dead); /* as its end does */
	clean(&x, lives.dir);
	assert_int_equal(fake.destroyed, 1);
	assert_false(is_there(dead.name));
	assert_true(is_there(lives.name));
	xen_mark_remove(&lives);
	fake_clear();
}

static void
keeps_the_mark_of_a_domain_that_resists(void **state)
{
	struct xen x = XEN_INIT;
	struct xen_mark m = XEN_MARK_INIT;
	struct fault why = FAULT_INIT;
	int fd;

	(void)state;
	fake_reset();
	assert_int_equal(xen_mark_make(&m, dir, &why), RB_OK);
	fake_leave(m.domain, m.uuid);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	xen_mark_clear(&m);
	fake.fails = FAKE_DESTROY_END;
	clean(&x, fd);
	assert_true(is_there(m.name));
	fake.fails = FAKE_NOTHING;
	clean(&x, fd);
	assert_false(is_there(m.name));
	fd_close(&fd);
	fake_clear();
}

static void
touches_no_domain_of_others(void **state)
{
	static const char *const names[] = { "lock", "x",
		"0123456789abcdef0123456789abcdef0123",
		"ABABABAB-abab-abab-abab-abababababab",
		"abababab-abab-abab-abab-ababababab-b" };
	struct xen x = XEN_INIT;
	struct xen_mark m = XEN_MARK_INIT;
	struct fault why = FAULT_INIT;
	size_t i;

	(void)state;
	fake_reset();
	assert_int_equal(xen_mark_make(&m, dir, &why), RB_OK);
	/* The same UUID, but another name; then the other way round. */
	fake_leave("somebody", m.uuid);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put_file(names[i]);
	clean(&x, m.dir);
	assert_int_equal(xen_open(&x, &why), RB_OK);
	assert_int_equal(xen_remove(&x, m.domain, m.uuid, &why), RB_OK);
	m.uuid[0] ^= 1;
	fake_leave(m.domain, m.uuid);
	m.uuid[0] ^= 1;
	assert_int_equal(xen_remove(&x, m.domain, m.uuid, &why), RB_OK);
	xen_close(&x);
	assert_int_equal(fake.destroyed, 0);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_true(is_there(names[i]));
		assert_int_equal(unlinkat(m.dir, names[i], 0), 0);
	}
	xen_mark_remove(&m);
	fake_clear();
}

static int
make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(touches_no_domain_of_others),
		cmocka_unit_test(keeps_the_mark_of_a_domain_that_resists),
		cmocka_unit_test(removes_the_domain_of_one_that_was_killed),
		cmocka_unit_test(gives_each_domain_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
