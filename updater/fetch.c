/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-quorum-fetch: the half of qubes-quorum that has a network.
 *
 * It decides nothing and is trusted by nobody: whoever owns it can leave
 * evidence out, which makes the other half refuse, and can learn from the
 * command line what is to be installed.  The nodes are asked for buckets,
 * all of them for the same ones, and learn which buckets, when, and from what
 * address.
 *
 * A file is in one bucket only: a digest's and a package's are independent
 * hashes, and who sees two of 256 parts asked for together has one of 65,536.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/enc.h"
#include "common/base/file.h"
#include "common/base/note.h"
#include "updater/collect.h"
#include "updater/load.h"
#include "updater/show.h"

/*
 * One bucket of 256: with a whole release of 66,000 files a node has some 250
 * in each, and the answer stays below a few megabytes.  That hides a file no
 * better than its bucket is full: who asks again while logs grow is known to
 * want something that was in the bucket each time.
 */
#define DIGITS_DEFAULT 2
#define DIGITS_MAX 8

enum { EXIT_WRITTEN = 0, EXIT_NOBODY = 1, EXIT_WRONG = 2 };

#define USAGE \
	"usage: qubes-quorum-fetch -p POLICY -o BUNDLE [--digits N] " \
	"[--explain] [--proxy URL] FILE...\n"

#define OPTIONS \
	"collect what nodes say about files into a bundle.\n\n" \
	"  -p POLICY    whom to ask\n" \
	"  -o BUNDLE    the file to write\n" \
	"  --digits N   ask for buckets of 1 to 8 digits, 2 without it: more " \
	"tell more\n" \
	"  --explain    ask by the name of a refused package; costs privacy\n" \
	"  --proxy URL  ask through it: socks5h://HOST:PORT\n" \
	"\nThe exit status is 0 when the bundle was written, 1 when no node " \
	"answered, and 2\nwhen something else went wrong.\n"

struct task {
	const char *policy_path, *output, *proxy; /* borrowed */
	int directory;             /* owned; where the output goes */
	uint64_t digits;
	bool by_package;           /* to explain a refusal */
	struct policy policy;      /* owned */
	struct subjects files;     /* owned */
	struct roster roster;      /* owned */
	char **paths;              /* owned, each owned */
	size_t npaths;
	struct bundle bundle;      /* owned */
	struct collected *reports; /* owned */
	struct fault why;
};

static void
task_clear(struct task *t)
{
	size_t i;

	fd_close(&t->directory);
	free(t->reports);
	bundle_clear(&t->bundle);
	for (i = 0; i < t->npaths; i++)
		free(t->paths[i]);
	free(t->paths);
	roster_clear(&t->roster);
	subjects_clear(&t->files);
	policy_clear(&t->policy);
}

/* socks5h: names are resolved behind the proxy, never here. */
static bool
is_proxy(const char *s)
{
	static const char scheme[] = "socks5h://";
	const char *rest = s + sizeof(scheme) - 1;

	return strncmp(s, scheme, sizeof(scheme) - 1) == 0 && *rest != '\0' &&
	    strpbrk(rest, "@/?# ") == NULL;
}

static enum rb_err
take_options(int argc, char **argv, struct task *t)
{
	static const struct option longs[] = {
		{ "policy", required_argument, NULL, 'p' },
		{ "output", required_argument, NULL, 'o' },
		{ "digits", required_argument, NULL, 'd' },
		{ "explain", no_argument, NULL, 'e' },
		{ "proxy", required_argument, NULL, 'x' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "p:o:h", longs, NULL)) != -1) {
		switch (c) {
		case 'p':
			t->policy_path = optarg;
			break;
		case 'o':
			t->output = optarg;
			break;
		case 'd':
			if (dec_parse(span_of_str(optarg), DIGITS_MAX,
				&t->digits) != RB_OK ||
			    t->digits == 0)
				return fault_set(&t->why, RB_EREFUSED,
				    "--digits: a number from 1 to %d",
				    DIGITS_MAX);
			break;
		case 'e':
			t->by_package = true;
			break;
		case 'x':
			if (!is_proxy(optarg))
				return fault_set(&t->why, RB_EREFUSED,
				    "--proxy: write socks5h://HOST:PORT, "
				    "without user or path");
			t->proxy = optarg;
			break;
		case 'h':
			fputs(USAGE OPTIONS, stdout);
			exit(EXIT_WRITTEN);
		default:
			fputs(USAGE, stderr);
			return fault_set(&t->why, RB_EREFUSED,
			    "an option is wrong");
		}
	}
	if (t->policy_path == NULL || t->output == NULL || optind == argc) {
		fputs(USAGE, stderr);
		return fault_set(&t->why, RB_EREFUSED,
		    "a policy (-p), an output (-o) and a file are needed");
	}
	return RB_OK;
}

