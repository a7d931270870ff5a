/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole runs of rebuilder-machine with its namespace driver, seen from
 * rebuilder's side.  Needs root, and control groups that may be made.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "tests/machine/machine_client.h"

#define PATH_LEN 512
#define LOG_MAX (1024 * 1024)
#define MIB (UINT64_C(1) << 20)
#define NOBODY 65534
/* In the command line of whatever shall not survive. */
#define MARK "8675309"
/* Says that it is there, and stays. */
#define LINGER "sh -c 'echo begun; sleep 100000; :' " MARK "\n"

static char dir[] = "/tmp/test_machine.XXXXXX";
static char conf[PATH_LEN], program[PATH_LEN];
static int layer = -1;
static struct description small; /* with the layer, and low limits */

/* One run and what came out of it. */
struct run {
	struct machine_client client;
	struct machine_answer answer;
	int inputs, output, log;
	struct buf out, text; /* the output stream, the log */
};

static void
shell(const char *format, ...) RB_PRINTF(1, 2);

static void
shell(const char *format, ...)
{
	char text[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (system(text) != 0)
		fail_msg("%s", text);
}

static void
put_file(const char *name, const char *text)
{
	char path[PATH_LEN];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_int_not_equal(fd, -1);
	assert_int_equal(file_write_fd(fd, span_of_str(text)), RB_OK);
	fd_close(&fd);
}

static int
open_in_dir(const char *name, int flags)
{
	char path[PATH_LEN];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	return fd;
}

/* An inputs tar with this recipe. */
static int
make_inputs(const char *recipe)
{
	shell("rm -rf %s/in && mkdir -p %s/in/files", dir, dir);
	put_file("in/recipe", recipe);
	put_file("in/parameters", "source=test\nsecret=/tmp/none\n");
	put_file("in/files/one", "one\n");
	shell("echo secret=%s/secret >>%s/in/parameters", dir, dir);
	shell("tar -c --format=ustar -f %s/in.tar -C %s/in recipe parameters "
	    "files/one", dir, dir);
	return open_in_dir("in.tar", O_RDONLY);
}

static void
run_init(struct run *r)
{
	memset(r, 0, sizeof(*r));
	r->client = (struct machine_client)MACHINE_CLIENT_INIT;
	r->inputs = r->output = r->log = -1;
}

static void
run_clear(struct run *r)
{
	(void)machine_client_end(&r->client);
	machine_answer_clear(&r->answer);
	fd_close(&r->inputs);
	fd_close(&r->output);
	fd_close(&r->log);
	buf_clear(&r->out);
	buf_clear(&r->text);
	run_init(r);
}

static void
run_start(struct run *r, const struct description *d, const char *recipe)
{
	struct buf text = BUF_INIT;

	if (r->inputs == -1)
		r->inputs = make_inputs(recipe);
	if (r->output == -1)
		r->output = open_in_dir(".", O_TMPFILE | O_RDWR);
	if (r->log == -1)
		r->log = open_in_dir(".", O_TMPFILE | O_RDWR);
	assert_int_equal(description_write(d, &text), RB_OK);
	assert_int_equal(machine_client_start(program, conf, &r->client),
	    RB_OK);
	assert_int_equal(machine_client_ask(&r->client, buf_span(&text),
	    r->inputs, r->output, r->log, d->has_layer ? layer : -1), RB_OK);
	buf_clear(&text);
}

static void
read_back(int fd, struct buf *out)
{
	if (lseek(fd, 0, SEEK_SET) == 0)
		assert_int_equal(file_read_fd(fd, LOG_MAX, out), RB_OK);
	assert_int_equal(buf_put_byte(out, 0), RB_OK);
}

static void
run_finish(struct run *r)
{
	assert_int_equal(machine_client_hear(&r->client, &r->answer), RB_OK);
	assert_int_equal(machine_client_end(&r->client), 0);
	read_back(r->output, &r->out);
	read_back(r->log, &r->text);
}

static void
expect_end(const struct run *r, enum machine_end end)
{
	if (r->answer.is_refused || r->answer.end != end)
		fail_msg("%s (%s), not %s; log: %s", r->answer.is_refused ?
		    "refused" : machine_end_name(r->answer.end),
		    r->answer.detail, machine_end_name(end),
		    (const char *)r->text.p);
	if (end != MACHINE_DONE)
		assert_string_not_equal(r->answer.detail, "");
}

static void
run_to_end(struct run *r, const struct description *d, const char *recipe,
    enum machine_end end)
{
	run_start(r, d, recipe);
	run_finish(r);
	expect_end(r, end);
}

static void
expect_output(const struct run *r, const char *text)
{
	assert_string_equal((const char *)r->out.p, text);
}

static bool
has_mark(const char *pid)
{
	struct buf line = BUF_INIT;
	char path[64];
	bool has = false;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.20s/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd != -1 && file_read_fd(fd, LOG_MAX, &line) == RB_OK)
		has = line.len != 0 && memmem(line.p, line.len, MARK,
		    strlen(MARK)) != NULL;
	fd_close(&fd);
	buf_clear(&line);
	return has;
}

