// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/gauge_rules.hpp"

#include "common/text/glob.hpp"

#include <algorithm>
#include <array>

namespace holdfast::supervisor::telemetry {
namespace {

using metrics::GaugeRule;

constexpr GaugeRule kFirst = GaugeRule::First;
constexpr GaugeRule kMin = GaugeRule::Min;
constexpr GaugeRule kMax = GaugeRule::Max;
constexpr GaugeRule kAverage = GaugeRule::Average;

constexpr auto kByName = std::to_array<NameRule>({
    {"*_info", kFirst},
    // The usual metrics of runtimes: prom-client's means and quantiles of the event loop, Go's
    // limits and settings.
    {"nodejs_eventloop_lag_min_seconds", kMin},
    {"nodejs_eventloop_lag_*", kMax},
    {"go_gc_*", kMax},
    {"go_sched_gomaxprocs_threads", kMax},
    // Of several ends the first one matters.
    {"*_expiry", kMin},
    {"*_expiry_time*", kMin},
    {"*_expiry_date*", kMin},
    {"*_expiry_seconds", kMin},
    {"*_expires", kMin},
    {"*_expires_at*", kMin},
    {"*_expires_in*", kMin},
    {"*_expiration", kMin},
    {"*_expiration_time*", kMin},
    {"*_expiration_date*", kMin},
    {"*_expiration_seconds", kMin},
    {"*_not_after*", kMin},
    {"*_valid_until*", kMin},
    // Times: the sum of two means nothing.
    {"*_not_before*", kMax},
    {"*_timestamp", kMax},
    {"*_timestamp_*seconds", kMax},
    {"*_timestamp_ms", kMax},
    {"*_unixtime*", kMax},
    {"*_unix_time*", kMax},
    {"*_since_epoch*", kMax},
    {"*_epoch_*seconds", kMax},
    {"*_start_time*", kMax},
    {"*_boot_time*", kMax},
    {"*_build_time*", kMax},
    {"*last_*_time", kMax},
    {"*last_*_time_*seconds", kMax},
    {"*last_*_time_ms", kMax},
    {"*_mtime*", kMax},
    {"*ed_at", kMax},
    {"*ed_at_*", kMax},
    {"*_uptime*", kMax},
    {"kube_*_created", kMax},
    {"node_time_seconds", kMax},
    // Shares and means.
    {"*_ratio", kAverage},
    {"*_fraction", kAverage},
    {"*_percent", kAverage},
    {"*_percentage", kAverage},
    {"*_pct", kAverage},
    {"*_utilization*", kAverage},
    {"*_utilisation*", kAverage},
    {"*_avg", kAverage},
    {"*_avg_*", kAverage},
    {"*_average", kAverage},
    {"*_average_*", kAverage},
    {"*_mean", kAverage},
    {"*_mean_*", kAverage},
    // Quantiles cannot be merged; the worst is never too low.
    {"*_p5?", kMax},
    {"*_p5?_*", kMax},
    {"*_p7?", kMax},
    {"*_p7?_*", kMax},
    {"*_p9*", kMax},
    {"*_median*", kMax},
    {"*_quantile*", kMax},
    {"*_percentile*", kMax},
    {"*_seconds_max", kMax},
    {"*_seconds_min", kMin},
    {"process_*", GaugeRule::All},
    // Flags: all is well only if it is well in every worker.
    {"*_up", kMin},
    {"*_success", kMin},
    {"*_successful", kMin},
    {"*_healthy", kMin},
    {"*_enabled", kMin},
    {"*_last_*_status", kMin},
    {"*_ready", kMin, true},
    {"*_alive", kMin, true},
    {"*_connected", kMin, true},
    {"*_online", kMin, true},
    // Of these one is enough.
    {"*_error", kMax},
    {"is_*", kMax},
    {"*_is_*", kMax},
});

// Names that end like a plural.
constexpr auto kOfOne = std::to_array<std::string_view>(
    {"aws", "dns", "https", "kubernetes", "nats", "postgres", "prometheus", "redis", "tls"});

// The word before the last one.
bool follows_plural(std::string_view name) {
  const std::size_t end = name.rfind('_');
  if (end == std::string_view::npos) return false;
  const std::string_view before = name.substr(0, end);
  const std::string_view word = before.substr(before.rfind('_') + 1);
  return word.ends_with('s') && !word.ends_with("ss") &&
         std::find(kOfOne.begin(), kOfOne.end(), word) == kOfOne.end();
}

constexpr auto kOfTimes = std::to_array<std::string_view>(
    {"at",       "beginning", "changed", "created", "ctime",   "date",     "deadline",
     "end",      "epoch",     "expires", "expiry",  "finish",  "finished", "last",
     "modified", "mtime",     "next",    "seen",    "since",   "start",    "started",
     "time",     "timestamp", "ts",      "until",   "updated", "when"});

// Of times in smaller units, seconds of CPU lie in the range of a time in seconds.
constexpr auto kOfOthers = std::to_array<std::string_view>(
    {"bits", "byte", "bytes", "count", "items", "length", "memory", "ns", "nanoseconds", "rows",
     "size", "total", "microseconds", "us"});

template <class Words>
bool contains(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

std::span<const NameRule> name_rules() {
  return kByName;
}

bool may_be_time(std::string_view name) {
  bool time = false;
  while (!name.empty()) {
    const std::string_view word = name.substr(0, name.find('_'));
    name.remove_prefix(std::min(name.size(), word.size() + 1));
    if (contains(kOfOthers, word)) return false;
    time = time || contains(kOfTimes, word);
  }
  return time;
}

GaugeRules::Choice GaugeRules::choose(std::string_view name, metrics::Type type,
                                      bool state_set) const {
  for (const auto& [pattern, rule] : configured_) {
    if (text::glob_match(pattern, name)) return {rule};
  }
  if (type == metrics::Type::Untyped) return {GaugeRule::All};
  if (const auto* declared = metrics::find_declaration(name)) return {declared->rule};
  if (state_set) return {GaugeRule::Max};  // a state is shown if any worker is in it
  for (const NameRule& entry : kByName) {
    if (!text::glob_match(entry.pattern, name)) continue;
    if (!entry.of_one || !follows_plural(name)) return {entry.rule};
  }
  return {GaugeRule::Sum, true};
}

}  // namespace holdfast::supervisor::telemetry
