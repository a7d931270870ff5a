/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "updater/decision.h"

const char *
flaw_words(enum flaw flaw)
{
	switch (flaw) {
	case FLAW_NONE:
		return "it is proven";
	case FLAW_ENVELOPE:
		return "it is no envelope";
	case FLAW_STATEMENT:
		return "it holds no statement";
	case FLAW_CHECKPOINT:
		return "the checkpoint is not signed with the key in the "
		       "policy";
	case FLAW_BUILDER:
		return "the statement names another node as its builder";
	case FLAW_PROOF:
		return "the proof does not lead to the checkpoint";
	case FLAW_SIGNATURE:
		return "the envelope is not signed with the key in the policy";
	case FLAW_FORK:
		return "the node signed two different logs of one size";
	}
	return "unknown";
}

const char *
cause_name(enum cause cause)
{
	switch (cause) {
	case CAUSE_NONE:
		return "accepted";
	case CAUSE_DIFFERS:
		return "differs";
	case CAUSE_OTHER_BYTES:
		return "other-bytes";
	case CAUSE_OTHER_NAME:
		return "other-name";
	case CAUSE_TOO_FEW:
		return "too-few";
	case CAUSE_FAILED:
		return "failed";
	case CAUSE_UNAVAILABLE:
		return "unavailable";
	case CAUSE_UNPROVEN:
		return "unproven";
	case CAUSE_NOBODY:
		return "nobody";
	}
	return "unknown";
}