/* A process of a machine, by what its command line says; "": none. */
static void
find_process(char pid[32])
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	assert_non_null(proc);
	pid[0] = '\0';
	while ((entry = readdir(proc)) != NULL)
		if (has_mark(entry->d_name))
			snprintf(pid, 32, "%.20s", entry->d_name);
	(void)closedir(proc);
}

static void
expect_no_process(void)
{
	char pid[32];

	find_process(pid);
	if (pid[0] != '\0')
		fail_msg("process %s is left", pid);
}

/* Remembers the control group of the machine that lingers. */
static void
note_group(void)
{
	char pid[32];

	find_process(pid);
	shell("grep -o 'qubes-rebuilder-run-.*' /proc/%s/cgroup | sort -u "
	    ">%s/group && test -s %s/group", pid, dir, dir);
}

static void
expect_no_group(void)
{
	shell("test -z \"$(find /sys/fs/cgroup -name \"$(cat %s/group)\")\"",
	    dir);
}

static void
shows_the_recipe_what_the_contract_says(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	run_to_end(&r, &small,
	    "set -eu\n"
	    "test \"$(id -u)\" = 0\n"
	    "test \"$(cat)\" = ''\n"
	    "test \"$(cat \"$INPUTS/files/one\")\" = one\n"
	    "test \"$(cat \"$ROOT/etc/marker\")\" = honest\n"
	    "test -z \"$(ls -A \"$SCRATCH\")\"\n"
	    "test -c \"$ROOT/dev/null\" -a -e \"$ROOT/proc/self\"\n"
	    "echo x >\"$ROOT/etc/new\"\n"
	    "printf 22 >\"$OUTPUT/b\"\n"
	    "printf 1 >\"$OUTPUT/a\"\n"
	    ": >\"$OUTPUT/Z+.~_-\"\n"
	    ": >\"$OUTPUT/.hidden\"\n"
	    ": >\"$OUTPUT/with space\"\n"
	    "ln -s a \"$OUTPUT/link\"\n"
	    "mkfifo \"$OUTPUT/pipe\"\n"
	    "mkdir \"$OUTPUT/dir\"\n"
	    "echo said\n"
	    "exit 7\n", MACHINE_DONE);
	expect_output(&r, "output 1\nfile Z+.~_- 0\nfile a 1\n1file b 2\n22"
	    "end 7\n");
	assert_non_null(strstr((const char *)r.text.p, "said\n"));
	assert_string_equal(r.answer.kind, "namespace");
	assert_string_equal(r.answer.clock, "host");
	run_clear(&r);
}

static void
gives_an_empty_root_without_a_layer(void **state)
{
	struct description d = small;
	struct run r;

	(void)state;
	d.has_layer = false;
	run_init(&r);
	run_to_end(&r, &d, "ls -A \"$ROOT\" >\"$OUTPUT/names\"\n"
	    "test ! -e /layer\n", MACHINE_DONE);
	expect_output(&r, "output 1\nfile names 9\ndev\nproc\nend 0\n");
	run_clear(&r);
}

