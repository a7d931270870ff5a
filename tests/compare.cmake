rb_test(test_compare unit unit/test_compare.c LINK rb_compare rb_base)
target_link_options(test_compare PRIVATE -Wl,--wrap=pread)
