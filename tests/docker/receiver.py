# SPDX-License-Identifier: Apache-2.0
"""Receives webhooks: prints its port, then the body of each POST on a line.

Usage: receiver.py ADDRESS [PORT]
"""
import http.server
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.rfile.read(int(self.headers["Content-Length"])).decode(), flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
server = http.server.ThreadingHTTPServer((sys.argv[1], port), Handler)
print(server.server_port, flush=True)
server.serve_forever()