/* A socket without a name in the file system, for all of the host's net. */
static int
listen_abstract(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	static const char name[] = "\0qubes-rebuilder-test";
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, name, sizeof(name) - 1);
	assert_int_equal(bind(sock, (struct sockaddr *)&address,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    sizeof(name) - 1)), 0);
	assert_int_equal(listen(sock, 1), 0);
	return sock;
}

static void
keeps_a_hostile_recipe_inside(void **state)
{
	struct buf recipe = BUF_INIT;
	char path[PATH_LEN];
	int fd, sock;
	struct run r;

	(void)state;
	snprintf(path, sizeof(path), "%s/../flow/machine/hostile",
	    getenv("RB_DATA"));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(file_read_fd(fd, LOG_MAX, &recipe), RB_OK);
	fd_close(&fd);
	assert_int_equal(buf_put_byte(&recipe, 0), RB_OK);
	put_file("secret", "secret\n");
	sock = listen_abstract();

	run_init(&r);
	run_to_end(&r, &small, (const char *)recipe.p, MACHINE_DONE);
	if (strstr((const char *)r.text.p, "ESCAPED") != NULL)
		fail_msg("%s", (const char *)r.text.p);
	/* It came to its end, so that everything was tried. */
	expect_output(&r, "output 1\nfile marker 8\nhostile\n"
	    "file tried 6\ntried\nend 0\n");
	run_clear(&r);

	/* The next one finds the layer as it was. */
	run_init(&r);
	run_to_end(&r, &small, "cp /layer/etc/marker \"$OUTPUT/\"\n"
	    "ls -A /layer >\"$OUTPUT/names\"\n", MACHINE_DONE);
	expect_output(&r, "output 1\nfile marker 7\nhonest\n"
	    "file names 4\netc\nend 0\n");
	run_clear(&r);
	fd_close(&sock);
	buf_clear(&recipe);
}

static void
leaves_no_process_behind(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	run_to_end(&r, &small,
	    "setsid sleep " MARK " >/dev/null 2>&1 &\n"
	    "(trap '' TERM HUP; sleep " MARK ") &\n"
	    "echo done >\"$OUTPUT/done\"\n", MACHINE_DONE);
	expect_output(&r, "output 1\nfile done 5\ndone\nend 0\n");
	expect_no_process();
	run_clear(&r);
}

static void
ends_what_takes_too_long(void **state)
{
	struct description d = small;
	struct run r;

	(void)state;
	d.seconds = 1;
	run_init(&r);
	run_to_end(&r, &d, LINGER, MACHINE_TIMEOUT);
	expect_no_process();
	run_clear(&r);
}

static void
ends_a_recipe_that_forks_for_ever(void **state)
{
	struct description d = small;
	struct run r;

	(void)state;
	d.processes = 64;
	d.seconds = 2;
	run_init(&r);
	run_to_end(&r, &d, "exec perl -e '1 while 1 + ($x = fork, 0)' " MARK
	    "\n", MACHINE_TIMEOUT);
	expect_no_process();
	run_clear(&r);
}

static void
ends_too_much_output(void **state)
{
	struct description d = small;
	struct stat st;
	struct run r;

	(void)state;
	d.output = 65536;
	run_init(&r);
	run_to_end(&r, &d, "head -c 1000000 /dev/zero >\"$OUTPUT/zeros\"\n",
	    MACHINE_OUTPUT_LIMIT);
	assert_int_equal(fstat(r.output, &st), 0);
	assert_int_equal(st.st_size, 65536);
	run_clear(&r);

	/* What fits to the byte is not too much. */
	d.output = strlen("output 1\nfile x 9\n123456789end 0\n");
	run_init(&r);
	run_to_end(&r, &d, "printf 123456789 >\"$OUTPUT/x\"\n",
	    MACHINE_DONE);
	run_clear(&r);
}

