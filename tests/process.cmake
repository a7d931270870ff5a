# SPDX-License-Identifier: GPL-2.0-or-later
rb_test(test_role unit unit/test_role.c unit/test_role_inside.c
	LINK rb_process Threads::Threads)
rb_test(test_foreign unit unit/test_foreign.c LINK rb_process)
rb_test(test_jail unit unit/test_jail.c unit/test_jail_deeds.c
	unit/jailed.c unit/jail_aims.c
	LINK rb_process Threads::Threads)
# The same claims on the oldest kernel's Landlock.
rb_test(test_jail_old unit unit/test_jail.c unit/test_jail_deeds.c
	unit/jailed.c unit/jail_aims.c unit/old_landlock.c
	LINK rb_process Threads::Threads)
target_link_options(test_jail_old PRIVATE -Wl,--wrap=landlock_abi
	-Wl,--wrap=landlock_create)
rb_test(test_jail_work unit unit/test_jail_work.c unit/jailed.c
	LINK rb_process PkgConfig::LMDB PkgConfig::CURL PkgConfig::MICROHTTPD
	Threads::Threads)
rb_test(test_msg unit unit/test_msg.c LINK rb_process)
rb_test(test_node unit unit/test_node.c LINK rb_process)
rb_fuzz(fuzz_msg fuzz/fuzz_msg.c LINK rb_process)

# Wraps what tests/unit/shortage.c makes fail.
set(SHORTAGE_WRAPS "")
foreach(call malloc calloc realloc reallocarray strdup write fsync sendmsg)
	list(APPEND SHORTAGE_WRAPS -Wl,--wrap=${call})
endforeach()
rb_test(test_shortage unit unit/test_shortage.c unit/shortage.c
	LINK rb_process)
target_link_options(test_shortage PRIVATE ${SHORTAGE_WRAPS})
