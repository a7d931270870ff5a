# SPDX-License-Identifier: GPL-2.0-or-later
# One INTERFACE target carries every flag; functions make the targets alike.

add_library(rb_flags INTERFACE)
target_compile_options(rb_flags INTERFACE
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
	-Wwrite-strings -Wpointer-arith -Wcast-qual -Wvla
	-Wconversion -Wsign-conversion -Wformat=2 -Wimplicit-fallthrough
	-Wframe-larger-than=65536
	-fstack-protector-strong -fno-strict-aliasing -fno-common
	-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
target_compile_definitions(rb_flags INTERFACE _GNU_SOURCE
	RB_VERSION="${PROJECT_VERSION}")
target_include_directories(rb_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_link_options(rb_flags INTERFACE -Wl,-z,relro,-z,now -Wl,--as-needed)
if(RB_WERROR)
	target_compile_options(rb_flags INTERFACE -Werror)
endif()
if(RB_SANITIZE)
	target_compile_options(rb_flags INTERFACE
		-fsanitize=address,undefined -fno-sanitize-recover=all
		-fno-omit-frame-pointer)
	target_link_options(rb_flags INTERFACE -fsanitize=address,undefined)
	target_compile_definitions(rb_flags INTERFACE RB_SANITIZE)
else()
	target_compile_options(rb_flags INTERFACE -U_FORTIFY_SOURCE
		-D_FORTIFY_SOURCE=2)
endif()
if(RB_FUZZ)
	target_compile_options(rb_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# rb_library(NAME sources... LINK targets...)
function(rb_library name)
	cmake_parse_arguments(A "" "" "LINK" ${ARGN})
	add_library(${name} STATIC ${A_UNPARSED_ARGUMENTS})
	target_link_libraries(${name} PUBLIC ${A_LINK} PRIVATE rb_flags)
	set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
endfunction()

# rb_program(NAME sources... LINK targets...)
function(rb_program name)
	cmake_parse_arguments(A "" "" "LINK" ${ARGN})
	add_executable(${name} ${A_UNPARSED_ARGUMENTS})
	target_link_libraries(${name} PRIVATE ${A_LINK} rb_flags)
endfunction()

# rb_test(NAME LABEL sources... LINK targets...): one cmocka program
function(rb_test name label)
	cmake_parse_arguments(A "" "" "LINK" ${ARGN})
	add_executable(${name} ${A_UNPARSED_ARGUMENTS})
	target_link_libraries(${name} PRIVATE ${A_LINK} rb_flags
		PkgConfig::CMOCKA)
	set_target_properties(${name} PROPERTIES
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
	add_test(NAME ${name} COMMAND ${name})
	set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 300
		ENVIRONMENT "RB_DATA=${CMAKE_SOURCE_DIR}/tests/data;RB_BIN=${CMAKE_BINARY_DIR}/bin")
endfunction()

# rb_fuzz(NAME sources... LINK targets...): built only with RB_FUZZ; seeds in
# tests/data/fuzz/NAME
function(rb_fuzz name)
	if(NOT RB_FUZZ)
		return()
	endif()
	cmake_parse_arguments(A "" "" "LINK" ${ARGN})
	add_executable(${name} ${A_UNPARSED_ARGUMENTS})
	target_link_libraries(${name} PRIVATE ${A_LINK} rb_flags)
	target_link_options(${name} PRIVATE -fsanitize=fuzzer)
	set_target_properties(${name} PROPERTIES
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
	add_test(NAME ${name} COMMAND ${CMAKE_SOURCE_DIR}/scripts/fuzz-once
		$<TARGET_FILE:${name}> ${CMAKE_SOURCE_DIR}/tests/data/fuzz/${name})
	set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT 300)
endfunction()
