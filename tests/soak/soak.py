#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A long life of the whole stack: mixed load while workers are killed, stopped and rolled.

  soak.py BIN_DIR [--minutes 30] [--rate 150] [--seed N] [--report FILE]

Two API workers, two queue workers and a foreign program run under one supervisor on SQLite. Clients
post, read, search, change and delete documents, and send nonsense; every few seconds something
happens: a signal to a random worker, a reload, a rolling restart, a scale, idle connections.

It fails if a document that was acknowledged is lost or not ready at the end, if an answer is wrong,
if a request fails for a reason that nothing explains, or if descriptors, memory or the WAL grow
without bound. The report is a table that a person can read.
"""

import argparse
import collections
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

WORDS = """holdfast supervisor worker queue socket signal restart drain lease probe ready health
document chunk vector search index river mountain harbour lantern orchard granite meadow compass
anchor violin cinnamon thunder parchment telescope saffron glacier""".split()

CONFIG = """
[listen.http]
address = "127.0.0.1:{port}"

[supervisor]
status_listen = "127.0.0.1:{status_port}"

[program.migrate]
command = ["holdfast-queue-worker", "migrate"]
type = "oneshot"

[program.queue-worker]
command = ["holdfast-queue-worker"]
after = ["migrate"]
replicas = 2

[program.api-worker]
command = ["holdfast-api-worker"]
after = ["queue-worker"]
replicas = 2
sockets = ["http"]

[program.ticker]
command = ["/bin/sh", "-c", "while :; do echo tick; sleep 1; done"]
ready = "started"
watchdog = "0s"
environment = {{ ROUND = "{round}" }}

