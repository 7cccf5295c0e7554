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
    // limits and settings. What else it tells of its collector is of one process.
    {"nodejs_eventloop_lag_min_seconds", kMin},
    {"nodejs_eventloop_lag_*", kMax},
    {"go_gc_gogc_percent", kMax},
    {"go_gc_gomemlimit_bytes", kMax},
    {"go_gc_stack_starting_size_bytes", kMax},
    {"go_gc_limiter_*", kMax},
    {"go_sched_gomaxprocs_threads", kMax},
    {"go_gc_*", GaugeRule::Sum},
    // Of several ends the first one matters.
    {"*_expiry", kMin},
    {"*_expiry_time*", kMin},
    {"*_expiry_date*", kMin},
    {"*_expiry_<unit>", kMin},
    {"*_expires", kMin},
    {"*_expires_at*", kMin},
    {"*_expires_in*", kMin},
    {"*_expires_time*", kMin},
    {"*_expires_<unit>", kMin},
    {"*_expire_at*", kMin},
    {"*_expire_in*", kMin},
    {"*_expire_time*", kMin},
    {"*_expire_<unit>", kMin},
    {"*_expiration", kMin},
    {"*_expiration_time*", kMin},
    {"*_expiration_date*", kMin},
    {"*_expiration_<unit>", kMin},
    {"*_not_after*", kMin},
    {"*_valid_until*", kMin},
    // Times: the sum of two means nothing.
    {"*_not_before*", kMax},
    {"*_timestamp", kMax},
    {"*_timestamp_*seconds", kMax},
    {"*_timestamp_<unit>", kMax},
    {"*_unixtime*", kMax},
    {"*_unix_time*", kMax},
    {"*_since_epoch*", kMax},
    {"*_epoch_*seconds", kMax},
    {"*_start_time*", kMax},
    {"*_boot_time*", kMax},
    {"*_build_time*", kMax},
    {"*last_*_time", kMax},
    {"*last_*_time_*seconds", kMax},
    {"*last_*_time_<unit>", kMax},
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
    {"*_hit_rate", kAverage},
    {"*_miss_rate", kAverage},
    {"*_success_rate", kAverage},
    {"*_error_rate", kAverage},
    {"*_failure_rate", kAverage},
    {"*_accuracy", kAverage},
    {"*_score", kAverage},
    {"*_apdex*", kAverage},
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
    {"*_milliseconds_max", kMax},
    {"*_ms_max", kMax},
    {"*_max_<unit>", kMax},
    {"*_seconds_min", kMin},
    {"*_milliseconds_min", kMin},
    {"*_ms_min", kMin},
    {"*_min_<unit>", kMin},
    // Time that is left: what ends first matters. Without a unit of time something else may be
    // left, of which there is more in two workers.
    {"*_ttl", kMin},
    {"*_ttl_<unit>", kMin},
    {"*_time_to_live*", kMin},
    {"*_remaining_<unit>", kMin},
    {"*_remaining_time*", kMin},
    {"*_time_remaining*", kMin},
    {"*seconds_remaining", kMin},
    {"*_minutes_remaining", kMin},
    {"*_hours_remaining", kMin},
    {"*_days_remaining", kMin},
    {"*_time_left*", kMin},
    {"*seconds_left", kMin},
    {"*_minutes_left", kMin},
    {"*_hours_left", kMin},
    {"*_days_left", kMin},
    {"*_time_until_*", kMin},
    {"*seconds_until_*", kMin},
    {"*_minutes_until_*", kMin},
    {"*_hours_until_*", kMin},
    {"*_days_until_*", kMin},
    // How late or old something is: the worst. A lag without a unit of time may count messages.
    {"*_lag_<unit>", kMax},
    {"*_age", kMax},
    {"*_age_<unit>", kMax},
    {"*_delay", kMax},
    {"*_delay_<unit>", kMax},
    {"*_latency", kMax},
    {"*_latency_<unit>", kMax},
    {"*_staleness", kMax},
    {"*_staleness_<unit>", kMax},
    {"*_last_*_duration", kMax},
    {"*_last_*_duration_<unit>", kMax},
    {"*_seconds_behind_*", kMax},
    {"*_seconds_since_*", kMax},
    // Settings, and how long one thing took.
    {"*_timeout_<unit>", kMax},
    {"*_interval_<unit>", kMax},
    {"*_duration_<unit>", kMax},
    {"*_celsius", kMax},
    {"*_fahrenheit", kMax},
    {"*temperature*", kMax},
    {"process_*", GaugeRule::All},
    // The usual metrics of Micrometer (Spring Boot) and of OpenTelemetry: shares, how long a start
    // took, and figures of the host, which are the same in each worker.
    {"*_cpu_usage", kAverage},
    {"jvm_gc_overhead", kAverage},
    {"jvm_memory_usage_after_gc", kAverage},
    {"application_ready_time*", kMax},
    {"application_started_time*", kMax},
    {"disk_free_bytes", kMax},
    {"disk_total_bytes", kMax},
    {"system_cpu_*", kMax},
    {"system_disk_*", kMax},
    {"system_filesystem_*", kMax},
    {"system_load_*", kMax},
    {"system_memory_*", kMax},
    {"system_network_*", kMax},
    {"system_paging_*", kMax},
    // Flags: all is well only if it is well in every worker.
    {"*_up", kMin},
    {"*_success", kMin},
    {"*_successful", kMin},
    {"*_enabled", kMin},
    {"*_last_*_status", kMin},
    {"*_has_leader", kMin},
    {"*_has_quorum", kMin},
    {"alive", kMin},
    {"healthy", kMin},
    {"ok", kMin},
    {"ready", kMin},
    {"*_alive", kMin, true},
    {"*_connected", kMin, true},
    {"*_healthy", kMin, true},
    {"*_in_sync", kMin, true},
    {"*_initialized", kMin, true},
    {"*_listening", kMin, true},
    {"*_ok", kMin, true},
    {"*_online", kMin, true},
    {"*_operational", kMin, true},
    {"*_passing", kMin, true},
    {"*_reachable", kMin, true},
    {"*_ready", kMin, true},
    {"*_responding", kMin, true},
    {"*_synced", kMin, true},
    {"*_unsealed", kMin, true},
    {"*_valid", kMin, true},
    {"*_writable", kMin, true},
    // Of these one is enough.
    {"*_error", kMax},
    {"is_*", kMax},
    {"*_is_*", kMax},
    {"leader", kMax},
    {"*_degraded", kMax, true},
    {"*_down", kMax, true},
    {"*_failing", kMax, true},
    {"*_leader", kMax, true},
    {"*_maintenance", kMax, true},
    {"*_master", kMax, true},
    {"*_paused", kMax, true},
    {"*_primary", kMax, true},
    {"*_read_only", kMax, true},
    {"*_readonly", kMax, true},
    {"*_stale", kMax, true},
    {"*_breaker_open", kMax, true},
    // Numbers that stand for something; those that count have the state as a label, and are named
    // by what they count.
    {"state", kMax},
    {"status", kMax},
    {"mode", kMax},
    {"phase", kMax},
    {"stage", kMax},
    {"level", kMax},
    {"version", kMax},
    {"revision", kMax},
    {"generation", kMax},
    {"*_state", kMax, true},
    {"*_status", kMax, true},
    {"*_mode", kMax, true},
    {"*_phase", kMax, true},
    {"*_stage", kMax, true},
    {"*_level", kMax, true},
    {"*_error_code", kMax, true},
    {"*_exit_code", kMax, true},
    {"*_return_code", kMax, true},
    {"*_status_code", kMax, true},
    {"*_version", kMax, true},
    {"*_revision", kMax, true},
    {"*_generation", kMax, true},
    {"*_hash", kMax, true},
    {"*_checksum", kMax, true},
    {"*_id", kMax, true},
});

