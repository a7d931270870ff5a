# SPDX-License-Identifier: GPL-2.0-or-later
rb_test(test_description unit unit/test_description.c
	LINK rb_description rb_base)
rb_test(test_cgroup unit unit/test_cgroup.c LINK rb_cgroup rb_base)
rb_test(test_relay unit unit/test_relay.c LINK rb_sandbox rb_base)
rb_test(test_subids unit unit/test_subids.c LINK rb_sandbox rb_base)
rb_test(test_boot_disks unit unit/test_boot_disks.c LINK rb_boot rb_base)
rb_test(test_boot_manifest unit unit/test_boot_manifest.c
	LINK rb_boot rb_base)
rb_fuzz(fuzz_boot_manifest fuzz/fuzz_boot_manifest.c LINK rb_boot rb_base)
rb_test(test_machine_settings unit unit/test_machine_settings.c
	LINK rb_machine_settings rb_base)
rb_test(test_wire unit unit/test_wire.c LINK rb_wire rb_base)
rb_fuzz(fuzz_wire fuzz/fuzz_wire.c LINK rb_wire rb_base)
rb_fuzz(fuzz_description fuzz/fuzz_description.c LINK rb_description rb_base)

rb_library(rb_machine_client machine/machine_client.c machine/trial.c
	LINK rb_description rb_process rb_base PkgConfig::CMOCKA)
rb_program(run_machine machine/run_machine.c LINK rb_machine_client rb_base)
set_target_properties(run_machine PROPERTIES
	RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

foreach(test test_machine test_machine_far test_machine_limits)
	rb_test(${test} flow flow/${test}.c LINK rb_machine_client rb_base)
	add_dependencies(${test} rebuilder-machine)
endforeach()

if(XENLIGHT_FOUND)
	rb_test(test_warden unit unit/test_warden.c LINK rb_xen rb_base)
	foreach(test test_xen_domain test_xen_marks)
		rb_test(${test} unit unit/${test}.c unit/fake_libxl.c
			LINK rb_xen rb_base)
		target_link_options(${test} PRIVATE -Wl,--wrap=poll
			-Wl,--wrap=__poll_chk -Wl,--wrap=clock_gettime
			-Wl,--wrap=libxl_domain_config_init
			-Wl,--wrap=libxl_domain_config_dispose)
	endforeach()
endif()

# Run by scripts/test-machine, in dom0 of its laboratory.
foreach(test test_xen test_xen_bytes test_xen_far)
	rb_program(${test} machine/${test}.c machine/xen_trial.c
		LINK rb_machine_client rb_base PkgConfig::CMOCKA)
	set_target_properties(${test} PROPERTIES
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endforeach()

# They boot the image that scripts/image makes.
foreach(test test_machine_qemu test_machine_qemu_ends test_machine_image)
	rb_test(${test} qemu flow/${test}.c LINK rb_machine_client rb_base)
	add_dependencies(${test} rebuilder-machine)
	set_tests_properties(${test} PROPERTIES TIMEOUT 600 ENVIRONMENT
		"RB_DATA=${CMAKE_SOURCE_DIR}/tests/data;RB_BIN=${CMAKE_BINARY_DIR}/bin;RB_IMAGE=${CMAKE_SOURCE_DIR}/build/image")
endforeach()
add_test(NAME image_twice
	COMMAND ${CMAKE_SOURCE_DIR}/tests/flow/image_twice.sh)
set_tests_properties(image_twice PROPERTIES LABELS qemu TIMEOUT 600)
