// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/program_errors.hpp"

#include "supervisor/telemetry/labels.hpp"

namespace holdfast::supervisor::telemetry {

namespace {

constexpr std::size_t kMostQueues = 64;

}  // namespace

void ProgramErrors::add(const std::string& program, std::string_view family,
                        std::string_view labels, double increase) {
  if (family == kRequestsFamily) {
    if (label_value(labels, "status").starts_with('5')) responses_[program] += increase;
    return;
  }
  if (label_value(labels, "outcome") != "dead") return;
  auto& queues = dead_jobs_[program];
  std::string queue(label_value(labels, "queue"));
  if (queues.size() >= kMostQueues && !queues.contains(queue)) queue = "other";
  queues[queue] += increase;
}

}  // namespace holdfast::supervisor::telemetry
