/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "updater/policy.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/enc.h"

#define FIELDS_MAX (1 + POLICY_NODES_MAX)
#define NO_OPERATOR SIZE_MAX

/* One line, cut into its fields, and what is known so far. */
struct line {
	size_t number;
	struct span fields[FIELDS_MAX];
	size_t n;
};

struct parser {
	struct policy policy; /* owned */
	bool has_version, has_require;
	struct fault *why;
};

static enum rb_err
refuse(const struct parser *p, const struct line *line, const char *rule)
{
	return fault_set(p->why, RB_EFORMAT, "policy line %zu: %s",
	    line->number, rule);
}

static enum rb_err
refuse_name(const struct parser *p, const struct line *line, struct span name,
    const char *rule)
{
	return fault_set(p->why, RB_EFORMAT, "policy line %zu: \"%.*s\" %s",
	    line->number, (int)(name.len < 300 ? name.len : 300),
	    (const char *)name.p, rule);
}

static bool
is_operator_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

static bool
is_operator_name(struct span s)
{
	size_t i;

	if (s.len == 0 || s.len > POLICY_NAME_MAX)
		return false;
	for (i = 0; i < s.len; i++)
		if (!is_operator_byte(s.p[i]))
			return false;
	return true;
}

static enum rb_err
read_version(struct parser *p, const struct line *line)
{
	if (p->has_version)
		return refuse(p, line, "\"policy\" stands once, at the top");
	if (line->n != 2 || !span_equal_str(line->fields[1], "1"))
		return refuse(p, line,
		    "only version 1 is known: the first line is \"policy 1\"");
	p->has_version = true;
	return RB_OK;
}

/*
 * http and https alone; no query, no fragment, no user: paths are put behind
 * it, and a password would be sent to whoever answers there.
 */
static enum rb_err
take_url(const struct parser *p, const struct line *line, struct span url,
    char **out)
{
	struct span rest;
	size_t i;

	if (span_starts(url, SPAN("https://")))
		rest = span_of(url.p + 8, url.len - 8);
	else if (span_starts(url, SPAN("http://")))
		rest = span_of(url.p + 7, url.len - 7);
	else
		return refuse_name(p, line, url,
		    "is no address: it starts with http:// or https://");
	if (url.len > POLICY_URL_MAX)
		return refuse(p, line, "the address is too long");
	if (rest.len == 0 || rest.p[0] == '/')
		return refuse_name(p, line, url, "names no host");
	for (i = 0; i < rest.len; i++)
		if (strchr("?#@\"\\<>", rest.p[i]) != NULL)
			return refuse_name(p, line, url,
			    "has a query, a fragment, a user or a quote: give "
			    "the plain address that paths are put behind");
	if (url.p[url.len - 1] == '/')
		url.len--;
	if (url.p[url.len - 1] == '/')
		return refuse_name(p, line, url, "ends in two slashes");
	return str_dup_span(url, out);
}

/* Two names for one key, or two keys of one name, would give two voices. */
static enum rb_err
check_key_is_new(const struct parser *p, const struct line *line,
    const struct vkey *key)
{
	const struct policy_node *node;
	size_t i;

	for (i = 0; i < p->policy.nnodes; i++) {
		node = &p->policy.nodes[i];
		if (strcmp(node->key.name, key->name) == 0)
			return fault_set(p->why, RB_EFORMAT,
			    "policy line %zu: node %s stands here twice",
			    line->number, key->name);
		if (memcmp(node->key.key.b, key->key.b, KEY_PUBLIC_LEN) == 0)
			return fault_set(p->why, RB_EFORMAT,
			    "policy line %zu: %s has the key of %s: one key "
			    "would be counted as two nodes",
			    line->number, key->name, node->key.name);
	}
	return RB_OK;
}

static enum rb_err
read_node(struct parser *p, const struct line *line)
{
	struct policy_node *node;
	struct vkey key;
	char *url = NULL;
	enum rb_err rc;

	if (line->n != 3)
		return refuse(p, line, "it must be \"node <vkey> <address>\"");
	if (p->policy.nnodes == POLICY_NODES_MAX)
		return fault_set(p->why, RB_ELIMIT,
		    "policy line %zu: more than %d nodes", line->number,
		    POLICY_NODES_MAX);
	if (vkey_parse(line->fields[1], &key) != RB_OK)
		return refuse_name(p, line, line->fields[1],
		    "is no verifier key: take it from the node's operator, as "
		    "\"name+hash+base64\"");
	if (key.type != VKEY_ED25519)
		return refuse(p, line,
		    "the key is not one that signs a log (Ed25519, type 1)");
	if ((rc = check_key_is_new(p, line, &key)) != RB_OK)
		return rc;
	if ((rc = take_url(p, line, line->fields[2], &url)) != RB_OK)
		return rc;

	node = &p->policy.nodes[p->policy.nnodes++];
	node->key = key;
	node->url = url;
	node->operator_ = NO_OPERATOR;
	return RB_OK;
}

