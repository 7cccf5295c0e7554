// SPDX-License-Identifier: Apache-2.0
#include "common/base/duration.hpp"
#include "common/config/replacement.hpp"
#include "common/config/slot_text.hpp"
#include "common/config/validate.hpp"

namespace holdfast::config {

namespace {

void validate_command(const Probe& probe, const char* key, const std::string& section,
                      LoadReport& report) {
  if (probe.kind == Probe::Kind::Command && contains_slot_names(probe.command.front())) {
    report.problem(section, key,
                   fmt::format("{}: '{}' is looked up once for all workers; {{slot}}, {{name}} "
                               "and {{port}} may stand in its arguments",
                               key, probe.command.front()));
  }
}

void warn_without_probe(const Program& program, const std::string& section, LoadReport& report) {
  const auto idle = [&](const char* key, const char* why) {
    if (report.given(section, key))
      report.warning(section, key, fmt::format("{} has no effect: {}", key, why));
  };
  if (program.ready != ReadyKind::Probe) {
    idle("ready_interval", "'ready' is not a probe");
    idle("ready_probe_timeout", "'ready' is not a probe");
  }
  if (program.ready != ReadyKind::Probe || program.ready_probe.kind != Probe::Kind::Http) {
    idle("ready_host", "'ready' is not an HTTP probe");
    idle("ready_statuses", "'ready' is not an HTTP probe");
  }
  if (program.health.kind != Probe::Kind::Http) {
    idle("health_host", "'health' is not an HTTP probe");
    idle("health_statuses", "'health' is not an HTTP probe");
  }
  if (program.health.asks()) return;
  idle("health_interval", "there is no 'health'");
  idle("health_timeout", "there is no 'health'");
  idle("health_failures", "there is no 'health'");
}

// One address for several workers that is not a socket they inherit: a port can be opened once.
void warn_of_shared_address(const Program& program, const std::string& section,
                            LoadReport& report) {
  const auto warn = [&](const Probe& probe, bool at_socket, const char* key) {
    if (!probe.has_address() || contains_slot_names(probe.address)) return;
    if (program.replicas > 1 && !at_socket) {
      report.warning(section, key,
                     fmt::format("{}: {} workers share the address {}, which only one of them "
                                 "can open; give each its own with {{port}}, or pass them a "
                                 "socket with 'sockets'",
                                 key, program.replicas, to_string(probe)));
    }
  };
  if (program.ready == ReadyKind::Probe)
    warn(program.ready_probe, program.ready_at_socket, "ready");
  warn(program.health, program.health_at_socket, "health");
  // As a heartbeat, only the worker's own answer counts.
  const bool is_heartbeat =
      program.watchdog_source == WatchdogSource::Health && program.watchdog > Duration::zero();
  if (program.health_at_socket && program.replicas > 1 && !is_heartbeat) {
    report.warning(section, "health",
                   fmt::format("health: {} workers accept from one socket, so a worker that "
                               "accepts nothing any more is not noticed while the others do; "
                               "probe an address of each worker's own, with {{port}} or {{name}}",
                               program.replicas));
  }
}

void warn_of_overlap(const Program& program, const std::string& section, LoadReport& report) {
  if (program.replace != Replace::Overlap) return;
  const auto warn = [&](const std::string& why) {
    report.warning(section, "replace", "replace: \"overlap\" cannot work: " + why);
  };
  if (!uses_of_port(program).empty()) {
    warn("the new process has the same {port} as the old one, which still has it open");
  } else if (program.ready == ReadyKind::Started) {
    warn(
        "with ready = \"started\" nothing shows that the new process can serve before the old "
        "one is stopped");
  } else if (program.ready == ReadyKind::Probe &&
             program.ready_probe.kind == Probe::Kind::Command) {
    warn("a command cannot tell whether the new process has answered it, or the old one");
  } else if (program.ready == ReadyKind::Probe && !program.ready_at_socket) {
    warn(
        fmt::format("the new process cannot open {} while the old one has it; pass the socket "
                    "with 'sockets'",
                    to_string(program.ready_probe)));
  }
}

void validate_watchdog_source(const Program& program, const std::string& section,
                              LoadReport& report) {
  if (program.watchdog_source == WatchdogSource::Notify) return;
  const bool by_health = program.watchdog_source == WatchdogSource::Health;
  const auto problem = [&](const char* key, const std::string& text) {
    report.problem(section, key, text);
  };
  const bool has_metrics =
      program.metrics.empty() ? program.ready == ReadyKind::Notify : program.metrics != "off";
  if (by_health && !program.health.asks()) {
    problem("watchdog_source", "watchdog_source: \"health\" needs 'health', which is not set");
  } else if (!by_health && !has_metrics) {
    problem("watchdog_source",
            "watchdog_source: \"metrics\" needs 'metrics': \"socket\" or an address");
  } else if (program.watchdog == 0s) {
    report.warning(section, "watchdog_source", "watchdog_source has no effect: watchdog is 0s");
    return;
  }
  const Duration interval = by_health ? program.health_interval : program.metrics_interval;
  if (program.watchdog >= 3 * interval || program.watchdog == 0s) return;
  problem("watchdog",
          by_health ? fmt::format("watchdog: {} is less than three times health_interval, {}: one "
                                  "late answer must not kill a worker",
                                  format_duration(program.watchdog), format_duration(interval))
                    : fmt::format("watchdog: {} is less than three times metrics_interval, {}: one "
                                  "late answer must not kill a worker",
                                  format_duration(program.watchdog), format_duration(interval)));
}

}  // namespace

void validate_probes(const Program& program, LoadReport& report) {
  const std::string section = "program." + program.name;
  validate_command(program.ready_probe, "ready", section, report);
  validate_command(program.health, "health", section, report);
  if (program.type == ProgramType::Oneshot) {
    if (program.health.asks()) {
      report.problem(
          section, "health",
          "health: a oneshot program is over when it exits; it has no health to ask for");
    }
    if (program.watchdog_source != WatchdogSource::Notify) {
      report.problem(section, "watchdog_source",
                     "watchdog_source: a oneshot program has no watchdog");
    }
    if (program.replace == Replace::Overlap) {
      report.warning(section, "replace", "replace has no effect: a oneshot program runs once");
    }
    return;
  }
  warn_without_probe(program, section, report);
  warn_of_shared_address(program, section, report);
  warn_of_overlap(program, section, report);
  validate_watchdog_source(program, section, report);
}

}  // namespace holdfast::config