static void
ends_too_long_a_log(void **state)
{
	struct description d = small;
	struct stat st;
	struct run r;

	(void)state;
	d.log = 100000;
	run_init(&r);
	run_to_end(&r, &d, "exec yes " MARK "\n", MACHINE_LOG_LIMIT);
	/* Its beginning stays. */
	assert_int_equal(fstat(r.log, &st), 0);
	assert_int_equal(st.st_size, 100000);
	expect_no_process();
	run_clear(&r);
}

static void
bounds_memory_and_disk(void **state)
{
	struct description d = small;
	struct run r;

	(void)state;
	d.memory = 64 * MIB;
	d.disk = 16 * MIB;
	run_init(&r);
	run_to_end(&r, &d, "perl -e '$x = \"x\" x 200_000_000'\n",
	    MACHINE_CRASHED);
	assert_non_null(strstr(r.answer.detail, "memory"));
	run_clear(&r);

	run_init(&r);
	run_to_end(&r, &d, "head -c 30000000 /dev/zero >\"$SCRATCH/x\" || "
	    "exit 9\n", MACHINE_DONE);
	expect_output(&r, "output 1\nend 9\n");
	assert_non_null(strstr((const char *)r.text.p, "No space left"));
	run_clear(&r);

	/* Other places that can be written count as memory. */
	run_init(&r);
	run_to_end(&r, &d, "head -c 200000000 /dev/zero >/dev/shm/x\n",
	    MACHINE_CRASHED);
	run_clear(&r);
}

/* A log that we can wait on. */
static int
open_pipe_log(struct run *r)
{
	int pipes[2];

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	r->log = pipes[1];
	return pipes[0];
}

static void
ends_with_the_connection(void **state)
{
	struct run r;
	char byte;
	int log;

	(void)state;
	run_init(&r);
	log = open_pipe_log(&r);
	run_start(&r, &small, LINGER);
	assert_int_equal(read(log, &byte, 1), 1);
	note_group();
	assert_int_equal(machine_client_end(&r.client), 0);
	expect_no_process();
	expect_no_group();
	run_clear(&r);
	fd_close(&log);
}

static void
cleans_up_after_a_killed_run(void **state)
{
	struct run r;
	char byte;
	int log;

	(void)state;
	run_init(&r);
	log = open_pipe_log(&r);
	run_start(&r, &small, LINGER);
	assert_int_equal(read(log, &byte, 1), 1);
	note_group();
	assert_int_equal(kill(r.client.pid, SIGKILL), 0);
	assert_int_equal(machine_client_end(&r.client), -1);
	run_clear(&r);
	fd_close(&log);

	/* Nothing of it is there when the next one runs. */
	run_init(&r);
	run_to_end(&r, &small, "true\n", MACHINE_DONE);
	expect_no_process();
	expect_no_group();
	run_clear(&r);
}

static void
runs_several_at_once(void **state)
{
	struct run a, b;
	char byte;
	int log_a, log_b;

	(void)state;
	run_init(&a);
	run_init(&b);
	log_a = open_pipe_log(&a);
	log_b = open_pipe_log(&b);
	/* Both live at the same time, each with its own processes and files. */
	run_start(&a, &small, "touch /tmp/here\n" LINGER);
	assert_int_equal(read(log_a, &byte, 1), 1);
	run_start(&b, &small, "test ! -e /tmp/here || exit 3\n"
	    LINGER);
	assert_int_equal(read(log_b, &byte, 1), 1);
	assert_int_equal(machine_client_end(&a.client), 0);
	/* The other one does not notice. */
	assert_int_equal(waitpid(b.client.pid, NULL, WNOHANG), 0);
	assert_int_equal(machine_client_end(&b.client), 0);
	expect_no_process();
	run_clear(&a);
	run_clear(&b);
	fd_close(&log_a);
	fd_close(&log_b);
}

static bool
is_kept(const struct digest *d)
{
	char hex[DIGEST_HEX_LEN + 1], path[PATH_LEN];

	digest_hex(d, hex);
	snprintf(path, sizeof(path), "%s/node/machine/layers/%s/root", dir,
	    hex);
	return access(path, F_OK) == 0;
}

