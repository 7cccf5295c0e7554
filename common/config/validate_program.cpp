// SPDX-License-Identifier: Apache-2.0
#include "common/base/duration.hpp"
#include "common/config/environment.hpp"
#include "common/config/fields.hpp"
#include "common/config/names.hpp"
#include "common/config/replacement.hpp"
#include "common/config/slot_text.hpp"
#include "common/config/validate.hpp"

#include <algorithm>
#include <cmath>

namespace holdfast::config {

namespace {

// The shortest time in which a slot can reach crash_loop_exits unplanned exits: each time it exits
// at once and waits as little as the back-off allows, or lives just long enough to be restarted
// without a delay.
Duration shortest_crash_loop(const Program& program) {
  double total = 0;
  double delay = static_cast<double>(program.backoff_base.count());
  const double cap = static_cast<double>(program.backoff_cap.count());
  const double settled = static_cast<double>(program.settled_after.count());
  for (std::uint32_t i = 1; i < program.crash_loop_exits; ++i) {
    total += std::min(std::min(delay, cap) * (1 - program.backoff_jitter), settled);
    delay = std::min(delay * program.backoff_factor, cap);
  }
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::nano>(total));
}

void validate_ready(const Program& program, const std::string& section, LoadReport& report) {
  if (report.given(section, "ready") && report.given(section, "ready_log")) {
    report.problem(section, "ready_log", "ready_log: 'ready' is given as well; keep one of them");
  }
  if (program.ready == ReadyKind::Probe && program.ready_interval > program.ready_timeout) {
    report.problem(section, "ready_interval",
                   fmt::format("ready_interval: {} is longer than ready_timeout, {}",
                               format_duration(program.ready_interval),
                               format_duration(program.ready_timeout)));
  }
  if (program.min_ready > program.replicas) {
    report.problem(section, "min_ready",
                   fmt::format("min_ready: {} is more than replicas, {}", program.min_ready,
                               program.replicas));
  }
}

void validate_restart(const Program& program, const std::string& section, LoadReport& report) {
  if (program.backoff_cap < program.backoff_base) {
    report.problem(
        section, "backoff_cap",
        fmt::format("backoff_cap: {} is less than backoff_base, {}",
                    format_duration(program.backoff_cap), format_duration(program.backoff_base)));
  }
  const Duration shortest = shortest_crash_loop(program);
  if (program.restart != RestartPolicy::Never && shortest >= program.crash_loop_window) {
    report.problem(
        section, "crash_loop_window",
        fmt::format(
            "crash_loop_window: a crash loop could never be detected: with this back-off, {} "
            "exits take at least {}, but the window is {}",
            program.crash_loop_exits, format_duration(shortest),
            format_duration(program.crash_loop_window)));
  }
}

void validate_oneshot(const Program& program, const std::string& section, LoadReport& report) {
  if (program.replicas != 1) {
    report.problem(
        section, "replicas",
        fmt::format("replicas: a oneshot program runs once, not {} times", program.replicas));
  }
  if (program.restart == RestartPolicy::Always) {
    report.problem(section, "restart",
                   "restart: a oneshot program is not restarted after exit 0; use \"on-failure\" "
                   "or \"never\"");
  }
}

void validate_slots(const Program& program, const std::string& section, LoadReport& report) {
  if (!program.command.empty() && contains_slot_names(program.command.front())) {
    report.problem(
        section, "command",
        fmt::format("command: '{}' is looked up once for all workers; {{slot}}, {{name}} "
                    "and {{port}} may stand in its arguments",
                    program.command.front()));
  }
  const auto keys = uses_of_port(program);
  if (program.port == 0) {
    for (const char* key : keys) {
      report.problem(section, key,
                     fmt::format("{}: {{port}} has no value without 'port', the port of the first "
                                 "worker",
                                 key));
    }
  } else if (program.port + std::max(program.replicas, 1u) - 1 > kMaxPort) {
    report.problem(section, "port",
                   fmt::format("port: {} workers from {} on need ports above {}", program.replicas,
                               program.port, kMaxPort));
  } else if (keys.empty()) {
    report.warning(section, "port", "port has no effect: {port} stands nowhere in this program");
  }
}

// Holdfast's own workers are configured by what the supervisor has read (handover.hpp).
void validate_own_environment(const Program& program, const std::string& section,
                              LoadReport& report) {
  if (program.command.empty()) return;
  const std::string executable = std::filesystem::path(program.command.front()).filename();
  if (executable != "holdfast-api-worker" && executable != "holdfast-queue-worker") return;
  for (const Variable& variable : known_variables()) {
    if (!program.environment.contains(variable.name)) continue;
    report.warning(section, "environment",
                   fmt::format("environment: {} does not reach the configuration of Holdfast's own "
                               "workers; set {}{}{} instead",
                               variable.name, variable.section, variable.section.empty() ? "" : ".",
                               variable.key));
  }
}

}  // namespace

void validate_program(const Program& program, LoadReport& report) {
  const std::string section = "program." + program.name;
  if (program.command.empty() && !report.given(section, "command")) {
    report.problem(section, "", "command is missing: [\"program\", \"argument\", …]");
  }
  if (program.name == kEveryProgram) {
    report.problem(section, "",
                   "'all' names every program in commands; choose another name for this one");
  }
  validate_ready(program, section, report);
  validate_restart(program, section, report);
  validate_slots(program, section, report);
  if (program.type == ProgramType::Oneshot) validate_oneshot(program, section, report);
  validate_own_environment(program, section, report);
  validate_schedule(program, report);
  validate_watch(program, report);
  validate_probes(program, report);
  const bool told = program.watchdog_source == WatchdogSource::Notify;
  if (told && program.watchdog > 0s && program.watchdog < 3 * program.watchdog_interval) {
    report.problem(
        section, report.given(section, "watchdog") ? "watchdog" : "watchdog_interval",
        fmt::format("watchdog: {} is less than three times watchdog_interval, {}: one "
                    "late heartbeat must not kill a worker",
                    format_duration(program.watchdog), format_duration(program.watchdog_interval)));
  }
  if (program.watchdog_required && program.watchdog == 0s) {
    report.problem(section, "watchdog_required",
                   "watchdog_required: there is no watchdog to require: watchdog is 0s");
  }
  const bool notifies = program.type == ProgramType::Service && program.ready == ReadyKind::Notify;
  if (program.notify_access == NotifyAccess::All && !notifies) {
    report.warning(section, "notify_access",
                   "notify_access has no effect: only a service with ready = \"notify\" gets "
                   "NOTIFY_SOCKET");
  }
  const bool has_address =
      program.metrics.starts_with("http:") || program.metrics.starts_with("unix:");
  if (has_address && program.replicas > 1 && !contains_slot_names(program.metrics)) {
    report.warning(section, "metrics",
                   fmt::format("metrics: {} workers share one address, so only one of "
                               "them is scraped; \"socket\" gives each its own",
                               program.replicas));
  }
  if (program.reload_signal != 0 && program.type == ProgramType::Oneshot) {
    report.warning(section, "reload_signal",
                   "reload_signal has no effect: a oneshot is never ready, so a reload sends it "
                   "nothing");
  }
  if (program.memory_max > 0 && program.memory_high >= program.memory_max) {
    report.problem(section, "memory_high",
                   fmt::format("memory_high: {} is not below memory_max, {}: a worker would be "
                               "stopped before it is replaced",
                               exact_bytes(program.memory_high), exact_bytes(program.memory_max)));
  }
  if (!program.group.empty() && program.user.empty()) {
    report.warning(section, "group", "group is given without user: only the group is changed");
  }
}

}  // namespace holdfast::config
