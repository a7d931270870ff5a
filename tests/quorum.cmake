# SPDX-License-Identifier: GPL-2.0-or-later
# Three nodes that run, one of which lies.
rb_program(lie flow/lie.c LINK rb_process rb_attest rb_base)
set_target_properties(lie PROPERTIES
	RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
add_library(quorum_nodes STATIC flow/quorum_nodes.c flow/quorum_run.c
	flow/whole_node.c)
target_link_libraries(quorum_nodes PUBLIC rb_process rb_attest rb_base
	PkgConfig::CMOCKA PRIVATE rb_flags)

rb_test(test_quorum_nodes flow flow/test_quorum_nodes.c LINK quorum_nodes)
rb_test(test_quorum_liar flow flow/test_quorum_liar.c flow/quorum_liar.c
	flow/webnode.c unit/testnode.c LINK quorum_nodes Threads::Threads)
foreach(flow nodes liar)
	set_tests_properties(test_quorum_${flow} PROPERTIES SKIP_RETURN_CODE 77)
	add_dependencies(test_quorum_${flow} lie qubes-quorum
		qubes-quorum-fetch qubes-rebuilder rebuilder rebuilder-compare
		rebuilder-explain rebuilder-judge rebuilder-machine
		rebuilder-net attestor attestor-publish attestor-signer httpd)
endforeach()
