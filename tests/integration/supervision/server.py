# SPDX-License-Identifier: Apache-2.0
"""An HTTP server that knows nothing of Holdfast.

server.py PORT VERSION [STATUS_FILE]: answers every GET with VERSION and the pid, and with the
status in STATUS_FILE if that exists. PORT "inherited": the socket is descriptor 3. VERSION "broken"
exits at once; "busy" answers 503; "short-lived" exits after its first answer. SIGTERM: it answers
what it has accepted, and exits.
"""
import http.server
import os
import signal
import socket
import sys
import threading

port, version = sys.argv[1], sys.argv[2]
status_file = sys.argv[3] if len(sys.argv) > 3 else ""
if version == "broken":
    sys.exit("this version is broken")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status = 503 if version == "busy" else 200
        if status_file and os.path.exists(status_file):
            with open(status_file) as file:
                status = int(file.read())
        if self.headers.get("Host") == "wrong.example.org":
            status = 421
        body = f"{version} {os.getpid()}\n".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        if version == "short-lived":
            os._exit(1)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = False  # their answers are waited for


if port == "inherited":
    server = Server(("127.0.0.1", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=3)
else:
    server = Server(("127.0.0.1", int(port)), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever(poll_interval=0.05)
server.server_close()
