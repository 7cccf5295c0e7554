# SPDX-License-Identifier: Apache-2.0
"""What happens to the stack: at each step on purpose, and at random."""

import collections
import contextlib
import os
import random
import signal
import time

from stack import LEASE, wait_until

PAST_LEASE = LEASE + 0.7

# Where a process can be killed (common/base/failpoint.hpp). The first ones are passed by any job.
STEPS = ["claim-written", "claimed", "working", "computed", "fenced",
         "effects-written", "stored", "committing", "committed"]
RARE_STEPS = ["staged", "renewed", "rescuing", "released", "checkpointing"]
# Where a process that is stopped holds a job, and no lock of the database.
HOLDING = ["claimed", "computed"]


class Troubles:
    def __init__(self, stack, engine, client, seed):
        self.stack = stack
        self.engine = engine
        self.client = client  # one that asks while the database is away
        self.random = random.Random(seed)
        self.counts = collections.Counter()
        self.kills = []  # of queue workers: (pid, when by the stack's clock in ms)
        self.stepped_at = []  # when the clock was stepped, by the machine's
        self.has_disk = engine.disk.mounted

    def send(self, pid, number):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
            return True
        return False

    def victim(self, program):
        workers = self.stack.workers(program)
        return self.random.choice(sorted(workers.values())) if workers else None

    def busy_queue_worker(self):
        busy = self.engine.rows("SELECT DISTINCT pid FROM worker JOIN job ON worker_id = worker.id"
                                " WHERE state = 2")
        return self.random.choice(busy)["pid"] if busy else self.victim("queue-worker")

    # At random.
    def kill_queue_worker(self):
        pid = self.busy_queue_worker()
        if pid and self.send(pid, signal.SIGKILL):
            self.kills.append((pid, (time.time() + self.stack.offset) * 1000, time.monotonic()))
            self.counts["kill -9 of a queue worker"] += 1

    def kill_api_worker(self):
        pid = self.victim("api-worker")
        if pid and self.send(pid, signal.SIGKILL):
            self.counts["kill -9 of an API worker"] += 1

    def kill_supervisor(self):
        self.stack.kill()
        self.counts["kill -9 of the supervisor"] += 1
        time.sleep(self.random.uniform(0, 0.5))
        self.stack.start()
        self.settle()

    def drain_queue_worker(self):
        pid = self.victim("queue-worker")
        if pid and self.send(pid, signal.SIGTERM):
            self.counts["SIGTERM to a queue worker"] += 1

    def roll(self):
        program = self.random.choice(["queue-worker", "api-worker"])
        self.stack.command("restart", program)
        self.counts["rolling restart"] += 1

    def stop_queue_worker(self):
        pid = self.victim("queue-worker")
        if pid and self.send(pid, signal.SIGSTOP):
            time.sleep(PAST_LEASE)
            self.send(pid, signal.SIGCONT)
            self.counts["SIGSTOP of a queue worker past its lease"] += 1

    def stop_api_worker(self):
        pid = self.victim("api-worker")
        if pid and self.send(pid, signal.SIGSTOP):
            time.sleep(self.random.uniform(0.2, 2))
            self.send(pid, signal.SIGCONT)
            self.counts["SIGSTOP of an API worker"] += 1

    def kill_at_step(self):
        step = self.random.choice(STEPS + RARE_STEPS)
        self.stack.arm(step, "kill")
        wait_until(lambda: not self.stack.is_armed(step), 1.5)
        if not self.stack.disarm(step):
            self.counts["kill -9 at a step of a claim or a commit"] += 1

    def stop_at_step(self):
        step = self.random.choice(HOLDING)
        self.stack.arm(step, "stop")
        wait_until(lambda: not self.stack.is_armed(step), 1.5)
        if self.stack.disarm(step):
            return
        stopped = []
        wait_until(lambda: stopped.extend(self.stack.stopped()) or stopped, 5)
        time.sleep(PAST_LEASE)
        for pid in stopped:
            self.send(pid, signal.SIGCONT)
        self.counts["SIGSTOP with a job in hand past the lease"] += len(stopped)

    def fill_disk(self):
        self.engine.disk.fill()
        time.sleep(self.random.uniform(0.5, 2.5))
        self.engine.heal()
        self.counts["disk full"] += 1

    def step_clock(self):
        seconds = self.random.choice([-3600.0, -60.0, -3.0, 0.0, 3.0, 60.0, 3600.0])
        self.stepped_at.append(time.monotonic())
        self.stack.step_clock(seconds)
        self.counts["clock step"] += 1

    # Of SQLite. Nothing that is answered with 202 meanwhile may be lost.
    def move_database(self):
        self.engine.move_away(lambda: time.sleep(self.random.uniform(0.2, 1.5)))
        self.counts["database file moved away and back"] += 1

    def replace_database(self):
        # A worker that starts now would work on the other file, as it should.
        if self.stack.command("stop", "queue-worker").returncode == 0:
            self.client.last_chance = 0  # each is asked once
            self.engine.replace(lambda: [self.client.post("plain") for _ in range(3)])
            self.client.last_chance = None
            self.counts["database file replaced and put back"] += 1
        self.stack.command("start", "queue-worker")

    # Of PostgreSQL.
    def kill_server(self):
        self.engine.kill()
        time.sleep(self.random.uniform(0, 1))
        self.engine.start()
        self.counts["kill -9 of the server"] += 1

    def stop_server(self):
        self.engine.stop_at_once()
        time.sleep(self.random.uniform(0, 1))
        self.engine.start()
        self.counts["immediate stop of the server"] += 1

    def freeze_server(self):
        self.engine.freeze()
        time.sleep(self.random.uniform(0.5, 5))
        self.engine.thaw()
        self.counts["server frozen"] += 1

    def kill_backend(self):
        self.engine.kill_backend(self.random)
        self.counts["kill -9 of a server process"] += 1

    def end_connections(self):
        self.engine.end_connections(self.random.randint(1, 5))
        self.counts["connections ended by the server"] += 1

    def choices(self):
        all_of_them = {
            self.kill_queue_worker: 6, self.kill_api_worker: 4, self.kill_supervisor: 1,
            self.kill_at_step: 10, self.stop_at_step: 1.5, self.stop_queue_worker: 1.5,
            self.stop_api_worker: 1, self.drain_queue_worker: 2, self.roll: 0.7,
        }
        if self.has_disk:
            all_of_them[self.fill_disk] = 0.7
        if self.stack.has_clock:
            all_of_them[self.step_clock] = 1.5
        if self.engine.name == "SQLite":
            all_of_them.update({self.move_database: 0.7, self.replace_database: 0.5})
        else:
            all_of_them.update({self.kill_server: 0.8, self.stop_server: 0.4,
                                self.freeze_server: 0.5, self.kill_backend: 0.7,
                                self.end_connections: 1.5})
        return all_of_them

    def weather(self, seconds):
        """Random troubles for so long."""
        end = time.monotonic() + seconds
        choices = self.choices()
        while time.monotonic() < end:
            self.stack.restart_if_dead()
            trouble = self.random.choices(list(choices), list(choices.values()))[0]
            try:
                trouble()
            except RuntimeError:
                self.counts["left out: what was to be asked was away"] += 1
            self.engine.sample()
            time.sleep(self.random.uniform(0.05, 0.6))

    # On purpose: what the store does at each step must be right, however rarely it is hit by
    # chance.
    def every_step(self):
        for step in STEPS:
            # PostgreSQL gets the statements of a result in one piece.
            if step != "fenced" or self.engine.name == "SQLite":
                self.at_step(step, lambda: None)
        if self.engine.name == "SQLite":
            self.at_step("staged", lambda: self.client.post("long", size=12000))
        self.at_step("renewed", lambda: self.client.post("slow", "slow 1500"))
        self.at_step("rescuing", self.kill_queue_worker)
        self.at_step("released", self.release_a_job)
        for step in HOLDING:
            self.stale(step)

    def at_step(self, step, cause):
        self.stack.arm(step, "kill")
        cause()
        if not wait_until(lambda: self.client.post("plain") and not self.stack.is_armed(step), 30):
            raise RuntimeError(f"nothing came to the step {step}")
        self.counts["kill -9 at a step of a claim or a commit"] += 1
        self.settle()

    def release_a_job(self):
        self.client.post("slow", "slow 600")
        self.stack.command("restart", "--no-wait", "queue-worker")

    def stale(self, step, run_ms=700):
        """A worker is stopped with a job in hand; another one does the job; the first goes on.
        `run_ms`: how long a run of the job takes, which is the time to wake the first one while the
        other one holds the job."""
        for _ in range(6):
            if self.is_taken_over(step, run_ms):
                self.counts["SIGSTOP with a job in hand past the lease"] += 1
                self.settle()
                return
        raise RuntimeError(f"no job was taken over after the step {step}")

    def is_taken_over(self, step, run_ms):
        # Otherwise a job that is left from before comes to the step in place of ours, or a process
        # that is being replaced does: the signals that end it would wake it, too.
        self.quieten()
        self.stack.arm(step, "stop")
        document = self.client.post("slow", f"slow {run_ms}")
        stopped = []
        if not wait_until(lambda: stopped.extend(self.stack.stopped()) or stopped, 30):
            raise RuntimeError(f"nothing stopped at the step {step}")
        job = document.jobs[-1]
        held_again = (f"SELECT 1 AS held FROM storm_audit WHERE what = 'move' AND job = {job}"
                      " AND state = 2 ORDER BY seq LIMIT 1 OFFSET 1")
        # Not if it was stopped between the heartbeat of another thread and its commit. Then it keeps
        # others out until the server ends the transaction, or the supervisor the process (30 s).
        taken_over = wait_until(lambda: self.engine.rows(held_again), 5 * LEASE)
        for pid in stopped:
            self.send(pid, signal.SIGCONT)
        return taken_over

    def quieten(self):
        """Waits until every job has ended and no process is being replaced."""
        unfinished = "SELECT count(*) AS jobs FROM job WHERE state < 3"
        if not wait_until(lambda: not self.stack.is_rolling() and self.stack.ready()
                          and self.engine.rows(unfinished)[0]["jobs"] == 0, 120):
            raise RuntimeError("the jobs do not come to an end")

    def settle(self):
        wait_until(lambda: self.stack.restart_if_dead() or self.stack.ready(), 60)

    def heal(self):
        for step in STEPS + RARE_STEPS:
            self.stack.disarm(step)
        self.engine.heal()
        self.stack.step_clock(0.0)
        self.stack.restart_if_dead()
        for pid in self.stack.stopped():
            self.send(pid, signal.SIGCONT)
        self.stack.command("start", "queue-worker")
        self.settle()
