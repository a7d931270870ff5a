# SPDX-License-Identifier: GPL-2.0-or-later
# A whole node against an archive, and a mirror, of every manner.
add_library(archive_world STATIC
	flow/archive_mirror.c flow/archive_world.c flow/archive_suffer.c)
target_link_libraries(archive_world PUBLIC rb_process rb_base PkgConfig::CMOCKA
	Threads::Threads PRIVATE rb_flags)
foreach(flow release index mirror mirrors buildinfo disk conf operator)
	rb_test(test_archive_${flow} flow flow/test_archive_${flow}.c
		LINK archive_world)
	add_dependencies(test_archive_${flow} qubes-rebuilder rebuilder
		rebuilder-net rebuilder-judge rebuilder-machine attestor
		attestor-signer attestor-publish httpd)
	# Many jobs, one after the other; slow under sanitizers.
	set_tests_properties(test_archive_${flow} PROPERTIES TIMEOUT 600)
endforeach()
