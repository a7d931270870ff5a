# SPDX-License-Identifier: GPL-2.0-or-later
rb_test(test_jail unit unit/test_jail.c unit/test_jail_deeds.c
	LINK rb_process PkgConfig::LMDB PkgConfig::CURL PkgConfig::MICROHTTPD
	Threads::Threads)