static enum rb_err
add_path(struct task *t, const char *kind, const struct digest *d)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(d, hex);
	if (asprintf(&t->paths[t->npaths], "/evidence/%s/%.*s", kind,
		(int)t->digits, hex) == -1)
		return RB_ENOMEM;
	t->npaths++;
	return RB_OK;
}

/*
 * Bytes that nobody published are in no bucket of digests; what is known about
 * the real ones lies in their package's.  One for each repository: which of
 * them has the file, its name does not say.
 */
static enum rb_err
add_package_paths(struct task *t, const struct subject *file)
{
	struct package_name name = PACKAGE_NAME_INIT;
	struct digest key;
	enum rb_err rc;
	size_t i;

	if ((rc = package_name_parse(file->name, &name)) != RB_OK)
		return rc;
	for (i = 0; i < t->policy.nrepositories; i++) {
		if ((rc = package_name_key(&name, t->policy.repositories[i],
			 &key)) != RB_OK)
			goto out;
		if ((rc = add_path(t, "package-prefix", &key)) != RB_OK)
			goto out;
	}
	rc = RB_OK;
out:
	package_name_clear(&name);
	return rc;
}

/* By digest or by package, never by both. */
static enum rb_err
add_file_paths(struct task *t, const struct subject *file)
{
	enum rb_err rc = RB_EFORMAT;

	if (t->by_package)
		rc = add_package_paths(t, file);
	if (rc == RB_EFORMAT) /* not wanted, or no package */
		rc = add_path(t, "prefix", &file->sha256);
	return rc;
}

static int
compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, so that the order tells nothing about the files either. */
static void
order_paths(struct task *t)
{
	size_t i, n = 0;

	qsort(t->paths, t->npaths, sizeof(*t->paths), compare_paths);
	for (i = 0; i < t->npaths; i++) {
		if (n != 0 && strcmp(t->paths[n - 1], t->paths[i]) == 0)
			free(t->paths[i]);
		else
			t->paths[n++] = t->paths[i];
	}
	t->npaths = n;
}

static enum rb_err
make_paths(struct task *t)
{
	enum rb_err rc;
	size_t i;

	/* Both factors are limited: no overflow. */
	if ((t->paths = calloc(t->files.n * (1 + t->policy.nrepositories),
		 sizeof(*t->paths))) == NULL)
		return RB_ENOMEM;
	for (i = 0; i < t->files.n; i++)
		if ((rc = add_file_paths(t, &t->files.list[i])) != RB_OK)
			return rc;
	order_paths(t);
	return RB_OK;
}

static const char *
output_name(const struct task *t)
{
	const char *slash = strrchr(t->output, '/');

	return slash != NULL ? slash + 1 : t->output;
}

static enum rb_err
refuse_output(struct task *t, const char *reason)
{
	return fault_set(&t->why, RB_EIO, "%s: cannot be written: %s",
	    t->output, reason);
}

/*
 * Before any node is asked: whoever asks again, because the answers had no
 * place to go to, tells the nodes more about what is wanted.
 */
static enum rb_err
open_output(struct task *t)
{
	const char *name = output_name(t);
	size_t len = (size_t)(name - t->output);
	char *path = len == 0 ? strdup(".") : strndup(t->output, len);
	struct stat st;

	if (path == NULL)
		return RB_ENOMEM;
	t->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(path);
	if (t->directory == -1 ||
	    faccessat(t->directory, ".", W_OK | X_OK, AT_EACCESS) != 0)
		return refuse_output(t, strerror(errno));
	if (name[0] == '\0' ||
	    (fstatat(t->directory, name, &st, 0) == 0 && S_ISDIR(st.st_mode)))
		return refuse_output(t, "it is a directory; name a file in it");
	return RB_OK;
}

