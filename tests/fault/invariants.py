# SPDX-License-Identifier: Apache-2.0
"""The ten invariants, checked from outside: what clients were told beside what is in the store, the
record of its triggers, the workers' log and the runs of jobs. Each check returns what is wrong."""

import collections
import json

from stack import MAX_ATTEMPTS, MAX_CRASHES

READY, WAITING, RUNNING, DONE, CANCELLED, DEAD = range(6)
FINAL = (DONE, CANCELLED, DEAD)
DOCUMENT_READY, DOCUMENT_FAILED = 1, 2


class Evidence:
    """Everything that is known at the end, read once."""

    def __init__(self, book, engine, stack, troubles):
        self.book = book
        self.engine = engine
        self.troubles = troubles
        self.jobs = {j["id"]: j for j in engine.rows("SELECT * FROM job")}
        contents = {r["document"]: r["content"] for r in engine.rows(
            f"SELECT document, {engine.content} AS content FROM document_content")}
        self.by_name = collections.defaultdict(list)
        self.by_id = {}
        for row in engine.rows("SELECT * FROM document"):
            row["content"] = contents.get(row["seq"])
            self.by_name[row["title"]].append(row)
            self.by_id[row["id"]] = row
        shown = "shown_chunk" if engine.has("shown_chunk") else "chunk"
        self.sets = collections.defaultdict(list)  # of chunks, by document
        for row in engine.rows(
                "SELECT document, job_id, fence, count(*) AS chunks, count(DISTINCT ordinal) AS"
                " ordinals, min(ordinal) AS first, max(ordinal) AS last, max(end_byte) AS bytes"
                f" FROM {shown} GROUP BY document, job_id, fence"):
            self.sets[row["document"]].append(row)
        self.audit = engine.rows("SELECT * FROM storm_audit ORDER BY seq")
        self.of_job = collections.defaultdict(list)
        for row in self.audit:
            if row["job"] is not None:
                self.of_job[row["job"]].append(row)
        self.pid_of_worker = {r["worker"]: r["pid"] for r in self.audit if r["what"] == "worker"}
        self.left = engine.rows("SELECT id, name, pid FROM worker")
        self.log = [line for line in stack.log() if "job_id" in line]
        self.runs = stack.runs()

    def moves(self, job):
        return [row for row in self.of_job[job] if row["what"] == "move"]


def nothing_is_lost(e):
    found = []
    for d in e.book.documents:
        rows = e.by_name[d.name]
        if len(rows) > 1:
            found.append(f"{d.name} was stored {len(rows)} times")
        if d.id is None or d.maybe_deleted:
            if d.deleted and rows:
                found.append(f"{d.name} was deleted, and is there")
            continue
        if not rows:
            found.append(f"{d.name} was acknowledged as {d.id}, and is lost")
            continue
        if rows[0]["content"] != d.contents[-1] and rows[0]["content"] not in d.maybe:
            found.append(f"{d.name}: its last acknowledged content is lost")
        found += [f"{d.name}: job {job} was acknowledged, and is lost"
                  for job in d.jobs if job not in e.jobs]
    found += [f"document {row['title']} has no job" for row in e.by_id.values()
              if row["job_id"] not in e.jobs]
    deleted = {d.id for d in e.book.documents if d.maybe_deleted}
    for job, row in e.jobs.items():
        document = json.loads(row["payload"])["document_id"]
        if row["state"] == DONE and document not in deleted and document not in e.by_id:
            found.append(f"job {job} is done for a document that never was: {document}")
    return found


def everything_terminates(e):
    found = [f"job {job} is in state {row['state']}: {row['last_error']}"
             for job, row in e.jobs.items() if row["state"] not in FINAL]
    found += [f"worker {w['name']} (pid {w['pid']}) is registered after the end" for w in e.left]
    found += [f"document {row['title']} is pending" for row in e.by_id.values()
              if row["status"] not in (DOCUMENT_READY, DOCUMENT_FAILED)]
    if e.engine.has("hidden_chunks"):
        found += [f"chunks of {row} were left behind"
                  for row in e.engine.rows("SELECT * FROM hidden_chunks")]
    return found


