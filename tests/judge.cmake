# rebuilder-judge: what it parses
foreach(module buildinfo built_index changelog_entry checksums clearsigned deb822 debversion
	external gitmodules gpgv_status layer outputs overrides packages pins prepared
	relations
	qubesbuilder release release_file resolution sources xz_file yaml_tree)
	rb_test(test_${module} unit unit/test_${module}.c
		LINK rb_judge rb_base PkgConfig::ARCHIVE)
endforeach()
foreach(module buildinfo built_index changelog_entry clearsigned deb822 debversion gitmodules
	gpgv_status layer outputs overrides packages pins qubesbuilder relations release release_file
	resolution sources)
	rb_fuzz(fuzz_${module} fuzz/fuzz_${module}.c LINK rb_judge rb_base)
endforeach()
# The program itself, in its jail
rb_test(test_judge flow flow/test_judge.c flow/run_role.c
	LINK rb_process rb_base PkgConfig::ARCHIVE)
rb_test(test_release_command flow flow/test_release_command.c LINK rb_base)
add_dependencies(test_release_command qubes-rebuilder rebuilder-judge)