// Gauges beside the histogram or summary of which they tell. Deviations cannot be merged: the
// worst.
constexpr auto kBesideDistributions = std::to_array<std::pair<std::string_view, GaugeRule>>({
    {"_max", kMax},
    {"_min", kMin},
    {"_mean", kAverage},
    {"_avg", kAverage},
    {"_stddev", kMax},
});

constexpr std::string_view kUnitPart = "_<unit>";

constexpr auto kUnits = std::to_array<std::string_view>(
    {"days",         "epoch",   "hours", "micros", "microseconds", "millis",
     "milliseconds", "minutes", "ms",    "msec",   "nanos",        "nanoseconds",
     "ns",           "nsec",    "s",     "sec",    "secs",         "second",
     "seconds",      "unix",    "us",    "usec"});

// Names that end like a plural.
constexpr auto kOfOne = std::to_array<std::string_view>(
    {"aws",   "bus",      "consensus",  "dns",     "eks",   "has",        "hdfs",
     "https", "is",       "jms",        "jenkins", "kms",   "kubernetes", "nats",
     "nfs",   "postgres", "prometheus", "rds",     "redis", "sms",        "sns",
     "sqs",   "status",   "this",       "tls",     "zfs"});

constexpr auto kOfTimes = std::to_array<std::string_view>(
    {"access",    "accessed",   "activity", "at",        "atime",      "beginning",    "changed",
     "completed", "completion", "created",  "creation",  "ctime",      "date",         "datetime",
     "deadline",  "due",        "end",      "epoch",     "expiration", "expires",      "expiry",
     "finish",    "finished",   "first",    "heartbeat", "last",       "modification", "modified",
     "mtime",     "next",       "ping",     "refresh",   "refreshed",  "renewal",      "renewed",
     "seen",      "since",      "start",    "started",   "succeeded",  "time",         "timestamp",
     "ts",        "unix",       "unixtime", "until",     "update",     "updated",      "utc",
     "when"});

// "jobs_by_state" counts, as "jobs_state" does.
constexpr auto kBeforeLabels = std::to_array<std::string_view>({"by", "in", "per"});

// After these words, or as the last one of these, a time word is the subject of the name, whatever
// comes before: "items_last_updated".
constexpr auto kBeforeTimes = std::to_array<std::string_view>({"first", "last", "next"});
constexpr auto kPointsInTime = std::to_array<std::string_view>(
    {"at", "atime", "ctime", "date", "datetime", "epoch", "expiration", "expires", "expiry",
     "heartbeat", "mtime", "timestamp", "ts", "unix", "unixtime", "when"});

