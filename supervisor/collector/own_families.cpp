// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/own_families.hpp"

#include "common/metrics/catalogue.hpp"

namespace holdfast::supervisor::telemetry {

namespace {

using metrics::declared_family;
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

metrics::HistogramValue empty_histogram(std::string_view name) {
  metrics::HistogramValue value;
  for (const double bound : metrics::declaration(name).buckets)
    value.buckets.push_back({bound, 0});
  return value;
}

void observe(metrics::HistogramValue& histogram, Duration value) {
  const double seconds = std::chrono::duration<double>(value).count();
  for (metrics::Bucket& bucket : histogram.buckets) {
    if (seconds <= bucket.upper_bound) ++bucket.cumulative_count;
  }
  ++histogram.count;
  histogram.sum += seconds;
}

Family fetch_error_family(const FetchErrors& errors) {
  Family family = declared_family("holdfast_metrics_fetch_errors_total");
  for (const auto& [key, count] : errors)
    family.add({{"program", key.first}, {"reason", key.second}}, number(count));
  return family;
}

std::vector<Family> log_families(const process::RelayCounters& counters) {
  Family lines = declared_family("holdfast_log_lines_total");
  Family dropped = declared_family("holdfast_log_lines_dropped_total");
  for (const auto& [program, counts] : counters.programs) {
    const std::string name = program.empty() ? "holdfast" : program;
    lines.add({{"program", name}}, number(counts.lines));
    dropped.add({{"program", name}}, number(counts.dropped_lines));
  }
  Family errors = declared_family("holdfast_log_write_errors_total");
  errors.add(number(counters.write_errors));
  return {std::move(lines), std::move(dropped), std::move(errors)};
}

std::vector<Family> collection_families(std::uint64_t complete, std::uint64_t partial,
                                        const metrics::HistogramValue& collect,
                                        const metrics::HistogramValue& aggregate,
                                        const metrics::HistogramValue& age_at_exit) {
  Family scrapes = declared_family("holdfast_metrics_scrapes_total");
  scrapes.add({{"result", "complete"}}, number(complete));
  scrapes.add({{"result", "partial"}}, number(partial));
  return {std::move(scrapes),
          histogram_family("holdfast_metrics_collect_duration_seconds", collect),
          histogram_family("holdfast_metrics_aggregation_duration_seconds", aggregate),
          histogram_family("holdfast_worker_snapshot_age_at_exit_seconds", age_at_exit)};
}

WorkerFamilies::WorkerFamilies()
    : up_(declared_family("holdfast_metrics_up")),
      age_(declared_family("holdfast_metrics_snapshot_age_seconds")) {}

void WorkerFamilies::add(const std::string& worker, bool up, std::optional<Duration> age) {
  if (!seen_.insert(worker).second) return;
  up_.add({{"worker", worker}}, up ? 1 : 0);
  if (age) age_.add({{"worker", worker}}, std::chrono::duration<double>(*age).count());
}

std::vector<Family> WorkerFamilies::take() && {
  return {std::move(up_), std::move(age_)};
}

}  // namespace holdfast::supervisor::telemetry