static void
refuses_a_layer_of_other_bytes(void **state)
{
	struct description d = small;
	struct run r;

	(void)state;
	d.layer.b[0] ^= 1;
	run_init(&r);
	assert_int_equal(lseek(layer, 0, SEEK_SET), 0);
	run_to_end(&r, &d, "true\n", MACHINE_UNAVAILABLE);
	assert_non_null(strstr(r.answer.detail, "layer"));
	assert_false(is_kept(&d.layer));
	run_clear(&r);

	/* One byte more than was said, one less. */
	d = small;
	d.layer.b[0] ^= 2;
	d.layer_size--;
	run_init(&r);
	assert_int_equal(lseek(layer, 0, SEEK_SET), 0);
	run_to_end(&r, &d, "true\n", MACHINE_UNAVAILABLE);
	assert_false(is_kept(&d.layer));
	run_clear(&r);
}

static void
unpacks_a_layer_once(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	assert_int_equal(lseek(layer, 0, SEEK_SET), 0);
	run_to_end(&r, &small, "true\n", MACHINE_DONE);
	assert_true(is_kept(&small.layer));
	run_clear(&r);

	/* At its end the descriptor has nothing more to give. */
	run_init(&r);
	assert_true(lseek(layer, 0, SEEK_END) > 0);
	run_to_end(&r, &small, "cp \"$ROOT/etc/marker\" \"$OUTPUT/\"\n",
	    MACHINE_DONE);
	expect_output(&r, "output 1\nfile marker 7\nhonest\nend 0\n");
	run_clear(&r);
}

/* A killed run may leave a layer half made; nobody may take it for whole. */
static void
makes_a_half_made_layer_anew(void **state)
{
	char hex[DIGEST_HEX_LEN + 1];
	struct run r;

	(void)state;
	digest_hex(&small.layer, hex);
	shell("cd %s/node/machine/layers/%s && mv root new && rm new/etc/marker",
	    dir, hex);
	run_init(&r);
	assert_int_equal(lseek(layer, 0, SEEK_SET), 0);
	run_to_end(&r, &small, "cp \"$ROOT/etc/marker\" \"$OUTPUT/\"\n",
	    MACHINE_DONE);
	expect_output(&r, "output 1\nfile marker 7\nhonest\nend 0\n");
	run_clear(&r);
}

static void
refuses_what_is_no_description(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	r.inputs = make_inputs("true\n");
	assert_int_equal(machine_client_start(program, conf, &r.client),
	    RB_OK);
	assert_int_equal(machine_client_ask(&r.client,
	    SPAN("machine 1\nlayer none\n"), r.inputs, r.inputs, r.inputs,
	    -1), RB_OK);
	assert_int_equal(machine_client_hear(&r.client, &r.answer), RB_OK);
	assert_true(r.answer.is_refused);
	assert_non_null(strstr(r.answer.detail, "memory"));
	run_clear(&r);
}

static void
refuses_a_stranger(void **state)
{
	int socks[2] = { -1, -1 };
	struct run r;

	(void)state;
	run_init(&r);
	/* The credentials of a pair are those of who makes it. */
	assert_int_equal(seteuid(NOBODY), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    socks), 0);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(machine_client_start_on(program, conf, socks,
	    &r.client), RB_OK);
	assert_int_equal(machine_client_hear(&r.client, &r.answer), RB_EPEER);
	assert_int_equal(machine_client_end(&r.client), 1);
	run_clear(&r);
}

static void
refuses_a_clock_that_it_cannot_set(void **state)
{
	struct description d = small;
	struct run r;

	(void)state;
	d.has_clock = true;
	d.clock = 1;
	run_init(&r);
	run_to_end(&r, &d, "true\n", MACHINE_UNAVAILABLE);
	run_clear(&r);
}

