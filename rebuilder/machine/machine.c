/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rebuilder-machine: makes one machine, moves its three streams, ends it.
 *
 * The only role with the host's privilege: it runs as root, because only
 * root can map a range of ids and bound others' memory.  It keeps just the
 * capabilities for that (below), has no network, and parses nothing but
 * the description, which rebuilder wrote: what a build writes passes
 * through as bytes that it counts.
 *
 * An attacker who owns rebuilder can start machines of any size that the
 * host allows, and fill machine/layers with layers of his choice, each
 * under its own digest.  One who owns what runs in a machine must break
 * the kernel to get out; the files that he then still can't write are none.
 * Therefore machines with kernels of their own come before this one
 * wherever they exist.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/msg.h"
#include "common/process/role.h"
#include "rebuilder/machine/machine_driver.h"
#include "rebuilder/machine/relay.h"
#include "rebuilder/machine/stream.h"
#ifdef RB_XEN
#include "rebuilder/machine/xen_block.h"
#endif

#define MS_PER_S 1000

static const struct machine_driver *const drivers[] = {
	&machine_namespace,
	&machine_qemu,
#ifdef RB_XEN
	&machine_xen,
#endif
	&machine_far,
};

/*
 * What is needed, and for what:
 *   SYS_ADMIN     namespaces and mounts
 *   SETUID/SETGID maps of ids, becoming the guest's root
 *   CHOWN         giving a new layer to the guest's root
 *   DAC_OVERRIDE  renaming and removing directories of the guest's root
 *   KILL          ending processes of the guest's ids
 */
static const unsigned int kept[] = { CAP_SYS_ADMIN, CAP_SETUID, CAP_SETGID,
	CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_KILL };

/*
 * Of QEMU alone:
 *   MKNOD         giving /dev/kvm to an emulator that is no user's
 */
static enum rb_err
drop_capabilities(const struct machine_settings *s)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];
	unsigned int cap;
	size_t i;

	memset(data, 0, sizeof(data));
	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		data[0].permitted |= 1u << kept[i];
	if (strcmp(s->kind, "qemu") == 0)
		data[0].permitted |= 1u << CAP_MKNOD;
	data[0].effective = data[0].permitted;
	/* Before its own right to do so is gone; some may be so already. */
	for (cap = 0; cap < 64; cap++) {
		if ((cap < 32 && (data[0].permitted & 1u << cap) != 0) ||
		    prctl(PR_CAPBSET_READ, cap) != 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap) != 0)
			return RB_EIO;
	}
	return syscall(SYS_capset, &header, data) == 0 ? RB_OK : RB_EIO;
}

static enum rb_err
confine(const struct machine_settings *s)
{
	/* Orphans of a sandbox come to us, so that none is forgotten. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0 ||
	    signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return RB_EIO;
	(void)umask(077);
	return drop_capabilities(s);
}

static enum rb_err
send_refused(const struct fault *why)
{
	struct msg m;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&m, FRAME_REFUSED);
	if ((rc = put_text(&m.body, why->text)) == RB_OK)
		rc = msg_send(ROLE_SOCKET, &m);
	msg_clear(&m);
	return rc;
}

static enum rb_err
put_maybe_digest(struct buf *b, bool is_set, const struct digest *d)
{
	enum rb_err rc = put_u8(b, is_set ? 1 : 0);

	return rc != RB_OK ? rc : put_digest(b, d);
}

static enum rb_err
send_ended(const char *kind, const struct machine_result *m, int64_t took)
{
	struct msg answer;
	struct buf *b = &answer.body;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&answer, MACHINE_ENDED);
	if ((rc = put_u8(b, (uint8_t)m->end)) == RB_OK &&
	    (rc = put_u32(b, m->status)) == RB_OK &&
	    (rc = put_u64(b, (uint64_t)took)) == RB_OK &&
	    (rc = put_text(b, kind)) == RB_OK &&
	    (rc = put_text(b, m->clock)) == RB_OK &&
	    (rc = put_maybe_digest(b, m->has_image, &m->image)) == RB_OK &&
	    (rc = put_maybe_digest(b, m->has_kernel, &m->kernel)) == RB_OK &&
	    (rc = put_text(b, m->detail.text)) == RB_OK)
		rc = msg_send(ROLE_SOCKET, &answer);
	msg_clear(&answer);
	return rc;
}

static void
run_clear(struct machine_run *run)
{
	fd_close(&run->inputs);
	fd_close(&run->output);
	fd_close(&run->log);
	fd_close(&run->layer);
}

/* Takes the question apart.  RB_EFORMAT, RB_ELIMIT: it is refused. */
static enum rb_err
take_question(struct msg *m, struct description *d, struct machine_run *run,
    struct fault *why)
{
	struct span in = buf_span(&m->body), text = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_bytes(&in, DESCRIPTION_MAX, &text)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		return fault_set(why, rc, "the question is malformed");
	if ((rc = description_parse(text, d, why)) != RB_OK)
		return rc;
	if (m->nfds != (d->has_layer ? 4u : 3u))
		return fault_set(why, RB_EFORMAT,
		    "%zu descriptors came with the description", m->nfds);
	if ((rc = msg_take_fd(m, 0, &run->inputs)) != RB_OK ||
	    (rc = msg_take_fd(m, 1, &run->output)) != RB_OK ||
	    (rc = msg_take_fd(m, 2, &run->log)) != RB_OK)
		return rc;
	return d->has_layer ? msg_take_fd(m, 3, &run->layer) : RB_OK;
}

/* NULL: it was left out when this program was built. */
static const struct machine_driver *
find_driver(const char *kind)
{
	size_t i;

	for (i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (strcmp(drivers[i]->kind, kind) == 0)
			return drivers[i];
	return NULL;
}

static enum rb_err
answer(struct msg *m, const struct node *node,
    const struct machine_settings *settings)
{
	const struct machine_driver *driver = find_driver(settings->kind);
	struct description d = DESCRIPTION_INIT;
	struct machine_run run = { node, settings, &d, -1, -1, -1, -1,
		ROLE_SOCKET, 0 };
	struct machine_result result = { .end = MACHINE_UNAVAILABLE,
		.clock = "host" };
	struct fault why = FAULT_INIT;
	int64_t started = clock_now();
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_question(m, &d, &run, &why)) != RB_OK) {
		if (rc == RB_EFORMAT || rc == RB_ELIMIT)
			rc = send_refused(&why);
		goto out;
	}
	run.deadline = started + (int64_t)d.seconds * MS_PER_S;
	if (driver == NULL)
		rc = fault_set(&why, RB_EREFUSED,
		    "this rebuilder-machine was built without the kind \"%s\"",
		    settings->kind);
	else
		rc = driver->run(&run, &result, &why);
	if (rc == RB_EPEER)
		goto out; /* nobody is left to be told */
	if (rc == RB_ETIME) {
		result.end = MACHINE_TIMEOUT;
		(void)fault_set(&result.detail, RB_OK,
		    "killed while its layer was unpacked");
	} else if (rc != RB_OK) {
		if (why.text[0] == '\0')
			(void)fault_set(&why, rc,
			    "this computer could not do its part (%s: %s)",
			    err_name(rc), strerror(errno));
		note(NOTE_ERROR, "no machine: %s", why.text);
		result.detail = why;
	}
	rc = send_ended(result.kind[0] != '\0' ? result.kind : settings->kind,
	    &result, clock_now() - started);
out:
	run_clear(&run);
	return rc;
}

