// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/ready_json.hpp"

#include "supervisor/state/health.hpp"
#include "supervisor/status/program_json.hpp"

namespace holdfast::supervisor::status {

namespace {

using nlohmann::ordered_json;
using telemetry::Reach;
using telemetry::Totals;

std::optional<std::string> outage_of(const FleetSnapshot& snapshot, const Latest& latest) {
  const Reach database = latest ? latest->database.value_or(Reach{}) : Reach{};
  return store_outage(snapshot, database.reached, database.workers, database.cut_off);
}

ordered_json readiness_json(const FleetSnapshot& snapshot, const Latest& latest) {
  ordered_json out;
  const auto outage = outage_of(snapshot, latest);
  out["status"] = snapshot.view.ready && !outage ? "pass" : "fail";
  if (snapshot.view.draining) {
    out["reason"] = "draining";
  } else if (outage) {
    out["reason"] = *outage;
  } else if (!snapshot.view.ready) {
    std::string waiting;
    for (const core::ProgramView& program : snapshot.view.programs) {
      if (!is_missed(program)) continue;
      waiting += (waiting.empty() ? "" : "; ") + shortfall(program);
    }
    out["reason"] = waiting.empty() ? "starting" : waiting;
  }
  return out;
}

const char* status_of(const Reach& reach) {
  if (reach.reached == reach.workers) return "pass";
  return reach.reached == 0 ? "fail" : "warn";
}

ordered_json reach_json(const std::optional<Reach>& reach, const char* if_unknown) {
  if (!reach) return {{"status", if_unknown}};
  return {
      {"status", status_of(*reach)}, {"reached_by", reach->reached}, {"workers", reach->workers}};
}

ordered_json queue_json(const Totals& latest) {
  if (!latest.queues) return {{"status", "unknown"}};
  ordered_json out{{"status", "pass"}, {"queues", ordered_json::object()}};
  for (const auto& [queue, states] : *latest.queues)
    out["queues"][queue] = states;
  return out;
}

ordered_json checks_json(const Totals& latest) {
  // Workers that report the database but not Redis, or no embedding provider, do not use one.
  const char* const unused = latest.database ? "unused" : "unknown";
  return {{"database", reach_json(latest.database, "unknown")},
          {"redis", reach_json(latest.redis, unused)},
          {"embedding", reach_json(latest.embedding, unused)},
          {"queue", queue_json(latest)}};
}

ordered_json with_checks(const FleetSnapshot& snapshot, const Latest& latest) {
  ordered_json out = readiness_json(snapshot, latest);
  out["checks"] = checks_json(latest.value_or(Totals{}));
  if (!snapshot.store.empty()) out["checks"]["database"].update(store_json(snapshot.store));
  if (outage_of(snapshot, latest)) out["checks"]["database"]["status"] = "fail";
  for (const auto& check : out["checks"]) {
    const bool failing = check["status"] == "fail" || check["status"] == "warn";
    if (failing && out["status"] == "pass") out["status"] = "warn";
  }
  return out;
}

}  // namespace

FleetHealth health_with_store(const FleetSnapshot& snapshot, const Latest& latest) {
  const FleetHealth health = health_of(snapshot);
  return health == FleetHealth::Ready && outage_of(snapshot, latest) ? FleetHealth::Degraded
                                                                     : health;
}

bool takes_traffic(const FleetSnapshot& snapshot, const Latest& latest) {
  return snapshot.view.ready && !outage_of(snapshot, latest);
}

std::string ready_json(const FleetSnapshot& snapshot, const Latest& latest) {
  ordered_json out = with_checks(snapshot, latest);
  bool reported = false;
  for (auto& check : out["checks"]) {
    reported = reported || check["status"] != "unknown";
    check = {{"status", check["status"]}};
  }
  // A stack without Holdfast's own workers has nobody who would ever report.
  if (!reported) out.erase("checks");
  return text_of(out);
}

std::string ready_json_verbose(const FleetSnapshot& snapshot, const Latest& latest) {
  ordered_json out = with_checks(snapshot, latest);
  out["programs"] = ordered_json::array();
  for (const core::ProgramView& program : snapshot.view.programs)
    out["programs"].push_back(program_json(program));
  return text_of(out);
}

}  // namespace holdfast::supervisor::status
