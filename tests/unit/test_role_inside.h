/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TEST_ROLE_INSIDE_H
#define RB_TEST_ROLE_INSIDE_H

/* The role that test_role starts: the same program with an argument. */
#define ECHO 0x1001
#define OPEN 0x1002   /* from state 0 to 1 */
#define SECRET 0x1003 /* in state 1 alone */
#define FAIL 0x1004
#define REPORT 0x1005
#define READ_ALL 0x1006
#define UNKNOWN 0x1fff

/* "serve" or "hang"; in a jail: "jailed-serve" or "jailed-hang". */
int role_main(const char *how);

#endif