[rate_limit]
enabled = false
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Stack:
    def __init__(self, binaries, directory):
        self.binaries = binaries
        self.dir = directory
        self.port = free_port()
        self.status_port = free_port()
        self.round = 0
        self.write_config()
        self.env = dict(
            os.environ,
            HOLDFAST_CONFIG=self.config,
            HOLDFAST_STATE_DIR=os.path.join(directory, "state"),
            HOLDFAST_RUNTIME_DIR=os.path.join(directory, "run"),
            HOLDFAST_ENV="production",
        )
        os.makedirs(self.env["HOLDFAST_STATE_DIR"])
        self.log = open(os.path.join(directory, "log"), "wb")
        self.process = subprocess.Popen(
            [os.path.join(binaries, "holdfast"), "run"],
            env=self.env, cwd=directory, stdout=self.log, stderr=subprocess.STDOUT,
        )

    def write_config(self):
        self.config = os.path.join(self.dir, "holdfast.toml")
        text = CONFIG.format(port=self.port, status_port=self.status_port, round=self.round)
        with open(self.config + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(self.config + ".new", self.config)

    def command(self, *words, timeout=120):
        done = subprocess.run(
            [os.path.join(self.binaries, "holdfast"), *words], env=self.env, cwd=self.dir,
            capture_output=True, text=True, timeout=timeout, check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def status(self):
        code, text = self.command("status", "--json")
        return json.loads(text) if code in (0, 1, 3) and text.startswith("{") else None

    def workers(self):
        status = self.status()
        if status is None:
            return {}
        found = {}
        for program in status["programs"]:
            for worker in program.get("workers", []):
                if worker.get("pid"):
                    found[worker.get("name") or worker.get("worker")] = worker
        return found

    def wait_ready(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/ready")
                if connection.getresponse().status == 200:
                    return True
            except OSError:
                pass
            time.sleep(0.2)
        return False

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


class Outcomes:
    """Counts of answers and failures, by cause; and what must be there at the end."""

    def __init__(self):
        self.lock = threading.Lock()
        self.answers = collections.Counter()
        self.failures = collections.Counter()
        self.wrong = []
        self.documents = {}  # id -> "kept", "deleted", or "unsure" if a change's answer was lost
        self.disturbed_until = 0.0  # a failure before then is explained by what was done

    def disturb(self, what, seconds=5.0):
        with self.lock:
            self.cause = what
            self.disturbed_until = max(self.disturbed_until, time.monotonic() + seconds)

    def failed(self, kind):
        with self.lock:
            cause = self.cause if time.monotonic() < self.disturbed_until else "nothing"
            self.failures[(kind, cause)] += 1

    cause = "the start"


class Client(threading.Thread):
    def __init__(self, stack, outcomes, seed, rate, stopping):
        super().__init__(daemon=True)
        self.stack = stack
        self.out = outcomes
        self.random = random.Random(seed)
        self.pause = 1.0 / rate
        self.stopping = stopping
        self.connection = None
        self.mine = []

    def call(self, method, path, body=None, headers=None, expected=()):
        fresh = self.connection is None
        if fresh:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.stack.port, timeout=40)
        data = json.dumps(body) if body is not None else None
        fields = {"Content-Type": "application/json"} if body is not None else {}
        fields.update(headers or {})
        try:
            self.connection.request(method, path, data, fields)
            answer = self.connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            self.connection = None
            kind = type(error).__name__
            # A kept connection that the server has closed meanwhile is ordinary HTTP.
            if not fresh and kind in ("RemoteDisconnected", "BrokenPipeError", "ConnectionResetError"):
                kind = "kept connection closed"
            self.out.failed(kind)
            return None, None
        with self.out.lock:
            self.out.answers[(method, answer.status)] += 1
        if answer.getheader("Connection", "").lower() == "close":
            self.connection.close()
            self.connection = None
        if answer.status == 503:
            self.out.failed("503")
        elif answer.status not in expected:
            with self.out.lock:
                self.out.wrong.append(f"{method} {path}: {answer.status} {content[:200]!r}")
        return answer.status, content

    def text(self, size):
        return " ".join(self.random.choice(WORDS) for _ in range(size))

    def post(self):
        size = self.random.choice([5, 50, 50, 500, 5000])
        body = {"title": self.text(3), "content": self.text(size)}
        status, content = self.call("POST", "/api/documents", body, expected=(202,))
        if status == 202:
            identity = json.loads(content)["id"]
            with self.out.lock:
                self.out.documents[identity] = "kept"
            self.mine.append(identity)

    def change(self):
        if not self.mine:
            return
        identity = self.random.choice(self.mine)
        body = {"title": self.text(3), "content": self.text(50)}
        self.call("PUT", f"/api/documents/{identity}", body, expected=(200, 202))

    def delete(self):
        if len(self.mine) < 50:
            return
        identity = self.mine.pop(self.random.randrange(len(self.mine)))
        status, _ = self.call("DELETE", f"/api/documents/{identity}", expected=(204, 404))
        with self.out.lock:
            self.out.documents[identity] = "deleted" if status in (204, 404) else "unsure"

    def read(self):
        if self.mine:
            identity = self.random.choice(self.mine)
            self.call("GET", f"/api/documents/{identity}", expected=(200,))

    def search(self):
        words = "+".join(self.random.sample(WORDS, 2))
        self.call("GET", f"/api/search?q={words}", expected=(200,))

    def nonsense(self):
        self.call(*self.random.choice([
            ("POST", "/api/documents", {"title": 5}),
            ("GET", "/api/documents/none"),
            ("GET", "/api/search"),
            ("GET", "/nowhere"),
        ]), expected=(400, 404, 422))

    def run(self):
        acts = [self.post, self.read, self.read, self.read, self.search, self.change, self.delete,
                self.nonsense]
        weights = [12, 25, 25, 10, 8, 5, 8, 3]
        while not self.stopping.is_set():
            self.random.choices(acts, weights)[0]()
            self.stopping.wait(self.pause * self.random.uniform(0.5, 1.5))


class Trouble:
    """What happens to the stack: each returns what it did."""

    def __init__(self, stack, outcomes, seed):
        self.stack = stack
        self.out = outcomes
        self.random = random.Random(seed)
        self.counts = collections.Counter()

    def victim(self, prefix=""):
        found = {n: w for n, w in self.stack.workers().items() if n and n.startswith(prefix)}
        return self.random.choice(sorted(found.items())) if found else (None, None)

    def send(self, name, prefix=""):
        who, worker = self.victim(prefix)
        if who is None:
            return
        self.out.disturb(f"SIG{name} to a worker")
        try:
            os.kill(worker["pid"], getattr(signal, "SIG" + name))
        except ProcessLookupError:
            pass
        self.counts[f"SIG{name}"] += 1

    def freeze(self):
        who, worker = self.victim()
        if who is None:
            return
        self.out.disturb("SIGSTOP of a worker", 10)
        try:
            os.kill(worker["pid"], signal.SIGSTOP)
            time.sleep(self.random.uniform(0.1, 3))
            os.kill(worker["pid"], signal.SIGCONT)
        except ProcessLookupError:
            pass
        self.counts["SIGSTOP, SIGCONT"] += 1

    def reload(self):
        self.stack.round += 1
        self.stack.write_config()
        self.command("reload")

    def command(self, *words):
        before = self.out.disturbed_until
        code, text = self.stack.command(*words)
        self.counts[words[0]] += 1
        # Beside a killed worker a roll may fail, and says so.
        if code != 0 and time.monotonic() > before + 60:
            with self.out.lock:
                self.out.wrong.append(f"holdfast {' '.join(words)}: exit {code}: {text[-300:]}")

    def idle_connections(self):
        held = []
        for _ in range(100):
            try:
                held.append(socket.create_connection(("127.0.0.1", self.stack.port), 5))
            except OSError:
                break
        time.sleep(1)
        for one in held:
            one.close()
        self.counts["100 idle connections"] += 1

    def next(self):
        self.random.choices(
            [lambda: self.send("KILL", "api"), lambda: self.send("KILL", "queue"),
             lambda: self.send("SEGV"), lambda: self.send("TERM"), lambda: self.send("HUP"),
             self.freeze, self.reload, lambda: self.command("restart", "api-worker"),
             lambda: self.command("restart", "queue-worker"),
             lambda: self.command("scale", "api-worker", str(self.random.choice([1, 2, 3]))),
             self.idle_connections],
            [3, 3, 2, 2, 1, 2, 3, 2, 2, 1, 2],
        )[0]()


def proportional_set_size(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            return int(re.search(r"^Pss:\s+(\d+)", file.read(), re.M).group(1)) / 1024
    except (OSError, AttributeError):
        return None


def descriptors(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return None


def size_of(path):
    try:
        return os.path.getsize(path) / 2**20
    except OSError:
        return 0.0


def sample(stack, started):
    row = {"minute": (time.monotonic() - started) / 60}
    supervisor = stack.process.pid
    row["supervisor MiB"] = proportional_set_size(supervisor)
    row["supervisor fds"] = descriptors(supervisor)
    for kind in ("api-worker", "queue-worker"):
        pids = [w["pid"] for n, w in stack.workers().items() if n and n.startswith(kind)]
        row[f"{kind} MiB"] = max((proportional_set_size(p) or 0 for p in pids), default=0)
        row[f"{kind} fds"] = max((descriptors(p) or 0 for p in pids), default=0)
    database = os.path.join(stack.dir, "state", "holdfast.db")
    row["database MiB"] = size_of(database)
    row["WAL MiB"] = size_of(database + "-wal")
    return row


def check_documents(stack, outcomes):
    """All that was acknowledged is there, and becomes ready; what was deleted is not."""
    client = Client(stack, outcomes, 0, 1000, threading.Event())
    end = time.monotonic() + 180
    left = {i for i, fate in outcomes.documents.items() if fate == "kept"}
    total = len(left)
    while left and time.monotonic() < end:
        for identity in sorted(left):
            status, content = client.call("GET", f"/api/documents/{identity}", expected=(200,))
            if status == 404:
                return total, f"document {identity} was acknowledged and is lost"
            if status == 200 and json.loads(content).get("status") == "ready":
                left.discard(identity)
        if left:
            time.sleep(1)
    if left:
        return total, f"{len(left)} documents never became ready, such as {sorted(left)[0]}"
    for identity, fate in outcomes.documents.items():
        if fate == "deleted":
            status, _ = client.call("GET", f"/api/documents/{identity}", expected=(404,))
            if status == 200:
                return total, f"document {identity} was deleted and is there again"
    return total, None


def table(rows):
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for row in rows:
        cells = [f"{row[n]:.1f}" if isinstance(row[n], float) else str(row[n]) for n in names]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binaries")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=150, help="requests per second, in all")
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    parser.add_argument("--report")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)

    with tempfile.TemporaryDirectory(prefix="holdfast-soak-") as directory:
        stack = Stack(os.path.abspath(options.binaries), directory)
        problems = []
        rows = []
        outcomes = Outcomes()
        try:
            if not stack.wait_ready(60):
                sys.exit("the stack did not become ready; see its log:\n" +
                         open(os.path.join(directory, "log"), encoding="utf-8").read()[-2000:])
            stopping = threading.Event()
            clients = [Client(stack, outcomes, options.seed + i, options.rate / 8, stopping)
                       for i in range(8)]
            for client in clients:
                client.start()
            trouble = Trouble(stack, outcomes, options.seed)
            started = time.monotonic()
            steps = max(10.0, options.minutes * 60 / 15)
            next_sample = started
            while time.monotonic() < started + options.minutes * 60:
                if stack.process.poll() is not None:
                    problems.append(f"the supervisor ended with {stack.process.returncode}")
                    break
                if time.monotonic() >= next_sample:
                    rows.append(sample(stack, started))
                    print({k: round(v, 1) if v is not None else v for k, v in rows[-1].items()},
                          flush=True)
                    next_sample += steps
                trouble.next()
                time.sleep(trouble.random.uniform(1, 5))
            stopping.set()
            for client in clients:
                client.join(60)
            stack.command("scale", "api-worker", "2")
            if not stack.wait_ready(60):
                problems.append("not ready after the last disturbance")
            outcomes.disturb("the end", 0)
            total, lost = check_documents(stack, outcomes)
            if lost:
                problems.append(lost)
            rows.append(sample(stack, started))
            code = stack.stop()
            if code != 0:
                problems.append(f"SIGTERM: exit {code}")
        finally:
            if stack.process.poll() is None:
                stack.process.kill()
                stack.process.wait()
        unexplained = {k: n for k, n in outcomes.failures.items()
                       if k[1] == "nothing" and k[0] != "kept connection closed"}
        if unexplained:
            problems.append(f"failures that nothing explains: {unexplained}")
        problems += outcomes.wrong[:20]
        warm = rows[len(rows) // 3:]
        for name, most in (("supervisor MiB", 16), ("supervisor fds", 40), ("api-worker fds", 80)):
            if warm[-1][name] > warm[0][name] + most:
                problems.append(f"{name} grew from {warm[0][name]} to {warm[-1][name]}")
        if max(row["WAL MiB"] for row in rows) > 256:
            problems.append("the WAL grew beyond 256 MiB")

        text = [f"{options.minutes:g} minutes, seed {options.seed}: "
                f"{sum(outcomes.answers.values())} answers, {total} documents kept, all ready"
                if not lost else f"seed {options.seed}: {lost}", "", table(rows), ""]
        text += ["| what happened | times |", "|---|---|"]
        text += [f"| {what} | {n} |" for what, n in sorted(trouble.counts.items())]
        text += ["", "| request failed | while | times |", "|---|---|---|"]
        text += [f"| {kind} | {cause} | {n} |"
                 for (kind, cause), n in sorted(outcomes.failures.items())]
        text += ["", "| answer | times |", "|---|---|"]
        text += [f"| {method} {status} | {n} |"
                 for (method, status), n in sorted(outcomes.answers.items())]
        report = "\n".join(text)
        print(report)
        if options.report:
            with open(options.report, "w", encoding="utf-8") as file:
                file.write(report + "\n")
        for problem in problems:
            print("PROBLEM:", problem)
        sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
