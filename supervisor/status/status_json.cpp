// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/status_json.hpp"

#include "common/base/duration.hpp"
#include "common/base/version.hpp"
#include "common/config/slot_text.hpp"
#include "common/log/redact.hpp"
#include "supervisor/state/health.hpp"
#include "supervisor/status/program_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace holdfast::supervisor::status {

namespace {

using nlohmann::ordered_json;

double seconds_between(MonoTime from, MonoTime to) {
  const double seconds = std::chrono::duration<double>(to - from).count();
  return std::max(0.0, std::round(seconds * 1000) / 1000);
}

ordered_json exit_json(const core::ExitStatus& status) {
  ordered_json out;
  out[status.signaled ? "signal" : "code"] = status.value;
  out["text"] = core::describe(status);
  return out;
}

ordered_json worker_json(const core::ProgramView& program, const core::SlotView& slot, MonoTime now,
                         const UsageOf& usage, const LastCrashes& crashes) {
  ordered_json out;
  const std::string name = fmt::format("{}.{}", program.config->name, slot.id.slot);
  out["name"] = name;
  out["state"] = core::to_string(slot.state);
  out["state_seconds"] = seconds_between(slot.since, now);
  out["incarnation"] = slot.incarnation;
  out["restarts"] = slot.restarts;
  out["starts"] = slot.starts;
  if (slot.pid != 0) {
    out["pid"] = slot.pid;
    out["uptime_seconds"] = seconds_between(slot.started_at, now);
    const ProcessUsage used = usage(slot.pid);
    if (used.memory_bytes >= 0) out["memory_bytes"] = used.memory_bytes;
    if (used.cpu_percent >= 0) out["cpu_percent"] = std::round(used.cpu_percent * 10) / 10;
  }
  if (slot.retiring_pid != 0) {
    out["retiring"] = {{"pid", slot.retiring_pid}, {"incarnation", slot.retiring_incarnation}};
  }
  if (!slot.status.empty()) out["status"] = log::redact_text(slot.status);
  if (slot.last_exit) out["last_exit"] = exit_json(*slot.last_exit);
  if (const auto crash = crashes.find(name); crash != crashes.end())
    out["last_crash"] = crash->second;
  if (!slot.last_error.empty()) out["last_error"] = log::redact_text(slot.last_error);
  if (!program.config->log_file.empty()) {
    const config::Program& config = *program.config;
    out["log_file"] = config::expand_slot_names(
        config.log_file.native(), {fmt::format("{}.{}", config.name, slot.id.slot), slot.id.slot,
                                   config.port + slot.id.slot});
  }
  if (core::in_crash_loop(slot)) out["crash_looping"] = true;
  if (slot.retry_at) out["retry_in_seconds"] = seconds_between(now, *slot.retry_at);
  return out;
}

std::string wall_text(const FleetSnapshot& snapshot, MonoTime time) {
  return format_rfc3339(snapshot.taken_at_wall +
                        std::chrono::duration_cast<WallTime::duration>(time - snapshot.taken_at));
}

ordered_json schedule_json(const FleetSnapshot& snapshot, const core::ProgramView& program) {
  const config::Program& config = *program.config;
  const core::ScheduleView& schedule = *program.schedule;
  ordered_json out;
  if (config.schedule.empty()) {
    out["every"] = format_duration(config.every);
  } else {
    out["expression"] = config.schedule;
    out["timezone"] = config.timezone;
  }
  if (schedule.next_at) out["next_run_at"] = wall_text(snapshot, *schedule.next_at);
  if (schedule.queued) out["queued"] = true;
  if (schedule.last) {
    out["last_run"] = {{"started_at", wall_text(snapshot, schedule.last->started_at)},
                       {"seconds", seconds_between(MonoTime{}, MonoTime{schedule.last->took})},
                       {"ok", schedule.last->ok}};
  }
  out["runs"] = {{"succeeded", schedule.counts.succeeded},
                 {"failed", schedule.counts.failed},
                 {"skipped", schedule.counts.skipped},
                 {"missed", schedule.counts.missed}};
  return out;
}

ordered_json watch_json(const FleetSnapshot& snapshot, const core::ProgramView& program) {
  const auto found = snapshot.watches.find(program.config->name);
  const WatchState state = found == snapshot.watches.end() ? WatchState{} : found->second;
  ordered_json out{{"active", state.active}};
  if (state.active) out["directories"] = state.directories;
  if (!state.problem.empty()) out["problem"] = state.problem;
  out["restarts"] = program.changed ? program.changed->count : 0;
  if (program.changed) {
    out["last_change"] = {{"file", program.changed->file},
                          {"restarted_at", wall_text(snapshot, program.changed->at)}};
  }
  return out;
}

ordered_json alert_json(const alerts::ActiveAlert& alert, MonoTime now) {
  ordered_json out{{"name", alert.name}, {"severity", alert.severity}};
  if (!alert.target.empty()) out["target"] = alert.target;
  out["summary"] = log::redact_text(alert.summary);
  if (alert.since) out["active_seconds"] = seconds_between(*alert.since, now);
  out["firing"] = alert.firing;
  if (alert.count > 0) out["count"] = alert.count;
  if (!alert.silenced_until.empty()) out["silenced_until"] = alert.silenced_until;
  return out;
}

// The keys of a program that the kernel was to enforce and does not.
std::vector<std::string> not_enforced(const config::Program& program, const KernelLimits& limits) {
  const auto enforced = [&](const char* controller) {
    return std::find(limits.controllers.begin(), limits.controllers.end(), controller) !=
           limits.controllers.end();
  };
  std::vector<std::string> keys;
  if (program.memory_max > 0 && !enforced("memory")) keys.emplace_back("memory_max");
  if (program.cpu_weight > 0 && !enforced("cpu")) keys.emplace_back("cpu_weight");
  if (program.pids_max > 0 && !enforced("pids")) keys.emplace_back("pids_max");
  return keys;
}

ordered_json cgroups_json(const FleetSnapshot& snapshot) {
  const KernelLimits& limits = snapshot.kernel_limits;
  ordered_json out{{"delegated", limits.delegated}, {"controllers", limits.controllers}};
  if (!limits.delegated) out["why_not"] = limits.why_not;
  for (const core::ProgramView& program : snapshot.view.programs) {
    const auto keys = not_enforced(*program.config, limits);
    if (!keys.empty()) out["not_enforced"][program.config->name] = keys;
  }
  return out;
}

ordered_json event_object(const EventRecord& event) {
  ordered_json out{{"seq", event.seq}, {"time", format_rfc3339(event.time)}, {"kind", event.kind}};
  if (!event.program.empty()) out["program"] = event.program;
  if (!event.worker.empty()) out["worker"] = event.worker;
  if (event.incarnation != 0) out["incarnation"] = event.incarnation;
  out["message"] = event.message;
  if (!event.crash.empty()) out["crash"] = event.crash;
  if (!event.stack.empty()) out["stack"] = event.stack;
  return out;
}

}  // namespace

