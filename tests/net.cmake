# rebuilder-net
foreach(module net_range net_url)
	rb_test(test_${module} unit unit/test_${module}.c LINK rb_net rb_base)
	rb_fuzz(fuzz_${module} fuzz/fuzz_${module}.c LINK rb_net rb_base)
endforeach()
rb_test(test_net_fetch unit unit/test_net_fetch.c unit/hostile_http.c
	LINK rb_net rb_base PkgConfig::CURL)
rb_test(test_net_receive unit unit/test_net_receive.c unit/hostile_git.c
	unit/hostile_http.c LINK rb_net rb_base)
# With a pull of its own: no library, since that would bring the other.
rb_fuzz(fuzz_net_receive fuzz/fuzz_net_receive.c
	${CMAKE_SOURCE_DIR}/rebuilder/net/net_bare.c
	${CMAKE_SOURCE_DIR}/rebuilder/net/net_receive.c
	${CMAKE_SOURCE_DIR}/rebuilder/net/net_smart.c
	LINK rb_base PkgConfig::CURL PkgConfig::GIT2)
rb_library(rb_net_talk flow/net_talk.c flow/run_role.c
	LINK rb_process rb_base)
rb_test(test_net flow flow/test_net.c unit/hostile_http.c LINK rb_net_talk)
rb_test(test_net_pack flow flow/test_net_pack.c flow/git_world.c
	LINK rb_net_talk)
rb_test(test_net_proxy flow flow/test_net_proxy.c flow/git_world.c
	flow/socks_proxy.c flow/wire.c unit/hostile_http.c LINK rb_net_talk)
rb_test(test_net_tor flow flow/test_net_tor.c flow/wire.c LINK rb_net_talk)
rb_test(test_net_git flow flow/test_net_git.c unit/hostile_git.c
	unit/hostile_http.c LINK rb_net_talk)
# Sanitized, millions of small allocations.
set_tests_properties(test_net_git PROPERTIES TIMEOUT 300)
