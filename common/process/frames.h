/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_PROCESS_FRAMES_H
#define RB_PROCESS_FRAMES_H

/*
 * Every frame type and what its body holds, in the order of put_/take_.
 * "fds:" are the descriptors beside it, in order.  All lists that could pass
 * MSG_BODY_MAX go through a descriptor, as the same put_ fields.
 */

/* Answer to any question: an input is wrong.  text: fault. */
#define FRAME_REFUSED 0x0001

/*
 * net.sock: rebuilder -> rebuilder-net.  Many questions may be under way (past
 * 256 they wait in the socket: read answers meanwhile); answers come in any
 * order.
 */
/* text proxy ("" for none, "socks5h://host:port"); first, once.  No answer. */
#define NET_SETUP 0x0100
/*
 * u32 id; u64 max (bytes; more is an error); u64 have (bytes already in the
 * file, asked for with a range); text url (http, https).
 * fds: the file to fill with pwrite, from `have` on.
 */
#define NET_FETCH 0x0101
/* u32 id; u8 outcome; u64 length of the file now; text detail ("": NET_OK). */
#define NET_DONE 0x0102
enum net_outcome {
	NET_OK = 0,
	NET_ABSENT = 1,    /* the server says that there is no such object */
	NET_TOO_LARGE = 2, /* more than max */
	NET_FAILED = 3,    /* anything that may pass: resume and try again */
	NET_FORBIDDEN = 4, /* scheme or redirect that a rule forbids */
	NET_UNWRITTEN = 5, /* the file takes no more: not the server's fault */
};
/*
 * A pack with all that these references of a git repository lead to.
 * u32 id; u64 max (bytes of the pack); text url (of the repository: http,
 * https); u16 n (1 to PACK_REFS_MAX), n times text reference
 * ("refs/tags/v1", "HEAD", or the id of an object: 40 lower-case digits).
 * fds: the file that takes the pack, from its start.  Answer NET_DONE; absent
 * is also a repository that has no such reference.  Which objects are in the
 * pack, and that it is one, is not believed.
 */
#define NET_PACK 0x0103
/*
 * No larger pack is asked for or read: with what indexing it takes, below the
 * memory of rebuilder-judge.
 */
#define PACK_BYTES_MAX (1024u * 1024 * 1024)
#define PACK_REFS_MAX 4096

/*
 * machine.sock: rebuilder -> rebuilder-machine.  One question a connection.
 * Closing the connection ends the machine.
 */
/*
 * bytes description (rebuilder/MACHINE.md).
 * fds: inputs (read), output (write), log (write), layer (read, only when
 * the description names one).
 */
#define MACHINE_RUN 0x0200
/*
 * u8 end; u32 exit status of the guest's recipe as the driver saw it (0 when
 * unknown; never a verdict); u64 milliseconds; text kind; text clock;
 * u8 has_image, digest image; u8 has_kernel, digest kernel; text detail.
 */
#define MACHINE_ENDED 0x0201
enum machine_end {
	MACHINE_DONE = 0, /* the guest ended by itself */
	MACHINE_TIMEOUT = 1,
	MACHINE_OUTPUT_LIMIT = 2, /* more output than allowed */
	MACHINE_LOG_LIMIT = 3,
	MACHINE_CRASHED = 4, /* killed, out of memory, kernel panic */
	MACHINE_UNAVAILABLE = 5, /* the machine could not be made */
};

/* rebuilder-judge.  A fresh process for each question. */
/*
 * u32 exit status of gpgv; text codename (or suite) asked for; u64 now;
 * u64 newest Date seen (0: none); u8 may be of any age; u8 n, n times text
 * path of a compressed index ("main/binary-amd64/Packages.xz").
 * fds: the signed text as it came; what gpgv wrote with --output; what it
 * wrote on --status-fd.
 */
#define JUDGE_RELEASE 0x0300
/*
 * u64 date; u64 valid until (0: none); u8 by_hash (Acquire-By-Hash: yes);
 * text codename; text suite ("": none); u8 n, n times text primary
 * fingerprint (40 or 64 upper-case digits) of a valid signature; u8 n, for
 * each index asked for, in that order: text path (without ".xz" when it is
 * not offered compressed so); u64 size; digest; u64 size, digest of what it
 * is when decompressed.
 */