constexpr auto kOfOthers = std::to_array<std::string_view>(
    {"bits",    "byte",     "bytes",  "count",    "entries", "events", "hits",
     "items",   "length",   "memory", "messages", "misses",  "octets", "packets",
     "records", "requests", "rows",   "size",     "tokens",  "total"});

template <class Words>
bool contains(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

// "jobLastHTTPError" as "job_last_http_error".
std::string in_words(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool upper = is_upper(name[i]);
    const bool after_word = i > 0 && !is_upper(name[i - 1]) && name[i - 1] != '_';
    const bool before_word = i > 0 && is_upper(name[i - 1]) && i + 1 < name.size() &&
                             name[i + 1] >= 'a' && name[i + 1] <= 'z';
    if (upper && (after_word || before_word)) out += '_';
    out += upper ? static_cast<char>(name[i] - 'A' + 'a') : name[i];
  }
  return out;
}

std::string_view last_word(std::string_view words) {
  return words.substr(words.rfind('_') + 1);  // npos + 1 is 0
}

std::string_view without_last_word(std::string_view words) {
  const std::size_t end = words.rfind('_');
  return end == std::string_view::npos ? std::string_view() : words.substr(0, end);
}

// Whether a name that `pattern` ends is of a count: "clients_connected", "jobs_by_state".
bool is_of_count(std::string_view words, std::string_view pattern) {
  for (auto left = std::count(pattern.begin(), pattern.end(), '_'); left > 0; --left)
    words = without_last_word(words);
  const std::string_view word = last_word(words);
  if (contains(kBeforeLabels, word)) return true;
  return word.ends_with('s') && !word.ends_with("ss") && !contains(kOfOne, word);
}

std::string_view without_units(std::string_view words) {
  while (contains(kUnits, last_word(words)))
    words = without_last_word(words);
  return words;
}

bool speaks_of(const NameRule& entry, std::string_view name, std::string_view words) {
  if (entry.rule == GaugeRule::All) return text::glob_match(entry.pattern, name);
  if (entry.of_one && is_of_count(words, entry.pattern)) return false;
  std::string_view pattern = entry.pattern;
  if (pattern.ends_with(kUnitPart)) {
    const std::size_t size = words.size();
    words = without_units(words);
    if (words.size() == size) return false;
    pattern.remove_suffix(kUnitPart.size());
  }
  if (text::glob_match(pattern, words)) return true;
  return !entry.of_one && pattern.starts_with("*_") && text::glob_match(pattern.substr(2), words);
}

TimeScales scales_of(std::string_view unit) {
  if (unit.starts_with("ms") || unit.starts_with("milli")) return kTimeInMilliseconds;
  if (unit.starts_with("us") || unit.starts_with("micro")) return kTimeInMicroseconds;
  if (unit.starts_with("ns") || unit.starts_with("nano")) return kTimeInNanoseconds;
  return kTimeInSeconds | kTimeInMilliseconds | kTimeInMicroseconds | kTimeInNanoseconds;
}

}  // namespace

std::span<const NameRule> name_rules() {
  return kByName;
}

TimeScales time_scales(std::string_view name) {
  const std::string text = in_words(name);
  std::string_view words = text;
  TimeScales scales = scales_of({});
  bool time = false;
  for (; contains(kUnits, last_word(words)); words = without_last_word(words)) {
    scales &= scales_of(last_word(words));
    time = time || contains(kOfTimes, last_word(words));
  }
  const std::string_view last = last_word(words);
  const std::string_view before = last_word(without_last_word(words));
  const bool of_time = contains(kOfTimes, last);
  if (contains(kPointsInTime, last) || (of_time && contains(kBeforeTimes, before)) ||
      (last == "time" && contains(kOfTimes, before))) {
    return scales;
  }
  for (; !words.empty(); words = without_last_word(words)) {
    if (contains(kOfOthers, last_word(words))) return kNoTime;
    time = time || contains(kOfTimes, last_word(words));
  }
  return time ? scales : kNoTime;
}

GaugeRules::Choice GaugeRules::choose(std::string_view name, metrics::Type type, Kind kind) const {
  for (const auto& [pattern, rule] : configured_) {
    if (text::glob_match(pattern, name)) return {rule};
  }
  if (type == metrics::Type::Untyped) return {GaugeRule::All};
  if (const auto* declared = metrics::find_declaration(name)) return {declared->rule};
  if (kind == Kind::StateSet) return {GaugeRule::Max};  // shown if any worker is in the state
  for (const auto& [suffix, rule] : kBesideDistributions) {
    if (kind == Kind::OfDistribution && name.ends_with(suffix)) return {rule};
  }
  const std::string words = in_words(name);
  for (const NameRule& entry : kByName) {
    if (speaks_of(entry, name, words)) return {entry.rule};
  }
  return {GaugeRule::Sum, true};
}

}  // namespace holdfast::supervisor::telemetry
