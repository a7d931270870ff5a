# rebuilder-judge
rb_library(rb_judge
	checksums.c deb822.c debversion.c gpgv_status.c layer.c mapping.c
	outputs.c packages.c release.c resolution.c sources.c tar_writer.c
	xz_file.c
	LINK rb_process rb_base PkgConfig::ARCHIVE)
rb_program(rebuilder-judge judge.c judge_archive.c judge_machine.c
	LINK rb_judge rb_process rb_base)
