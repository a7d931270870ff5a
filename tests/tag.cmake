# SPDX-License-Identifier: GPL-2.0-or-later
# Signed tags: what rebuilder-judge reads of a git server
add_library(packed STATIC unit/packed.c unit/repository.c unit/tag_records.c)
target_link_libraries(packed PUBLIC rb_judge rb_git PkgConfig::CMOCKA
	PRIVATE rb_flags)
foreach(module delta git_refs git_signature git_tag git_tree pack sha1
	tag_choice tag_outcomes tag_rule tree_tar)
	rb_test(test_${module} unit unit/test_${module}.c
		LINK packed rb_judge rb_base PkgConfig::ARCHIVE)
endforeach()
rb_test(test_keyring unit unit/test_keyring.c LINK rb_rebuilder)
foreach(module delta git_commit git_refs git_tag git_tree pack tag_rule)
	rb_fuzz(fuzz_${module} fuzz/fuzz_${module}.c
		LINK packed rb_judge rb_base)
endforeach()
rb_fuzz(fuzz_key fuzz/fuzz_key.c LINK rb_rebuilder)

# All of it, by real git and gpg; and for scripts/bench.  They ask the real
# judge, which is looked for beside them.
add_library(tag_world STATIC flow/tag_world.c)
target_link_libraries(tag_world PUBLIC rb_rebuilder PkgConfig::CMOCKA
	PRIVATE rb_flags)
rb_test(test_tag flow flow/test_tag.c LINK tag_world)
rb_test(test_tag_history flow flow/test_tag_history.c LINK tag_world)
rb_program(count_tags bench/count_tags.c LINK rb_rebuilder)
foreach(program test_tag test_tag_history count_tags)
	set_target_properties(${program} PROPERTIES
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/beside)
	add_dependencies(${program} rebuilder-judge)
endforeach()
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/beside)
file(CREATE_LINK ../bin/rebuilder-judge
	${CMAKE_BINARY_DIR}/beside/rebuilder-judge SYMBOLIC)