#define JUDGE_RELEASE_IS 0x0301
/*
 * u64 size; digest: of the compressed file; u64 size; digest: of what it is
 * when decompressed.  All as JUDGE_RELEASE_IS said; all are checked.
 * fds: compressed (xz), out.  Answer JUDGE_OK: u64 size, digest (of out).
 */
#define JUDGE_INDEX 0x0302
#define JUDGE_OK 0x0303
/*
 * Answer to any question to the judge when an input is wrong, in the place of
 * FRAME_REFUSED.  u8 how (0 a rule forbids it; 1 what was asked for is not
 * there; 2 it is stale; 3 a signature, 4 a digest is wrong); text: fault.
 */
#define JUDGE_REFUSED 0x030f
/*
 * text name; text version ("": newest); text architecture.
 * fds: Sources, Packages, out records, out stanza (the Sources stanza).
 * Records: nfiles times { text name; u64 size; digest }, then npublished
 * times { text package; text version; text architecture; text path;
 * u64 size; digest; u8 is_binnmu }.
 */
#define JUDGE_SOURCE 0x0304
/*
 * text version; text directory; text dsc (file name); u32 nfiles;
 * u32 npublished.
 */
#define JUDGE_SOURCE_IS 0x0305
/*
 * u64 offset, u64 length of the member `resolution` in the output stream.
 * fds: output stream, out records, out base index, out build index (the
 * stanzas of the chosen packages of each group, verbatim), and 1 to 12 times
 * Packages; the first that has a package counts.
 * Records: n times { u8 group (0 base, 1 build); text package; text version;
 * text architecture; text path; u64 size; digest; u8 number of the Packages
 * that it stands in, from 0 }.
 */
#define JUDGE_RESOLUTION 0x0306
/* u32 n. */
#define JUDGE_RESOLUTION_IS 0x0307
/*
 * u64 length of the stream.  fds: output stream, out records.
 * Records: n times { text name; u64 offset; u64 length }.
 */
#define JUDGE_OUTPUTS 0x0308
/* u32 status that the guest claims; u32 n. */
#define JUDGE_OUTPUTS_ARE 0x0309
/*
 * u64 offset; u64 length; u64 newest mtime.  fds: output stream, out (the
 * canonical tar).  Answer JUDGE_OK: u64 size, digest (of out).
 */
#define JUDGE_LAYER 0x030a
/*
 * text name; text version; text architecture: of a source.
 * fds: Packages, out records (the second half of those of JUDGE_SOURCE).
 */
#define JUDGE_PUBLISHED 0x0330
/* u32 n. */
#define JUDGE_PUBLISHED_IS 0x0331
/*
 * u32 exit status of gpgv; text source; text version: that it must be about.
 * fds: the .buildinfo as it came; what gpgv wrote with --output; what it wrote
 * on --status-fd; out records; out pins (lines of the recipe `resolve`).
 * Records: nfiles times { text name; u64 size; digest }, then nvariables
 * times { text name; text value }.
 */
#define JUDGE_BUILDINFO 0x0332
/*
 * text version of the binaries; text build architecture; text build path
 * ("": not given); u64 build date (0: not given); u8 built packages of the
 * architecture; u8 built packages for all; u32 nfiles; u32 npins;
 * u32 nvariables.
 */
#define JUDGE_BUILDINFO_IS 0x0333
/*
 * text architecture; u8 n, n times u8 kind (0 base, 1 old, 2 built).
 * fds: pins; out Packages (what a machine resolves from); n times Packages.
 */
#define JUDGE_PINS 0x0334
/*
 * u32 missing; text which ("": none), the first of them and how many more, in
 * about 200 bytes; u32 how many others only built ones offer.
 */
#define JUDGE_PINS_ARE 0x0335
/*
 * u64 offset, u64 length of the .buildinfo that a build left.
 * fds: output stream, the signed text that was followed, input list.
 */
#define JUDGE_ENVIRONMENT 0x0336
/* u8 equal; text the first thing that differs ("": equal). */
#define JUDGE_ENVIRONMENT_IS 0x0337
/*
 * u64 offset, u64 length of the member `control` in the output stream of the
 * recipe `describe`; text source, which all must be of; u16 n, n times { text
 * file name; u64 size; digest }, as we measured them.
 * fds: output stream, out Packages.
 */
