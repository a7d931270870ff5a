/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "updater/collect.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <curl/curl.h>

#include "common/base/enc.h"

#define ACTIVE_PER_NODE 4
#define CONNECT_SECONDS 15L
#define ANSWER_SECONDS 60L
#define STALL_BYTES 1024L /* less than this a second ... */
#define STALL_SECONDS 15L /* ... for so long is a stall */
#define POLL_MS 1000
#define ALIAS_LEN 16

struct asked;

/* One answer under way. */
struct transfer {
	struct asked *of;
	CURL *easy; /* owned */
	struct buf body; /* owned */
	bool is_too_large;
	bool is_out_of_memory;
	char error[CURL_ERROR_SIZE];
};

/* One node, and how far we are with it. */
struct asked {
	const struct policy_node *node;
	struct collected *report;
	struct sieve sieve;
	struct transfer active[ACTIVE_PER_NODE];
	size_t next; /* in paths */
	char alias[2 * ALIAS_LEN + 1]; /* its user and password at the proxy */
};

struct collector {
	const struct collect *task;
	CURLM *multi; /* owned */
	struct asked *nodes; /* owned */
	struct bundle *to; /* borrowed */
	time_t started;
	size_t nactive;
};

static time_t
now(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) == -1)
		abort();
	return t.tv_sec;
}

/* curl calls it with each piece; a short return ends the transfer. */
static size_t
take_piece(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	if (n > COLLECT_ANSWER_MAX - t->body.len) { /* size is always 1 */
		t->is_too_large = true;
		return 0;
	}
	if (buf_put(&t->body, span_of(p, n)) != RB_OK) {
		t->is_out_of_memory = true;
		return 0;
	}
	return size * n;
}

/* Nothing of the environment: neither a proxy nor a way around ours. */
static bool
set_proxy(const struct collector *c, struct transfer *t)
{
	CURL *e = t->easy;

	return curl_easy_setopt(e, CURLOPT_PROXY, c->task->proxy) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_NOPROXY, "") == CURLE_OK &&
	    (c->task->proxy[0] == '\0' ||
		(curl_easy_setopt(e, CURLOPT_PROXYUSERNAME, t->of->alias) ==
			CURLE_OK &&
		    curl_easy_setopt(e, CURLOPT_PROXYPASSWORD, t->of->alias) ==
			CURLE_OK));
}

static bool
set_options(const struct collector *c, struct transfer *t, const char *url)
{
	CURL *e = t->easy;

	/* No redirects: the policy names whom we talk to. */
	return curl_easy_setopt(e, CURLOPT_URL, url) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") ==
	    CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_USERAGENT, "qubes-quorum") ==
	    CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS) ==
	    CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_TIMEOUT, ANSWER_SECONDS) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES) ==
	    CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, STALL_SECONDS) ==
	    CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_piece) ==
	    CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_WRITEDATA, t) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error) == CURLE_OK &&
	    curl_easy_setopt(e, CURLOPT_PRIVATE, t) == CURLE_OK &&
	    set_proxy(c, t);
}

static enum rb_err
start(struct collector *c, struct asked *a, struct transfer *t)
{
	struct buf url = BUF_INIT;
	enum rb_err rc;

	if ((rc = buf_printf(&url, "%s%s", a->node->url,
		 c->task->paths[a->next])) != RB_OK)
		goto out;
	if ((rc = buf_put_byte(&url, 0)) != RB_OK)
		goto out;
	rc = RB_ENOMEM;
	t->of = a;
	if (t->easy == NULL && (t->easy = curl_easy_init()) == NULL)
		goto out;
	if (!set_options(c, t, (const char *)url.p))
		goto out;
	t->error[0] = '\0';
	t->is_too_large = false;
	if (curl_multi_add_handle(c->multi, t->easy) != CURLM_OK)
		goto out;
	a->next++;
	c->nactive++;
	rc = RB_OK;
out:
	buf_clear(&url);
	return rc;
}

static bool
is_given_up(const struct asked *a)
{
	return a->report->why.text[0] != '\0';
}

/* A handle that is in no transfer has no `of`. */
static enum rb_err
start_more(struct collector *c)
{
	struct asked *a;
	enum rb_err rc;
	size_t i, k;

	for (i = 0; i < c->task->policy->nnodes; i++) {
		a = &c->nodes[i];
		for (k = 0; k < ACTIVE_PER_NODE; k++) {
			if (is_given_up(a) || a->next == c->task->npaths)
				break;
			if (a->active[k].of == NULL &&
			    (rc = start(c, a, &a->active[k])) != RB_OK)
				return rc;
		}
	}
	return RB_OK;
}

/* Back from curl; the handle keeps its connection for the next path. */
static void
stop(struct collector *c, struct transfer *t)
{
	if (t->of == NULL)
		return;
	curl_multi_remove_handle(c->multi, t->easy);
	buf_clear(&t->body);
	t->of = NULL;
	c->nactive--;
}

/* One failure is enough: the rest of its paths would only take time. */
static void
give_up(struct collector *c, struct asked *a)
{
	size_t i;

	for (i = 0; i < ACTIVE_PER_NODE; i++)
		stop(c, &a->active[i]);
}

