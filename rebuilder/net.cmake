# rebuilder-net
rb_library(rb_net
	net_fetch.c net_range.c net_request.c net_transfer.c net_url.c
	LINK rb_process rb_base PkgConfig::CURL)
rb_program(rebuilder-net net.c LINK rb_net rb_process rb_base)
