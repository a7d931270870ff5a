# qubes-quorum: policies, decisions, and what the commands do
rb_test(test_policy unit unit/test_policy.c LINK rb_quorum)
rb_test(test_subject unit unit/test_subject.c LINK rb_quorum)
rb_fuzz(fuzz_policy fuzz/fuzz_policy.c LINK rb_quorum)
