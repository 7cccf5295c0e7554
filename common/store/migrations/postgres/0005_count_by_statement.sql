-- SPDX-License-Identifier: Apache-2.0
-- Finished jobs are counted once for each statement, not once for each job: workers end and prune
-- many at a time, and every change of a counter leaves a dead row until the commit.
CREATE FUNCTION holdfast.count_finished_together() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    INSERT INTO holdfast.finished_count AS c(queue, state, backend, jobs)
      SELECT queue, state, pg_backend_pid(), sum(change) FROM (
        SELECT queue, state, 1 AS change FROM new_jobs WHERE finished_at IS NOT NULL
        UNION ALL SELECT queue, state, -1 FROM old_jobs WHERE finished_at IS NOT NULL) AS changes
      GROUP BY queue, state HAVING sum(change) <> 0
      ON CONFLICT (queue, state, backend) DO UPDATE SET jobs = c.jobs + excluded.jobs;
  ELSE
    INSERT INTO holdfast.finished_count AS c(queue, state, backend, jobs)
      SELECT queue, state, pg_backend_pid(), -count(*) FROM old_jobs WHERE finished_at IS NOT NULL
      GROUP BY queue, state
      ON CONFLICT (queue, state, backend) DO UPDATE SET jobs = c.jobs + excluded.jobs;
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER job_finishes ON holdfast.job;
CREATE TRIGGER job_finishes AFTER UPDATE ON holdfast.job
  REFERENCING OLD TABLE AS old_jobs NEW TABLE AS new_jobs FOR EACH STATEMENT
  EXECUTE FUNCTION holdfast.count_finished_together();
DROP TRIGGER job_pruned ON holdfast.job;
CREATE TRIGGER job_pruned AFTER DELETE ON holdfast.job
  REFERENCING OLD TABLE AS old_jobs FOR EACH STATEMENT
  EXECUTE FUNCTION holdfast.count_finished_together();
