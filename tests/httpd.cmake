# A served store to look at and to test with.
rb_library(rb_served unit/served.c
	LINK rb_store rb_attest rb_base PkgConfig::ZSTD)
rb_program(make_store flow/make_store.c LINK rb_served)
set_target_properties(make_store PROPERTIES
	RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

rb_test(test_answer unit unit/test_answer.c LINK rb_httpd)
rb_test(test_guard unit unit/test_guard.c LINK rb_httpd)
rb_test(test_page unit unit/test_page.c LINK rb_httpd)
rb_test(test_release_table unit unit/test_release_table.c LINK rb_httpd)
rb_test(test_route unit unit/test_route.c LINK rb_httpd)
rb_test(test_site unit unit/test_site.c LINK rb_httpd rb_served)
rb_test(test_unpack unit unit/test_unpack.c LINK rb_httpd PkgConfig::ZSTD)

rb_library(rb_http_world flow/http_world.c
	LINK rb_served rb_store rb_base PkgConfig::CMOCKA)
rb_test(test_httpd flow flow/test_httpd.c LINK rb_http_world PkgConfig::ZSTD)
rb_test(test_httpd_clients flow flow/test_httpd_clients.c LINK rb_http_world)
add_dependencies(test_httpd httpd)
add_dependencies(test_httpd_clients httpd)

rb_fuzz(fuzz_batch fuzz/fuzz_batch.c LINK rb_httpd)
rb_fuzz(fuzz_header fuzz/fuzz_header.c LINK rb_httpd)
rb_fuzz(fuzz_page fuzz/fuzz_page.c LINK rb_httpd)
rb_fuzz(fuzz_route fuzz/fuzz_route.c LINK rb_httpd)
