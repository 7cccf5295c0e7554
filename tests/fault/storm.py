#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The storm: a whole stack whose processes are killed, stopped and starved while clients use it.

  storm.py BIN_DIR [--minutes 5] [--seed N] [--engine sqlite|postgres] [--report FILE]
  storm.py BIN_DIR --short     every step of a claim and a commit, and a few seconds of the rest

Then the ten invariants of the queue are checked from outside (invariants.py). A control follows on
each engine: the same stack on a store that gives claims the same fence again, which the check must
find. docs/storm.md says what is done and what the report means.
"""

import argparse
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time

from clients import Book, Client
from engines import Postgres, Sqlite
from invariants import DEAD, Evidence, check, recovery_times
from stack import Stack, wait_until
from troubles import Troubles

KINDS = {"plain": 66, "long": 8, "slow": 16, "flaky": 7, "hopeless": 1.5, "poison": 1}


class Storm:
    """One engine, from its start to the evidence."""

    def __init__(self, binaries, directory, engine_of, seed, queue_workers=3):
        os.chmod(directory, 0o755)  # the database server runs as another user
        self.seed = seed
        self.engine = engine_of(directory)
        self.book = Book()
        try:
            self.stack = Stack(binaries, directory, self.engine, queue_workers)
            if isinstance(self.engine, Postgres):
                self.engine.share_clock(self.stack)
            self.engine.start()
            self.stack.start()
            self.stack.wait_ready()
            self.engine.install_audit()
        except BaseException:
            self.end()
            raise
        self.client = Client(0, self.stack.port, self.book, seed, 1000, {"plain": 1})
        self.troubles = Troubles(self.stack, self.engine, self.client, seed)

    def weather(self, seconds, clients=4, rate=12):
        """`rate`: requests per second of each client."""
        some = [Client(i + 1, self.stack.port, self.book, self.seed, rate, KINDS)
                for i in range(clients)]
        for kind in KINDS:
            self.client.post(kind)
        for client in some:
            client.start()
        self.troubles.weather(seconds)
        for client in some:
            client.stopping.set()
            client.last_chance = time.monotonic() + 60
        self.troubles.heal()
        for client in some:
            client.join(90)

    def finish(self):
        """Waits for the work to end, stops the stack, and returns what is left of it."""
        self.troubles.heal()
        unfinished = "SELECT count(*) AS jobs FROM job WHERE state < 3"
        if self.engine.has("hidden_chunks"):
            unfinished += " UNION ALL SELECT count(*) FROM hidden_chunks"
        wait_until(lambda: not any(row["jobs"] for row in self.engine.rows(unfinished)), 120)
        code = self.stack.stop()
        if code != 0:
            self.book.complain(f"SIGTERM: the supervisor exited with {code}")
        return Evidence(self.book, self.engine, self.stack, self.troubles)

    def end(self):
        if getattr(self, "stack", None) and self.stack.process:
            if self.stack.process.poll() is None:
                self.stack.process.terminate()
                try:
                    self.stack.process.wait(40)
                except Exception:  # pylint: disable=broad-except
                    self.stack.kill()
        self.engine.end()


def percentile(values, share):
    return values[min(len(values) - 1, int(len(values) * share))] if values else None


def figures(e, problems):
    jobs = e.jobs.values()
    poison = {d.name for d in e.book.documents if d.kind in ("poison", "hopeless")}
    guilty = {row["job_id"] for name in poison for row in e.by_name[name]}
    times = recovery_times(e)
    claims = {job: sum(1 for m in e.moves(job) if m["state"] == 2) for job in e.jobs}
    rows = sorted(e.troubles.counts.items())
    rows += [
        ("workers killed by poison jobs", sum(1 for r in e.audit if r["what"] == "move"
                                              and "SIGSEGV" in (r["error"] or "")
                                              and r["crashes"] > r["old_crashes"])),
        ("documents acknowledged", sum(1 for d in e.book.documents if d.id)),
        ("jobs", len(jobs)),
        ("jobs claimed more than once", sum(1 for n in claims.values() if n > 1)),
        ("runs of jobs", len(e.runs)),
        ("stale results refused", sum(1 for line in e.log if line["msg"] == "job stale")),
        ("requests without an answer", sum(n for (_, status), n in e.book.answers.items()
                                           if status == "no answer")),
        ("answers 503", sum(n for (_, status), n in e.book.answers.items() if status == 503)),
        ("dead jobs, poison and hopeless", sum(1 for j in jobs if j["state"] == DEAD
                                               and j["id"] in guilty)),
        ("kill -9 to the release of the jobs, p50 / p99 ms",
         f"{percentile(times, 0.5):.0f} / {percentile(times, 0.99):.0f} (n={len(times)})"
         if times else "-"),
        ("lost", len(problems.get("nothing that was acknowledged is lost", []))),
        ("double effects", len(problems.get("effects happen once", [])) +
         len(problems.get("results are taken once, fences only rise", []))),
        ("innocents dead-lettered", sum(1 for j in jobs if j["state"] == DEAD
                                        and j["id"] not in guilty)),
    ]
    return rows


def table(columns):
    names = list(dict.fromkeys(name for rows in columns.values() for name, _ in rows))
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name in names:
        cells = [str(dict(rows).get(name, "-")) for rows in columns.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def complain(engine, problems):
    for name, found in problems.items():
        for text in found[:10]:
            print(f"PROBLEM: {engine}: {name}: {text}")
        if len(found) > 10:
            print(f"PROBLEM: {engine}: {name}: and {len(found) - 10} more")
    sys.stdout.flush()


def keep(options, directory):
    if options.keep:
        os.makedirs(options.keep, exist_ok=True)
        subprocess.run(["cp", "-a", directory + "/.", options.keep], check=False)


def run_storm(options, engine_of):
    with tempfile.TemporaryDirectory(prefix="holdfast-storm-") as directory:
        storm = Storm(options.faulty, directory, engine_of, options.seed)
        try:
            began = time.monotonic()
            storm.troubles.every_step()
            print(f"{engine_of.name}: every step after {time.monotonic() - began:.0f} s",
                  flush=True)
            storm.weather(options.minutes * 60)
            evidence = storm.finish()
            problems = check(evidence)
            print(f"{engine_of.name}: {len(evidence.jobs)} jobs, checked after "
                  f"{time.monotonic() - began:.0f} s", flush=True)
            if problems:
                keep(options, directory)
            return figures(evidence, problems), problems
        except BaseException:
            keep(options, directory)
            raise
        finally:
            storm.end()


def run_control(options, engine_of):
    """Without a fence, the result of a worker that has lost the job must be seen to be taken."""
    with tempfile.TemporaryDirectory(prefix="holdfast-storm-") as directory:
        storm = Storm(options.faulty, directory, engine_of, options.seed, queue_workers=2)
        try:
            storm.engine.take_fence_away()
            storm.troubles.stale("computed", run_ms=2500)
            problems = check(storm.finish())
        except BaseException:
            keep(options, directory)
            raise
        finally:
            storm.end()
    found = problems.get("stale work is refused", [])
    seen = any("was taken" in text for text in found) and (
        "results are taken once, fences only rise" in problems)
    print(f"{engine_of.name}, control without a fence: " +
          (f"found, as it must be: {found[0]}" if seen else f"NOT FOUND: {problems}"), flush=True)
    return seen


def is_shipped_without_failpoints(binaries):
    def knows(path):
        with open(path, "rb") as file:
            return b"HOLDFAST_TEST_FAILPOINTS" in file.read()
    return all(knows(os.path.join(binaries, "faulty", worker)) and
               not knows(os.path.join(binaries, worker))
               for worker in ("holdfast-api-worker", "holdfast-queue-worker"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binaries")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    parser.add_argument("--engine", choices=["sqlite", "postgres"])
    parser.add_argument("--short", action="store_true", help="8 s of weather, always the same")
    parser.add_argument("--report")
    parser.add_argument("--keep", help="where to copy the directory of a storm that failed")
    options = parser.parse_args()
    if options.short and not options.engine:
        # Most of it is waiting: both at once.
        both = [subprocess.Popen([sys.executable, *sys.argv, "--engine", engine])
                for engine in ("sqlite", "postgres")]
        sys.exit(max(storm.wait() for storm in both))
    if options.short:
        options.minutes, options.seed = 8 / 60, 1
    options.faulty = os.path.join(os.path.abspath(options.binaries), "faulty")
    print(f"seed {options.seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and clean up
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    failed = False
    if not is_shipped_without_failpoints(options.binaries):
        print("PROBLEM: failpoints are not where they belong")
        failed = True
    columns = {}
    for engine_of in (Sqlite, Postgres):
        if options.engine and options.engine != engine_of.name.lower()[:len(options.engine)]:
            continue
        rows, problems = run_storm(options, engine_of)
        columns[engine_of.name] = rows
        complain(engine_of.name, problems)
        failed = failed or bool(problems) or not run_control(options, engine_of)
    report = f"{options.minutes:.3g} minutes, seed {options.seed}\n\n{table(columns)}"
    print(report)
    if options.report:
        with open(options.report, "w", encoding="utf-8") as file:
            file.write(report + "\n")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
