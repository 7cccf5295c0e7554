// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reporter: the JobObserver that writes log lines and counts. Every line about a job
// carries request_id, job_id, document_id and attempt, so that one search finds a document's whole
// way.
//
// Threads: as JobObserver; set_sizes on the loop. Everything given outlives it.

#include "common/log/logger.hpp"
#include "common/metrics/instruments.hpp"
#include "common/metrics/store_metrics.hpp"
#include "common/store/types.hpp"
#include "queue-worker/jobs/job_observer.hpp"

#include <map>
#include <string>

namespace holdfast::queue {

class Reporter final : public JobObserver {
 public:
  Reporter(const log::Logger& log, prometheus::Registry& registry, const Clock& clock,
           const std::string& queue, const std::string& provider);

  void registered(std::int64_t worker_id, bool again) override;
  void job_started(const JobInfo& job, Duration wait) override;
  void job_ended(const JobInfo& job, AttemptResult result, Duration took,
                 std::string_view detail) override;
  void batch_embedded(Duration took, bool ok) override;
  void jobs_released(std::int64_t count) override;
  void jobs_rescued(std::int64_t count) override;
  void jobs_pruned(std::int64_t count) override;
  // A line when it begins, and when all are done.
  void documents_outdated(std::int64_t count) override;
  // At most one line per `what` in 30 s: the loop tries again every second or so.
  void trouble(std::string_view what, const Error& error) override;

  // Gauges: what the queue holds now.
  void set_sizes(const store::QueueStats& stats);

 private:
  struct Quiet {
    MonoTime until;
    std::int64_t suppressed = 0;
  };

  const log::Logger& log_;
  const Clock& clock_;
  std::map<AttemptResult, prometheus::Counter*> attempts_;
  metrics::QueueMetrics sizes_;
  prometheus::Gauge* outdated_;
  bool catching_up_ = false;
  prometheus::Histogram* duration_;
  prometheus::Histogram* wait_;
  prometheus::Histogram* embedding_;
  prometheus::Counter* embedding_failures_;
  std::map<std::string, Quiet, std::less<>> quiet_;
};

}  // namespace holdfast::queue
