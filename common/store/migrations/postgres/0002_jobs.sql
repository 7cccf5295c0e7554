-- SPDX-License-Identifier: Apache-2.0
-- When a job began to wait. The server's clock may be set back: a job waits no longer than it was
-- told to, counted from the moment that the step is seen. Workers of an older release leave 0.
ALTER TABLE holdfast.job ADD COLUMN waits_since bigint NOT NULL DEFAULT 0;
CREATE INDEX job_waits ON holdfast.job(queue, waits_since) WHERE state = 1;

-- How long one run may take; null: as long as the worker's configuration says.
ALTER TABLE holdfast.job ADD COLUMN timeout bigint;

-- When the oldest ready job was due: the order of ids is not that of due times.
CREATE INDEX job_due ON holdfast.job(queue, run_at) WHERE state = 0;

-- Kinds of jobs that nobody is given. A whole queue is paused in queue_ctl.
CREATE TABLE holdfast.paused_kind(
  queue text NOT NULL,
  kind text NOT NULL,
  PRIMARY KEY(queue, kind)
);