static enum rb_err
check_peer(const struct node *node, struct fault *why)
{
	struct user_ids user = { 0, 0 };
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = user_find(node->user_rebuilder, &user, why)) != RB_OK)
		return rc;
	if ((rc = peer_is(ROLE_SOCKET, user.uid)) != RB_OK)
		return fault_set(why, rc,
		    "only the user %s may have machines made",
		    node->user_rebuilder);
	return RB_OK;
}

static enum rb_err
serve(const char *conf, bool is_stream, struct fault *why)
{
	struct machine_settings settings;
	struct conf_section section;
	struct node node = NODE_INIT;
	struct msg question;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, 0);
	machine_settings_init(&settings);
	section = machine_section(&settings);
	if ((rc = node_read(conf, &node, &section, 1, why)) != RB_OK ||
	    (rc = machine_settings_check(&settings, conf, why)) != RB_OK ||
	    (is_stream && (rc = stream_serve(&node, why)) != RB_OK) ||
	    (rc = check_peer(&node, why)) != RB_OK)
		goto out;
	if ((rc = confine(&settings)) != RB_OK) {
		fault_set(why, rc, "cannot confine ourselves: %s",
		    strerror(errno));
		goto out;
	}
	/* A connection that asks nothing is not worth a word. */
	if ((rc = msg_recv(ROLE_SOCKET, &question)) == RB_EPEER) {
		rc = RB_OK;
		goto out;
	}
	if (rc == RB_OK && question.type != MACHINE_RUN)
		rc = RB_EFORMAT;
	if (rc != RB_OK) {
		fault_set(why, rc, "not a question that we know");
		goto out;
	}
	rc = answer(&question, &node, &settings);
	if (rc == RB_EPEER) {
		note(NOTE_INFO, "rebuilder went away; the machine was ended");
		rc = RB_OK;
	}
out:
	msg_clear(&question);
	machine_settings_clear(&settings);
	node_clear(&node);
	return rc;
}

#ifdef RB_XEN
static int
connect_disk(const char *verb, const char *xenbus)
{
	struct fault why = FAULT_INIT;

	if (xen_block(verb, xenbus, &why) == RB_OK)
		return 0;
	note(NOTE_ERROR, "%s", why.text);
	return 1;
}
#endif

int
main(int argc, char **argv)
{
	struct fault why = FAULT_INIT;
	bool is_stream;
	enum rb_err rc = RB_EINTERNAL;

	note_open("rebuilder-machine");
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		puts("usage: rebuilder-machine -c node.yml [--stream]\n"
		     "Makes one machine for rebuilder, which is connected to "
		     "descriptor 3; see rebuilder-machine(8).");
		return 0;
	}
#ifdef RB_XEN
	/* What libxenlight runs for each disk. */
	if (argc == 2 && getenv("XENBUS_PATH") != NULL)
		return connect_disk(argv[1], getenv("XENBUS_PATH"));
#endif
	is_stream = argc == 4 && strcmp(argv[3], "--stream") == 0;
	if ((argc != 3 && !is_stream) || strcmp(argv[1], "-c") != 0) {
		note(NOTE_ERROR,
		    "usage: rebuilder-machine -c node.yml [--stream]");
		return 2;
	}
	/* Whatever else we inherited is no guest's business. */
	if (is_stream)
		(void)close_range(ROLE_SOCKET, ~0u, 0);
	else if (fcntl(ROLE_SOCKET, F_SETFD, FD_CLOEXEC) != 0 ||
	    close_range(ROLE_FIRST_FD, ~0u, 0) != 0) {
		note(NOTE_ERROR,
		    "descriptor %d is not a connection; started by "
		    "qubes-rebuilder serve",
		    ROLE_SOCKET);
		return 2;
	}
	if ((rc = serve(argv[2], is_stream, &why)) == RB_OK)
		return 0;
	note(NOTE_ERROR, "%s", why.text[0] != '\0' ? why.text : err_name(rc));
	return 1;
}
