# SPDX-License-Identifier: GPL-2.0-or-later
set(whole_node qubes-rebuilder rebuilder rebuilder-net rebuilder-judge
	rebuilder-machine attestor attestor-signer attestor-publish httpd)

# What programs do to their stores, and what a power cut leaves of it.  By
# system calls and registers: x86-64 only.  And by ptrace(2), under which the
# leak sanitizer of the programs can't work.
if(CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64 AND NOT RB_SANITIZE)
	rb_library(rb_power_cut flow/tape.c flow/tape_record.c flow/tape_call.c
		flow/tape_trouble.c flow/power_cut.c
		LINK rb_base PkgConfig::CMOCKA Threads::Threads)
	foreach(flow power_cut attestor_trouble)
		rb_test(test_${flow} flow flow/test_${flow}.c flow/attest_talk.c
			flow/attest_node.c LINK rb_power_cut sample rb_attestor)
		add_dependencies(test_${flow}
			attestor attestor-signer attestor-publish)
	endforeach()
	foreach(flow power_cut_node node_trouble)
		rb_test(test_${flow} flow flow/test_${flow}.c
			LINK rb_power_cut archive_world)
		add_dependencies(test_${flow} ${whole_node})
	endforeach()
	set_tests_properties(test_power_cut test_power_cut_node
		test_node_trouble PROPERTIES TIMEOUT 240)
endif()

# Somebody of a whole node dies, again and again: a matter of moments, which
# sanitizers would stretch.
if(NOT RB_SANITIZE)
	rb_test(test_node_kills flow flow/test_node_kills.c flow/attest_talk.c
		flow/attest_node.c LINK archive_world sample rb_attestor)
	add_dependencies(test_node_kills ${whole_node})
	set_tests_properties(test_node_kills PROPERTIES TIMEOUT 240)
endif()

rb_test(test_shortage_stores unit unit/test_shortage_stores.c unit/shortage.c
	LINK sample rb_attestor rb_rebuilder rb_store)
target_link_options(test_shortage_stores PRIVATE ${SHORTAGE_WRAPS})
