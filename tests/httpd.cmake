rb_test(test_route unit unit/test_route.c LINK rb_httpd)
rb_test(test_answer unit unit/test_answer.c LINK rb_httpd)
rb_test(test_page unit unit/test_page.c LINK rb_httpd)
rb_fuzz(fuzz_route fuzz/fuzz_route.c LINK rb_httpd)