static enum rb_err
give_node(struct parser *p, const struct line *line, struct span name,
    size_t operator_)
{
	struct policy_node *node;
	size_t i;

	for (i = 0; i < p->policy.nnodes; i++) {
		node = &p->policy.nodes[i];
		if (!span_equal_str(name, node->key.name))
			continue;
		if (node->operator_ != NO_OPERATOR)
			return refuse_name(p, line, name,
			    "has an operator already: it would get two voices");
		node->operator_ = operator_;
		return RB_OK;
	}
	return refuse_name(p, line, name,
	    "is no node: its \"node\" line must stand above");
}

static enum rb_err
read_operator(struct parser *p, const struct line *line)
{
	struct policy *policy = &p->policy;
	struct span name;
	enum rb_err rc;
	size_t i;

	if (line->n < 3)
		return refuse(p, line,
		    "it must be \"operator <name> <node>...\"");
	name = line->fields[1];
	if (!is_operator_name(name))
		return refuse_name(p, line, name,
		    "is no operator's name: 1 to 64 letters, digits, \".\", "
		    "\"_\", \"-\"");
	for (i = 0; i < policy->noperators; i++)
		if (span_equal_str(name, policy->operators[i].name))
			return refuse_name(p, line, name,
			    "is an operator already: name all its nodes on one "
			    "line, or, if that is another party, give it "
			    "another name");
	if (policy->noperators == POLICY_OPERATORS_MAX)
		return fault_set(p->why, RB_ELIMIT,
		    "policy line %zu: more than %d operators", line->number,
		    POLICY_OPERATORS_MAX);
	for (i = 2; i < line->n; i++)
		if ((rc = give_node(p, line, line->fields[i],
			 policy->noperators)) != RB_OK)
			return rc;
	if ((rc = str_dup_span(name,
		 &policy->operators[policy->noperators].name)) != RB_OK)
		return rc;
	policy->noperators++;
	return RB_OK;
}

static enum rb_err
read_require(struct parser *p, const struct line *line)
{
	uint64_t m;

	if (p->has_require)
		return refuse(p, line, "\"require\" stands twice");
	if (line->n != 2 ||
	    dec_parse(line->fields[1], POLICY_OPERATORS_MAX, &m) != RB_OK)
		return refuse(p, line,
		    "it must be \"require <number of operators>\", at most 64");
	p->policy.require = (size_t)m;
	p->has_require = true;
	return RB_OK;
}

static enum rb_err
read_repositories(struct parser *p, const struct line *line)
{
	struct policy *policy = &p->policy;
	enum rb_err rc;
	size_t i, k;

	if (line->n < 2)
		return refuse(p, line, "it must be \"repository <name>...\"");
	for (i = 1; i < line->n; i++) {
		for (k = 0; k < policy->nrepositories; k++)
			if (span_equal_str(line->fields[i],
				policy->repositories[k]))
				return refuse_name(p, line, line->fields[i],
				    "stands here twice");
		if (policy->nrepositories == POLICY_REPOSITORIES_MAX)
			return fault_set(p->why, RB_ELIMIT,
			    "policy line %zu: more than %d repositories",
			    line->number, POLICY_REPOSITORIES_MAX);
		if ((rc = str_dup_span(line->fields[i],
			 &policy->repositories[policy->nrepositories])) !=
		    RB_OK)
			return rc;
		policy->nrepositories++;
	}
	return RB_OK;
}

static const struct {
	const char *word;
	enum rb_err (*read)(struct parser *p, const struct line *line);
} directives[] = {
	{ "policy", read_version },
	{ "node", read_node },
	{ "operator", read_operator },
	{ "require", read_require },
	{ "repository", read_repositories },
};

