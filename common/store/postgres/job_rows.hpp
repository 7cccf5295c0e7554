// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rows of "SELECT HOLDFAST_JOB_COLUMNS FROM holdfast.job". Threads: pure functions.

#include "common/store/postgres/values.hpp"
#include "common/store/types.hpp"

namespace holdfast::store::postgres {

#define HOLDFAST_JOB_COLUMNS                                                              \
  "id, kind, queue, state, priority, attempt, max_attempts, crashes, max_crashes, fence," \
  " payload, last_error, run_at, created_at, finished_at, started_at, cancel_requested"
inline constexpr int kJobColumns = 17;

inline Job read_job(const Rows& rows, int row) {
  Job job;
  job.id = rows.integer(row, 0);
  job.kind = rows.text(row, 1);
  job.queue = rows.text(row, 2);
  job.state = static_cast<JobState>(rows.integer(row, 3));
  job.priority = static_cast<std::int32_t>(rows.integer(row, 4));
  job.attempt = static_cast<std::int32_t>(rows.integer(row, 5));
  job.max_attempts = static_cast<std::int32_t>(rows.integer(row, 6));
  job.crashes = static_cast<std::int32_t>(rows.integer(row, 7));
  job.max_crashes = static_cast<std::int32_t>(rows.integer(row, 8));
  job.fence = rows.integer(row, 9);
  job.payload = rows.text(row, 10);
  job.last_error = rows.text(row, 11);
  job.run_at = rows.integer(row, 12);
  job.created_at = rows.integer(row, 13);
  job.finished_at = rows.optional_integer(row, 14);
  job.started_at = rows.optional_integer(row, 15);
  job.cancel_requested = rows.boolean(row, 16);
  return job;
}

}  // namespace holdfast::store::postgres
