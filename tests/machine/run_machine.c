/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run_machine: runs one machine by hand.
 *
 *   run_machine [-i IMAGE [-k KIND] | -f CONNECT] [-l LAYER] [-s SECONDS]
 *       [-d DISK] [-m MEMORY] [-o BYTES] [-c CLOCK] -D DIRECTORY
 *       INPUTS OUTPUT LOG
 *
 * INPUTS is a tar as MACHINE.md wants it, LAYER a tar of a root, DIRECTORY
 * the machine's (kept for the next run), BYTES the most that OUTPUT may take.
 * With an IMAGE (of scripts/image) it is a machine of QEMU, or of KIND, with
 * CONNECT one far away, to which that program leads, else one of namespaces.
 * rebuilder-machine is taken from $RB_BIN.  Needs root.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/enc.h"
#include "common/base/file.h"
#include "tests/machine/machine_client.h"

#define PATH_LEN_MAX 4096
#define MIB (UINT64_C(1) << 20)

static _Noreturn void
stop(const char *what)
{
	fprintf(stderr, "run_machine: %s\n", what);
	exit(2);
}

static int
open_or_stop(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd == -1)
		stop(path);
	return fd;
}

static uint64_t
number_or_stop(const char *text)
{
	uint64_t n = 0;

	if (dec_parse(span_of_str(text), UINT64_MAX, &n) != RB_OK)
		stop("not a number");
	return n;
}

static void
write_conf(const char *dir, const char *kind, const char *image,
    const char *connect, char conf[PATH_LEN_MAX])
{
	struct buf text = BUF_INIT;
	int fd;

	snprintf(conf, PATH_LEN_MAX, "%s/node.yml", dir);
	fd = open_or_stop(conf, O_WRONLY | O_CREAT | O_TRUNC);
	if (buf_printf(&text,
		"node:\n  name: run.machine/log\n"
		"  directory: %s\nusers:\n  rebuilder: root\n",
		dir) != RB_OK ||
	    (image != NULL &&
		buf_printf(&text, "machine:\n  kind: %s\n  image: %s\n", kind,
		    image) != RB_OK) ||
	    (connect != NULL &&
		buf_printf(&text, "machine:\n  kind: far\n  connect: %s\n",
		    connect) != RB_OK) ||
	    file_write_fd(fd, buf_span(&text)) != RB_OK)
		stop(conf);
	fd_close(&fd);
	buf_clear(&text);
}

int
main(int argc, char **argv)
{
	struct description d = {
		.memory = 4096 * MIB,
		.disk = 8192 * MIB,
		.output = 4096 * MIB,
		.log = 64 * MIB,
		.processes = 4096,
		.cpus = 2,
		.seconds = 3600,
	};
	struct machine_client c = MACHINE_CLIENT_INIT;
	struct machine_answer a = MACHINE_ANSWER_INIT;
	struct buf text = BUF_INIT;
	char conf[PATH_LEN_MAX], program[PATH_LEN_MAX];
	const char *dir = NULL, *image = NULL, *connect = NULL;
	const char *kind = "qemu", *bin = getenv("RB_BIN");
	int option, layer = -1;

	while ((option = getopt(argc, argv, "D:c:d:f:i:k:l:m:o:s:")) != -1) {
		switch (option) {
		case 'D':
			dir = optarg;
			break;
		case 'c':
			d.has_clock = true;
			d.clock = number_or_stop(optarg);
			break;
		case 'f':
			connect = optarg;
			break;
		case 'i':
			image = optarg;
			break;
		case 'k':
			kind = optarg;
			break;
		case 'd':
			d.disk = number_or_stop(optarg);
			break;
		case 'l':
			layer = open_or_stop(optarg, O_RDONLY);
			break;
		case 'm':
			d.memory = number_or_stop(optarg);
			break;
		case 'o':
			d.output = number_or_stop(optarg);
			break;
		case 's':
			d.seconds = number_or_stop(optarg);
			break;
		default:
			stop("see the comment in its source");
		}
	}
	if (argc - optind != 3 || dir == NULL || bin == NULL)
		stop("needs -D DIRECTORY, INPUTS, OUTPUT, LOG and $RB_BIN");
	if (layer != -1) {
		d.has_layer = true;
		if (file_size(layer, &d.layer_size) != RB_OK ||
		    digest_of_fd(layer, 0, d.layer_size, &d.layer) != RB_OK)
			stop("cannot read the layer");
	}
	write_conf(dir, kind, image, connect, conf);
	if (machine_client_lend_ids(dir) != RB_OK)
		stop("cannot lend ids; this needs root");
	snprintf(program, sizeof(program), "%s/rebuilder-machine", bin);
	if (description_write(&d, &text) != RB_OK ||
	    machine_client_start(program, conf, &c) != RB_OK ||
	    machine_client_ask(&c, buf_span(&text),
		open_or_stop(argv[optind], O_RDONLY),
		open_or_stop(argv[optind + 1], O_WRONLY | O_CREAT | O_TRUNC),
		open_or_stop(argv[optind + 2], O_WRONLY | O_CREAT | O_TRUNC),
		layer) != RB_OK ||
	    machine_client_hear(&c, &a) != RB_OK)
		stop("rebuilder-machine ended without an answer");
	printf("%s %s after %" PRIu64 " ms%s%s\n",
	    a.kind != NULL ? a.kind : "no machine",
	    a.is_refused ? "refused" : machine_end_name(a.end), a.milliseconds,
	    a.detail[0] != '\0' ? ": " : "", a.detail);
	option = a.is_refused || a.end != MACHINE_DONE;
	machine_answer_clear(&a);
	buf_clear(&text);
	return machine_client_end(&c) == 0 ? option : 2;
}
