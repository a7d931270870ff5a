#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""refs_server.py REPOSITORIES TAGS: a static web server on loopback.

Answers as a git server that is asked for the references of /0 to
/REPOSITORIES - 1, each with so many annotated tags.  Says its port, one line,
on standard output, and ends when its standard input does.
"""

import hashlib
import http.server
import sys
import threading


def line(text):
    return b"%04x" % (len(text) + 4) + text


def identity(*what):
    return hashlib.sha1(repr(what).encode()).hexdigest()


def references(repository, tags):
    head = identity(repository)
    yield (f"{head} HEAD\0multi_ack thin-pack side-band side-band-64k ofs-delta"
           " shallow no-progress include-tag multi_ack_detailed"
           " symref=HEAD:refs/heads/main agent=git/2.39.5\n")
    yield f"{head} refs/heads/main\n"
    for tag in range(tags):
        yield f"{identity(repository, tag)} refs/tags/v4.{tag}.0-1\n"
        yield f"{identity(repository, tag, 0)} refs/tags/v4.{tag}.0-1^{{}}\n"


def advertisement(repository, tags):
    return b"".join(
        [line(b"# service=git-upload-pack\n"), b"0000"]
        + [line(text.encode()) for text in references(repository, tags)]
        + [b"0000"])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answers = {}

    def do_GET(self):
        body = self.answers[self.path]
        self.send_response(200)
        self.send_header("Content-Type",
                         "application/x-git-upload-pack-advertisement")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


for i in range(int(sys.argv[1])):
    Handler.answers[f"/{i}/info/refs?service=git-upload-pack"] = \
        advertisement(i, int(sys.argv[2]))
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
