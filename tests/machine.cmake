# SPDX-License-Identifier: GPL-2.0-or-later
rb_test(test_description unit unit/test_description.c
	LINK rb_description rb_base)
rb_test(test_cgroup unit unit/test_cgroup.c LINK rb_cgroup rb_base)
rb_fuzz(fuzz_description fuzz/fuzz_description.c LINK rb_description rb_base)
