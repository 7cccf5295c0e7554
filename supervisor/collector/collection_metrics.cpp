// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/collection_metrics.hpp"

#include "common/metrics/catalogue.hpp"
#include "common/metrics/histogram.hpp"

namespace holdfast::supervisor::collector {

namespace {

using metrics::declared_family;
using metrics::declared_histogram;
using metrics::Family;

double number(std::uint64_t value) {
  return static_cast<double>(value);
}

Family histogram_family(std::string_view name, const metrics::HistogramValue& value) {
  Family family = declared_family(name);
  family.samples.push_back({{}, value});
  return family;
}

}  // namespace

CollectionMetrics::CollectionMetrics()
    : round_seconds_(declared_histogram("holdfast_metrics_collect_duration_seconds")),
      aggregation_seconds_(declared_histogram("holdfast_metrics_aggregation_duration_seconds")),
      age_at_exit_(declared_histogram("holdfast_worker_snapshot_age_at_exit_seconds")) {}

void CollectionMetrics::count_scrape(bool complete) {
  ++(complete ? complete_scrapes_ : partial_scrapes_);
}

void CollectionMetrics::count_fetch_error(const std::string& program, std::string reason) {
  ++fetch_errors_[{program, std::move(reason)}];
}

void CollectionMetrics::observe_round(Duration took) {
  metrics::observe(round_seconds_, took);
}

void CollectionMetrics::observe_aggregation(Duration took) {
  metrics::observe(aggregation_seconds_, took);
}

void CollectionMetrics::observe_age_at_exit(Duration age) {
  metrics::observe(age_at_exit_, age);
}

std::vector<Family> CollectionMetrics::families() const {
  Family errors = declared_family("holdfast_metrics_fetch_errors_total");
  for (const auto& [key, count] : fetch_errors_)
    errors.add({{"program", key.first}, {"reason", key.second}}, number(count));
  Family scrapes = declared_family("holdfast_metrics_scrapes_total");
  scrapes.add({{"result", "complete"}}, number(complete_scrapes_));
  scrapes.add({{"result", "partial"}}, number(partial_scrapes_));
  return {std::move(errors), std::move(scrapes),
          histogram_family("holdfast_metrics_collect_duration_seconds", round_seconds_),
          histogram_family("holdfast_metrics_aggregation_duration_seconds", aggregation_seconds_),
          histogram_family("holdfast_worker_snapshot_age_at_exit_seconds", age_at_exit_)};
}

std::vector<Family> ledger_families(const telemetry::LedgerStatistics& statistics) {
  Family series = declared_family("holdfast_metrics_series");
  series.add(static_cast<double>(statistics.series));
  Family retired = declared_family("holdfast_metrics_retired_incarnations_total");
  retired.add(static_cast<double>(statistics.retired_incarnations));
  Family drops = declared_family("holdfast_metrics_dropped_samples_total");
  for (std::size_t i = 0; i < telemetry::kDropReasons; ++i) {
    drops.add({{"reason", std::string(to_string(static_cast<telemetry::Drop>(i)))}},
              static_cast<double>(statistics.drops[i]));
  }
  Family conflicts = declared_family("holdfast_metrics_conflicting_families");
  for (const auto& [reason, count] : statistics.conflicting_families) {
    conflicts.add({{"reason", reason}}, static_cast<double>(count));
  }
  Family resets = declared_family("holdfast_metrics_resets_total");
  Family errors = declared_family("holdfast_metrics_parse_errors_total");
  for (const auto& [program, counts] : statistics.programs) {
    resets.add({{"program", program}}, static_cast<double>(counts.resets));
    for (const auto& [reason, count] : counts.parse_errors) {
      errors.add({{"program", program}, {"reason", reason}}, static_cast<double>(count));
    }
  }
  return {series, retired, drops, conflicts, resets, errors};
}

WorkerFreshness::WorkerFreshness()
    : up_(declared_family("holdfast_metrics_up")),
      age_(declared_family("holdfast_metrics_snapshot_age_seconds")) {}

void WorkerFreshness::add(const std::string& worker, bool up, std::optional<Duration> age) {
  if (!seen_.insert(worker).second) return;
  up_.add({{"worker", worker}}, up ? 1 : 0);
  if (age) age_.add({{"worker", worker}}, std::chrono::duration<double>(*age).count());
}

std::vector<Family> WorkerFreshness::take() && {
  return {std::move(up_), std::move(age_)};
}

}  // namespace holdfast::supervisor::collector
