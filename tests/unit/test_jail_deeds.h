/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TEST_JAIL_DEEDS_H
#define RB_TEST_JAIL_DEEDS_H

/*
 * What an attacker would try first.  Each returns 0 when it worked and -1
 * when it was refused; often neither, since the jail kills.
 */
int deed_open(void);
int deed_open_write(void);
int deed_stat(void);
int deed_stat_by_flag(void);
int deed_stat_above(void);
int deed_read_file(void);
int deed_write_file(void);
int deed_chmod(void);
int deed_chmod_at(void);
int deed_chmod_open(void);
int deed_set_times(void);
int deed_truncate(void);
int deed_truncate_by_open(void);
int deed_read_memory(void);
int deed_socket_inet(void);
int deed_socket_inet6(void);
int deed_socket_unix(void);
int deed_socket_netlink(void);
int deed_socket_packet(void);
int deed_connect_tcp(void);
int deed_bind_tcp(void);
int deed_socket_unix_dgram(void);
int deed_send_dgram(void);
int deed_send_message(void);
int deed_send_fast_open(void);
int deed_send_message_fast_open(void);
int deed_accept(void);
int deed_fork(void);
int deed_thread(void);
int deed_exec(void);
int deed_mmap_exec(void);
int deed_mprotect_exec(void);
int deed_ptrace(void);
int deed_read_process(void);
int deed_kill_parent(void);
int deed_kill_all(void);
int deed_kill_bystander(void);
int deed_kill_group(void);
int deed_interrupt_bystander(void);
int deed_ask_for_signals(void);
int deed_limit_bystander(void);
int deed_abort(void);
int deed_mount(void);
int deed_chroot(void);
int deed_unshare(void);
int deed_setuid(void);
int deed_raise_limit(void);
int deed_be_dumpable(void);
int deed_type_into_terminal(void);
int deed_lock(void);
int deed_bpf(void);
int deed_keyctl(void);
int deed_io_uring(void);
int deed_userfaultfd(void);
int deed_perf(void);
int deed_personality(void);
int deed_old_abi(void);

/* What programs live on. */
int deed_compute(void);
int deed_pipe(void);
int deed_memory_file(void);
int deed_clock(void);

#endif
