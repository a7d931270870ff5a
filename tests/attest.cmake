# common/attest: vectors in data/attest; every allocation is made to fail once
add_library(attest_tests STATIC unit/attest.c)
target_link_libraries(attest_tests PUBLIC rb_attest PkgConfig::CMOCKA
	PRIVATE rb_flags)
foreach(module bundle checkpoint envelope inputs key proof statement tree)
	rb_test(test_${module} unit unit/test_${module}.c
		LINK attest_tests rb_attest)
	target_link_options(test_${module} PRIVATE -Wl,--wrap=malloc
		-Wl,--wrap=calloc -Wl,--wrap=realloc -Wl,--wrap=reallocarray)
endforeach()
foreach(format bundle checkpoint envelope inputs proof statement vkey)
	rb_fuzz(fuzz_${format} fuzz/fuzz_${format}.c LINK rb_attest)
endforeach()
