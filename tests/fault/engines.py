# SPDX-License-Identifier: Apache-2.0
"""The two stores under the storm, each on a small disk of its own, with a record of what happens.

The record (storm_audit) is written by triggers in the database, in the transactions of those who
cause it: it says what the store went through, whatever the workers say.
"""

import contextlib
import fcntl
import json
import os
import pwd
import shutil
import signal
import sqlite3
import subprocess

from stack import free_port, wait_until

DISK = 1 << 30

AUDIT_COLUMNS = ("at, what, job, fence, old_state, state, old_attempt, attempt, old_crashes,"
                 " crashes, worker, pid, error")
MOVED = ("old.state <> new.state OR old.fence <> new.fence OR old.attempt <> new.attempt"
         " OR old.crashes <> new.crashes")
MOVE = ("'move', new.id, new.fence, old.state, new.state, old.attempt, new.attempt, old.crashes,"
        " new.crashes, coalesce(old.worker_id, new.worker_id), NULL, new.last_error")
NEW = ("'new', new.id, new.fence, NULL, new.state, NULL, new.attempt, NULL, new.crashes, NULL,"
       " NULL, NULL")
# An effect: the document becomes ready.
EFFECT = ("'effect', new.job_id, (SELECT fence FROM {job} WHERE id = new.job_id), NULL, NULL, NULL,"
          " NULL, NULL, NULL, NULL, NULL, NULL")
WORKER = ("'{what}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, {row}.id, {row}.pid,"
          " {row}.name")


class SmallDisk:
    """A file system that can be filled, where mounting is allowed."""

    def __init__(self, path):
        self.path = path
        os.makedirs(path)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", path],
                              capture_output=True, check=False)
        self.mounted = done.returncode == 0
        self.ballast = os.path.join(path, "ballast")

    def fill(self):
        with open(self.ballast, "wb") as file:
            size = 1 << 26
            end = 0
            while size >= 4096:
                try:
                    os.posix_fallocate(file.fileno(), end, size)
                    end += size
                except OSError:
                    size //= 2

    def empty(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.ballast)

    def unmount(self):
        if self.mounted:
            subprocess.run(["umount", "-l", self.path], check=False)


