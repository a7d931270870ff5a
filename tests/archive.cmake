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

# A whole node that watches a release.  The first builds it, from the archive
# of this computer's apt.
add_library(release_world STATIC flow/release_world.c)
target_link_libraries(release_world PUBLIC archive_world PRIVATE rb_flags)
foreach(flow build watch)
	rb_test(test_release_${flow} flow flow/test_release_${flow}.c
		LINK release_world)
	add_dependencies(test_release_${flow} qubes-rebuilder rebuilder
		rebuilder-net rebuilder-judge rebuilder-machine
		rebuilder-compare rebuilder-explain attestor attestor-signer
		attestor-publish httpd qubes-quorum)
	set_tests_properties(test_release_${flow} PROPERTIES TIMEOUT 1500
		COST 100)
endforeach()
