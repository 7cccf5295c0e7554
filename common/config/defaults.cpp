// SPDX-License-Identifier: Apache-2.0
#include "common/config/defaults.hpp"

#include "common/config/receiver_types.hpp"
#include "common/config/report.hpp"
#include "common/protocol/names.hpp"

#include <algorithm>

namespace holdfast::config {

std::vector<Program> default_programs() {
  Program migrate;
  migrate.name = "migrate";
  migrate.command = {"holdfast-queue-worker", "migrate"};
  migrate.type = ProgramType::Oneshot;

  Program queue_worker;
  queue_worker.name = "queue-worker";
  queue_worker.command = {"holdfast-queue-worker"};
  queue_worker.after = {"migrate"};
  queue_worker.stop_timeout = 15s;

  Program api_worker;
  api_worker.name = "api-worker";
  api_worker.command = {"holdfast-api-worker"};
  api_worker.replicas = 2;
  api_worker.after = {"queue-worker"};
  api_worker.sockets = {protocol::kHttpFd};
  api_worker.stop_timeout = 10s;

  std::vector<Program> programs{migrate, queue_worker, api_worker};
  const LoadReport nothing_given{""};
  for (Program& program : programs)
    apply_dependent_defaults(program, nothing_given);
  return programs;
}

void add_default_listener(Config& config) {
  const auto takes_it = [](const Program& program) {
    return std::find(program.sockets.begin(), program.sockets.end(), protocol::kHttpFd) !=
           program.sockets.end();
  };
  const bool taken = config.programs.empty() ||
                     std::any_of(config.programs.begin(), config.programs.end(), takes_it);
  if (taken) config.listen.try_emplace(protocol::kHttpFd);
}

void apply_dependent_defaults(Program& program, const LoadReport& report) {
  const std::string section = "program." + program.name;
  const auto given = [&](const char* key) { return report.given(section, key); };
  if (!given("min_ready")) program.min_ready = std::min(program.min_ready, program.replicas);
  if (program.type == ProgramType::Oneshot && !given("restart")) {
    program.restart = is_scheduled(program) ? RestartPolicy::Never : RestartPolicy::OnFailure;
  }
  if (is_scheduled(program) && !given("required")) program.required = false;
  // Only a program that speaks sd_notify sends heartbeats; any other would be killed as hung.
  const bool heartbeats =
      program.type == ProgramType::Service &&
      (program.ready == ReadyKind::Notify || program.watchdog_source != WatchdogSource::Notify);
  if (!heartbeats && !given("watchdog")) program.watchdog = 0s;
}

void apply_dependent_defaults(Config& config, const LoadReport& report) {
  if (config.environment == Environment::Development) {
    if (!report.given("log", "level")) config.log.level = log::Level::Debug;
    if (!report.given("log", "format")) config.log.format = log::Format::Pretty;
    // On a developer's machine no proxy makes strangers look local (docs/adr/0019).
    if (!report.given("http", "metrics_allow"))
      config.http.metrics_allow = {"127.0.0.0/8", "::1/128"};
  }
  if (!report.given("http", "max_connections_per_client")) {
    config.http.max_connections_per_client =
        std::min(config.http.max_connections_per_client, config.http.max_connections);
  }
  if (!report.given("embedding", "chunk_overlap")) {
    config.embedding.chunk_overlap =
        std::min(config.embedding.chunk_overlap, config.embedding.chunk_bytes / 4);
  }
  if (config.programs.empty()) {
    config.programs = default_programs();
  }
  for (Program& program : config.programs)
    apply_dependent_defaults(program, report);
  for (auto& [name, receiver] : config.alert_receivers) {
    if (report.given("alert_receiver." + name, "type")) continue;
    if (!receiver.url.empty()) receiver.type = receiver_type_of(receiver.url);
    if (!receiver.command.empty()) receiver.type = "command";
  }
}

}  // namespace holdfast::config
