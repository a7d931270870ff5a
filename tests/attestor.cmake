# SPDX-License-Identifier: GPL-2.0-or-later
rb_test(test_truth unit unit/test_truth.c LINK sample rb_attestor)
rb_test(test_signing unit unit/test_signing.c LINK sample rb_attestor)
rb_test(test_signer_state unit unit/test_signer_state.c
	LINK sample rb_attestor)
target_link_options(test_signer_state PRIVATE -Wl,--wrap=fdatasync)
rb_fuzz(fuzz_signer_state fuzz/fuzz_signer_state.c LINK rb_attestor)
rb_fuzz(fuzz_submission fuzz/fuzz_submission.c LINK rb_attestor)

# The real programs, under a supervisor of the test
foreach(flow attestor attestor_crash signer)
	rb_test(test_${flow} flow flow/test_${flow}.c flow/attest_talk.c
		flow/attest_node.c LINK sample rb_attestor)
	add_dependencies(test_${flow}
		attestor attestor-signer attestor-publish)
endforeach()

# What programs do to their stores, and what a power cut leaves of it.  By
# system calls and registers: x86-64 only.
if(CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
	rb_library(rb_power_cut flow/tape.c flow/tape_record.c flow/tape_call.c
		flow/power_cut.c LINK rb_base PkgConfig::CMOCKA Threads::Threads)
	rb_test(test_power_cut flow flow/test_power_cut.c flow/attest_talk.c
		flow/attest_node.c LINK rb_power_cut sample rb_attestor)
	add_dependencies(test_power_cut
		attestor attestor-signer attestor-publish)
	set_tests_properties(test_power_cut PROPERTIES TIMEOUT 240)
endif()
