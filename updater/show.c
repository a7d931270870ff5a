/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "updater/show.h"

#include "common/base/enc.h"

/* A node may have tried often; the newest say enough. */
#define MENTIONS_SHOWN 3

void
show_escaped(FILE *to, const char *text)
{
	const unsigned char *p;

	for (p = (const unsigned char *)text; *p != '\0'; p++)
		if (*p >= 0x20 && *p <= 0x7e && *p != '\\')
			fputc(*p, to);
		else
			fprintf(to, "\\x%02x", *p);
}

static void
show_digest(FILE *to, const struct digest *d)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(d, hex);
	fprintf(to, "sha256 %s", hex);
}

static const char *
cause_words(enum cause cause)
{
	switch (cause) {
	case CAUSE_NONE:
		return "enough operators reproduced it";
	case CAUSE_DIFFERS:
		return "somebody rebuilt it and got other bytes";
	case CAUSE_OTHER_BYTES:
		return "nodes know other bytes under this name";
	case CAUSE_OTHER_NAME:
		return "these bytes are another package or version";
	case CAUSE_TOO_FEW:
		return "too few operators reproduced it";
	case CAUSE_FAILED:
		return "it was tried, and the build failed";
	case CAUSE_UNAVAILABLE:
		return "it could not be tried: something that its build needs "
		       "is missing";
	case CAUSE_UNPROVEN:
		return "what was said about it proves nothing";
	case CAUSE_NOBODY:
		return "nobody tried it";
	}
	return "unknown";
}

static void
show_voices(FILE *to, const struct policy *policy, const struct decision *d)
{
	const char *between = ": ";
	size_t i;

	fprintf(to, "%zu of %zu", d->voices, policy->require);
	for (i = 0; i < policy->noperators; i++) {
		if (!decision_has_voice(d, policy, i))
			continue;
		fprintf(to, "%s%s", between, policy->operators[i].name);
		between = ", ";
	}
}

static void
show_package(FILE *to, const struct statement *said)
{
	show_escaped(to, said->published.name);
	fputc(' ', to);
	show_escaped(to, said->published.version);
	fputc(' ', to);
	show_escaped(to, said->published.arch);
}

static void
show_mention(FILE *to, const struct mention *m)
{
	const struct statement *said = &m->by->said;

	if (m->by->flaw != FLAW_NONE) {
		fprintf(to, "nothing proven: %s (it claims %s)",
		    flaw_words(m->by->flaw), verdict_name(said->verdict));
		return;
	}
	fputs(verdict_name(said->verdict), to);
	if (said->reason != NULL) {
		fputs(": ", to);
		show_escaped(to, said->reason);
	}
	if (m->is_other) {
		fputs(", but of another file of this name, ", to);
		show_digest(to, &said->published.sha256);
	}
	if (m->is_renamed) {
		fputs(", but as ", to);
		show_package(to, said);
	}
}

static size_t
count_mentions(const struct decision *d, size_t node)
{
	size_t i, n = 0;

	for (i = 0; i < d->n; i++)
		n += d->list[i].by->node == node;
	return n;
}

static void
show_node_name(FILE *to, const struct policy *policy, size_t node)
{
	fprintf(to, "%s (",
	    policy->operators[policy->nodes[node].operator_].name);
	show_escaped(to, policy->nodes[node].key.name);
	fputc(')', to);
}

static void
show_report(FILE *to, const char *indent, const struct node_report *report)
{
	char hex[DIGEST_HEX_LEN + 1];

	if (report->is_forked) {
		fprintf(to,
		    "%sFORK: signed two different logs of %llu "
		    "leaves, so it counts for nothing; keep this bundle, it "
		    "is the proof:\n",
		    indent, (unsigned long long)report->size);
		digest_hex(&report->roots[0], hex);
		fprintf(to, "%s    root %s\n", indent, hex);
		digest_hex(&report->roots[1], hex);
		fprintf(to, "%s    root %s\n", indent, hex);
	}
	if (report->nflawed != 0)
		fprintf(to, "%s%zu pieces of evidence prove nothing: %s\n",
		    indent, report->nflawed, flaw_words(report->flaw));
}

static void
show_node(FILE *to, const struct policy *policy, const struct decision *d,
    const struct node_report *report, size_t node)
{
	size_t i, n = count_mentions(d, node);
	size_t older = n > MENTIONS_SHOWN ? n - MENTIONS_SHOWN : 0;
	size_t skip = older;
	const char *between = "";

	fputs("    ", to);
	show_node_name(to, policy, node);
	fputs(n == 0 ? ": nothing" : ": ", to);
	for (i = 0; i < d->n; i++) {
		if (d->list[i].by->node != node)
			continue;
		if (skip != 0) {
			skip--;
			continue;
		}
		fputs(between, to);
		show_mention(to, &d->list[i]);
		between = "; ";
	}
	if (older != 0)
		fprintf(to, "; and %zu older", older);
	fputc('\n', to);
	show_report(to, "        ", report);
}

static void
show_nodes(FILE *to, const struct policy *policy, const struct decisions *all,
    const struct decision *d)
{
	size_t i;

	for (i = 0; i < policy->nnodes; i++)
		show_node(to, policy, d, &all->nodes[i], i);
}

