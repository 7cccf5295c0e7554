// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/signalling.hpp"

#include "common/os/signal_name.hpp"
#include "supervisor/core/programs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace holdfast::supervisor::core {

namespace {

bool runs(const Slot& slot) {
  return slot.current && slot.current->phase != Phase::Spawning && !slot.current->exit &&
         !slot.current->killed;
}

bool should_run(const Slot& slot) {
  return slot.desired == Desired::Run && slot.state != SlotState::Done;
}

}  // namespace

void send_signal(Machine& m, const Order& order, Program& program) {
  const bool group = program.config.stop_scope == config::StopScope::Group;
  const std::string signal = "SIG" + os::signal_name(order.signal);
  std::vector<std::string> reached;
  std::vector<std::string> missed;
  for (const std::uint32_t number : order.slots) {
    Slot& slot = program.slots.at(number);
    if (!runs(slot)) {
      if (!order.whole || should_run(slot)) missed.push_back(name_of(program, number));
      continue;
    }
    const ProcessId id = process_id(slot, *slot.current);
    m.act(Signal{id, order.signal, group});
    m.report(EventKind::Signalled, &program, id,
             fmt::format("{} sent to {} by a command", signal,
                         name_of(program, number, id.incarnation)));
    reached.push_back(name_of(program, number));
  }
  std::string text = reached.empty()
                         ? std::string()
                         : fmt::format("{} sent to {}", signal, fmt::join(reached, ", "));
  if (!missed.empty()) {
    text += fmt::format("{}not sent to {}: not running", text.empty() ? signal + " " : "; ",
                        fmt::join(missed, ", "));
  }
  if (text.empty()) text = program.config.name + " does not run";
  const bool idle_by_name = reached.empty() && order.named;
  m.reply(order.request, missed.empty() && !idle_by_name, std::move(text));
}

void send_reload_signal(Machine& m, const Program& program, const Slot& slot, Process& process) {
  process.owed_reload = false;
  if (program.config.reload_signal == 0) return;
  const ProcessId id = process_id(slot, process);
  m.act(Signal{id, program.config.reload_signal, false});
  m.report(
      EventKind::Signalled, &program, id,
      fmt::format("SIG{} sent to {} by a reload", os::signal_name(program.config.reload_signal),
                  name_of(program, slot.id.slot, id.incarnation)));
}

void send_reload_signals(Machine& m, std::vector<std::string>& lines) {
  for (const std::uint32_t id : m.order) {
    Program& program = m.programs.at(id);
    if (program.config.reload_signal == 0) continue;
    const auto replaced = slots_to_replace(program, program.owed);
    std::size_t told = 0;
    for (auto& [number, slot] : program.slots) {
      if (!slot.current || slot.current->reason != StopReason::None || slot.current->exit) continue;
      if (std::find(replaced.begin(), replaced.end(), number) != replaced.end()) continue;
      if (slot.current->phase == Phase::Ready) {
        send_reload_signal(m, program, slot, *slot.current);
        ++told;
      } else if (slot.current->phase == Phase::Starting) {
        slot.current->owed_reload = true;
        ++told;
      }
    }
    if (told == 0) continue;
    lines.push_back(fmt::format("> {}: SIG{} (reload_signal)", program.config.name,
                                os::signal_name(program.config.reload_signal)));
  }
}

}  // namespace holdfast::supervisor::core
