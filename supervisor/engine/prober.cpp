// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/prober.hpp"

#include "common/config/slot_text.hpp"
#include "supervisor/engine/probe_address.hpp"
#include "supervisor/engine/probe_command.hpp"

#include <fmt/format.h>

#include <utility>

namespace holdfast::supervisor {

std::unique_ptr<Probe> Prober::ask_ready(const ProbedWorker& worker, OnAnswer on_answer) {
  const config::Program program = config::for_slot(*worker.program, worker.process.slot.slot);
  ProbeQuestion question;
  question.probe = program.ready_probe;
  question.timeout = program.ready_probe_timeout;
  question.shared = program.ready_at_socket;
  return ask(worker, std::move(question), std::move(on_answer));
}

std::unique_ptr<Probe> Prober::ask_health(const ProbedWorker& worker,
                                          const config::Program& configured, OnAnswer on_answer) {
  const config::Program program = config::for_slot(configured, worker.process.slot.slot);
  ProbeQuestion question;
  question.probe = program.health;
  question.timeout = program.health_timeout;
  question.shared = program.health_at_socket;
  return ask(worker, std::move(question), std::move(on_answer));
}

std::unique_ptr<Probe> Prober::ask(const ProbedWorker& worker, ProbeQuestion question,
                                   OnAnswer on_answer) {
  question.alone = worker.alone;
  question.worker.leader = worker.pid;
  question.worker.identity =
      spawner_.identity(fmt::format("{}.{}", worker.program->name, worker.process.slot.slot),
                        worker.process.incarnation);
  if (question.probe.kind != config::Probe::Kind::Command) {
    return std::make_unique<AddressProbe>(io_, searcher_, std::move(question),
                                          std::move(on_answer));
  }
  const auto launch = [this, &worker, &question](int output) {
    return spawner_.spawn_probe(*worker.program, question.probe.command, worker.process.slot.slot,
                                output);
  };
  CommandProbe::Registry registry{[this](pid_t pid) { commands_.insert(pid); },
                                  [this](pid_t pid) { commands_.erase(pid); }};
  return std::make_unique<CommandProbe>(io_, question, launch, std::move(registry),
                                        std::move(on_answer));
}

}  // namespace holdfast::supervisor
