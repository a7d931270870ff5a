# rebuilder-compare and rebuilder-explain
rb_library(rb_compare
	compare_files.c hasher.c
	LINK rb_base Threads::Threads)
rb_program(rebuilder-compare compare.c LINK rb_compare rb_process rb_base)

rb_library(rb_explain
	explain_content.c explain_elf.c explain_listing.c explain_members.c
	explain_package.c explain_reader.c explain_report.c
	LINK rb_base PkgConfig::ARCHIVE)
rb_program(rebuilder-explain explain.c LINK rb_explain rb_process rb_base)
