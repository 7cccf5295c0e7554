// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/totals.hpp"

#include "supervisor/telemetry/labels.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace holdfast::supervisor::telemetry {

namespace {

constexpr std::string_view kLatency = "http_request_duration_seconds";
constexpr std::string_view kQueue = "queue_size";
constexpr std::string_view kStore = "store_up";
constexpr std::string_view kRedis = "rate_limit_redis_up";
constexpr std::string_view kEmbedding = "embedding_provider_up";
constexpr std::string_view kOldestJob = "queue_oldest_ready_age_seconds";
constexpr std::string_view kKeysExpiring = "api_keys_expiring";
constexpr std::string_view kDiskFree = "store_disk_free_bytes";
constexpr std::string_view kStoreLog = "store_wal_bytes";

using Families = std::map<std::string_view, std::vector<SeriesValue>>;

const SeriesValue* only_series(const Families& families, std::string_view name) {
  const auto found = families.find(name);
  if (found == families.end() || found->second.empty()) return nullptr;
  return &found->second.front();
}

// Worker by worker, whatever rule merges the gauge for others: one that cannot use the store says
// nothing of those that can.
std::optional<Reach> reach_by_program(const Ledger& ledger, std::string_view gauge, MonoTime now) {
  Reach reach;
  for (const auto& [program, values] : ledger.gauge_by_program(gauge, now)) {
    const auto reached =
        std::count_if(values.begin(), values.end(), [](double v) { return v > 0; });
    reach.reached += static_cast<std::uint32_t>(reached);
    reach.workers += static_cast<std::uint32_t>(values.size());
    if (reached == 0) reach.cut_off.push_back(program);
  }
  if (reach.workers == 0) return std::nullopt;
  return reach;
}

// For a gauge merged by sum: how many workers can reach it.
std::optional<Reach> reach_of_each(const SeriesValue* series) {
  if (series == nullptr) return std::nullopt;
  const double most = series->sources;
  return Reach{static_cast<std::uint32_t>(std::clamp(series->value, 0.0, most)), series->sources};
}

// Other programs may use the same name with different bounds; the first layout is shown.
void add_to(std::optional<LatencyTotals>& total, const Counts& counts) {
  if (!counts.layout || counts.buckets.size() != counts.layout->bounds.size()) return;
  if (!total) {
    total = LatencyTotals{counts.layout->bounds, counts.buckets, counts.count};
    return;
  }
  if (total->bounds != counts.layout->bounds) return;
  total->count += counts.count;
  for (std::size_t i = 0; i < counts.buckets.size(); ++i)
    total->buckets[i] += counts.buckets[i];
}

void add_by_queue(const Families& families, std::string_view name,
                  std::map<std::string, double>& totals) {
  const auto found = families.find(name);
  if (found == families.end()) return;
  for (const SeriesValue& series : found->second) {
    totals[std::string(label_value(series.labels, "queue"))] += series.value;
  }
}

}  // namespace

Totals totals_of(Ledger& ledger, MonoTime now, WallTime wall) {
  static constexpr std::array kFamilies{kRequestsFamily, kLatency,   kQueue,
                                        kRedis,          kEmbedding, kOldestJob,
                                        kKeysExpiring,   kDiskFree,  kStoreLog};
  const auto families = ledger.read(kFamilies, now);
  Totals totals;
  totals.at = now;
  totals.unix_ms = to_unix_ms(wall);
  if (const auto requests = families.find(kRequestsFamily); requests != families.end()) {
    totals.requests = 0;
    for (const SeriesValue& series : requests->second) {
      *totals.requests += series.value;
      if (label_value(series.labels, "status").starts_with('5')) totals.errors += series.value;
    }
  }
  if (const auto latency = families.find(kLatency); latency != families.end()) {
    for (const SeriesValue& series : latency->second)
      add_to(totals.latency, series.counts);
  }
  if (const auto sizes = families.find(kQueue); sizes != families.end()) {
    totals.queues.emplace();
    for (const SeriesValue& series : sizes->second) {
      if (!(series.value >= 0 && series.value < 1e15)) continue;  // not a count
      const std::string queue(label_value(series.labels, "queue"));
      const std::string state(label_value(series.labels, "state"));
      (*totals.queues)[queue][state] += static_cast<std::uint64_t>(std::llround(series.value));
    }
  }
  totals.database = reach_by_program(ledger, kStore, now);
  totals.redis = reach_of_each(only_series(families, kRedis));
  totals.embedding = reach_of_each(only_series(families, kEmbedding));
  totals.program_errors = ledger.program_errors();
  add_by_queue(families, kOldestJob, totals.oldest_job_seconds);
  if (const auto* expiring = only_series(families, kKeysExpiring))
    totals.api_keys_expiring = expiring->value;
  if (const auto* free = only_series(families, kDiskFree)) totals.store_disk_free = free->value;
  if (const auto* log = only_series(families, kStoreLog)) totals.store_log_bytes = log->value;
  return totals;
}

}  // namespace holdfast::supervisor::telemetry
