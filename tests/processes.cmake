# SPDX-License-Identifier: GPL-2.0-or-later
# The processes of a node that runs, from outside and from within.  They are
# made to call the kernel by their registers: x86-64 only.
if(NOT CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
	return()
endif()

rb_library(rb_whole_node flow/whole_node.c flow/processes.c flow/inject.c
	flow/descriptor_name.c
	LINK rb_process rb_base PkgConfig::CMOCKA)
foreach(flow processes intruder)
	rb_test(test_${flow} flow flow/test_${flow}.c LINK rb_whole_node)
	# Started by role_spawn, which looks beside its own program.
	set_target_properties(test_${flow} PROPERTIES
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/beside)
	set_tests_properties(test_${flow} PROPERTIES SKIP_RETURN_CODE 77)
	add_dependencies(test_${flow} qubes-rebuilder rebuilder rebuilder-net
		rebuilder-judge rebuilder-compare rebuilder-explain
		rebuilder-machine attestor attestor-publish attestor-signer
		httpd)
endforeach()
# Relative: where the build lies may be nobody's business but root's.
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/beside)
foreach(role judge compare explain)
	file(CREATE_LINK ../bin/rebuilder-${role}
		${CMAKE_BINARY_DIR}/beside/rebuilder-${role} SYMBOLIC)
endforeach()
