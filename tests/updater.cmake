# qubes-quorum: policies, decisions, and what the commands do
rb_test(test_policy unit unit/test_policy.c LINK rb_quorum)
rb_test(test_subject unit unit/test_subject.c LINK rb_quorum)
rb_test(test_decision unit
	unit/test_decision.c unit/network.c unit/testnode.c
	LINK attest_tests rb_quorum)
target_link_options(test_decision PRIVATE -Wl,--wrap=malloc
	-Wl,--wrap=calloc -Wl,--wrap=realloc -Wl,--wrap=reallocarray)
rb_test(test_decision_rules unit
	unit/test_decision_rules.c unit/network.c unit/testnode.c
	LINK rb_quorum)
rb_fuzz(fuzz_policy fuzz/fuzz_policy.c LINK rb_quorum)

rb_test(test_quorum flow flow/test_quorum.c flow/quorum_run.c flow/webnode.c
	unit/testnode.c
	LINK rb_attest rb_base Threads::Threads)
add_dependencies(test_quorum qubes-quorum qubes-quorum-fetch)
