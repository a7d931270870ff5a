# rebuilder-compare and rebuilder-explain
rb_library(rb_compare
	compare_files.c hasher.c
	LINK rb_base Threads::Threads)
rb_program(rebuilder-compare compare.c LINK rb_compare rb_process rb_base)