void
show_lines(FILE *to, const struct policy *policy, const struct decisions *all,
    size_t i, const char *path, const struct subject *file)
{
	const struct decision *d = &all->list[i];

	(void)file;
	fputs(d->accepted ? "accepted  " : "refused   ", to);
	show_escaped(to, path);
	fputs("  ", to);
	show_voices(to, policy, d);
	if (!d->accepted)
		fprintf(to, "; %s", cause_words(d->cause));
	fputc('\n', to);
	show_nodes(to, policy, all, d);
}

/* By cause. */
static const char *const advice[] = {
	[CAUSE_NONE] = "Nothing is left to do.",
	[CAUSE_DIFFERS] =
	    "Do not install it before the difference is explained: the "
	    "report of it and the build log are at the address above.",
	[CAUSE_OTHER_BYTES] =
	    "Do not install it. The file in hand is not the one that these "
	    "operators downloaded: it was changed on its way, or it comes "
	    "from another repository. Download it again from elsewhere, and "
	    "report it if it stays so.",
	[CAUSE_OTHER_NAME] =
	    "Do not install it. Its bytes are those of another package or of "
	    "another version, perhaps one with holes that were closed since: "
	    "somebody renamed it. Download it again from elsewhere, and "
	    "report it if it stays so.",
	[CAUSE_TOO_FEW] =
	    "Fetch the evidence again later, or from more nodes: the others "
	    "may not be done yet.",
	[CAUSE_FAILED] =
	    "Ask an operator why the rebuild fails; the build log is at the "
	    "address above.",
	[CAUSE_UNAVAILABLE] =
	    "Nothing is known against it. Fetch the evidence again later, or "
	    "ask an operator what is missing.",
	[CAUSE_UNPROVEN] =
	    "Fetch the evidence again. If it stays so, a node or somebody on "
	    "the way to it sends false evidence, or the key in the policy is "
	    "not the node's.",
	[CAUSE_NOBODY] =
	    "Fetch the evidence for this very file (qubes-quorum fetch), or "
	    "with --explain, to see whether nodes know other bytes of that "
	    "name; if there is none, ask an operator to rebuild it.",
};

static void
show_detail(FILE *to, const struct policy *policy, const struct mention *m)
{
	const struct statement *said = &m->by->said;
	char time[UTC_LEN + 1];

	fputs("  - ", to);
	show_node_name(to, policy, m->by->node);
	fprintf(to, ", leaf %llu: ", (unsigned long long)m->by->index);
	show_mention(to, m);
	fputs("\n    package ", to);
	show_package(to, said);
	fputs(" of ", to);
	show_escaped(to, said->published.repository);
	fprintf(to, ", attempt %llu", (unsigned long long)said->attempt);
	if (utc_write(said->finished, time) == RB_OK)
		fprintf(to, ", finished %s", time);
	fputc('\n', to);
	/* What is proven to be there is worth a look. */
	if (m->by->flaw != FLAW_NONE || said->verdict == VERDICT_REPRODUCED)
		return;
	fputs("    see ", to);
	show_escaped(to, policy->nodes[m->by->node].url);
	fprintf(to, "/builds/%llu\n", (unsigned long long)m->by->index);
}

void
show_words(FILE *to, const struct policy *policy, const struct decisions *all,
    size_t i, const char *path, const struct subject *file)
{
	const struct decision *d = &all->list[i];
	size_t k;

	show_escaped(to, path);
	fputs("\n  ", to);
	show_digest(to, &file->sha256);
	fprintf(to, "\n  %s: ", d->accepted ? "accepted" : "refused");
	show_voices(to, policy, d);
	fprintf(to, "; %s.\n", cause_words(d->cause));
	for (k = 0; k < d->n; k++)
		show_detail(to, policy, &d->list[k]);
	for (k = 0; k < policy->nnodes; k++) {
		if (count_mentions(d, k) == 0) {
			fputs("  - ", to);
			show_node_name(to, policy, k);
			fputs(": nothing about this file\n", to);
		}
		show_report(to, "    ", &all->nodes[k]);
	}
	fprintf(to, "  %s\n", advice[d->cause]);
}

void
show_policy(FILE *to, const struct policy *policy)
{
	size_t i, k;

	fprintf(to,
	    "A file is accepted when %zu of %zu operators have "
	    "reproduced it:\n",
	    policy->require, policy->noperators);
	for (i = 0; i < policy->noperators; i++)
		for (k = 0; k < policy->nnodes; k++) {
			if (policy->nodes[k].operator_ != i)
				continue;
			fputs("    ", to);
			show_node_name(to, policy, k);
			fputs(" at ", to);
			show_escaped(to, policy->nodes[k].url);
			fputc('\n', to);
		}
	if (policy->require == 1)
		fputs("One operator alone is believed: if this one lies or is "
		      "broken into, the file is accepted.\n",
		    to);
	else
		fprintf(to,
		    "%zu operators must lie together before a file "
		    "that nobody can reproduce is accepted; %zu may be "
		    "silent.\n",
		    policy->require, policy->noperators - policy->require);
}