static enum rb_err
write_bundle(struct task *t)
{
	struct buf json = BUF_INIT;
	enum rb_err rc;

	if ((rc = bundle_write(&t->bundle, &json)) != RB_OK) {
		(void)refuse_output(t, err_name(rc));
		goto out;
	}
	errno = 0;
	rc = file_replace_at(t->directory, output_name(t), buf_span(&json),
	    0644);
	if (rc != RB_OK)
		(void)refuse_output(t,
		    errno != 0 ? strerror(errno) : err_name(rc));
out:
	buf_clear(&json);
	return rc;
}

/* The policy's owner sees here that a key got another node's address. */
static void
report_stranger(const struct policy_node *node, const struct collected *r)
{
	if (r->stranger[0] == '\0')
		return;
	fputs("    ", stdout);
	show_escaped(stdout, node->url);
	fputs(" answers as ", stdout);
	show_escaped(stdout, r->stranger);
	puts(", which is another node: is the address right?");
}

/* Returns how many nodes answered. */
static size_t
report(const struct task *t)
{
	const struct collected *r;
	size_t i, n = 0;

	for (i = 0; i < t->policy.nnodes; i++) {
		r = &t->reports[i];
		show_escaped(stdout, t->policy.nodes[i].key.name);
		if (r->why.text[0] != '\0')
			printf(": given up after %zu of %zu answers: %s\n",
			    r->nanswers, t->npaths, r->why.text);
		else if (r->nkept == 0)
			puts(": nothing about these files");
		else
			printf(": %zu piece%s of evidence about these files\n",
			    r->nkept, r->nkept == 1 ? "" : "s");
		report_stranger(&t->policy.nodes[i], r);
		if (r->nstrangers != 0)
			printf("    dropped %zu piece%s of evidence of other "
			       "nodes\n",
			    r->nstrangers, r->nstrangers == 1 ? "" : "s");
		if (r->was_full)
			puts("    dropped what a bundle has no room for: ask "
			     "about fewer files at once");
		if (r->nanswers != 0)
			n++;
	}
	return n;
}

static enum rb_err
run(int argc, char **argv, struct task *t)
{
	struct collect what;
	enum rb_err rc;

	if ((rc = take_options(argc, argv, t)) != RB_OK)
		return rc;
	if ((rc = load_policy(t->policy_path, &t->policy, &t->why)) != RB_OK)
		return rc;
	if ((rc = load_subjects(argv + optind, (size_t)(argc - optind),
		 &t->files, &t->why)) != RB_OK)
		return rc;
	if ((rc = open_output(t)) != RB_OK)
		return rc;
	if ((rc = roster_make(t->files.list, t->files.n, &t->roster)) != RB_OK)
		return rc;
	if ((rc = make_paths(t)) != RB_OK)
		return rc;
	if ((t->reports = calloc(t->policy.nnodes, sizeof(*t->reports))) ==
	    NULL)
		return RB_ENOMEM;
	what = (struct collect){ &t->policy, &t->roster, t->paths, t->npaths,
		t->proxy };
	return collect(&what, &t->bundle, t->reports, &t->why);
}

int
main(int argc, char **argv)
{
	struct task t = { .directory = -1,
		.digits = DIGITS_DEFAULT,
		.proxy = "" };
	int status = EXIT_WRONG;
	enum rb_err rc;

	note_open("qubes-quorum-fetch");
	if ((rc = run(argc, argv, &t)) != RB_OK) {
		note(NOTE_ERROR, "%s",
		    t.why.text[0] != '\0' ? t.why.text : err_name(rc));
		goto out;
	}
	if (report(&t) == 0) {
		note(NOTE_ERROR, "no node answered: nothing was written");
		status = EXIT_NOBODY;
		goto out;
	}
	if (write_bundle(&t) != RB_OK) {
		note(NOTE_ERROR, "%s", t.why.text);
		goto out;
	}
	status = EXIT_WRITTEN;
out:
	task_clear(&t);
	return status;
}