#define JUDGE_BUILT 0x0338
/* text which packages were left out of the index ("": none), as words. */
#define JUDGE_BUILT_IS 0x0339
/*
 * The changelog entry of a rebuild without a change of source, as a published
 * package has it.  text source; text version of that package; u64 offset,
 * u64 length in the output stream of the recipe `changelog`.
 * fds: output stream.  Answer JUDGE_OK: u64 size, digest (of the entry).
 */
#define JUDGE_CHANGELOG 0x033a
/*
 * Which of our own packages may be offered beside the archive's.
 * fds: out Packages; rules, lines "base NAME" or "source NAME"; Packages of
 * what was built; Packages of the archive; each Packages of what is published.
 */
#define JUDGE_OVERRIDES 0x033b
/*
 * Three times { u32 withheld; text which ("": none), as for JUDGE_PINS_ARE }:
 * for names of the archive; for names that are published of other sources;
 * for names of packages of other sources that are offered.
 */
#define JUDGE_OVERRIDES_ARE 0x033c

/*
 * A release file of qubes-builderv2.  u8 n, n times text base name: the file
 * and those it includes, as far as they are known.
 * fds: the n files, out records.
 * Records: ndistributions times text; ntemplates times text; ncomponents
 * times { text name; text url; text branch; u8 n, n times text fingerprint;
 * u64 least number of distinct maintainers; u8 mode (0 signed tag, 1 signed
 * tag or commit, 2 nothing is checked); u8 fetch-versions-only; u8 packages;
 * u64 timeout in seconds }; nnotes times text (what was ignored).
 */
#define JUDGE_RELEASE_FILE 0x0320
/*
 * text base name of an included file that is lacking ("": none, and only
 * then the rest holds); text name of the release; u32 ndistributions;
 * u32 ntemplates; u32 ncomponents; u32 nnotes.
 */
#define JUDGE_RELEASE_FILE_IS 0x0321
/*
 * What .qubesbuilder says of one distribution.  text component; text
 * distribution ("vm-bookworm"); text version, for a tree without a file
 * `version` ("": none); text address of the component's repository; u16 n,
 * n times text path of a submodule that the tree has.
 * fds: the tree (the tar of JUDGE_TREE), out records.
 * Records: nbuilds times text directory; nmodules times { text path; text
 * address of its repository }: all n, as in a clone, or none when there is
 * nothing to build; nfiles times { text url; text name;
 * u8 decompress first; u8 check (0 SHA-256, 1 SHA-512, 2 signature); bytes
 * checksum (empty for a signature); text url of the signature ("");
 * u8 n, n times bytes key (as it lies in the tree) }.
 */
#define JUDGE_RECIPE 0x0322
/*
 * text version; text release; text why no node can prepare it ("": it can);
 * u8 the tree is the upstream archive; u32 nbuilds; u32 nmodules; u32 nfiles.
 */
#define JUDGE_RECIPE_IS 0x0323
/*
 * A file that .qubesbuilder names, as it came.  u8 decompress first (0 no,
 * 1 gzip, 2 xz); u64 most bytes of it then; u8 check (as above; 2: none here,
 * JUDGE_SIGNED comes next); bytes checksum (empty for 2).
 * fds: the file, out (unless it is not decompressed: then nothing is
 * written).  Answer JUDGE_OK: u64 size, digest.
 */
#define JUDGE_EXTERNAL 0x0324
/*
 * What gpgv said of such a file and its signature, with the keys that the
 * tree names and no others.  u32 exit status of gpgv; bytes status.  Answer
 * JUDGE_OK, zeros: it has a valid one.
 */
#define JUDGE_SIGNED 0x0327
/*
 * What the recipe `prepare` left.  u64 length of the stream.
 * fds: output stream, out records, out stanza (as Sources would have it).
 * Records: nfiles times { text name; u64 offset; u64 length; digest }.
 */
#define JUDGE_PREPARED 0x0325
/* text source; text version; text dsc (file name); u32 nfiles. */
#define JUDGE_PREPARED_IS 0x0326

