/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/processes.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/file.h"

#define CAP(name) (UINT64_C(1) << CAP_##name)
#define OWN_ALL (OWN_USER | OWN_IPC | OWN_UTS | OWN_NET)

/*
 * "r", "w", "rw": how a file below the node's directory is open; "path": as a
 * name only.  LMDB holds its data twice, once to write what must be on disk
 * before it goes on.
 */
static const char *const of_rebuilder[] = { "path programs", "rw null",
	"r rebuilder/store", "rw rebuilder/journal/lock.mdb",
	"rw rebuilder/journal/data.mdb", "w rebuilder/journal/data.mdb",
	"w told/status", "w told/release", "anon_inode:[eventfd]", NULL };
/* For its threads, and libcurl's. */
static const char *const of_net[] = { "anon_inode:[eventfd]",
	"anon_inode:[eventfd]", "pair", "pair", NULL };
static const char *const of_attestor[] = { "rw null", "calls run/signer.sock",
	"pair", "rw attestor/truth/lock.mdb", "rw attestor/truth/data.mdb",
	"w attestor/truth/data.mdb", NULL };
static const char *const of_publish[] = { "rw served/lock.mdb",
	"rw served/data.mdb", "w served/data.mdb", NULL };
static const char *const of_signer[] = { "rw signer/state", NULL };
/* One eventpoll and one eventfd for each of its two threads. */
static const char *const of_httpd[] = { "r served/data.mdb",
	"rw served/lock.mdb", "r told/status", "r told/release",
	"anon_inode:[eventfd]", "anon_inode:[eventfd]",
	"anon_inode:[eventpoll]", "anon_inode:[eventpoll]", NULL };
static const char *const none[] = { NULL };

const struct process processes[PROCESSES] = {
	[P_REBUILDER] = { "rebuilder", "qubes-rebuilder", BY_SERVE,
	    NODE_REBUILDER, NULL, SYS_poll, OWN_ALL, true, 0,
	    "listens run/admin.sock", of_rebuilder },
	[P_NET] = { "rebuilder-net", "qubes-rebuilder-net", BY_CONNECTION,
	    NODE_PARTS, "net.sock", SYS_poll, OWN_ALL & ~(unsigned int)OWN_NET,
	    true, 0, "serves run/net.sock", of_net },
	[P_JUDGE] = { "rebuilder-judge", "qubes-rebuilder", BY_REBUILDER,
	    NODE_PARTS, NULL, SYS_recvmsg, OWN_ALL, true, 0, "pair", none },
	[P_COMPARE] = { "rebuilder-compare", "qubes-rebuilder", BY_REBUILDER,
	    NODE_PARTS, NULL, SYS_recvmsg, OWN_ALL, true, 0, "pair", none },
	[P_EXPLAIN] = { "rebuilder-explain", "qubes-rebuilder", BY_REBUILDER,
	    NODE_PARTS, NULL, SYS_recvmsg, OWN_ALL, true, 0, "pair", none },
	[P_MACHINE] = { "rebuilder-machine", "root", BY_CONNECTION, NODE_PARTS,
	    "machine.sock", SYS_recvmsg, OWN_IPC | OWN_UTS | OWN_NET, false,
	    CAP(SYS_ADMIN) | CAP(SETUID) | CAP(SETGID) | CAP(CHOWN) |
		CAP(DAC_OVERRIDE) | CAP(KILL),
	    "serves run/machine.sock", none },
	[P_ATTESTOR] = { "attestor", "qubes-attestor", BY_SERVE, NODE_ATTESTOR,
	    NULL, SYS_poll, OWN_ALL, true, 0, "listens run/attestor.sock",
	    of_attestor },
	[P_PUBLISH] = { "attestor-publish", "qubes-attestor", BY_SERVE,
	    NODE_ATTESTOR, NULL, SYS_recvmsg, OWN_ALL, true, 0, "pair",
	    of_publish },
	[P_SIGNER] = { "attestor-signer", "qubes-signer", BY_SERVE,
	    NODE_ATTESTOR, NULL, SYS_recvmsg, OWN_ALL, true, 0,
	    "serves run/signer.sock", of_signer },
	[P_HTTPD] = { "httpd", "qubes-httpd", BY_SERVE, NODE_HTTPD, NULL,
	    SYS_rt_sigtimedwait, OWN_ALL, true, 0, "listens tcp", of_httpd },
};

/* rebuilder-judge, -compare and -explain, as rebuilder starts them. */
static void
begin_role(const struct process *p, const struct whole_node *n,
    struct role *out)
{
	struct user_ids ids = whole_node_user(p->user);
	struct role_start how = ROLE_START_INIT;
	char path[64];
	int ours, notes;
	enum rb_err rc;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", n->notes);
	ours = fcntl(2, F_DUPFD_CLOEXEC, 3);
	notes = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(ours != -1 && notes != -1);
	how.program = p->program;
	how.uid = ids.uid;
	how.gid = ids.gid;
	/* 2 is inherited. */
	assert_int_equal(dup2(notes, 2), 2);
	rc = role_spawn(&how, out);
	assert_int_equal(dup2(ours, 2), 2);
	fd_close(&ours);
	fd_close(&notes);
	assert_int_equal(rc, RB_OK);
}

void
process_begin(const struct process *p, const struct whole_node *n,
    struct running *out)
{
	struct inject i;

	*out = (struct running)RUNNING_INIT;
	switch (p->started) {
	case BY_REBUILDER:
		begin_role(p, n, &out->role);
		out->pid = out->role.pid;
		break;
	case BY_CONNECTION:
		out->sock = whole_node_connect(n, p->door, "qubes-rebuilder");
		out->pid = whole_node_find(n, p->program);
		break;
	case BY_SERVE:
		out->pid = whole_node_find(n, p->program);
		break;
	}
	if (!inject_open(&i, out->pid, p->waits))
		fail_msg("%s does not come to wait for work", p->program);
	inject_close(&i);
}

void
process_end(struct running *r, bool is_gone)
{
	fd_close(&r->sock);
	/* Its number may be somebody else's by now. */
	if (is_gone)
		r->role.pid = -1;
	role_clear(&r->role);
	r->pid = -1;
}
