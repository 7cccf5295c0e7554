# SPDX-License-Identifier: Apache-2.0
# client_python in multiprocess mode: client_python.py WORKERS COUNTERS HISTOGRAMS
# Its files are in PROMETHEUS_MULTIPROC_DIR, which must be empty. Prints `listening PORT` when all workers have written their files. The values stand still: each
# scrape reads every file anew, whether it changed or not.
import os
import signal
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import prometheus_client as prometheus
from prometheus_client.multiprocess import MultiProcessCollector

WORKERS, COUNTERS, HISTOGRAMS = map(int, sys.argv[1:4])
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
NAMES = ("method", "route", "status")


def work(ready):
    own = prometheus.CollectorRegistry()
    requests = prometheus.Counter("bench_requests_total", "Requests.", NAMES, registry=own)
    for i in range(COUNTERS):
        requests.labels("GET", f"/api/documents/{i}", "200").inc(i)
    seconds = prometheus.Histogram(
        "bench_request_seconds", "Requests.", NAMES, registry=own, buckets=BOUNDS)
    for i in range(HISTOGRAMS):
        seconds.labels("GET", f"/api/documents/{i}", "200").observe(0.3)
    os.write(ready, b".")
    while True:
        signal.pause()


class Quiet(WSGIRequestHandler):
    def log_message(self, format, *args):
        pass


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


there, ready = os.pipe()
for _ in range(WORKERS):
    if os.fork() == 0:
        work(ready)
seen = 0
while seen < WORKERS:
    seen += len(os.read(there, WORKERS))
registry = prometheus.CollectorRegistry()
MultiProcessCollector(registry)
server = make_server("127.0.0.1", 0, prometheus.make_wsgi_app(registry), Server, Quiet)
print("listening", server.server_port, flush=True)
server.serve_forever()
