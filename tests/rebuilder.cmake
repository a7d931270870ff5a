rb_test(test_target unit unit/test_target.c LINK rb_rebuilder)
rb_test(test_depot unit unit/test_depot.c LINK rb_rebuilder)
rb_test(test_journal unit unit/test_journal.c LINK rb_rebuilder)
