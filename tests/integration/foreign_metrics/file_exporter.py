# SPDX-License-Identifier: Apache-2.0
# An exporter whose counter is the number in a file. Ends at SIGTERM, without a last answer.
import http.server
import os


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(os.environ["COUNT_FILE"], encoding="ascii") as file:
            body = f"# TYPE served_total counter\nserved_total {file.read().strip()}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


server = http.server.HTTPServer(("127.0.0.1", int(os.environ["METRICS_PORT"])), Handler)
print("serving", flush=True)
server.serve_forever()
