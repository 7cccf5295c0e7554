// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/conditions.hpp"

#include "common/base/duration.hpp"
#include "supervisor/state/health.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::supervisor::alerts {

namespace {

using telemetry::Reach;
using Alerts = std::vector<ActiveAlert>;

std::string last_failure(const core::SlotView& slot) {
  if (!slot.last_error.empty()) return slot.last_error;
  return slot.last_exit ? core::describe(*slot.last_exit) : "it never started";
}

void add_workers(const core::ProgramView& program, Alerts& alerts) {
  for (const core::SlotView& slot : program.slots) {
    if (lacks_store(program, slot)) continue;  // one outage, one alert
    const std::string worker = fmt::format("{}.{}", program.config->name, slot.id.slot);
    if (slot.memory_high_since) {
      alerts.push_back({"HoldfastMemoryHigh", "warning", worker,
                        fmt::format("{} uses more than memory_high, {}", worker,
                                    format_bytes(program.config->memory_high)),
                        slot.memory_high_since, program.config->name});
    }
    if (core::in_crash_loop(slot)) {
      alerts.push_back({"HoldfastWorkerCrashLooping", "critical", worker,
                        fmt::format("{} keeps crashing: {}", worker, last_failure(slot)),
                        slot.crash_loop_since, program.config->name});
    } else if (program.schedule && program.schedule->last && !program.schedule->last->ok) {
      alerts.push_back(
          {"HoldfastScheduledRunFailed", "warning", worker,
           fmt::format("the last run of {} failed: {}", program.config->name, last_failure(slot)),
           program.schedule->last->started_at + program.schedule->last->took,
           program.config->name});
    } else if (slot.state == core::SlotState::Failed) {
      alerts.push_back(
          {"HoldfastWorkerCrashLooping", "critical", worker,
           fmt::format("{} has failed and is not restarted: {}", worker, last_failure(slot)),
           slot.since, program.config->name});
    }
  }
}

// A stack that is still starting lacks workers, but that is no reason for an alert.
void add_fleet(const FleetSnapshot& snapshot, bool store_is_out, Alerts& alerts) {
  const bool degraded = health_of(snapshot) == FleetHealth::Degraded;
  for (const core::ProgramView& program : snapshot.view.programs) {
    add_workers(program, alerts);
    const config::Program& config = *program.config;
    if (!degraded || !is_missed(program)) continue;
    // Holdfast's own programs lack the store, or wait for one that does.
    if (store_is_out && is_own_worker(config)) continue;
    alerts.push_back({"HoldfastNotReady", "critical", config.name, shortfall(program), std::nullopt,
                      config.name});
  }
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

void add_reach(const std::optional<Reach>& reach, std::string name, std::string_view thing,
               std::string severity, Alerts& alerts) {
  if (!reach || reach->reached == reach->workers) return;
  alerts.push_back(
      {std::move(name), std::move(severity), "",
       fmt::format("{} is reachable from {} of {} workers", thing, reach->reached, reach->workers),
       std::nullopt});
}

void add_queues(const telemetry::Totals& latest, Duration threshold, Alerts& alerts) {
  for (const auto& [queue, seconds] : latest.oldest_job_seconds) {
    if (seconds <= std::chrono::duration<double>(threshold).count()) continue;
    const auto age = std::chrono::seconds(static_cast<std::int64_t>(seconds));
    alerts.push_back(
        {"HoldfastQueueBacklog", "warning", queue,
         fmt::format("jobs in {} have been waiting for {}", queue, format_duration(age)),
         std::nullopt});
  }
}

void add_api_keys(const telemetry::Totals& latest, Alerts& alerts) {
  const double number = latest.api_keys_expiring.value_or(0);
  if (number < 1) return;
  const bool one = number < 2;
  alerts.push_back({"HoldfastApiKeyExpiring", "warning", "",
                    fmt::format("{:.0f} API {} soon", number, one ? "key expires" : "keys expire"),
                    std::nullopt});
}

// As in alert_rules.yml.
constexpr double kLeastDiskFree = 256.0 * (1 << 20);
constexpr double kLongestStoreLog = 1024.0 * (1 << 20);

void add_store_space(const telemetry::Totals& latest, Alerts& alerts) {
  constexpr double kMiB = 1 << 20;
  std::string summary;
  if (latest.store_disk_free && *latest.store_disk_free < kLeastDiskFree) {
    summary = fmt::format("{:.0f} MiB are left for the database", *latest.store_disk_free / kMiB);
  } else if (latest.store_log_bytes > kLongestStoreLog) {
    summary = fmt::format("the log of the database has grown to {:.0f} MiB",
                          latest.store_log_bytes / kMiB);
  } else {
    return;
  }
  alerts.push_back({"HoldfastStoreSpaceLow", "warning", "", summary, std::nullopt});
}

bool is_coming_up(const core::SlotView& slot) {
  switch (slot.state) {
    case core::SlotState::Starting:
    case core::SlotState::Unhealthy:
    case core::SlotState::Stopping:
    case core::SlotState::Backoff:
    case core::SlotState::CrashLoop: return !slot.stopped_by_hand;
    default: return false;
  }
}

bool all_report(const FleetSnapshot& snapshot) {
  const auto& programs = snapshot.view.programs;
  return std::none_of(programs.begin(), programs.end(), [](const core::ProgramView& program) {
    return is_own_worker(*program.config) &&
           std::any_of(program.slots.begin(), program.slots.end(), is_coming_up);
  });
}

}  // namespace

bool is_known(std::string_view name, const std::string& target, const FleetSnapshot& snapshot,
              const std::optional<telemetry::Totals>& latest) {
  const telemetry::Totals none;
  const telemetry::Totals& totals = latest ? *latest : none;
  const auto each = [&](const std::optional<Reach>& reach) {
    return reach.has_value() && all_report(snapshot);
  };
  if (name == "HoldfastStoreUnavailable") return each(totals.database);
  if (name == "HoldfastRedisUnavailable") return each(totals.redis);
  if (name == "HoldfastEmbeddingUnavailable") return each(totals.embedding);
  if (name == "HoldfastQueueBacklog") return totals.oldest_job_seconds.contains(target);
  if (name == "HoldfastApiKeyExpiring") return totals.api_keys_expiring.has_value();
  if (name == "HoldfastStoreSpaceLow")
    return totals.store_disk_free.has_value() || totals.store_log_bytes > 0;
  return true;
}

void sort_by_severity(Alerts& alerts) {
  const auto rank = [](const ActiveAlert& alert) {
    return alert.severity == "critical" ? 0 : alert.severity == "warning" ? 1 : 2;
  };
  std::stable_sort(alerts.begin(), alerts.end(),
                   [&](const ActiveAlert& a, const ActiveAlert& b) { return rank(a) < rank(b); });
}

Alerts active_alerts(const FleetSnapshot& snapshot, const std::optional<telemetry::Totals>& latest,
                     Duration backlog_threshold) {
  Alerts alerts;
  const Reach database = latest ? latest->database.value_or(Reach{}) : Reach{};
  const auto outage = store_outage(snapshot, database.reached, database.workers, database.cut_off);
  add_fleet(snapshot, outage.has_value(), alerts);
  if (outage) {
    alerts.push_back({"HoldfastStoreUnavailable", "critical", "", *outage, std::nullopt});
  } else if (latest) {
    add_reach(latest->database, "HoldfastStoreUnavailable", "the database", "critical", alerts);
  }
  if (latest) add_reach(latest->redis, "HoldfastRedisUnavailable", "Redis", "warning", alerts);
  if (latest) {
    add_reach(latest->embedding, "HoldfastEmbeddingUnavailable", "the embedding provider",
              "warning", alerts);
  }
  for (const ListenerTrouble& trouble : snapshot.listener_troubles) {
    alerts.push_back({"HoldfastListenerShutDown", trouble.reopened ? "warning" : "critical",
                      trouble.listener, trouble.message, trouble.since});
  }
  if (!snapshot.last_reload_ok) {
    alerts.push_back({"HoldfastReloadFailed", "warning", "",
                      "the last reload failed: " + first_line(snapshot.last_reload_error),
                      std::nullopt});
  }
  if (latest) add_queues(*latest, backlog_threshold, alerts);
  if (latest) add_api_keys(*latest, alerts);
  if (latest) add_store_space(*latest, alerts);
  sort_by_severity(alerts);
  return alerts;
}

}  // namespace holdfast::supervisor::alerts
