# rebuilder-compare and rebuilder-explain
rb_test(test_compare unit unit/test_compare.c LINK rb_compare rb_base)
target_link_options(test_compare PRIVATE -Wl,--wrap=pread)
foreach(module explain explain_elf)
	rb_test(test_${module} unit
		unit/test_${module}.c unit/explained.c unit/testdeb.c
		LINK rb_explain rb_attest PkgConfig::ARCHIVE)
endforeach()
rb_fuzz(fuzz_explain fuzz/fuzz_explain.c LINK rb_explain rb_attest)

rb_test(test_pure_roles flow flow/test_pure_roles.c unit/testdeb.c
	LINK rb_process rb_base PkgConfig::ARCHIVE)
add_dependencies(test_pure_roles rebuilder-compare rebuilder-explain)
