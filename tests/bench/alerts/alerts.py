#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Alerts of a whole supervisor, delivered to a webhook in this process.

  alerts.py BIN_DIR [--kills N] [--seconds S]

latency: one API worker after the other, each a program of its own, is killed by SIGSEGV; from the
         kill to the message with its stack at the receiver.
storm:   a program that crashes a thousand times, and one that writes 100,000 error lines, in a
         minute: how many messages come, and how long the replacement of a killed worker takes
         meanwhile, beside the same without a storm.
"""
import argparse
import http.server
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

messages = []  # (time, body)


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        messages.append((time.monotonic(), json.loads(body)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Supervisor:
    """A supervisor on its own directory, with the receiver configured."""

    def __init__(self, bin_dir, url, programs):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-alerts-"))
        self.bin = bin_dir
        (self.dir / "holdfast.toml").write_text(
            f'[supervisor]\nstate_dir = "{self.dir}/state"\nruntime_dir = "{self.dir}/run"\n'
            'status_listen = ""\n[listen.http]\naddress = "127.0.0.1:0"\n'
            f'[log]\nfile = "{self.dir}/log"\n'
            f'[alert_receiver.bench]\ntype = "webhook"\nurl = "{url}"\n' + programs)
        self.process = subprocess.Popen([bin_dir / "holdfast", "-c", self.dir / "holdfast.toml",
                                         "run"], stdout=subprocess.DEVNULL)

    def ask(self, *arguments):
        answer = subprocess.run([self.bin / "holdfast", "-c", self.dir / "holdfast.toml",
                                 *arguments], capture_output=True, text=True, check=False)
        return answer.stdout

    def status(self):
        text = self.ask("status", "--json")
        return json.loads(text) if text.startswith("{") else {}

    def workers(self):
        return {worker["name"]: worker for program in self.status().get("programs", [])
                for worker in program["workers"]}

    def wait_ready(self):
        wait_for(lambda: self.status().get("state") == "ready")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            sys.exit("error: waited for a minute in vain")
        time.sleep(0.002)


def quantiles(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


def latency(bin_dir, url, kills):
    programs = '[program.migrate]\ncommand = ["holdfast-queue-worker", "migrate"]\n' \
               'type = "oneshot"\n'
    for i in range(kills):
        programs += f'[program.api-{i}]\ncommand = ["holdfast-api-worker"]\n' \
                    'sockets = ["http"]\nafter = ["migrate"]\n'
    supervisor = Supervisor(bin_dir, url, programs)
    supervisor.wait_ready()
    workers = supervisor.workers()
    times = []
    for i in range(kills):
        seen = len(messages)
        begin = time.monotonic()
        os.kill(workers[f"api-{i}.0"]["pid"], signal.SIGSEGV)
        wait_for(lambda: len(messages) > seen)
        at, body = messages[seen]
        crash = body["holdfast"]["alerts"][0]["crash"]
        if not crash or not crash["stack"]:
            sys.exit("error: a message without its stack")
        times.append(at - begin)
        time.sleep(1.1)  # a receiver gets one message a second
    supervisor.stop()
    p50, p99 = quantiles(times)
    print(f"kill -SEGV to the message with its stack   p50 {p50 * 1000:6.0f} ms   "
          f"p99 {p99 * 1000:6.0f} ms   {kills} kills")


STORM = r'''
[program.crasher]
command = ["/bin/sh", "-c", "sleep 0.5; exit 1"]
replicas = 10
min_ready = 0
required = false
ready = "started"
crash_loop_exits = 200
crash_loop_window = "60s"
backoff_base = "1ms"
backoff_cap = "50ms"
autostart = false
[program.shouter]
command = ["/bin/sh", "-c", "i=0; while [ $i -lt 1000 ]; do yes '{{\"level\":\"error\",\"msg\":\"no route to the warehouse\"}}' | head -n 100; i=$((i+1)); sleep 0.05; done; sleep 1000"]
required = false
ready = "started"
autostart = false
[program.victim]
command = ["/bin/sh", "-c", "date +%s%N >> {stamps}; exec sleep 1000"]
ready = "started"
crash_loop_exits = 50
backoff_base = "1ms"
backoff_cap = "50ms"
'''


def restarts(supervisor, stamps, count):
    """From the kill of a settled worker to the first line of its replacement, in seconds."""
    times = []
    for _ in range(count):
        before = len(stamps.read_text().splitlines())
        pid = supervisor.workers()["victim.0"]["pid"]
        time.sleep(10.2)  # settled: it is restarted at once
        begin = time.time_ns()
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: len(stamps.read_text().splitlines()) > before)
        times.append((int(stamps.read_text().splitlines()[-1]) - begin) / 1e9)
    return times


def storm(bin_dir, url, seconds):
    with tempfile.TemporaryDirectory() as scratch:
        stamps = pathlib.Path(scratch) / "stamps"
        stamps.touch()
        supervisor = Supervisor(bin_dir, url, STORM.format(stamps=stamps))
        supervisor.wait_ready()
        count = max(1, seconds // 12)
        calm = restarts(supervisor, stamps, count)
        seen = len(messages)
        supervisor.ask("start", "crasher", "shouter", "--no-wait")
        begin = time.monotonic()
        stormy = restarts(supervisor, stamps, count)
        crashes = sum(worker.get("restarts", 0) for name, worker in supervisor.workers().items()
                      if name.startswith("crasher."))
        took = time.monotonic() - begin
        told = [body["groupKey"].removeprefix("holdfast:") for _, body in messages[seen:]]
        lines = (supervisor.dir / "log").read_text(errors="replace").count("no route to the")
        exit_code = supervisor.stop()
    for name, times in (("calm", calm), ("storm", stormy)):
        p50, p99 = quantiles(times)
        print(f"kill -9 to the replacement, {name:5}         p50 {p50 * 1000:6.1f} ms   "
              f"p99 {p99 * 1000:6.1f} ms   {len(times)} kills")
    print(f"storm: {crashes} crashes and {lines} error lines in {took:.0f} s: {len(told)} messages "
          f"({', '.join(told)}); exit code {exit_code}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin_dir", type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seconds", type=int, default=60)
    arguments = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    latency(arguments.bin_dir.resolve(), url, arguments.kills)
    storm(arguments.bin_dir.resolve(), url, arguments.seconds)


if __name__ == "__main__":
    main()
