# SPDX-License-Identifier: GPL-2.0-or-later
# rebuilder-machine
rb_library(rb_description description.c LINK rb_base)
rb_library(rb_cgroup cgroup.c cgroup_place.c LINK rb_base)