std::string status_json(const FleetSnapshot& snapshot, MonoTime now, const UsageOf& usage,
                        const std::vector<alerts::ActiveAlert>& active, const Latest& latest,
                        const LastCrashes& crashes) {
  ordered_json out;
  out["schema"] = kStatusSchema;
  out["version"] = kVersion;
  out["state"] = to_string(health_with_store(snapshot, latest));
  out["ready"] = takes_traffic(snapshot, latest);
  out["draining"] = snapshot.view.draining;
  out["pid"] = snapshot.pid;
  out["started_at"] = format_rfc3339(snapshot.started_at_wall);
  out["uptime_seconds"] = seconds_between(snapshot.started_at, now);
  const ProcessUsage own = usage(snapshot.pid);
  if (own.memory_bytes >= 0) out["memory_bytes"] = own.memory_bytes;
  out["last_reload_ok"] = snapshot.last_reload_ok;
  if (!snapshot.last_reload_ok)
    out["last_reload_error"] = log::redact_text(snapshot.last_reload_error);
  if (snapshot.view.reloading) out["reloading"] = true;
  for (const auto& [name, level] : snapshot.log_levels)
    out["log_levels"][name] = log::to_string(level);
  out["cgroups"] = cgroups_json(snapshot);
  if (!snapshot.store.empty()) out["store"] = store_json(snapshot.store);
  out["listeners"] = ordered_json::object();
  for (const auto& [name, address] : snapshot.listeners)
    out["listeners"][name] = address;
  out["alerts"] = ordered_json::array();
  for (const alerts::ActiveAlert& alert : active)
    out["alerts"].push_back(alert_json(alert, now));
  out["programs"] = ordered_json::array();
  for (const core::ProgramView& program : snapshot.view.programs) {
    ordered_json entry = program_json(program);
    if (!program.config->groups.empty()) entry["groups"] = program.config->groups;
    if (program.schedule) entry["schedule"] = schedule_json(snapshot, program);
    if (!program.config->watch.empty()) entry["watch"] = watch_json(snapshot, program);
    if (!program.differs.empty()) entry["differs"] = program.differs;
    entry["workers"] = ordered_json::array();
    for (const core::SlotView& slot : program.slots) {
      entry["workers"].push_back(worker_json(program, slot, now, usage, crashes));
    }
    out["programs"].push_back(std::move(entry));
  }
  return text_of(out);
}

std::string health_json(const FleetSnapshot& snapshot, MonoTime now, const Latest& latest) {
  ordered_json out;
  out["status"] = "ok";
  out["state"] = to_string(health_with_store(snapshot, latest));
  out["version"] = kVersion;
  out["uptime_seconds"] = seconds_between(snapshot.started_at, now);
  return out.dump();
}

std::string event_json(const EventRecord& event) {
  return text_of(event_object(event));
}

std::string events_json(const std::vector<EventRecord>& events, std::uint64_t last_seq) {
  ordered_json out;
  out["last_seq"] = last_seq;
  out["events"] = ordered_json::array();
  for (const EventRecord& event : events)
    out["events"].push_back(event_object(event));
  return text_of(out);
}

}  // namespace holdfast::supervisor::status
