// SPDX-License-Identifier: Apache-2.0
#pragma once

// The holdfast_metrics_* families: how the collection of the workers' metrics itself is going.
// CollectionMetrics counts rounds, scrapes and failed requests; ledger_families() tells what the
// ledger accepted and dropped; WorkerFreshness shows how old each worker's last good answer is.
//
// Threads: one at a time (the telemetry thread). No I/O and no clock.

#include "common/base/clock.hpp"
#include "common/metrics/model.hpp"
#include "supervisor/telemetry/ledger.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::supervisor::collector {

class CollectionMetrics {
 public:
  CollectionMetrics();

  // A scrape was served; complete: every worker's answer in it is from this round.
  void count_scrape(bool complete);
  void count_fetch_error(const std::string& program, std::string reason);
  void observe_round(Duration took);
  void observe_aggregation(Duration took);
  // How old a worker's last good snapshot was when the worker exited.
  void observe_age_at_exit(Duration age);

  std::vector<metrics::Family> families() const;

 private:
  std::uint64_t complete_scrapes_ = 0;
  std::uint64_t partial_scrapes_ = 0;
  std::map<std::pair<std::string, std::string>, std::uint64_t> fetch_errors_;  // program, reason
  metrics::HistogramValue round_seconds_;
  metrics::HistogramValue aggregation_seconds_;
  metrics::HistogramValue age_at_exit_;
};

// holdfast_metrics_{series, parse_errors_total, dropped_samples_total, resets_total,
// conflicting_families, retired_incarnations_total}.
std::vector<metrics::Family> ledger_families(const telemetry::LedgerStatistics& statistics);

// holdfast_metrics_up and holdfast_metrics_snapshot_age_seconds, one series per worker.
class WorkerFreshness {
 public:
  WorkerFreshness();
  // Of two processes with one name (a rolling restart), the first that is added is shown.
  void add(const std::string& worker, bool up, std::optional<Duration> age);
  std::vector<metrics::Family> take() &&;

 private:
  metrics::Family up_;
  metrics::Family age_;
  std::set<std::string> seen_;
};

}  // namespace holdfast::supervisor::collector
