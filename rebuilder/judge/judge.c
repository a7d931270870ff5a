/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rebuilder-judge: reads what archives and machines wrote.
 *
 * It can reach its socket and the descriptors of one question: inputs to
 * read, outputs to fill.  No file, no network, no other process.  Whoever
 * owns it through hostile bytes can give one false answer: other files than
 * the index names, another tree than a tag's, or other bytes for a layer.  He
 * can't say `reproduced`: rebuilder-compare does, about bytes that a build
 * left.  But who writes the layer chooses the compiler, so a false layer can
 * lead to a false `reproduced`.  The layer's digest stands in the statement,
 * and nodes with equal inputs have equal layers: such a lie shows between
 * nodes.
 */
#include "rebuilder/judge/judge.h"

#include <stdio.h>
#include <string.h>

#include "common/base/note.h"
#include "common/process/frames.h"

/* Two mapped indices, what is found in them, names of a layer, xz. */
#define MEMORY_MAX (3ull * 1024 * 1024 * 1024)

static enum rb_err
send_refusal(int sock, uint8_t how, const char *sentence)
{
	enum rb_err rc;
	struct msg m;

	msg_init(&m, JUDGE_REFUSED);
	if ((rc = put_u8(&m.body, how)) == RB_OK &&
	    (rc = put_text(&m.body, sentence)) == RB_OK)
		rc = msg_send(sock, &m);
	msg_clear(&m);
	return rc;
}

enum rb_err
judge_answer(int sock, enum rb_err rc, const struct fault *why,
    const struct msg *answer)
{
	const char *sentence = why->text[0] != '\0' ? why->text : err_name(rc);

	switch (rc) {
	case RB_OK:
		return msg_send(sock, answer);
	case RB_EFORMAT:
	case RB_ELIMIT:
	case RB_EREFUSED:
		return send_refusal(sock, 0, sentence);
	case RB_ENOTFOUND:
		return send_refusal(sock, 1, sentence);
	case RB_ESTALE:
		return send_refusal(sock, 2, sentence);
	case RB_ESIG:
		return send_refusal(sock, 3, sentence);
	case RB_EDIGEST:
		return send_refusal(sock, 4, sentence);
	case RB_EPEER:
	case RB_ETIME:
	case RB_ENOMEM:
	case RB_EIO:
	case RB_EINTERNAL:
		note(NOTE_ERROR, "%s", sentence);
		return rc;
	}
	return RB_EINTERNAL;
}

static const struct duty duties[] = {
	{ JUDGE_RELEASE, STATE(READY), judge_release },
	{ JUDGE_INDEX, STATE(READY), judge_index },
	{ JUDGE_SOURCE, STATE(READY), judge_source },
	{ JUDGE_RESOLUTION, STATE(READY), judge_resolution },
	{ JUDGE_OUTPUTS, STATE(READY), judge_outputs },
	{ JUDGE_LAYER, STATE(READY), judge_layer },
	{ JUDGE_RELEASE_FILE, STATE(READY), judge_release_file },
	{ JUDGE_RECIPE, STATE(READY), judge_recipe },
	{ JUDGE_EXTERNAL, STATE(READY), judge_external },
	{ JUDGE_SIGNED, STATE(READY), judge_signed },
	{ JUDGE_PREPARED, STATE(READY), judge_prepared },
	{ JUDGE_PUBLISHED, STATE(READY), judge_published },
	{ JUDGE_BUILDINFO, STATE(READY), judge_buildinfo },
	{ JUDGE_PINS, STATE(READY), judge_pins },
	{ JUDGE_ENVIRONMENT, STATE(READY), judge_environment },
	{ JUDGE_CHANGELOG, STATE(READY), judge_changelog },
	{ JUDGE_BUILT, STATE(READY), judge_built },
	{ JUDGE_OVERRIDES, STATE(READY), judge_overrides },
	{ JUDGE_REFS, STATE(READY), judge_refs },
	{ JUDGE_COMMIT, STATE(READY), judge_commit },
	{ JUDGE_TAGS, STATE(READY), judge_tags },
	{ JUDGE_TREE, STATE(READY), judge_tree },
};

int
main(int argc, char **argv)
{
	const struct jail jail = { .memory = MEMORY_MAX };
	struct fault why = FAULT_INIT;

	note_open("rebuilder-judge");
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		puts("usage: rebuilder-judge\n"
		     "Reads metadata and outputs for rebuilder, which starts "
		     "it; see rebuilder-judge(8).");
		return 0;
	}
	if (argc != 1) {
		note(NOTE_ERROR, "takes no arguments; started by rebuilder");
		return 2;
	}
	if (jail_enter(&jail, &why) != RB_OK) {
		note(NOTE_ERROR, "%s", why.text);
		return 1;
	}
	return role_serve(ROLE_SOCKET, duties,
	    sizeof(duties) / sizeof(duties[0]), NULL);
}
