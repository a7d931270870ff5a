# SPDX-License-Identifier: GPL-2.0-or-later
# Signed tags.  The programs ask the real judge, so it must lie beside them.
rb_test(test_tag flow flow/test_tag.c LINK rb_rebuilder)
set_target_properties(test_tag PROPERTIES
	RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/tag)
add_custom_command(TARGET test_tag POST_BUILD
	COMMAND ${CMAKE_COMMAND} -E copy_if_different
		$<TARGET_FILE:rebuilder-judge>
		${CMAKE_BINARY_DIR}/tests/tag/)
add_dependencies(test_tag rebuilder-judge)
