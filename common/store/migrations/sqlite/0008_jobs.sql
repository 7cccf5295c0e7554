-- SPDX-License-Identifier: Apache-2.0
-- When a job began to wait. The wall clock may be set back: a job waits no longer than it was told
-- to, counted from the moment that the step is seen.
ALTER TABLE job ADD COLUMN waits_since INTEGER NOT NULL DEFAULT 0;
UPDATE job SET waits_since = coalesce(started_at, created_at) WHERE state = 1;
CREATE INDEX job_waits ON job(queue, waits_since) WHERE state = 1;

-- How long one run may take; null: as long as the worker's configuration says.
ALTER TABLE job ADD COLUMN timeout INTEGER;

-- When the oldest ready job was due: the order of ids is not that of due times.
CREATE INDEX job_due ON job(queue, run_at) WHERE state = 0;

-- Kinds of jobs that nobody is given. A whole queue is paused in queue_ctl. The line of ready jobs
-- is looked through by index alone.
CREATE TABLE paused_kind(
  queue TEXT NOT NULL,
  kind TEXT NOT NULL,
  PRIMARY KEY(queue, kind)
) STRICT, WITHOUT ROWID;
DROP INDEX job_ready;
CREATE INDEX job_ready ON job(queue, priority, id, kind) WHERE state = 0;