/*
 * Signed tags: a git server's list of refs, then a pack.  In this order,
 * each in a process of its own; what one says is checked again by the next.
 * Ids are of SHA-1 objects, 40 lower-case digits.
 */
/*
 * text branch.  fds: the answer to info/refs?service=git-upload-pack, out
 * refs.  Refs: n times { text name of a tag; text id; text what the server
 * says it is for ("": not said, so no annotated tag) }, by name.
 */
#define JUDGE_REFS 0x0310
/* text id of the branch's head; u32 n; u32 tags passed over by their name. */
#define JUDGE_REFS_ARE 0x0311
/*
 * text id of the branch's head; text tag asked for ("": the newest);
 * u8 versions_only (the newest `v*` tag on the branch, not its head);
 * u8 with_commit (the commit's own signature is a candidate too); u8 all
 * (every tag is a candidate, whatever it is for); text id of the commit
 * accepted before ("": none).
 * fds: pack, refs, out candidates, out index.
 * Candidates, those for `v` tags first: n times { u8 kind; text name of the
 * ref ("" of the commit); text id; text commit that it is for ("": none);
 * u8 has_version, text version, text release of that commit, as below; bytes
 * object; bytes payload; bytes signature }; object, payload and signature are
 * empty where there is none to look at, the last two where gpgv is not to be
 * asked.
 * Index: where each object lies in the pack.
 */
#define JUDGE_COMMIT 0x0312
enum candidate_kind {
	CANDIDATE_TAG = 1,
	CANDIDATE_LIGHTWEIGHT = 2, /* a ref right to the commit */
	CANDIDATE_ABSENT = 3, /* the pack lacks the tag object */
	CANDIDATE_COMMIT = 4,
};
/*
 * text commit; text version and text release of its tree's files ("": none,
 * or malformed); u8 has_version (there is such a file); u64 commit time;
 * u8 relation; u32 n candidates.
 */
#define JUDGE_COMMIT_IS 0x0313
enum commit_relation {
	COMMIT_FIRST = 0, /* none was accepted before */
	COMMIT_SAME = 1,
	COMMIT_AHEAD = 2, /* it goes back to the one accepted before */
	COMMIT_BACK = 3, /* it does not: the branch was moved back or away */
};
/*
 * text commit, text version, text release, u8 has_version, u8 relation as
 * answered; text tag asked for ("": the newest); u8 versions_only;
 * u8 commit_suffices; text version accepted before ("": none; version, with
 * "-" and the release if there is one); u8 standing (accepted before: an
 * expired key takes nothing back); u8 all (candidates may be for any commit,
 * and the ruling says nothing); u64 threshold; u16 n, n times text maintainer
 * (40 upper-case digits).
 * fds: candidates, statuses, out outcomes.
 * Statuses, one a candidate: u8 asked; u32 exit status of gpgv; bytes what
 * it wrote on --status-fd.
 * Outcomes, one a candidate: u8 kind; text ref; text id; u8 outcome; text
 * primary key ("": not known); u64 time of the signature (0: not known).
 */
#define JUDGE_TAGS 0x0314
enum tag_outcome {
	TAG_VALID = 0, /* counts, by the primary key of its signer */
	TAG_LIGHTWEIGHT = 1, /* no object, so nothing is signed */
	TAG_ABSENT = 2, /* the pack lacks the object */
	TAG_MALFORMED = 3,
	TAG_NESTED = 4, /* for another tag */
	TAG_OTHER_NAME = 5, /* signed under another name than its ref */
	TAG_OTHER_VERSION = 6, /* a `v` tag that is not its tree's version */
	TAG_UNSIGNED = 7,
	TAG_SSH = 8, /* signed by an SSH key */
	TAG_X509 = 9, /* signed by a certificate */
	TAG_SIGNED_TWICE = 10,
	TAG_UNKNOWN_KEY = 11,
	TAG_EXPIRED_KEY = 12,
	TAG_REVOKED_KEY = 13,
	TAG_EXPIRED_SIGNATURE = 14,
	TAG_WEAK_DIGEST = 15, /* below SHA-256 */
	TAG_BAD_SIGNATURE = 16,
	TAG_OTHER_KEY = 17, /* valid, by a key that is no maintainer's */
	TAG_UNCLEAR = 18, /* gpgv said what no rule knows */
	TAG_PASSED_OVER = 19, /* more, or larger, than are looked at */
};
#define TAG_OUTCOMES 20
/*
 * u8 ruling; text name, text id and digest (SHA-256) of the tag object that
 * stands for it (empty, and zero, when it is the commit's own signature or
 * not accepted); u16 n, n times text primary key of a signer, in order.
 */