class Sqlite:
    name = "SQLite"

    def __init__(self, directory):
        self.disk = SmallDisk(os.path.join(directory, "disk"))
        self.state = self.disk.path
        self.path = os.path.join(self.state, "holdfast.db")
        self.content = "content"
        self.largest_wal = 0

    def environment(self):
        return {"DATABASE_URL": "sqlite://" + self.path}

    def start(self):
        pass

    def connect(self):
        connection = sqlite3.connect(f"file:{self.path}?mode=rw", uri=True, timeout=60)
        connection.row_factory = sqlite3.Row
        return connection

    def rows(self, sql):
        with contextlib.closing(self.connect()) as connection:
            return [dict(row) for row in connection.execute(sql)]

    def execute(self, script):
        # Writers take turns by this lock.
        with open(self.path + ".writelock", "rb+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with contextlib.closing(self.connect()) as connection:
                connection.executescript(script)

    def has(self, table):
        return bool(self.rows(f"SELECT 1 FROM sqlite_master WHERE name = '{table}'"))

    def install_audit(self):
        now = "(julianday('now') - 2440587.5) * 86400000.0"
        into = f"INSERT INTO storm_audit({AUDIT_COLUMNS}) VALUES({now}, "
        self.execute(f"""
          CREATE TABLE storm_audit(seq INTEGER PRIMARY KEY AUTOINCREMENT, {AUDIT_COLUMNS});
          CREATE TRIGGER storm_new AFTER INSERT ON job BEGIN {into} {NEW}); END;
          CREATE TRIGGER storm_move AFTER UPDATE ON job WHEN {MOVED} BEGIN {into} {MOVE}); END;
          CREATE TRIGGER storm_effect AFTER UPDATE OF status ON document WHEN new.status = 1
            BEGIN {into} {EFFECT.format(job='job')}); END;
          CREATE TRIGGER storm_worker AFTER INSERT ON worker
            BEGIN {into} {WORKER.format(what='worker', row='new')}); END;
          CREATE TRIGGER storm_gone AFTER DELETE ON worker
            BEGIN {into} {WORKER.format(what='gone', row='old')}); END;
          INSERT INTO storm_audit({AUDIT_COLUMNS})
            SELECT 0, {WORKER.format(what='worker', row='worker')} FROM worker;""")

    def take_fence_away(self):
        """Claims get the same fence again: what a queue does that gives it back with the job."""
        self.execute("""
          CREATE TRIGGER storm_no_fence AFTER UPDATE OF state ON job
            WHEN old.state = 2 AND new.state IN (0, 1)
            BEGIN UPDATE job SET fence = old.fence - 1 WHERE id = new.id; END;""")

    def sample(self):
        with contextlib.suppress(OSError):
            self.largest_wal = max(self.largest_wal, os.path.getsize(self.path + "-wal"))

    def heal(self):
        self.disk.empty()

    # Troubles of its own.
    def move_away(self, meanwhile):
        os.rename(self.path, self.path + ".away")
        meanwhile()
        os.rename(self.path + ".away", self.path)

    def replace(self, meanwhile):
        copy = self.path + ".copy"
        with contextlib.closing(self.connect()) as old, contextlib.closing(
                sqlite3.connect(copy)) as new:
            old.backup(new)
        os.rename(self.path, self.path + ".away")
        os.rename(copy, self.path)
        meanwhile()
        os.rename(self.path + ".away", self.path)

    def damages(self):
        """What is wrong with the file itself. After the stack has ended."""
        found = [f"integrity_check: {row['integrity_check']}"
                 for row in self.rows("PRAGMA integrity_check") if row["integrity_check"] != "ok"]
        found += [f"foreign_key_check: {row}" for row in self.rows("PRAGMA foreign_key_check")]
        for index in ("chunk_fts", "chunk_terms"):
            if self.has(index):
                try:
                    self.execute(f"INSERT INTO {index}({index}) VALUES('integrity-check');")
                except sqlite3.DatabaseError as error:
                    found.append(f"{index}: {error}")
        if self.largest_wal > 256 << 20:
            found.append(f"the write-ahead log grew to {self.largest_wal >> 20} MiB")
        return found

    def end(self):
        self.disk.unmount()


class Postgres:
    name = "PostgreSQL"

    def __init__(self, directory):
        self.disk = SmallDisk(os.path.join(directory, "disk"))
        self.state = os.path.join(directory, "state")
        self.data = os.path.join(self.disk.path, "data")
        self.log = os.path.join(directory, "postgres.log")
        self.port = str(free_port())
        self.content = "convert_from(content, 'UTF8')"
        self.server = None
        self.as_user = []
        os.makedirs(self.state)
        releases = [r for r in os.listdir("/usr/lib/postgresql")
                    if os.path.exists(f"/usr/lib/postgresql/{r}/bin/postgres")]
        self.programs = f"/usr/lib/postgresql/{max(releases, key=int)}/bin"
        # A directory that the server's user reaches.
        self.clock = os.path.join(self.disk.path, "clock")
        os.makedirs(self.clock)
        self.env = dict(os.environ)
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.disk.path, user.pw_uid, user.pw_gid)
            self.as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}",
                            "--clear-groups", "--pdeathsig=QUIT", "--"]
        self.run(f"{self.programs}/initdb", "-D", self.data, "-U", "holdfast", "--auth=trust",
                 "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8")

    def run(self, *words):
        done = subprocess.run([*self.as_user, *words], cwd="/", capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{words[0]}: {done.stderr}{done.stdout}")
        return done.stdout

    def environment(self):
        return {"DATABASE_URL": f"postgresql://holdfast@127.0.0.1:{self.port}/storm"}

    def share_clock(self, stack):
        """The server's clock is stepped with that of the stack."""
        if not stack.has_clock:
            return
        shared = os.path.join(self.clock, "clock")
        shutil.copy(os.path.join(stack.clock, "clock"), shared)
        os.chmod(self.clock, 0o755)
        os.chmod(shared, 0o644)
        preload = os.path.join(self.clock, "preload.so")
        shutil.copy(stack.env["LD_PRELOAD"], preload)
        stack.clock = self.clock
        stack.env["HOLDFAST_TEST_PRELOAD"] = self.clock
        self.env.update(LD_PRELOAD=preload, HOLDFAST_TEST_PRELOAD=self.clock)

    def start(self):
        with open(self.log, "ab") as log:
            self.server = subprocess.Popen(
                [*self.as_user, f"{self.programs}/postgres", "-D", self.data, "-k",
                 self.disk.path, "-h", "127.0.0.1", "-p", self.port, "-c", "shared_buffers=32MB",
                 "-c", "max_connections=100", "-c", "max_wal_size=96MB",
                 "-c", "checkpoint_timeout=30s"],
                env=self.env, cwd="/", stdout=log, stderr=subprocess.STDOUT)
        if not wait_until(self.answers, 120):
            with open(self.log, encoding="utf-8") as log:
                raise RuntimeError("PostgreSQL did not start: " + log.read()[-2000:])
        if not self.psql("SELECT 1 FROM pg_database WHERE datname = 'storm'", "postgres"):
            self.psql("CREATE DATABASE storm", "postgres")

    def answers(self):
        if self.server.poll() is not None:
            return True  # it has ended: there is nothing to wait for
        return subprocess.run(["pg_isready", "-q", "-h", self.disk.path, "-p", self.port],
                              check=False).returncode == 0

    def psql(self, sql, database="storm"):
        done = subprocess.run(
            ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.disk.path, "-p", self.port,
             "-U", "holdfast", "-d", database], input=sql, capture_output=True, text=True,
            env=dict(os.environ, PGOPTIONS="-c search_path=holdfast,public"), check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout

    def rows(self, sql):
        return json.loads(self.psql(f"SELECT coalesce(json_agg(t), '[]') FROM ({sql}) AS t"))

    def execute(self, script):
        self.psql("BEGIN;" + script + "COMMIT;")

    def has(self, table):
        return self.psql(f"SELECT to_regclass('holdfast.{table}')").strip() != ""

    def install_audit(self):
        into = (f"INSERT INTO public.storm_audit({AUDIT_COLUMNS})"
                " VALUES(extract(epoch FROM clock_timestamp()) * 1000, ")
        kinds = {"seq": "bigserial PRIMARY KEY", "at": "double precision", "what": "text",
                 "error": "text"}
        columns = ", ".join(f"{c} {kinds.get(c, 'bigint')}"
                            for c in ["seq", *AUDIT_COLUMNS.split(", ")])

        def trigger(name, event, table, values, when="true"):
            return f"""
              CREATE FUNCTION public.{name}() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN {into} {values}); RETURN NULL; END $$;
              CREATE TRIGGER {name} AFTER {event} ON holdfast.{table} FOR EACH ROW
                WHEN ({when}) EXECUTE FUNCTION public.{name}();"""
        self.execute(
            f"CREATE TABLE public.storm_audit({columns});" +
            trigger("storm_new", "INSERT", "job", NEW) +
            trigger("storm_move", "UPDATE", "job", MOVE, MOVED) +
            trigger("storm_effect", "UPDATE OF status", "document",
                    EFFECT.format(job="holdfast.job"), "new.status = 1") +
            trigger("storm_worker", "INSERT", "worker", WORKER.format(what="worker", row="new")) +
            trigger("storm_gone", "DELETE", "worker", WORKER.format(what="gone", row="old")) +
            f"INSERT INTO public.storm_audit({AUDIT_COLUMNS})"
            f" SELECT 0, {WORKER.format(what='worker', row='worker')} FROM holdfast.worker;"
            "CREATE EXTENSION amcheck;")

    def take_fence_away(self):
        """Claims get the same fence again: what a queue does that gives it back with the job."""
        self.execute("""
          CREATE FUNCTION public.storm_no_fence() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN new.fence := old.fence - 1; RETURN new; END $$;
          CREATE TRIGGER storm_no_fence BEFORE UPDATE OF state ON holdfast.job FOR EACH ROW
            WHEN (old.state = 2 AND new.state IN (0, 1))
            EXECUTE FUNCTION public.storm_no_fence();""")

    def sample(self):
        pass

    def heal(self):
        self.disk.empty()
        self.thaw()
        if self.server.poll() is not None:
            self.start()
        wait_until(self.answers, 120)

    # Troubles of its own.
    def processes(self):
        path = f"/proc/{self.server.pid}/task/{self.server.pid}/children"
        with contextlib.suppress(OSError), open(path, encoding="ascii") as file:
            return [self.server.pid, *map(int, file.read().split())]
        return [self.server.pid]

    def signal_all(self, number):
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self):
        pids = self.processes()
        self.signal_all(signal.SIGKILL)
        self.server.wait()
        # The next server refuses the directory as long as one of these is left.
        wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids))

    def stop_at_once(self):
        self.server.send_signal(signal.SIGQUIT)
        self.server.wait()

    def freeze(self):
        self.signal_all(signal.SIGSTOP)

    def thaw(self):
        self.signal_all(signal.SIGCONT)

    def end_connections(self, number):
        self.psql("SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity"
                  " WHERE usename = 'holdfast' AND pid <> pg_backend_pid()"
                  f" ORDER BY random() LIMIT {number}) AS victims")

    def kill_backend(self, random):
        """The server resets itself and all connections."""
        backends = self.psql("SELECT pid FROM pg_stat_activity WHERE datname = 'storm'"
                             " AND pid <> pg_backend_pid()").split()
        if backends:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(random.choice(backends)), signal.SIGKILL)

    def damages(self):
        done = subprocess.run(
            [f"{self.programs}/pg_amcheck", "-h", self.disk.path, "-p", self.port, "-U",
             "holdfast", "-d", "storm", "--heapallindexed"], capture_output=True, text=True,
            check=False)
        return [f"pg_amcheck: {done.stdout}{done.stderr}"] if done.returncode != 0 else []

    def end(self):
        if self.server and self.server.poll() is None:
            self.thaw()
            self.server.send_signal(signal.SIGINT)
            self.server.wait()
        self.disk.unmount()
