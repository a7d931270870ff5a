set(recipes changelog deb describe environment prepare resolve)
list(TRANSFORM recipes PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/guest/
	OUTPUT_VARIABLE recipe_files)
list(JOIN recipes " " recipe_names)
add_custom_command(OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/recipe_texts.h
	COMMAND ${CMAKE_COMMAND}
		-DOUT=${CMAKE_CURRENT_BINARY_DIR}/recipe_texts.h
		"-DNAMES=${recipe_names}"
		-DDIR=${CMAKE_CURRENT_SOURCE_DIR}/guest
		-P ${CMAKE_SOURCE_DIR}/scripts/cmake/embed.cmake
	DEPENDS ${recipe_files} ${CMAKE_SOURCE_DIR}/scripts/cmake/embed.cmake
	VERBATIM)

# All of the daemon but its main, so that tests can link it too.
rb_library(rb_rebuilder
	admin.c admin_answer.c alarms.c ask.c budget.c buildinfo.c built.c changelog.c
	collect.c component.c component_state.c depot.c depot_uses.c fetch.c
	fetch_git.c gpgv.c
	index_read.c inputs_tar.c job.c job_alarms.c jobs.c jobs_add.c jobs_restore.c
	jobs_show.c jobs_work.c journal.c keeper.c keyring.c leash.c listeners.c
	listing.c log_keep.c metadata.c net_client.c offers.c prepare_fetch.c
	prepare_plan.c published.c queue.c recipe.c release.c repository.c run.c
	said.c settings.c sift.c source_owner.c
	stage_build.c stage_environment.c stage_index.c stage_inputs.c
	stage_prepare.c stage_source.c stage_tag.c stage_verdict.c tag.c
	tag_commit.c tag_names.c tag_refs.c tag_ruling.c tag_signatures.c
	tag_tree.c target.c trip.c verdict_memory.c verdict_statement.c
	verdict_submit.c watch.c watch_calls.c watch_jobs.c watch_look.c
	watch_tell.c work.c
	${CMAKE_CURRENT_BINARY_DIR}/recipe_texts.h
	LINK rb_told rb_machine_settings rb_db rb_attest rb_process rb_base
		PkgConfig::ARCHIVE PkgConfig::LMDB
		PkgConfig::ZSTD Threads::Threads)
target_include_directories(rb_rebuilder PRIVATE ${CMAKE_CURRENT_BINARY_DIR})

rb_program(rebuilder rebuilder.c LINK rb_rebuilder)
# Of the commands, what tests can link too.
rb_library(rb_command
	command/asking.c command/inputs_diff.c command/job_view.c
	command/showing.c command/told_release.c
	LINK rb_rebuilder rb_attest rb_process rb_base PkgConfig::JANSSON)
rb_program(qubes-rebuilder
	command/main.c command/app_init.c command/app_key.c
	command/app_inputs.c command/app_log.c command/app_queue.c
	command/app_rebuild.c command/app_release.c command/app_retry.c
	command/app_serve.c command/app_status.c command/app_why.c
	command/apt.c command/layout.c command/ready.c command/services.c
	command/sockets.c
	LINK rb_command rb_rebuilder rb_attest rb_process rb_base
		PkgConfig::JANSSON PkgConfig::ZSTD)
