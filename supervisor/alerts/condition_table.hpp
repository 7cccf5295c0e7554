// SPDX-License-Identifier: Apache-2.0
#pragma once

// The table of conditions: every alert that there is, with what it takes to fire. It feeds /status,
// its page, `holdfast alerts` and the receivers. The Prometheus rules in docker/prometheus/ have
// the same alerts with the same severities and times, and docs/runbooks/ a page for each; tests
// hold them together.
//
// Threads: any; pure.

#include "common/config/config.hpp"
#include "supervisor/alerts/alert.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace holdfast::supervisor::alerts {

struct Condition {
  enum class Kind {
    State,      // something lasts: fires once it has lasted for `hold`
    Event,      // something happens: fires at `count` events within `window`
    Elsewhere,  // only Prometheus can tell
  };
  std::string_view name;
  Severity severity = Severity::Warning;
  Kind kind = Kind::State;
  Duration hold{};
  std::uint32_t count = 0;
  Duration window{};
  Duration threshold{};          // HoldfastQueueBacklog: of the oldest job's waiting time
  std::string_view description;  // what it means, and what to do
  std::string_view only_here;    // why Prometheus has no such rule; empty: it has one
};

std::span<const Condition> conditions();
const Condition* find_condition(std::string_view name);  // nullptr: there is none

// What applies to one alert: the table, changed by [alerts] and [alert_rule.NAME].
struct RuleSettings {
  bool enabled = true;
  Severity severity = Severity::Warning;
  Duration hold{};
  std::uint32_t count = 1;
  Duration window{};
  Duration threshold{};
  Duration cooldown{};
};
RuleSettings settings_of(const Condition& condition, const config::Config& config);

// Where people find what to do: a URL, or the path of the page in this documentation.
std::string runbook_of(std::string_view name, const config::Alerts& alerts);

std::string_view to_string(Severity severity);  // "critical"
Severity severity_of(std::string_view text);    // Warning if it is none

}  // namespace holdfast::supervisor::alerts
