/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/machine/trial.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"

#define LOG_MAX (1024 * 1024)

struct trial trial = { "/tmp/test_machine.XXXXXX", "", "", "", -1,
	DESCRIPTION_INIT, 0 };

void
shell(const char *format, ...)
{
	char text[4096];
	int status = -1;
	va_list args;
	pid_t pid;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if ((pid = fork()) == 0) {
		(void)execl("/bin/sh", "sh", "-c", text, (char *)NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		fail_msg("%s", text);
}

void
put_file(const char *name, const char *text)
{
	char path[TRIAL_PATH_LEN];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", trial.dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_int_not_equal(fd, -1);
	assert_int_equal(file_write_fd(fd, span_of_str(text)), RB_OK);
	fd_close(&fd);
}

int
open_in_dir(const char *name, int flags)
{
	char path[TRIAL_PATH_LEN];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", trial.dir, name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	return fd;
}

int
open_data(const char *name)
{
	char path[TRIAL_PATH_LEN];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", getenv("RB_DATA"), name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		fail_msg("%s", path);
	return fd;
}

void
read_data(const char *name, struct buf *out)
{
	int fd = open_data(name);

	assert_int_equal(file_read_fd(fd, LOG_MAX, out), RB_OK);
	assert_int_equal(buf_put_byte(out, 0), RB_OK);
	fd_close(&fd);
}

int
make_inputs(const char *recipe)
{
	struct buf text = BUF_INIT;

	shell("rm -rf %s/in && mkdir -p %s/in/files", trial.dir, trial.dir);
	assert_int_equal(buf_printf(&text, "MARK=%s\n%s", trial.mark, recipe),
	    RB_OK);
	assert_int_equal(buf_put_byte(&text, 0), RB_OK);
	put_file("in/recipe", (const char *)text.p);
	buf_clear(&text);
	put_file("in/files/one", "one\n");
	shell("echo secret=%s/secret >%s/in/parameters", trial.dir, trial.dir);
	shell("tar -c --format=ustar -f %s/in.tar -C %s/in recipe parameters "
	      "files/one",
	    trial.dir, trial.dir);
	return open_in_dir("in.tar", O_RDONLY);
}

void
run_init(struct run *r)
{
	memset(r, 0, sizeof(*r));
	r->client = (struct machine_client)MACHINE_CLIENT_INIT;
	r->inputs = r->output = r->log = -1;
}

void
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

void
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
	assert_int_equal(machine_client_start(trial.program, trial.conf,
			     &r->client),
	    RB_OK);
	assert_int_equal(machine_client_ask(&r->client, buf_span(&text),
			     r->inputs, r->output, r->log,
			     d->has_layer ? trial.layer : -1),
	    RB_OK);
	buf_clear(&text);
}

static void
read_back(int fd, struct buf *out)
{
	if (lseek(fd, 0, SEEK_SET) == 0)
		assert_int_equal(file_read_fd(fd, LOG_MAX, out), RB_OK);
	assert_int_equal(buf_put_byte(out, 0), RB_OK);
}

void
run_finish(struct run *r)
{
	assert_int_equal(machine_client_hear(&r->client, &r->answer), RB_OK);
	assert_int_equal(machine_client_end(&r->client), 0);
	if (trial.life == 0 && !r->answer.is_refused &&
	    (r->answer.end == MACHINE_DONE || r->answer.end == MACHINE_CRASHED))
		trial.life = r->answer.milliseconds;
	read_back(r->output, &r->out);
	read_back(r->log, &r->text);
}

uint64_t
run_seconds(void)
{
	assert_int_not_equal(trial.life, 0);
	return 2 * trial.life / 1000 + 8;
}

void
expect_end(const struct run *r, enum machine_end end)
{
	if (r->answer.is_refused || r->answer.end != end)
		fail_msg("%s (%s), not %s; log: %s",
		    r->answer.is_refused ? "refused" :
					   machine_end_name(r->answer.end),
		    r->answer.detail, machine_end_name(end),
		    (const char *)r->text.p);
	if (end != MACHINE_DONE)
		assert_string_not_equal(r->answer.detail, "");
}

void
run_to_end(struct run *r, const struct description *d, const char *recipe,
    enum machine_end end)
{
	run_start(r, d, recipe);
	run_finish(r);
	expect_end(r, end);
}

void
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
		has = line.len != 0 &&
		    memmem(line.p, line.len, trial.mark, strlen(trial.mark)) !=
			NULL;
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

void
expect_no_process(void)
{
	char pid[32];

	find_process(pid);
	if (pid[0] != '\0')
		fail_msg("process %s is left", pid);
}

void
note_group(void)
{
	char pid[32];

	find_process(pid);
	shell("grep -o 'qubes-rebuilder-run-.*' /proc/%s/cgroup | sort -u "
	      ">%s/group && test -s %s/group",
	    pid, trial.dir, trial.dir);
}

void
expect_no_group(void)
{
	shell("test -z \"$(find /sys/fs/cgroup -name \"$(cat %s/group)\")\"",
	    trial.dir);
}

int
open_pipe_log(struct run *r)
{
	int pipes[2];

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	r->log = pipes[1];
	return pipes[0];
}

void
trial_use(const char *kind, const char *image)
{
	char text[2 * TRIAL_PATH_LEN], line[TRIAL_PATH_LEN] = "";

	if (image == NULL)
		image = getenv("RB_IMAGE");
	if (image != NULL)
		snprintf(line, sizeof(line), "  image: %s\n", image);
	snprintf(text, sizeof(text),
	    "node:\n  name: test.machine/log\n"
	    "  directory: %s/node\nusers:\n  rebuilder: root\n"
	    "machine:\n  kind: %s\n%s",
	    trial.dir, kind, line);
	put_file("node.yml", text);
}

void
trial_use_changed(const char *deed)
{
	char path[TRIAL_PATH_LEN];

	put_file("deed",
	    "add()\n"
	    "{\n"
	    "	echo \"$1\" | cpio --quiet -o -H newc >>initramfs\n"
	    "}\n");
	shell("cat >>%s/deed <<'END'\n%s\nEND\n", trial.dir, deed);
	shell("cd %s && rm -rf image && mkdir image && cd image && "
	      "cp %s/kernel %s/initramfs %s/system . && "
	      "BOOT=%s/../../rebuilder/guest/boot && . ../deed && "
	      "{ echo 'image 1'; for f in kernel initramfs system; do "
	      "echo \"$f $(sha256sum <$f | cut -d ' ' -f 1) "
	      "$(stat -c %%s $f)\"; done; } >manifest",
	    trial.dir, getenv("RB_IMAGE"), getenv("RB_IMAGE"),
	    getenv("RB_IMAGE"), getenv("RB_DATA"));
	snprintf(path, sizeof(path), "%s/image", trial.dir);
	trial_use("qemu", path);
}

void
trial_use_layer(int layer, struct description *d)
{
	fd_close(&trial.layer);
	trial.layer = layer;
	d->has_layer = true;
	assert_int_equal(file_size(layer, &d->layer_size), RB_OK);
	assert_int_equal(digest_of_fd(layer, 0, d->layer_size, &d->layer),
	    RB_OK);
}

int
trial_set_up(void **state)
{
	const char *bin = getenv("RB_BIN");

	(void)state;
	if (bin == NULL || getenv("RB_DATA") == NULL ||
	    mkdtemp(trial.dir) == NULL ||
	    machine_client_lend_ids(trial.dir) != RB_OK) {
		fputs("test_machine: needs root, RB_BIN and RB_DATA\n", stderr);
		return -1;
	}
	snprintf(trial.mark, sizeof(trial.mark), "mark-%s",
	    trial.dir + strlen(trial.dir) - 6);
	snprintf(trial.program, sizeof(trial.program), "%s/rebuilder-machine",
	    bin);
	snprintf(trial.conf, sizeof(trial.conf), "%s/node.yml", trial.dir);
	shell("mkdir -p %s/node %s/l/etc && echo honest >%s/l/etc/marker && "
	      "tar -c --format=ustar --owner=0 --group=0 -f %s/layer.tar "
	      "-C %s/l .",
	    trial.dir, trial.dir, trial.dir, trial.dir, trial.dir);
	trial_use("namespace", NULL);
	trial.small = (struct description){ .memory = 256 * MIB,
		.disk = 64 * MIB,
		.output = MIB,
		.log = MIB,
		.processes = 256,
		.cpus = 1,
		.seconds = 300 };
	trial_use_layer(open_in_dir("layer.tar", O_RDONLY), &trial.small);
	return 0;
}

bool
trial_has_layer(const struct digest *d, const char *name)
{
	char hex[DIGEST_HEX_LEN + 1], path[TRIAL_PATH_LEN];

	digest_hex(d, hex);
	snprintf(path, sizeof(path), "%s/node/machine/layers/%s/%s", trial.dir,
	    hex, name);
	return access(path, F_OK) == 0;
}

void
trial_refuse_layers(void)
{
	static const struct {
		const char *why;
		int more;          /* bytes, than there are */
		uint8_t flip;      /* in the digest */
		bool is_of_prefix; /* the digest, of so many bytes */
		const char *says;
	} cases[] = {
		{ "other bytes", 0, 1, false, "not the one" },
		{ "one more said", 1, 0, false, "shorter" },
		{ "one block more said", 512, 0, false, "shorter" },
		{ "one less said", -1, 0, false, "longer" },
		{ "one block less said", -512, 0, false, "longer" },
		{ "one block less said and named", -512, 0, true, "longer" },
	};
	struct description d = trial.small;
	uint64_t size = 0;
	size_t i;
	int layer = trial.layer;
	struct run r;

	/* Another than the trial's, which may have been made already. */
	shell("cd %s && { cat layer.tar && head -c 10240 /dev/zero; } >other",
	    trial.dir);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		trial.layer = open_in_dir("other", O_RDONLY);
		assert_int_equal(file_size(trial.layer, &size), RB_OK);
		d.has_layer = true;
		d.layer_size = size + (uint64_t)(int64_t)cases[i].more;
		assert_int_equal(digest_of_fd(trial.layer, 0,
				     cases[i].is_of_prefix ? d.layer_size :
							     size,
				     &d.layer),
		    RB_OK);
		d.layer.b[0] ^= cases[i].flip;
		assert_int_equal(lseek(trial.layer, 0, SEEK_SET), 0);
		run_init(&r);
		run_to_end(&r, &d, "true\n", MACHINE_UNAVAILABLE);
		if (strstr(r.answer.detail, cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].why, r.answer.detail);
		if (trial_has_layer(&d.layer, "root") ||
		    trial_has_layer(&d.layer, "image") ||
		    trial_has_layer(&d.layer, "new"))
			fail_msg("%s: it was made", cases[i].why);
		run_clear(&r);
		fd_close(&trial.layer);
	}
	trial.layer = layer;
}

int
trial_tear_down(void **state)
{
	(void)state;
	fd_close(&trial.layer);
	shell("rm -rf %s", trial.dir);
	return 0;
}
