/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/command/asking.h"

#include <stdlib.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "rebuilder/settings.h"

#define SENTENCE_MAX 1024

enum rb_err
asking_send(const char *conf, const struct msg *question, int *sock,
    struct fault *why)
{
	struct node node = NODE_INIT;
	struct settings settings;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	settings_init(&settings);
	if ((rc = settings_read(conf, &node, &settings, why)) != RB_OK ||
	    (rc = node_connect(&node, "admin.sock", &fd, why)) != RB_OK)
		goto out;
	if ((rc = msg_send(fd, question)) != RB_OK) {
		fault_set(why, rc, "the node takes no question (%s)",
		    err_name(rc));
		goto out;
	}
	*sock = fd;
	fd = -1; /* now the caller's */
out:
	fd_close(&fd);
	settings_clear(&settings);
	node_clear(&node);
	return rc;
}

static enum rb_err
take_refusal(const struct msg *m, struct fault *why)
{
	struct span in = buf_span(&m->body);
	char *sentence = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_text(&in, SENTENCE_MAX, &sentence)) == RB_OK)
		rc = fault_set(why, RB_EREFUSED, "%s", sentence);
	free(sentence);
	return rc;
}

enum rb_err
asking_recv(int sock, uint16_t expected, struct msg *answer, struct fault *why)
{
	struct msg m;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&m, 0);
	if ((rc = msg_recv(sock, &m)) != RB_OK) {
		fault_set(why, rc, "the node gave no answer (%s)",
		    err_name(rc));
	} else if (m.type == FRAME_REFUSED) {
		rc = take_refusal(&m, why);
	} else if (m.type != expected) {
		rc = fault_set(why, RB_EPEER,
		    "the node answered out of turn; is it of another version?");
	} else {
		*answer = m;
		msg_init(&m, 0); /* now the caller's */
	}
	msg_clear(&m);
	return rc;
}

enum rb_err
asking_call(const char *conf, const struct msg *question, uint16_t expected,
    struct msg *answer, struct fault *why)
{
	int sock = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = asking_send(conf, question, &sock, why)) == RB_OK)
		rc = asking_recv(sock, expected, answer, why);
	fd_close(&sock);
	return rc;
}

enum rb_err
asking_put_texts(struct buf *out, char *const *list, int n)
{
	int i;
	enum rb_err rc = RB_EINTERNAL;

	if (n > UINT16_MAX)
		return RB_ELIMIT;
	if ((rc = put_u16(out, (uint16_t)n)) != RB_OK)
		return rc;
	for (i = 0; i < n && rc == RB_OK; i++)
		rc = put_text(out, list[i]);
	return rc;
}
