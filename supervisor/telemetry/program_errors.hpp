// SPDX-License-Identifier: Apache-2.0
#pragma once

// ProgramErrors: which program's workers answered requests with 5xx, and whose jobs became dead.
// The exposition adds them up over all programs; an alert names the one that fails.
//
// Threads: one at a time.

#include <map>
#include <string>
#include <string_view>

namespace holdfast::supervisor::telemetry {

inline constexpr std::string_view kRequestsFamily = "http_requests_total";
inline constexpr std::string_view kJobsFamily = "queue_jobs_total";

class ProgramErrors {
 public:
  static bool reads(std::string_view family) {
    return family == kRequestsFamily || family == kJobsFamily;
  }

  // `increase`: of one series of a worker since its last answer. `labels` as in the exposition,
  // without braces.
  void add(const std::string& program, std::string_view family, std::string_view labels,
           double increase);

  // By program, since the ledger began.
  using Responses = std::map<std::string, double>;
  const Responses& responses() const { return responses_; }
  // By program and queue. What is beyond the first 64 queues of a program counts as `other`.
  using DeadJobs = std::map<std::string, std::map<std::string, double>>;
  const DeadJobs& dead_jobs() const { return dead_jobs_; }

 private:
  Responses responses_;
  DeadJobs dead_jobs_;
};

}  // namespace holdfast::supervisor::telemetry