static void
refuses_to_run_without_control_groups(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	assert_int_equal(mount("none", "/sys/fs/cgroup", "tmpfs", 0, NULL), 0);
	run_start(&r, &small, "true\n");
	run_finish(&r);
	assert_int_equal(umount("/sys/fs/cgroup"), 0);
	expect_end(&r, MACHINE_UNAVAILABLE);
	assert_non_null(strstr(r.answer.detail, "controller"));
	run_clear(&r);
}

static void
tells_a_broken_machine_from_a_broken_build(void **state)
{
	struct run r;

	(void)state;
	/* Inputs that are none. */
	run_init(&r);
	put_file("in.tar", "no tar\n");
	r.inputs = open_in_dir("in.tar", O_RDONLY);
	run_to_end(&r, &small, NULL, MACHINE_UNAVAILABLE);
	run_clear(&r);

	/* Nowhere to put the output. */
	run_init(&r);
	r.output = open("/dev/full", O_RDWR | O_CLOEXEC);
	assert_int_not_equal(r.output, -1);
	run_start(&r, &small, "true\n");
	assert_int_equal(machine_client_hear(&r.client, &r.answer), RB_OK);
	assert_int_equal(r.answer.end, MACHINE_UNAVAILABLE);
	assert_non_null(strstr(r.answer.detail, "No space left"));
	run_clear(&r);
}

static int
set_up(void **state)
{
	const char *bin = getenv("RB_BIN");
	char text[PATH_LEN];

	(void)state;
	if (bin == NULL || getenv("RB_DATA") == NULL || mkdtemp(dir) == NULL ||
	    machine_client_lend_ids(dir) != RB_OK) {
		fputs("test_machine: needs root, RB_BIN and RB_DATA\n",
		    stderr);
		return -1;
	}
	snprintf(program, sizeof(program), "%s/rebuilder-machine", bin);
	snprintf(conf, sizeof(conf), "%s/node.yml", dir);
	shell("mkdir -p %s/node %s/l/etc && echo honest >%s/l/etc/marker && "
	    "tar -c --format=ustar --owner=0 --group=0 -f %s/layer.tar "
	    "-C %s/l .", dir, dir, dir, dir, dir);
	snprintf(text, sizeof(text), "node:\n  name: test.machine/log\n"
	    "  directory: %s/node\nusers:\n  rebuilder: root\n", dir);
	put_file("node.yml", text);
	layer = open_in_dir("layer.tar", O_RDONLY);
	small = (struct description){ .has_layer = true, .memory = 256 * MIB,
		.disk = 64 * MIB, .output = MIB, .log = MIB,
		.processes = 256, .cpus = 1, .seconds = 300 };
	if (file_size(layer, &small.layer_size) != RB_OK)
		return -1;
	return digest_of_fd(layer, 0, small.layer_size, &small.layer) == RB_OK
	    ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	fd_close(&layer);
	shell("rm -rf %s", dir);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_a_layer_of_other_bytes),
		cmocka_unit_test(unpacks_a_layer_once),
		cmocka_unit_test(makes_a_half_made_layer_anew),
		cmocka_unit_test(refuses_what_is_no_description),
		cmocka_unit_test(refuses_a_stranger),
		cmocka_unit_test(refuses_a_clock_that_it_cannot_set),
		cmocka_unit_test(refuses_to_run_without_control_groups),
		cmocka_unit_test(tells_a_broken_machine_from_a_broken_build),
		cmocka_unit_test(shows_the_recipe_what_the_contract_says),
		cmocka_unit_test(gives_an_empty_root_without_a_layer),
		cmocka_unit_test(keeps_a_hostile_recipe_inside),
		cmocka_unit_test(leaves_no_process_behind),
		cmocka_unit_test(ends_what_takes_too_long),
		cmocka_unit_test(ends_a_recipe_that_forks_for_ever),
		cmocka_unit_test(ends_too_much_output),
		cmocka_unit_test(ends_too_long_a_log),
		cmocka_unit_test(bounds_memory_and_disk),
		cmocka_unit_test(ends_with_the_connection),
		cmocka_unit_test(cleans_up_after_a_killed_run),
		cmocka_unit_test(runs_several_at_once),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