static enum rb_err
read_line(struct parser *p, const struct line *line)
{
	size_t i;

	if (!p->has_version && !span_equal_str(line->fields[0], "policy"))
		return refuse(p, line, "the first line must be \"policy 1\"");
	for (i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
		if (span_equal_str(line->fields[0], directives[i].word))
			return directives[i].read(p, line);
	/* Skipping what we do not know could skip what makes it strict. */
	return refuse_name(p, line, line->fields[0],
	    "is no word of a policy; known are policy, node, operator, "
	    "require, repository");
}

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Fields are separated by spaces and tabs; "#" at the start is a comment. */
static enum rb_err
split_line(const struct parser *p, struct span text, struct line *line)
{
	size_t i = 0, start;

	line->n = 0;
	for (i = 0; i < text.len; i++)
		if ((text.p[i] < 0x20 && text.p[i] != '\t') || text.p[i] > 0x7e)
			return refuse(p, line,
			    "only printable ASCII, space and tab are allowed");
	for (i = 0;;) {
		while (i < text.len && is_space(text.p[i]))
			i++;
		if (i == text.len || (line->n == 0 && text.p[i] == '#'))
			return RB_OK;
		start = i;
		while (i < text.len && !is_space(text.p[i]))
			i++;
		if (line->n == FIELDS_MAX)
			return fault_set(p->why, RB_ELIMIT,
			    "policy line %zu: more than %d words", line->number,
			    FIELDS_MAX);
		line->fields[line->n++] = span_of(text.p + start, i - start);
	}
}

/* What only the whole can break. */
static enum rb_err
check_whole(const struct parser *p)
{
	const struct policy *policy = &p->policy;
	size_t i;

	if (!p->has_version)
		return fault_set(p->why, RB_EFORMAT,
		    "policy: it is empty; its first line must be \"policy 1\"");
	for (i = 0; i < policy->nnodes; i++)
		if (policy->nodes[i].operator_ == NO_OPERATOR)
			return fault_set(p->why, RB_EFORMAT,
			    "policy: node %s has no operator: add \"operator "
			    "<name> %s\"",
			    policy->nodes[i].key.name,
			    policy->nodes[i].key.name);
	if (!p->has_require)
		return fault_set(p->why, RB_EFORMAT,
		    "policy: no line says \"require <number of operators>\"");
	if (policy->require == 0)
		return fault_set(p->why, RB_EFORMAT,
		    "policy: \"require 0\" always accepts: it would check "
		    "nothing");
	if (policy->require > policy->noperators)
		return fault_set(p->why, RB_EFORMAT,
		    "policy: it requires %zu operators and names %zu: it can "
		    "never accept",
		    policy->require, policy->noperators);
	return RB_OK;
}

/* A bundle in its place is told so, not that it does not end in a line. */
static bool
may_be_policy(struct span text)
{
	while (text.len != 0 && (is_space(text.p[0]) || text.p[0] == '\n'))
		text = span_of(text.p + 1, text.len - 1);
	return text.len == 0 || text.p[0] == '#' ||
	    span_starts(text, SPAN("policy"));
}

enum rb_err
policy_parse(struct span text, struct policy *out, struct fault *why)
{
	struct parser p = { POLICY_INIT, false, false, why };
	struct line line = { 0, { SPAN_INIT }, 0 };
	struct span in = text, one;
	enum rb_err rc = RB_EINTERNAL;

	if (text.len > POLICY_MAX)
		return fault_set(why, RB_ELIMIT, "policy: more than %d bytes",
		    POLICY_MAX);
	if (!may_be_policy(text))
		return fault_set(why, RB_EFORMAT,
		    "it is no policy: the first line must be \"policy 1\"");
	p.policy.nodes = calloc(POLICY_NODES_MAX, sizeof(*p.policy.nodes));
	p.policy.operators = calloc(POLICY_OPERATORS_MAX,
	    sizeof(*p.policy.operators));
	p.policy.repositories = calloc(POLICY_REPOSITORIES_MAX,
	    sizeof(*p.policy.repositories));
	if (p.policy.nodes == NULL || p.policy.operators == NULL ||
	    p.policy.repositories == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}

	while (in.len != 0) {
		line.number++;
		if (span_take_line(&in, &one) != RB_OK) {
			rc = refuse(&p, &line,
			    "it does not end: the file may "
			    "be cut off");
			goto out;
		}
		if ((rc = split_line(&p, one, &line)) != RB_OK)
			goto out;
		if (line.n == 0)
			continue;
		if ((rc = read_line(&p, &line)) != RB_OK)
			goto out;
	}
	if ((rc = check_whole(&p)) != RB_OK)
		goto out;

	*out = p.policy;
	p.policy = (struct policy)POLICY_INIT; /* now the caller's */
	rc = RB_OK;
out:
	policy_clear(&p.policy);
	return rc;
}
