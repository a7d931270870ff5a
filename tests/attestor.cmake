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
