// SPDX-License-Identifier: Apache-2.0
#pragma once

// JobObserver: what the job loop reports. The worker's implementation logs and counts
// (reporter.hpp); tests record.
//
// Threads: batch_embedded is called on job threads, several at once; the rest on the loop.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::queue {

// How one attempt at a job ended.
enum class AttemptResult {
  Done,
  Retried,    // failed, and will be tried again
  Dead,       // failed for good
  Cancelled,  // at somebody's request, or its document was deleted or replaced
  Stale,      // the job has another owner by now; this result was dropped
  Released,   // given back unfinished, because this worker stops
  Postponed,  // given back, because the embedding provider takes no texts now
};
std::string_view to_string(AttemptResult result);  // "done", "retried", …: the metrics' label

// The job that a log line is about.
struct JobInfo {
  std::int64_t job_id = 0;
  std::int32_t attempt = 0;
  std::string document_id;
  std::string request_id;
};

class JobObserver {
 public:
  virtual ~JobObserver() = default;
  virtual void registered(std::int64_t worker_id, bool again) = 0;
  // `wait`: from when the job was due until it started.
  virtual void job_started(const JobInfo& job, Duration wait) = 0;
  // `detail`: why it failed, or how much was done.
  virtual void job_ended(const JobInfo& job, AttemptResult result, Duration took,
                         std::string_view detail) = 0;
  virtual void batch_embedded(Duration took, bool ok) = 0;
  virtual void jobs_released(std::int64_t count) = 0;  // at the end of a drain, by the store
  virtual void jobs_rescued(std::int64_t count) = 0;   // from workers that died
  virtual void jobs_pruned(std::int64_t count) = 0;
  // How many documents are still to be embedded again, because of another model or dimension.
  virtual void documents_outdated(std::int64_t count) = 0;
  // Something failed that the loop will try again. `what`: "claim", "heartbeat", …
  virtual void trouble(std::string_view what, const Error& error) = 0;
};

}  // namespace holdfast::queue
