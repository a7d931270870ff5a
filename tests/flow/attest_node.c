/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/attest_node.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/node.h"
#include "tests/unit/sample.h"

#define STARTS_MAX 60

/* Written by the supervisor, read by the test. */
struct pids {
	volatile pid_t attestor, signer;
};

/* Users that every Debian has; of the test itself when it is not root. */
struct user {
	const char *key, *name;
	uid_t uid;
	gid_t gid;
};

enum { REBUILDER, NET, ATTESTOR, SIGNER, HTTPD, USERS };

static struct user users[USERS] = {
	[REBUILDER] = { "rebuilder", "games", 0, 0 },
	[NET] = { "net", "news", 0, 0 },
	[ATTESTOR] = { "attestor", "daemon", 0, 0 },
	[SIGNER] = { "signer", "bin", 0, 0 },
	[HTTPD] = { "httpd", "www-data", 0, 0 },
};

static void
find_users(void)
{
	struct passwd *p;
	size_t i;

	for (i = 0; i < USERS; i++) {
		p = geteuid() == 0 ? getpwnam(users[i].name) :
				     getpwuid(geteuid());
		assert_non_null(p);
		if (geteuid() != 0)
			users[i].name = strdup(p->pw_name);
		users[i].uid = p->pw_uid;
		users[i].gid = p->pw_gid;
	}
}

char *
attest_node_path(const struct attest_node *n, const char *rest)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s", n->directory, rest) < 0)
		fail();
	return path;
}

static void
make_directory(const struct attest_node *n, const char *name, uid_t uid,
    gid_t gid, mode_t mode)
{
	char *path = attest_node_path(n, name);

	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chown(path, uid, gid), 0);
	assert_int_equal(chmod(path, mode), 0);
	free(path);
}