def effects_happen_once(e):
    found = []
    for row in e.by_id.values():
        name, sets = row["title"], e.sets[row["seq"]]
        job = e.jobs.get(row["job_id"], {})
        if row["status"] != DOCUMENT_READY:
            if sets:
                found.append(f"{name} has not been embedded, and has chunks")
            continue
        if job.get("state") != DONE:
            found.append(f"{name} is ready, and its job is in state {job.get('state')}")
        if len(sets) != 1 or row["chunk_count"] != sets[0]["chunks"]:
            found.append(f"{name} has {row['chunk_count']} chunks, and these sets: {sets}")
            continue
        made = sets[0]
        if made["job_id"] != row["job_id"] or made["fence"] != job.get("fence"):
            found.append(f"{name}: its chunks were made by job {made['job_id']} with fence "
                         f"{made['fence']}, and it was done with {job.get('fence')}")
        if (made["ordinals"], made["first"], made["last"]) != (made["chunks"], 0,
                                                               made["chunks"] - 1):
            found.append(f"{name}: chunks are missing or twice there: {made}")
        if made["bytes"] != len((row["content"] or "").encode()):
            found.append(f"{name}: its chunks end at byte {made['bytes']}")
    for job, rows in e.of_job.items():
        effects = [r for r in rows if r["what"] == "effect"]
        if len(effects) > 1:
            found.append(f"job {job} took effect {len(effects)} times")
    return found


def results_are_taken_once(e):
    found = []
    for job, row in e.jobs.items():
        fence, finished = 0, 0
        for move in e.moves(job):
            claim = move["state"] == RUNNING and move["old_state"] != RUNNING
            if claim and move["fence"] != fence + 1:
                found.append(f"job {job} was claimed with fence {move['fence']} after {fence}")
            if not claim and move["fence"] != fence:
                found.append(f"job {job}: its fence changed from {fence} to {move['fence']}")
            if move["state"] in FINAL and move["old_state"] not in FINAL:
                finished += 1
            if move["state"] == DONE and move["old_state"] != RUNNING:
                found.append(f"job {job} was done in state {move['old_state']}")
            fence = move["fence"]
        if finished > 1:
            found.append(f"job {job} ended {finished} times")
        if row["fence"] != fence:
            found.append(f"job {job} has fence {row['fence']}; the record says {fence}")
    done = collections.Counter(line["job_id"] for line in e.log if line["msg"] == "job done")
    found += [f"job {job} was reported done {n} times" for job, n in done.items() if n > 1]
    return found


def stale_work_is_refused(e):
    """A result is taken only from the worker that holds the job; and some were refused."""
    found = []
    for line in e.log:
        if line["msg"] != "job done" or line["job_id"] not in e.jobs:
            continue
        holders = [e.pid_of_worker.get(move["worker"]) for move in e.moves(line["job_id"])
                   if move["state"] == DONE]
        if line["pid"] not in holders:
            found.append(f"job {line['job_id']}: the result of process {line['pid']} was taken, "
                         f"and process {holders} held it")
    if not any(line["msg"] == "job stale" for line in e.log):
        found.append("no stale result was refused: the storm has proved nothing")
    return found


def poison_is_contained(e):
    found, seen = [], 0
    for d in e.book.documents:
        for row in e.by_name[d.name]:
            job = e.jobs.get(row["job_id"])
            if job is None:
                continue
            if d.kind == "poison":
                seen += "SIGSEGV" in job["last_error"]
                if job["state"] != DEAD or job["crashes"] != MAX_CRASHES:
                    found.append(f"{d.name}, poison: state {job['state']} after {job['crashes']} "
                                 f"crashes: {job['last_error']}")
                if row["status"] != DOCUMENT_FAILED or "died" not in row["error"]:
                    found.append(f"{d.name}, poison, does not say so: {row['error']!r}")
            elif d.kind == "hopeless":
                if job["state"] != DEAD or row["status"] != DOCUMENT_FAILED:
                    found.append(f"{d.name}, hopeless: state {job['state']}")
            elif job["state"] != DONE:
                found.append(f"{d.name}, {d.kind} and innocent: state {job['state']} after "
                             f"{job['attempt']} attempts and {job['crashes']} crashes: "
                             f"{job['last_error']}")
    if any(d.kind == "poison" and d.id for d in e.book.documents) and not seen:
        found.append("no poison job names the signal that its worker died of")
    return found


