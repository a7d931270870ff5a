rb_test(test_target unit unit/test_target.c LINK rb_rebuilder)
rb_test(test_component_state unit unit/test_component_state.c LINK rb_rebuilder)
rb_test(test_component unit unit/test_component.c LINK rb_rebuilder)
rb_test(test_place unit unit/test_place.c LINK rb_rebuilder)
rb_test(test_source_owner unit unit/test_source_owner.c LINK rb_rebuilder)
rb_test(test_watch_jobs unit unit/test_watch_jobs.c LINK rb_rebuilder)
rb_test(test_depot unit unit/test_depot.c LINK rb_rebuilder)
rb_test(test_journal unit unit/test_journal.c LINK rb_rebuilder)
rb_test(test_published unit unit/test_published.c LINK rb_rebuilder)
rb_test(test_collect unit unit/test_collect.c LINK rb_rebuilder)
rb_test(test_said unit unit/test_said.c LINK rb_rebuilder)
rb_test(test_inputs_diff unit unit/test_inputs_diff.c LINK rb_command)
rb_test(test_told unit unit/test_told.c LINK rb_told)
rb_test(test_release_doc unit unit/test_release_doc.c LINK rb_told)
rb_fuzz(fuzz_job fuzz/fuzz_job.c LINK rb_rebuilder)
rb_fuzz(fuzz_release_doc fuzz/fuzz_release_doc.c LINK rb_told)
rb_fuzz(fuzz_said fuzz/fuzz_said.c LINK rb_rebuilder)
rb_fuzz(fuzz_status fuzz/fuzz_status.c LINK rb_told)
rb_test(test_net_client unit unit/test_net_client.c LINK rb_rebuilder)
rb_test(test_leash unit unit/test_leash.c LINK rb_rebuilder)
rb_library(rb_jobs_world unit/jobs_world.c LINK rb_rebuilder PkgConfig::CMOCKA)
rb_test(test_jobs unit unit/test_jobs.c LINK rb_jobs_world)
rb_test(test_jobs_told unit unit/test_jobs_told.c LINK rb_jobs_world)
rb_test(test_queue unit unit/test_queue.c LINK rb_rebuilder)
rb_test(test_watch_calls unit unit/test_watch_calls.c LINK rb_rebuilder)
rb_test(test_prepare_plan unit unit/test_prepare_plan.c LINK rb_rebuilder)

# What machines and the judge say to a trip.
rb_test(test_machine_claims flow flow/test_machine_claims.c
	flow/fake_machine.c LINK rb_rebuilder)
set_target_properties(test_machine_claims PROPERTIES
	RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/beside)
add_dependencies(test_machine_claims rebuilder-judge)
rb_test(test_built flow flow/test_built.c flow/fake_machine.c
	LINK rb_rebuilder)
set_target_properties(test_built PROPERTIES
	RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/beside)
add_dependencies(test_built rebuilder-judge)
rb_test(test_prepare_fetch flow flow/test_prepare_fetch.c flow/fake_machine.c
	LINK rb_rebuilder)
set_target_properties(test_prepare_fetch PROPERTIES
	RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/beside)
add_dependencies(test_prepare_fetch rebuilder-judge)

# For scripts/bench: asks the real program, so it must lie beside it.
rb_program(compare_once bench/compare_once.c LINK rb_rebuilder)
set_target_properties(compare_once PROPERTIES
	RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
add_custom_command(TARGET compare_once POST_BUILD
	COMMAND ${CMAKE_COMMAND} -E copy_if_different
		$<TARGET_FILE:rebuilder-compare> ${CMAKE_BINARY_DIR}/bench/)
add_dependencies(compare_once rebuilder-compare)

# The same, of rebuilder-net.
rb_program(poll_once bench/poll_once.c LINK rb_net_talk rb_base
	PkgConfig::CMOCKA)
set_target_properties(poll_once PROPERTIES
	RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
add_dependencies(poll_once rebuilder-net)


add_test(NAME test_real COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/flow/real.sh
	${CMAKE_BINARY_DIR}/bin)
set_tests_properties(test_real PROPERTIES LABELS flow TIMEOUT 1500
	COST 100)

add_test(NAME test_qubes COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/flow/qubes.sh
	${CMAKE_BINARY_DIR}/bin ${CMAKE_BINARY_DIR}/tests)
set_tests_properties(test_qubes PROPERTIES LABELS flow TIMEOUT 900
	COST 100)

add_test(NAME units
	COMMAND ${CMAKE_SOURCE_DIR}/tests/flow/units.sh ${CMAKE_BINARY_DIR})
set_tests_properties(units PROPERTIES LABELS flow TIMEOUT 120)

if(NOT RB_SANITIZE) # packages are not built so
	add_test(NAME package_twice
		COMMAND ${CMAKE_SOURCE_DIR}/tests/flow/package_twice.sh
			$<TARGET_FILE:compare_once>)
	set_tests_properties(package_twice PROPERTIES LABELS flow TIMEOUT 900
	COST 100)
endif()