#define JUDGE_TAGS_ARE 0x0315
enum tag_ruling {
	TAGS_ACCEPTED = 0,
	TAGS_COMMIT_ACCEPTED = 1, /* with the commit's own signature */
	TAGS_NONE = 2, /* no tag at all; was it forgotten? */
	TAGS_TOO_FEW = 3, /* valid signers fewer than the threshold */
	TAGS_NO_VERSION = 4, /* none of the valid ones is a `v` tag */
	TAGS_NOT_ASKED = 5, /* the tag that was asked for is not valid */
	TAGS_BRANCH_BACK = 6, /* COMMIT_BACK */
	TAGS_VERSION_BACK = 7, /* a lower version than accepted before */
};
#define TAG_RULINGS 8
/*
 * text commit.  fds: pack, index (empty: it is made first), out tar, out
 * files, out submodules.  Files: three times u8 present, bytes; `version`,
 * `rel` and `.qubesbuilder` of the top directory.  Submodules: n times
 * { text path; text id of a commit }, in the order of the tar.
 */
#define JUDGE_TREE 0x0316
/* u64 size and digest of the tar; u64 commit time; u32 n submodules. */
#define JUDGE_TREE_IS 0x0317

/*
 * rebuilder-compare.  u64 offset; u64 length in the first descriptor.
 * fds: rebuilt (an output stream), published (whole file).
 */
#define COMPARE_FILES 0x0400
/* u64 size; digest. */
#define COMPARE_SAME 0x0401
/*
 * u64 size, digest of rebuilt; u64 size, digest of published; u64 offset of
 * the first byte that differs.
 */
#define COMPARE_DIFFERENT 0x0402

/*
 * rebuilder-explain.  u64 offset; u64 length; text file name.
 * fds: rebuilt (an output stream), published, out report (text).
 */
#define EXPLAIN_FILES 0x0500
/* text reason (token of FORMATS.md, "Reasons"). */
#define EXPLAINED 0x0501

/* signer.sock: attestor -> attestor-signer. */
/* Empty. */
#define SIGNER_STATE 0x0600
/* u64 size; digest root; bytes signed note; text vkey. */
#define SIGNER_STATE_IS 0x0601
/*
 * u64 index; bytes statement.  Index is the present size, or one less with
 * the very same statement (asked again after a crash).
 */
#define SIGNER_APPEND 0x0602
/* bytes envelope; bytes signed note. */
#define SIGNER_APPENDED 0x0603

/*
 * attestor.sock: rebuilder -> attestor.  bytes statement; u8 n, n times
 * u8 kind.  fds: n blobs, regular files, each read from its start to its end
 * and named by a digest of the statement.  A digest that the statement names
 * needs its blob, unless an earlier statement brought the same.  A statement
 * that is in the log already gets the same answer again.
 */
#define ATTEST_VERDICT 0x0700
enum attest_blob { BLOB_INPUTS = 1, BLOB_LOG = 2, BLOB_DIFFERENCE = 3 };
/* u64 index; digest leaf hash. */
#define ATTEST_LOGGED 0x0701
/* digest of a statement.  Answer ATTEST_LOGGED, or ATTEST_UNKNOWN: empty. */
#define ATTEST_FIND 0x0702
#define ATTEST_UNKNOWN 0x0703

/*
 * attestor -> attestor-publish, the one writer of the served store.  All
 * between two commits is one transaction.
 */