def budgets_hold(e):
    found = []
    innocent = {job: d for d in e.book.documents if d.kind in ("plain", "long", "slow")
                for job in d.jobs}
    for job, row in e.jobs.items():
        if row["attempt"] > MAX_ATTEMPTS + row["crashes"] or row["crashes"] > MAX_CRASHES:
            found.append(f"job {job}: {row['attempt']} attempts, {row['crashes']} crashes")
        for m in e.moves(job):
            before = (m["old_attempt"], m["old_crashes"])
            after = (m["attempt"], m["crashes"])
            if m["old_state"] == RUNNING and m["state"] == READY and after != (
                    before[0] - 1, before[1]):
                found.append(f"job {job} was given back with {after} after {before}")
            # A step of the server's clock may end a run by its deadline.
            if m["old_state"] == RUNNING and m["state"] == WAITING and after == before and (
                    job in innocent and "deadline" not in m["error"]):
                found.append(f"job {job} of {innocent[job].name}, which cannot fail, was charged: "
                             f"{m['error']}")
            if m["state"] == RUNNING and m["old_state"] == READY and after != (
                    before[0] + 1, before[1]):
                found.append(f"job {job} was claimed with {after} after {before}")
    return found


def store_is_intact(e):
    found = e.engine.damages()
    counted = {r["state"]: r["jobs"] for r in e.engine.rows(
        "SELECT state, sum(jobs) AS jobs FROM finished_count GROUP BY state") if r["jobs"]}
    finished = collections.Counter(r["state"] for r in e.jobs.values() if r["state"] in FINAL)
    if counted != dict(finished):
        found.append(f"finished jobs are counted as {counted}, and are {dict(finished)}")
    return found + e.book.wrong


def recovery_times(e):
    """Milliseconds from kill -9 of a queue worker to the release of what it held, where neither a
    step of the clock nor another trouble came between."""
    times = []
    steps = e.troubles.stepped_at
    for pid, at, mono in e.troubles.kills:
        if any(-1 < step - mono < 10 for step in steps):
            continue
        worker = [w for w, p in e.pid_of_worker.items() if p == pid]
        rescued = [row["at"] for row in e.audit
                   if row["what"] == "move" and row["worker"] in worker
                   and row["old_state"] == RUNNING and row["state"] in (READY, WAITING)
                   and row["at"] >= at - 1]
        if rescued:
            times.append(min(rescued) - at)
    return sorted(times)


def runs_are_accounted_for(e):
    """An effect outside the store, such as a call of a provider, happens at most once per claim:
    with the job's id as its idempotency key, a receiver can tell."""
    found = []
    processes = collections.defaultdict(set)
    for pid, name in e.runs:
        processes[name].add(pid)
    for d in e.book.documents:
        rows = e.by_name[d.name]
        if len(rows) != 1 or len(d.jobs) != 1 or d.maybe:
            continue  # replaced, deleted or in doubt: several jobs ran for this name
        claims = sum(1 for m in e.moves(rows[0]["job_id"]) if m["state"] == RUNNING)
        if len(processes[d.name]) > claims:
            found.append(f"{d.name} was worked on by {len(processes[d.name])} processes under "
                         f"{claims} claims")
    return found


INVARIANTS = [
    ("nothing that was acknowledged is lost", nothing_is_lost),
    ("everything terminates", everything_terminates),
    ("effects happen once", effects_happen_once),
    ("results are taken once, fences only rise", results_are_taken_once),
    ("stale work is refused", stale_work_is_refused),
    ("poison is contained, the innocent are spared", poison_is_contained),
    ("budgets hold", budgets_hold),
    ("the store is intact", store_is_intact),
    ("runs are accounted for", runs_are_accounted_for),
]


def check(e):
    """What is wrong, by invariant."""
    return {name: found for name, invariant in INVARIANTS if (found := invariant(e))}
