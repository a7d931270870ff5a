# SPDX-License-Identifier: GPL-2.0-or-later
rb_test(test_truth unit unit/test_truth.c LINK sample rb_attestor)
rb_test(test_signing unit unit/test_signing.c LINK sample rb_attestor)
rb_test(test_signer_state unit unit/test_signer_state.c
	LINK sample rb_attestor)
rb_fuzz(fuzz_signer_state fuzz/fuzz_signer_state.c LINK rb_attestor)
rb_fuzz(fuzz_submission fuzz/fuzz_submission.c LINK rb_attestor)
rb_test(test_attestor flow flow/test_attestor.c flow/attest_node.c
	LINK sample rb_attestor)
add_dependencies(test_attestor attestor attestor-signer attestor-publish)
