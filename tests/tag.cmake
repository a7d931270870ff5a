# SPDX-License-Identifier: GPL-2.0-or-later
# Signed tags: what rebuilder-judge reads of a git server
add_library(packed STATIC unit/packed.c unit/repository.c)
target_link_libraries(packed PUBLIC rb_git PRIVATE rb_flags)
foreach(module delta git_refs git_signature git_tag git_tree pack sha1
	tag_choice tag_rule tree_tar)
	rb_test(test_${module} unit unit/test_${module}.c
		LINK packed rb_judge rb_base PkgConfig::ARCHIVE)
endforeach()
rb_test(test_keyring unit unit/test_keyring.c LINK rb_rebuilder)
foreach(module delta git_commit git_refs git_tag git_tree pack tag_rule)
	rb_fuzz(fuzz_${module} fuzz/fuzz_${module}.c
		LINK packed rb_judge rb_base)
endforeach()

# All of it, by real git and gpg.  It asks the real judge, which so must lie
# beside it.
rb_test(test_tag flow flow/test_tag.c LINK rb_rebuilder)
set_target_properties(test_tag PROPERTIES
	RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/tag)
add_custom_command(TARGET test_tag POST_BUILD
	COMMAND ${CMAKE_COMMAND} -E copy_if_different
		$<TARGET_FILE:rebuilder-judge>
		${CMAKE_BINARY_DIR}/tests/tag/)
add_dependencies(test_tag rebuilder-judge)
