# SPDX-License-Identifier: Apache-2.0
"""A stack under the storm: the real supervisor, two API workers and three queue workers."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time

LEASE = 2.0  # seconds
MAX_ATTEMPTS = 10
# One more than the storm can hit by chance: a job that was hit once runs alone, for a moment.
MAX_CRASHES = 5

# Workers die far more often than the defaults take for reasonable.
QUICK = 'backoff_base = "50ms"\nbackoff_cap = "200ms"\ncrash_loop_exits = 300'
CONFIG = f"""
[supervisor]
status_listen = "127.0.0.1:0"

[listen.http]
address = "127.0.0.1:{{port}}"

[program.migrate]
command = ["holdfast-queue-worker", "migrate"]
type = "oneshot"
{QUICK}

[program.queue-worker]
command = ["holdfast-queue-worker"]
after = ["migrate"]
replicas = {{queue_workers}}
{QUICK}

[program.api-worker]
command = ["holdfast-api-worker"]
after = ["migrate"]
replicas = 2
sockets = ["http"]
{QUICK}

[queue]
lease = "{LEASE:g}s"
poll = "200ms"
concurrency = 2
max_attempts = {MAX_ATTEMPTS}
max_crashes = {MAX_CRASHES}
backoff_base = "50ms"
backoff_cap = "500ms"
keep_done = "30d"

[store]
statement_timeout = "3s"
connect_timeout = "1s"

[rate_limit]
enabled = false
"""


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, seconds=60.0):
    """True as soon as it holds; False if only a defect can keep it from holding."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def is_stopped(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


class Stack:
    def __init__(self, binaries, directory, engine, queue_workers=3):
        self.binaries = binaries  # the ones with failpoints
        self.dir = directory
        self.port = free_port()
        self.process = None
        self.failpoints = os.path.join(directory, "failpoints")
        self.clock = os.path.join(directory, "clock")
        os.makedirs(self.failpoints)
        os.makedirs(self.clock)
        config = os.path.join(directory, "holdfast.toml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(port=self.port, queue_workers=queue_workers))
        self.env = dict(
            os.environ,
            HOLDFAST_CONFIG=config,
            HOLDFAST_STATE_DIR=engine.state,
            HOLDFAST_RUNTIME_DIR=os.path.join(directory, "run"),
            HOLDFAST_ENV="production",
            HOLDFAST_TEST_FAILPOINTS=self.failpoints,
            NOTIFY_SOCKET="",
            **engine.environment(),
        )
        self.offset = 0.0
        self.step_clock(0.0)
        preload = os.path.join(binaries, os.pardir, "preload.so")
        self.has_clock = os.path.exists(preload)
        if self.has_clock:
            self.env["LD_PRELOAD"] = os.path.abspath(preload)
            self.env["HOLDFAST_TEST_PRELOAD"] = self.clock
        self.log_path = os.path.join(directory, "log")

    def start(self):
        log = open(self.log_path, "ab")
        # It ends with the storm, whatever becomes of that.
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig=TERM", os.path.join(self.binaries, "holdfast"), "run"],
            env=self.env, cwd=self.dir, stdout=log, stderr=subprocess.STDOUT)
        log.close()

    def restart_if_dead(self):
        if self.process.poll() is not None:
            self.start()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def step_clock(self, seconds):
        """How far the wall clock of the stack is ahead of the machine's, from now on."""
        self.offset = seconds
        path = os.path.join(self.clock, "clock")
        with open(path, "r+b" if os.path.exists(path) else "wb") as file:
            file.write(int(seconds * 1e9).to_bytes(8, "little", signed=True))

    def status(self):
        try:
            connection = UnixConnection(os.path.join(self.dir, "run", "status.sock"))
            connection.request("GET", "/status")
            return json.loads(connection.getresponse().read())
        except (OSError, ValueError, http.client.HTTPException):
            return None

    def workers(self, program):
        """The pids of its live processes, by name."""
        status = self.status()
        for candidate in status["programs"] if status else []:
            if candidate["name"] == program:
                return {w["name"]: w["pid"] for w in candidate["workers"] if w.get("pid")}
        return {}

    def ready(self):
        status = self.status()
        return bool(status) and status.get("ready") and all(
            p["type"] != "service" or p["ready"] >= p["wanted"] for p in status["programs"])

    def is_rolling(self):
        status = self.status()
        return not status or any(p.get("rolling") for p in status["programs"])

    def wait_ready(self, seconds=60.0):
        wait_until(lambda: self.ready() or self.process.poll() is not None, seconds)
        if not self.ready():
            raise RuntimeError("the stack is not ready: " + self.last_lines())

    def command(self, *words):
        return subprocess.run([os.path.join(self.binaries, "holdfast"), *words], env=self.env,
                              cwd=self.dir, capture_output=True, text=True, timeout=120,
                              check=False)

    def stopped(self):
        return [p for program in ("queue-worker", "api-worker")
                for p in self.workers(program).values() if is_stopped(p)]

    def last_lines(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-15:])

    # Failpoints: tests/support/failpoints.hpp.
    def arm(self, step, what):
        with open(os.path.join(self.failpoints, step + ".new"), "w", encoding="ascii") as file:
            file.write(what)
        os.rename(os.path.join(self.failpoints, step + ".new"),
                  os.path.join(self.failpoints, step))

    def is_armed(self, step):
        return os.path.exists(os.path.join(self.failpoints, step))

    def disarm(self, step):
        """False if it was hit."""
        try:
            os.unlink(os.path.join(self.failpoints, step))
            return True
        except FileNotFoundError:
            return False

    def runs(self):
        """Each run of a job: (pid, name of the document)."""
        try:
            with open(os.path.join(self.failpoints, "work"), encoding="utf-8") as file:
                return [tuple(line.split()) for line in file]
        except FileNotFoundError:
            return []

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    yield json.loads(line)
                except ValueError:
                    continue  # what was cut off by the death of the supervisor
