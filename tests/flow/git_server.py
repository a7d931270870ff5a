#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""git_server.py DIRECTORY: git's own server over HTTP, on loopback.

Serves the repositories below DIRECTORY by git-http-backend(1) and says its
port, one line, on standard output.  Ends when its standard input does.
"""

import http.server
import os
import subprocess
import sys
import threading
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    root = "/nonexistent"

    def serve(self):
        url = urllib.parse.urlsplit(self.path)
        length = int(self.headers.get("Content-Length", "0"))
        env = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": self.root,
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": urllib.parse.unquote(url.path),
            "QUERY_STRING": url.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
        }
        body = self.rfile.read(length)
        out = subprocess.run(["git", "http-backend"], env=env, input=body,
                             stdout=subprocess.PIPE, check=False).stdout
        head, _, body = out.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().split("\r\n")
                   if line]
        status = [v for k, v in headers if k == "Status"] or ["200"]
        self.send_response(int(status[0].split()[0]))
        for name, value in headers:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:  # enough for the client
            self.close_connection = True

    do_GET = serve
    do_POST = serve

    def log_message(self, *args):
        pass


Handler.root = sys.argv[1]
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