/* RB_OK also when the node is at fault: its report says so then. */
static enum rb_err
judge_answer(struct collector *c, struct transfer *t, CURLcode code)
{
	struct collected *report = t->of->report;
	struct fault inner = FAULT_INIT;
	enum rb_err rc;
	long status = 0;

	if (t->is_out_of_memory)
		return RB_ENOMEM;
	if (t->is_too_large) {
		fault_set(&report->why, RB_ELIMIT,
		    "it sent more than %d bytes for one bucket: ask for "
		    "smaller ones (--digits)",
		    COLLECT_ANSWER_MAX);
		return RB_OK;
	}
	if (code != CURLE_OK) {
		fault_set(&report->why, RB_EPEER, "%s",
		    t->error[0] != '\0' ? t->error : curl_easy_strerror(code));
		return RB_OK;
	}
	if (curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status) !=
	    CURLE_OK)
		return RB_EINTERNAL;
	if (status != 200 && status != 404) {
		fault_set(&report->why, RB_EPEER, "it answered with status %ld",
		    status);
		return RB_OK;
	}
	if (status == 200) {
		rc = sift(&t->of->sieve, buf_span(&t->body), c->to, &inner);
		if (rc == RB_ENOMEM || rc == RB_EINTERNAL)
			return rc;
		if (rc != RB_OK) {
			fault_set(&report->why, rc,
			    "its answer is no evidence: %s", inner.text);
			return RB_OK;
		}
	}
	report->nanswers++;
	return RB_OK;
}

static enum rb_err
take_answers(struct collector *c)
{
	struct transfer *t;
	struct asked *a;
	CURLMsg *m;
	enum rb_err rc;
	int left;

	while ((m = curl_multi_info_read(c->multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		if (curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE,
			(char **)&t) != CURLE_OK)
			return RB_EINTERNAL;
		a = t->of;
		if ((rc = judge_answer(c, t, m->data.result)) != RB_OK)
			return rc;
		stop(c, t);
		if (is_given_up(a))
			give_up(c, a);
	}
	return RB_OK;
}

/* Who drips just fast enough to be no stall may not hold the rest up. */
static void
stop_late_ones(struct collector *c)
{
	struct asked *a;
	size_t i;

	if (now() - c->started < COLLECT_NODE_SECONDS)
		return;
	for (i = 0; i < c->task->policy->nnodes; i++) {
		a = &c->nodes[i];
		if (a->report->nanswers == c->task->npaths || is_given_up(a))
			continue;
		fault_set(&a->report->why, RB_ETIME,
		    "it took longer than %d seconds", COLLECT_NODE_SECONDS);
		give_up(c, a);
	}
}

static enum rb_err
run(struct collector *c)
{
	enum rb_err rc;
	int running;

	for (;;) {
		if ((rc = start_more(c)) != RB_OK)
			return rc;
		if (c->nactive == 0)
			return RB_OK;
		if (curl_multi_perform(c->multi, &running) != CURLM_OK)
			return RB_EINTERNAL;
		if ((rc = take_answers(c)) != RB_OK)
			return rc;
		stop_late_ones(c);
		if (running != 0 &&
		    curl_multi_poll(c->multi, NULL, 0, POLL_MS, NULL) !=
			CURLM_OK)
			return RB_EIO;
	}
}

static enum rb_err
make_alias(struct asked *a)
{
	struct buf hex = BUF_INIT;
	uint8_t bytes[ALIAS_LEN];
	enum rb_err rc;

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return RB_EIO;
	if ((rc = hex_write(span_of(bytes, sizeof(bytes)), &hex)) == RB_OK)
		memcpy(a->alias, hex.p, sizeof(a->alias) - 1);
	buf_clear(&hex);
	return rc;
}

static enum rb_err
prepare(struct collector *c, struct collected *reports)
{
	size_t i, n = c->task->policy->nnodes;
	struct asked *a;
	enum rb_err rc;

	for (i = 0; i < n; i++) {
		a = &c->nodes[i];
		if ((rc = make_alias(a)) != RB_OK)
			return rc;
		a->node = &c->task->policy->nodes[i];
		a->report = &reports[i];
		a->sieve.roster = c->task->roster;
		a->sieve.origin = a->node->key.name;
		a->sieve.checkpoints_left = BUNDLE_CHECKPOINTS_MAX / n;
		a->sieve.evidence_left = BUNDLE_EVIDENCE_MAX / n;
		/* Half: what it grows by when it is written as JSON. */
		a->sieve.bytes_left = BUNDLE_MAX / 2 / n;
	}
	return RB_OK;
}

static void
finish(struct collector *c)
{
	size_t i, k;
	struct asked *a;

	for (i = 0; i < c->task->policy->nnodes; i++) {
		a = &c->nodes[i];
		a->report->nkept = a->sieve.nkept;
		a->report->nstrangers = a->sieve.nstrangers;
		memcpy(a->report->stranger, a->sieve.stranger,
		    sizeof(a->report->stranger));
		a->report->was_full = a->sieve.was_full;
		give_up(c, a);
		for (k = 0; k < ACTIVE_PER_NODE; k++)
			if (a->active[k].easy != NULL)
				curl_easy_cleanup(a->active[k].easy);
	}
}

enum rb_err
collect(const struct collect *task, struct bundle *to,
    struct collected *reports, struct fault *why)
{
	struct collector c = { task, NULL, NULL, to, now(), 0 };
	enum rb_err rc = RB_ENOMEM;

	memset(reports, 0, task->policy->nnodes * sizeof(*reports));
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return fault_set(why, RB_EINTERNAL, "libcurl: cannot start");
	if ((c.nodes = calloc(task->policy->nnodes, sizeof(*c.nodes))) == NULL)
		goto out;
	if ((rc = prepare(&c, reports)) != RB_OK)
		goto out;
	rc = RB_ENOMEM;
	if ((c.multi = curl_multi_init()) == NULL)
		goto out;
	rc = run(&c);
	finish(&c);
out:
	if (c.multi != NULL)
		curl_multi_cleanup(c.multi);
	free(c.nodes);
	curl_global_cleanup();
	return rc == RB_OK ?
	    rc :
	    fault_set(why, rc, "asking the nodes: %s", err_name(rc));
}
