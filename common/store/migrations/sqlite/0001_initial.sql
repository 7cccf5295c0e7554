-- SPDX-License-Identifier: Apache-2.0
-- Documents, their chunks and vectors, full text, and the job queue.
-- Wall times are milliseconds since the epoch; *_mono are milliseconds of CLOCK_MONOTONIC, which
-- every process of one boot shares and no clock step moves.

-- One row per process incarnation. Ids are never reused: a job row names its owner by id.
CREATE TABLE worker(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  incarnation INTEGER NOT NULL,
  boot_id TEXT NOT NULL,             -- a reboot ends every lease at once
  pid INTEGER NOT NULL,
  pid_started INTEGER NOT NULL,      -- field 22 of /proc/PID/stat: tells a reused pid apart
  registered_at INTEGER NOT NULL,
  lease_until_mono INTEGER NOT NULL,
  draining INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE queue_ctl(
  queue TEXT PRIMARY KEY,
  paused INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- States: 0 ready, 1 waiting (for run_at), 2 running, 3 done, 4 cancelled, 5 dead.
-- Ready and waiting are apart because a claim behind 100,000 future rows costs 11 ms in one index
-- and 0.03 ms in two.
CREATE TABLE job(
  id INTEGER PRIMARY KEY AUTOINCREMENT,   -- never reused: a stale (id, fence) must match nothing
  kind TEXT NOT NULL,
  queue TEXT NOT NULL DEFAULT 'default',
  priority INTEGER NOT NULL DEFAULT 100,
  state INTEGER NOT NULL DEFAULT 0 CHECK(state BETWEEN 0 AND 5),
  run_at INTEGER NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0,
  max_attempts INTEGER NOT NULL,
  crashes INTEGER NOT NULL DEFAULT 0,
  max_crashes INTEGER NOT NULL,
  fence INTEGER NOT NULL DEFAULT 0,       -- +1 at every claim, never down
  worker_id INTEGER REFERENCES worker(id),
  started_at INTEGER,                     -- work began: from here a crash is charged to the job
  deadline_mono INTEGER,
  cancel_requested INTEGER NOT NULL DEFAULT 0,
  unique_key TEXT,
  payload TEXT NOT NULL,
  last_error TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  finished_at INTEGER,
  CHECK((state = 2) = (worker_id IS NOT NULL)),
  CHECK((state >= 3) = (finished_at IS NOT NULL))
) STRICT;
CREATE INDEX job_ready ON job(queue, priority, id) WHERE state = 0;
CREATE INDEX job_waiting ON job(queue, run_at) WHERE state = 1;
CREATE INDEX job_running ON job(worker_id) WHERE state = 2;
CREATE INDEX job_finished ON job(state, finished_at) WHERE finished_at IS NOT NULL;
CREATE UNIQUE INDEX job_unique ON job(kind, unique_key)
  WHERE unique_key IS NOT NULL AND finished_at IS NULL;

-- Finished jobs are counted as they come and go: they are the many, and every scrape asks.
CREATE TABLE finished_count(
  queue TEXT NOT NULL,
  state INTEGER NOT NULL,
  jobs INTEGER NOT NULL,
  PRIMARY KEY(queue, state)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER job_finishes AFTER UPDATE OF finished_at ON job
  WHEN new.finished_at IS NOT NULL AND old.finished_at IS NULL
BEGIN
  INSERT INTO finished_count(queue, state, jobs) VALUES(new.queue, new.state, 1)
    ON CONFLICT DO UPDATE SET jobs = jobs + 1;
END;
CREATE TRIGGER job_revives AFTER UPDATE OF finished_at ON job
  WHEN new.finished_at IS NULL AND old.finished_at IS NOT NULL
BEGIN
  UPDATE finished_count SET jobs = jobs - 1 WHERE queue = old.queue AND state = old.state;
END;
CREATE TRIGGER job_pruned AFTER DELETE ON job WHEN old.finished_at IS NOT NULL
BEGIN
  UPDATE finished_count SET jobs = jobs - 1 WHERE queue = old.queue AND state = old.state;
END;

-- `seq` is the order of creation, the key of the pages of a listing, and never reused.
CREATE TABLE document(
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  metadata TEXT NOT NULL,
  content_bytes INTEGER NOT NULL,
  status INTEGER NOT NULL DEFAULT 0 CHECK(status BETWEEN 0 AND 2),  -- pending, ready, failed
  error TEXT NOT NULL DEFAULT '',
  version INTEGER NOT NULL DEFAULT 1,
  chunk_count INTEGER NOT NULL DEFAULT 0,
  job_id INTEGER NOT NULL,           -- the newest job that embeds it; pruned later, so no key
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX document_status ON document(status);

-- Apart from the document, so that a change of status does not rewrite ten megabytes.
CREATE TABLE document_content(
  document INTEGER PRIMARY KEY REFERENCES document(seq) ON DELETE CASCADE,
  content TEXT NOT NULL
) STRICT;

CREATE TABLE chunk(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  document INTEGER NOT NULL REFERENCES document(seq) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  begin_byte INTEGER NOT NULL,
  end_byte INTEGER NOT NULL,
  job_id INTEGER NOT NULL,           -- which claim of which job wrote it
  fence INTEGER NOT NULL,
  vector BLOB NOT NULL,              -- float32, little endian, unit length
  title TEXT NOT NULL,               -- as indexed: the index needs the old words to forget them
  text TEXT NOT NULL,
  UNIQUE(document, ordinal)
) STRICT;

CREATE VIRTUAL TABLE chunk_fts USING fts5(
  title, text, content='chunk', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2');
INSERT INTO chunk_fts(chunk_fts, rank) VALUES('rank', 'bm25(2.0, 1.0)');
CREATE TRIGGER chunk_added AFTER INSERT ON chunk
BEGIN
  INSERT INTO chunk_fts(rowid, title, text) VALUES(new.id, new.title, new.text);
END;
CREATE TRIGGER chunk_removed AFTER DELETE ON chunk
BEGIN
  INSERT INTO chunk_fts(chunk_fts, rowid, title, text)
    VALUES('delete', old.id, old.title, old.text);
END;

-- Which documents' chunks changed, in order: how other processes keep their vectors current.
CREATE TABLE chunk_change(
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  document INTEGER NOT NULL
) STRICT;