static void
make_file(const struct attest_node *n, const char *name, struct span s,
    uid_t uid, gid_t gid, mode_t mode)
{
	char *path = attest_node_path(n, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_ok(file_write_fd(fd, s));
	assert_int_equal(fchown(fd, uid, gid), 0);
	fd_close(&fd);
	free(path);
}

static void
make_keys(struct attest_node *n)
{
	struct key_public public;
	struct buf pem = BUF_INIT;
	struct key *k = NULL;

	assert_ok(key_generate(&k));
	key_public_of(k, &public);
	assert_ok(vkey_make(SAMPLE_NODE, VKEY_ED25519, &public, &n->vkey));
	assert_ok(key_write(k, &pem));
	make_file(n, "keys/signing.key", buf_span(&pem), users[SIGNER].uid,
	    users[SIGNER].gid, 0400);
	make_file(n, "signer/state", SPAN(NODE_STATE_NEW), users[SIGNER].uid,
	    users[SIGNER].gid, 0600);
	buf_wipe(&pem);
	key_free(&k);
}

static void
make_conf(struct attest_node *n)
{
	struct buf b = BUF_INIT;
	size_t i;

	assert_ok(buf_printf(&b,
	    "node:\n  name: \"%s\"\n  operator: \"Test\"\n"
	    "  directory: \"%s\"\nusers:\n",
	    SAMPLE_NODE, n->directory));
	for (i = 0; i < USERS; i++)
		assert_ok(buf_printf(&b, "  %s: \"%s\"\n", users[i].key,
		    users[i].name));
	make_file(n, "node.yml", buf_span(&b), geteuid(), getegid(), 0644);
	n->conf = attest_node_path(n, "node.yml");
	buf_clear(&b);
}

void
attest_node_init(struct attest_node *n)
{
	memset(n, 0, sizeof(*n));
	find_users();
	n->directory = sample_directory();
	assert_int_equal(chmod(n->directory, 0755), 0);
	make_directory(n, "keys", geteuid(), users[SIGNER].gid, 0750);
	make_directory(n, "signer", users[SIGNER].uid, users[SIGNER].gid, 0700);
	make_directory(n, "attestor", users[ATTESTOR].uid, users[ATTESTOR].gid,
	    0700);
	make_directory(n, "attestor/truth", users[ATTESTOR].uid,
	    users[ATTESTOR].gid, 0700);
	make_directory(n, "served", users[ATTESTOR].uid, users[HTTPD].gid,
	    02750);
	make_directory(n, "run", geteuid(), getegid(), 0755);
	make_keys(n);
	make_conf(n);
	n->pids = mmap(NULL, sizeof(*n->pids), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(n->pids != MAP_FAILED);
}

static void
remove_below(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (d == NULL) {
		(void)unlinkat(parent, name, 0);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			remove_below(fd, e->d_name);
	}
	closedir(d);
	(void)unlinkat(parent, name, AT_REMOVEDIR);
}

void
attest_node_clear(struct attest_node *n)
{
	attest_node_stop(n);
	if (n->directory != NULL)
		remove_below(AT_FDCWD, n->directory);
	if (n->pids != NULL)
		(void)munmap(n->pids, sizeof(*n->pids));
	free(n->directory);
	free(n->conf);
	memset(n, 0, sizeof(*n));
}

/* In the child: what role_spawn leaves a program of ours. */
static void
become(const struct attest_node *n, const char *program,
    const struct user *user, int sock)
{
	char *argv[] = { strdup(program), strdup("-c"), n->conf, NULL };
	char *notes = attest_node_path(n, "notes"), *path = NULL;
	char *envp[] = { NULL };
	sigset_t none;
	int null, log;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (asprintf(&path, "%s/%s", getenv("RB_BIN"), program) < 0)
		_exit(126);
	/* Away from the numbers that they are to have. */
	sock = fcntl(sock, F_DUPFD, 10);
	null = fcntl(open("/dev/null", O_RDWR), F_DUPFD, 10);
	log = fcntl(open(notes, O_WRONLY | O_APPEND | O_CREAT, 0600), F_DUPFD,
	    10);
	if (dup2(sock, 3) != 3 || dup2(null, 0) != 0 || dup2(null, 1) != 1 ||
	    dup2(log, 2) != 2 || close_range(4, ~0U, 0) != 0)
		_exit(126);
	if (geteuid() == 0 &&
	    (setgroups(0, NULL) != 0 ||
		setresgid(user->gid, user->gid, user->gid) != 0 ||
		setresuid(user->uid, user->uid, user->uid) != 0))
		_exit(126);
	/* After the change of user, which clears it. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	execve(path, argv, envp);
	_exit(127);
}

static pid_t
start(const struct attest_node *n, const char *program, int sock)
{
	const struct user *user = &users[ATTESTOR];
	pid_t pid;

	if (strcmp(program, "attestor-signer") == 0)
		user = &users[SIGNER];
	pid = fork();
	if (pid == 0)
		become(n, program, user, sock);
	return pid;
}

pid_t
attest_node_run(const struct attest_node *n, const char *program, int sock)
{
	pid_t pid = start(n, program, sock);

	assert_true(pid > 0);
	return pid;
}

static int
listen_at(const struct attest_node *n, const char *name, gid_t gid)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/run/%s", n->directory,
	    name);
	(void)unlink(a.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    chmod(a.sun_path, 0660) != 0 ||
	    chown(a.sun_path, geteuid(), gid) != 0 || listen(fd, 64) != 0)
		fail_msg("%s: %s", a.sun_path, strerror(errno));
	return fd;
}

static void
reap(struct attest_node *n)
{
	pid_t gone;

	while ((gone = waitpid(-1, NULL, WNOHANG)) > 0) {
		if (gone == n->pids->attestor)
			n->pids->attestor = 0;
		if (gone == n->pids->signer)
			n->pids->signer = 0;
	}
}

/* Never returns. */
static void
supervise(struct attest_node *n, int door, int signer_door)
{
	struct signalfd_siginfo info;
	struct pollfd p[2];
	unsigned int starts = 0;
	sigset_t child;
	int ended, sock;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &child, NULL);
	ended = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	p[0] = (struct pollfd){ signer_door, POLLIN, 0 };
	p[1] = (struct pollfd){ ended, POLLIN, 0 };
	for (;;) {
		if (n->pids->attestor == 0) {
			if (++starts > STARTS_MAX)
				_exit(1);
			n->pids->attestor = start(n, "attestor", door);
		}
		if (poll(p, 2, -1) < 0)
			_exit(1);
		if (p[0].revents != 0) {
			sock = accept4(signer_door, NULL, NULL, SOCK_CLOEXEC);
			n->pids->signer = start(n, "attestor-signer", sock);
			close(sock);
		}
		if (read(ended, &info, sizeof(info)) > 0)
			reap(n);
	}
}

void
attest_node_start(struct attest_node *n)
{
	int door = listen_at(n, "attestor.sock", users[REBUILDER].gid);
	int signer_door = listen_at(n, "signer.sock", users[ATTESTOR].gid);

	n->supervisor = fork();
	assert_true(n->supervisor >= 0);
	if (n->supervisor == 0)
		supervise(n, door, signer_door);
	close(door);
	close(signer_door);
}

/* A lock on its state is what the signer holds to its end. */
static void
wait_for_signer(const struct attest_node *n)
{
	char *path = attest_node_path(n, "signer/state");
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		(void)flock(fd, LOCK_EX);
	fd_close(&fd);
	free(path);
}

void
attest_node_stop(struct attest_node *n)
{
	if (n->supervisor <= 0)
		return;
	(void)kill(n->supervisor, SIGKILL);
	(void)waitpid(n->supervisor, NULL, 0);
	n->supervisor = 0;
	n->pids->attestor = n->pids->signer = 0;
	wait_for_signer(n);
}

pid_t
attest_node_attestor(const struct attest_node *n)
{
	return n->pids->attestor;
}

pid_t
attest_node_signer(const struct attest_node *n)
{
	return n->pids->signer;
}

/* The child of attestor: found by its parent's id. */
pid_t
attest_node_publisher(const struct attest_node *n)
{
	char path[64], children[64] = "";
	pid_t attestor = n->pids->attestor;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", attestor,
	    attestor);
	fd = attestor == 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, children, sizeof(children) - 1) < 0)
		children[0] = '\0';
	fd_close(&fd);
	return (pid_t)strtol(children, NULL, 10);
}

struct buf
attest_node_notes(const struct attest_node *n)
{
	char *path = attest_node_path(n, "notes");
	struct buf b = BUF_INIT;

	assert_ok(file_read_at(AT_FDCWD, path, 1 << 24, &b));
	assert_ok(buf_put_byte(&b, 0));
	free(path);
	return b;
}
