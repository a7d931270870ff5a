# SPDX-License-Identifier: GPL-2.0-or-later
# Where packages have what; everything runs from bin/ uninstalled too.  The
# programs of a node lie in one folder, where they find each other, and units
# name it: a prefix other than /usr is for who changes those.
include(GNUInstallDirs)

set(RB_UNIT_DIR lib/systemd/system CACHE STRING "where systemd looks")
set(home ${CMAKE_INSTALL_LIBEXECDIR}/qubes-rebuilder)
set(units ${CMAKE_SOURCE_DIR}/rebuilder/command/units)

install(TARGETS qubes-rebuilder rebuilder rebuilder-net rebuilder-judge
	rebuilder-compare rebuilder-explain rebuilder-machine attestor
	attestor-publish attestor-signer httpd
	RUNTIME DESTINATION ${home} COMPONENT node)
install(PROGRAMS scripts/subids DESTINATION ${home} COMPONENT node)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/link)
file(CREATE_LINK ../${home}/qubes-rebuilder
	${CMAKE_BINARY_DIR}/link/qubes-rebuilder SYMBOLIC)
install(FILES ${CMAKE_BINARY_DIR}/link/qubes-rebuilder
	DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT node)
file(GLOB files ${units}/*.service ${units}/*.slice ${units}/*.socket
	${units}/*.target)
install(FILES ${files} DESTINATION ${RB_UNIT_DIR} COMPONENT node)
install(FILES ${units}/qubes-rebuilder.sysusers
	DESTINATION lib/sysusers.d RENAME qubes-rebuilder.conf COMPONENT node)
install(FILES ${units}/qubes-rebuilder.tmpfiles
	DESTINATION lib/tmpfiles.d RENAME qubes-rebuilder.conf COMPONENT node)
install(FILES rebuilder/command/qubes-rebuilder.1
	DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT node)
install(FILES rebuilder/command/qubes-rebuilder.conf.5
	DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT node)
file(GLOB files attestor/*.8 rebuilder/*.8 rebuilder/*/*.8)
install(FILES ${files}
	DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 COMPONENT node)
# httpd.8 is Apache's on Fedora.
install(FILES httpd/httpd.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8
	RENAME qubes-rebuilder-httpd.8 COMPONENT node)

install(TARGETS qubes-quorum qubes-quorum-fetch
	RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT quorum)
install(FILES updater/qubes-quorum.1 updater/qubes-quorum-fetch.1
	DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT quorum)
install(FILES updater/qubes-quorum.policy.5
	DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT quorum)
