# SPDX-License-Identifier: GPL-2.0-or-later
# Statements to store; also for the tests of attestor.
add_library(sample STATIC unit/sample.c)
target_link_libraries(sample PUBLIC rb_attest PkgConfig::CMOCKA
	PRIVATE rb_flags)
rb_test(test_db unit unit/test_db.c LINK sample rb_db)
rb_test(test_store unit unit/test_store.c LINK sample rb_store)
