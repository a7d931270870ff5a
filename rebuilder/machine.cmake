# SPDX-License-Identifier: GPL-2.0-or-later
# rebuilder-machine: description, control group, sandbox, and the driver
rb_library(rb_description description.c LINK rb_base)
rb_library(rb_cgroup cgroup.c cgroup_place.c LINK rb_base)
rb_library(rb_sandbox
	relay.c sandbox.c sandbox_child.c sandbox_filter.c subids.c
	LINK rb_cgroup rb_base PkgConfig::SECCOMP)

# What runs in a machine is covered by the program's own digest.
set(init_header ${CMAKE_CURRENT_BINARY_DIR}/machine/init_text.h)
add_custom_command(OUTPUT ${init_header}
	COMMAND ${CMAKE_COMMAND} -DOUT=${init_header} -DNAMES=init
		-DDIR=${CMAKE_CURRENT_SOURCE_DIR}/guest
		-P ${CMAKE_SOURCE_DIR}/scripts/cmake/embed.cmake
	DEPENDS guest/init ${CMAKE_SOURCE_DIR}/scripts/cmake/embed.cmake
	VERBATIM)
rb_program(rebuilder-machine
	layers.c machine.c machine_namespace.c session.c ${init_header}
	LINK rb_sandbox rb_description rb_process rb_base)
target_include_directories(rebuilder-machine PRIVATE
	${CMAKE_CURRENT_BINARY_DIR}/machine)
