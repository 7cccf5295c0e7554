// SPDX-License-Identifier: Apache-2.0
#pragma once

// Chooses the rule that merges a gauge: the first matching glob of the configuration, else the
// catalogue, else its type (a state set), else its name (*_info, *_timestamp_seconds, …), else the
// sum over live workers. Untyped metrics are shown per worker unless the configuration says
// otherwise.
//
// Threads: immutable after construction.

#include "common/metrics/catalogue.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::supervisor::telemetry {

// Names are compared in lower case, their words separated by underscores: jobLastSuccessTime is
// job_last_success_time. A pattern that begins with "*_" speaks of the bare rest, too.
struct NameRule {
  std::string_view pattern;  // a glob; `_<unit>` at its end: one unit of time or more
  metrics::GaugeRule rule = metrics::GaugeRule::Sum;
  // Not after a plural: "db_connected" is a flag, "clients_connected" and "jobs_by_state" are
  // counts.
  bool of_one = false;
};

// What a name says of its gauge; the first that matches decides. docs/metrics.md has the same.
std::span<const NameRule> name_rules();

// The units in which a time since 1970 may be given, as bits.
using TimeScales = unsigned;
inline constexpr TimeScales kNoTime = 0;
inline constexpr TimeScales kTimeInSeconds = 1;
inline constexpr TimeScales kTimeInMilliseconds = 2;
inline constexpr TimeScales kTimeInMicroseconds = 4;
inline constexpr TimeScales kTimeInNanoseconds = 8;

// Whether a value of a gauge that no rule speaks of may be a time, and in what: its name has a word
// for one, and is not of what is counted or measured in bytes. By the value alone 2e9 bytes would
// be one, too.
TimeScales time_scales(std::string_view name);

// A time between 2001 and 2096 in one of these.
inline bool looks_like_time(double value, TimeScales scales) {
  double lowest = 1e9;
  for (TimeScales scale = kTimeInSeconds; scale <= kTimeInNanoseconds; scale <<= 1, lowest *= 1000)
    if ((scales & scale) != 0 && value >= lowest && value <= 4 * lowest) return true;
  return false;
}

class GaugeRules {
 public:
  using Configured = std::vector<std::pair<std::string, metrics::GaugeRule>>;

  GaugeRules() = default;
  explicit GaugeRules(Configured configured) : configured_(std::move(configured)) {}

  enum class Kind : std::uint8_t {
    Plain,
    StateSet,        // its series are the states of one thing, 1 or 0
    OfDistribution,  // "took_max" in an answer with the histogram or summary "took"
  };
  struct Choice {
    metrics::GaugeRule rule = metrics::GaugeRule::Sum;
    bool by_default = false;  // no rule speaks of it
  };
  Choice choose(std::string_view name, metrics::Type type = metrics::Type::Gauge,
                Kind kind = Kind::Plain) const;

 private:
  Configured configured_;
};

}  // namespace holdfast::supervisor::telemetry
