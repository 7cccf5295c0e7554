// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/condition_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace holdfast::supervisor::alerts {

namespace {

using namespace std::chrono_literals;
using enum Severity;
using enum Condition::Kind;

constexpr Condition state_row(std::string_view name, Severity severity, Duration hold,
                              std::string_view description) {
  return {name, severity, State, hold, 0, {}, {}, description, {}};
}

constexpr Condition event_row(std::string_view name, Severity severity, std::uint32_t count,
                              Duration window, std::string_view description,
                              std::string_view only_here = {}) {
  return {name, severity, Event, {}, count, window, {}, description, only_here};
}

constexpr Condition elsewhere(std::string_view name, Severity severity, Duration hold) {
  return {name, severity, Elsewhere, hold, 0, {}, {}, {}, {}};
}

constexpr Condition with_threshold(Condition condition, Duration threshold) {
  condition.threshold = threshold;
  return condition;
}

constexpr std::array kTable{
    state_row("HoldfastNotReady", Critical, 30s,
              "A required program has too few ready workers. Load balancers send the stack no "
              "traffic. `holdfast status` says what is missing."),
    state_row(
        "HoldfastWorkerCrashLooping", Critical, 0s,
        "The worker exits again and again, or has failed for good. In a crash loop it is tried "
        "every 30 s; one that has failed waits for `holdfast start`."),
    state_row("HoldfastStoreUnavailable", Critical, 1min,
              "Workers cannot use the store: documents and jobs can be neither read nor written."),
    state_row(
        "HoldfastRedisUnavailable", Warning, 5min,
        "API workers cannot reach Redis. They limit clients by themselves, so a client may get "
        "more requests than configured."),
    state_row(
        "HoldfastListenerShutDown", Warning, 0s,
        "A program that shares the listener has called shutdown(2) on it, or the file of a Unix "
        "socket was removed, so that nobody could connect. It will happen again."),
    state_row(
        "HoldfastReloadFailed", Warning, 0s,
        "The configuration file is invalid, or could not be applied. What ran before goes on; a "
        "restart of the supervisor would fail."),
    state_row("HoldfastScheduledRunFailed", Warning, 0s,
              "A program with a schedule has ended with an error. It runs again at its next time."),
    state_row(
        "HoldfastMemoryHigh", Warning, 5min,
        "Replacing the worker has not helped: memory_high is too low for its load, or it grows "
        "too fast."),
    state_row(
        "HoldfastEmbeddingUnavailable", Warning, 5min,
        "The embedding provider takes no texts from some workers. Jobs wait and lose no attempts; "
        "searches find what they find by words alone. The workers' status says why."),
    with_threshold(
        state_row("HoldfastQueueBacklog", Warning, 5min,
                  "Jobs that are due wait for too long: there are too few queue workers, "
                  "or they are too slow, or stopped."),
        300s),
    state_row(
        "HoldfastStoreSpaceLow", Warning, 1min,
        "The file system of the database is nearly full, or the database's log is not emptied. "
        "Once nothing is left, no document is accepted."),
    state_row("HoldfastApiKeyExpiring", Warning, 0s,
              "API keys expire soon, and their clients will get 401. `holdfast api-key list` shows "
              "which; `holdfast api-key rotate` replaces one without a gap."),
    event_row("HoldfastWorkerCrashed", Warning, 1, 5min,
              "A worker ended without being asked to, and was started again. Requests on its "
              "connections were lost; its jobs run again."),
    event_row("HoldfastOutOfMemory", Critical, 1, 5min,
              "A worker was ended because it, or the machine, had no memory left. Raise its "
              "memory_max, run fewer workers, or find what grows."),
    event_row("HoldfastWorkerHung", Warning, 1, 15min,
              "A worker sent no heartbeat within its watchdog time. It was made to print its stack "
              "and was replaced."),
    event_row("HoldfastWorkerUnhealthy", Warning, 1, 15min,
              "A worker failed its health checks several times in a row, and was replaced."),
    event_row("HoldfastErrorRateHigh", Warning, 5, 5min,
              "The program reports errors: log lines of level error, answers of 5xx, or dead jobs. "
              "`holdfast logs` shows the lines."),
    event_row("HoldfastJobsDying", Warning, 1, 15min,
              "Jobs used up their attempts, or crashed their worker too often. Their documents are "
              "marked failed; `POST /api/jobs/{id}/retry` tries one again."),
    event_row(
        "HoldfastShutdownForced", Warning, 1, 5min,
        "Programs did not stop within the shutdown deadline and were killed. What they were at "
        "is lost, or runs again.",
        "the supervisor ends before it could be scraped"),
    event_row("HoldfastUncleanRestart", Critical, 1, 5min,
              "The supervisor that ran before did not shut down: it was killed, or crashed, or the "
              "machine lost power. The stack was down until it was started again.",
              "the counter would be new with the supervisor; HoldfastDown covers the outage"),
    elsewhere("HoldfastDown", Critical, 1min),
    elsewhere("HoldfastFleetBelowWanted", Warning, 5min),
    elsewhere("HoldfastErrorRatioHigh", Critical, 5min),
    elsewhere("HoldfastLatencyHigh", Warning, 10min),
    elsewhere("HoldfastTelemetryStale", Warning, 5min),
};

}  // namespace

std::span<const Condition> conditions() {
  return kTable;
}

const Condition* find_condition(std::string_view name) {
  const auto found = std::find_if(kTable.begin(), kTable.end(),
                                  [&](const Condition& one) { return one.name == name; });
  return found == kTable.end() ? nullptr : &*found;
}

RuleSettings settings_of(const Condition& condition, const config::Config& config) {
  RuleSettings settings;
  settings.severity = condition.severity;
  settings.hold = condition.hold;
  settings.count = std::max(condition.count, 1u);
  settings.window = condition.window;
  settings.threshold = condition.threshold;
  settings.cooldown = config.alerts.cooldown;
  const auto found = config.alert_rules.find(std::string(condition.name));
  if (found == config.alert_rules.end()) return settings;
  const config::AlertRule& rule = found->second;
  settings.enabled = rule.enabled;
  if (!rule.severity.empty()) settings.severity = severity_of(rule.severity);
  settings.hold = rule.hold.value_or(settings.hold);
  settings.count = rule.count.value_or(settings.count);
  settings.window = rule.window.value_or(settings.window);
  settings.threshold = rule.threshold.value_or(settings.threshold);
  settings.cooldown = rule.cooldown.value_or(settings.cooldown);
  return settings;
}

std::string runbook_of(std::string_view name, const config::Alerts& alerts) {
  if (alerts.runbook_url.empty()) return fmt::format("docs/runbooks/{}.md", name);
  const char* const slash = alerts.runbook_url.ends_with('/') ? "" : "/";
  return fmt::format("{}{}{}.md", alerts.runbook_url, slash, name);
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::Info: return "info";
    case Severity::Warning: return "warning";
    case Severity::Critical: return "critical";
  }
  return "warning";
}

Severity severity_of(std::string_view text) {
  if (text == "info") return Severity::Info;
  return text == "critical" ? Severity::Critical : Severity::Warning;
}

}  // namespace holdfast::supervisor::alerts