/* Empty.  Answer PUBLISH_STATE_IS. */
#define PUBLISH_STATE 0x0900
/* u64 size; digest root (all zero: damaged). */
#define PUBLISH_STATE_IS 0x0901
/* Empty: forget everything.  Answer to this and all below: PUBLISH_DONE. */
#define PUBLISH_EMPTY 0x0902
/* u64 index; bytes envelope. */
#define PUBLISH_LEAF 0x0903
/* digest.  fds: the blob. */
#define PUBLISH_BLOB 0x0904
/* bytes signed note (empty: as before); bytes node.json (the same). */
#define PUBLISH_COMMIT 0x0905
/* Empty. */
#define PUBLISH_DONE 0x0906

/*
 * admin.sock: qubes-rebuilder -> rebuilder.  One question a connection; any of
 * them may be answered by FRAME_REFUSED.
 */
/*
 * u8 again (do not answer from the journal); u8 priority (0 to 9); u16 n,
 * n times text target.  Answers: any number of ADMIN_STAGE and ADMIN_RESULT,
 * and one ADMIN_ENDED for each target.
 */
#define ADMIN_REBUILD 0x0800
/* text target; text stage; u64 done; u64 total (0: unknown); text detail. */
#define ADMIN_STAGE 0x0801
/*
 * text target; text file; text package; text version; text architecture;
 * digest published; u8 verdict; text reason ("": none); u64 leaf index;
 * u8 recorded (answered from the journal).
 */
#define ADMIN_RESULT 0x0802
/* text target; u8 outcome (enum job_outcome); text why. */
#define ADMIN_ENDED 0x0803
enum job_outcome {
	JOB_TRIED = 0, /* every published file has a signed verdict */
	JOB_NOT_TRIED = 1, /* no verdict could be made; why says it */
	JOB_CANCELLED = 2, /* by an operator */
};
/* u8 all (those that are done, too).  Answer: ADMIN_JOBS_ARE. */
#define ADMIN_QUEUE 0x0804
/*
 * u32 n.  fds: records, n times { text target; job record (rebuilder/job.h);
 * text stage ("": does not run); u64 seconds to the next try; u16 nblock,
 * nblock times text target that it waits for }.
 */
#define ADMIN_JOBS_ARE 0x0805
/* Empty.  Answer ADMIN_STATUS_IS: bytes (common/told/status.h). */
#define ADMIN_STATUS 0x0806
#define ADMIN_STATUS_IS 0x0807
/*
 * u16 n, n times text target; none: all that wait for their next try.
 * Answer ADMIN_DONE: u32 how many jobs.
 */
#define ADMIN_RETRY 0x0808
#define ADMIN_DONE 0x0809
/* u8 pause (0: go on).  Answer ADMIN_DONE. */
#define ADMIN_PAUSE 0x080a
/* u16 n, n times text target.  Answer ADMIN_DONE. */
#define ADMIN_CANCEL 0x080b
/* text target.  Answer: ADMIN_JOBS_ARE of one. */
#define ADMIN_WHY 0x080c
/*
 * text of whom (target, leaf index, file name or its SHA-256); u8 follow.
 * Answer: ADMIN_LOG_IS.  Who follows a target hears more of them, a new one
 * for each machine, and in the end ADMIN_ENDED.
 */
#define ADMIN_LOG 0x080d
/* u8 form (enum log_form); u32 number (rises); text of whom.  fds: the log. */
#define ADMIN_LOG_IS 0x080e
enum log_form {
	LOG_PLAIN = 0, /* grows while the machine runs */
	LOG_PACKED = 1, /* zstd */
};
/*
 * u8 what (enum admin_file); text of whom, as ADMIN_LOG.
 * Answer ADMIN_FILE_IS: u64 leaf index (UINT64_MAX: none).  fds: the file.
 */
#define ADMIN_FILE 0x080f
#define ADMIN_FILE_IS 0x0810
enum admin_file {
	FILE_INPUTS = 1,
	FILE_DIFFERENCE = 2,
};
/*
 * Empty: look at the components of the release now.  Answer, when that is
 * over: ADMIN_DONE, u32 how many could be looked at.
 */
#define ADMIN_POLL 0x0811
/*
 * text target.  Answer ADMIN_SAID_IS: u32 n.  fds: n times { u64 leaf; text
 * file; u8 verdict; text reason ("": none) }, what its last try that came to
 * verdicts said, or found as recorded; none: nothing is known.
 */
#define ADMIN_SAID 0x0812
#define ADMIN_SAID_IS 0x0813

#endif
