// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/commands.hpp"

#include "common/config/slot_text.hpp"
#include "supervisor/core/batch.hpp"
#include "supervisor/core/process_stop.hpp"
#include "supervisor/core/programs.hpp"
#include "supervisor/core/reload.hpp"
#include "supervisor/core/rolling.hpp"
#include "supervisor/core/schedule.hpp"
#include "supervisor/core/selection.hpp"
#include "supervisor/core/signalling.hpp"
#include "supervisor/core/waits.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace holdfast::supervisor::core {

namespace {

// "api-worker", "api-worker.0, api-worker.2"
std::string text_of(const Order& order, const Program& program) {
  if (order.whole) return program.config.name;
  std::vector<std::string> names;
  for (const std::uint32_t number : order.slots)
    names.push_back(name_of(program, number));
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string without_workers(const std::string& name) {
  return fmt::format("{} has no workers: it has 0 replicas, and 'holdfast scale {} 1' starts one",
                     name, name);
}

// The request gets its Reply when all items are over.
void answer_later(Machine& m, Program& program, const Order& order, Wait wait,
                  std::string accepted) {
  wait.request = order.request;
  m.accept(order.request, std::move(accepted));
  add_wait(m, program, std::move(wait));
}

bool needs_start(const Program& program, const Slot& slot) {
  const bool once = !config::is_scheduled(program.config);  // else it runs now, once more
  if (once && slot.state == SlotState::Done && slot.desired == Desired::Run) return false;
  const bool runs = slot.current && slot.current->reason == StopReason::None && !slot.current->exit;
  return !runs || slot.desired == Desired::Stop;
}

void start(Machine& m, const Order& order, Program& program) {
  if (leave_to_schedule(m, order, program)) return;
  const std::string name = text_of(order, program);
  if (order.whole) program.desired = Desired::Run;
  Wait wait;
  for (const std::uint32_t number : order.slots) {
    Slot& slot = program.slots.at(number);
    const bool begins = needs_start(program, slot);
    const bool reached = slot.state == SlotState::Done || slot.state == SlotState::Ready;
    if (begins || !reached) wait.items.push_back(until_ready(slot));
    if (!begins) continue;
    slot.desired = Desired::Run;
    slot.memory.forget();
    slot.restore.reset();
    slot.suspect = slot.unplanned = false;
    slot.want_start = true;
    m.deadlines.cancel({DeadlineKind::Retry, {slot.id, 0}});
    slot.retry_at.reset();
    const bool waits = slot.state == SlotState::Backoff || slot.state == SlotState::CrashLoop ||
                       slot.state == SlotState::Failed || slot.state == SlotState::Scheduled;
    if (waits) m.set_state(slot, slot.retiring ? SlotState::Stopping : SlotState::Stopped);
    m.touch(slot);
  }
  if (wait.items.empty()) {
    m.reply(order.request, true, fmt::format("{} is already started", name));
    return;
  }
  wait.success = fmt::format("{} is started", name);
  answer_later(m, program, order, std::move(wait),
               !program.released
                   ? fmt::format("{} will start once its dependencies are ready", name)
                   : fmt::format("starting {}", name));
}

// What was scaled down and is not gone yet belongs to the program, too.
void wait_for_removed(const Program& program, Wait& wait) {
  for (const auto& [number, slot] : program.slots) {
    if (slot.removing) wait.items.push_back(until_gone(slot));
  }
}

bool any_removed(const Program& program) {
  return std::any_of(program.slots.begin(), program.slots.end(),
                     [](const auto& entry) { return entry.second.removing; });
}

void stop(Machine& m, const Order& order, Program& program) {
  const std::string name = text_of(order, program);
  if (order.whole) {
    program.desired = Desired::Stop;
    cancel_roll(m, program, "the program was stopped");
  }
  program.runs.queued.clear();
  Wait wait;
  for (const std::uint32_t number : order.slots) {
    Slot& slot = program.slots.at(number);
    slot.desired = Desired::Stop;
    slot.restore.reset();
    slot.want_start = slot.unplanned = false;
    m.deadlines.cancel({DeadlineKind::Retry, {slot.id, 0}});
    slot.retry_at.reset();
    leave_roll(m, program, slot);
    if (slot.current || slot.retiring) {
      wait.items.push_back(until_gone(slot));
      terminate_all(m, program, slot);
      if (!slot.current) m.set_state(slot, SlotState::Stopping);
    } else if (slot.state != SlotState::Done || config::is_scheduled(program.config)) {
      m.set_state(slot, SlotState::Stopped);
    }
    m.touch(slot);
  }
  if (order.whole) wait_for_removed(program, wait);
  wait.success = fmt::format("stopped {}", name);
  if (wait.items.empty()) {
    m.reply(order.request, true, wait.success);
    return;
  }
  answer_later(m, program, order, std::move(wait), fmt::format("stopping {}", name));
}

void restart(Machine& m, const Order& order, Program& program) {
  if (leave_to_schedule(m, order, program)) return;
  if (program.roll || waits_in_reload(m, program)) {
    m.reply(order.request, false,
            fmt::format("{} is already being restarted", program.config.name));
    return;
  }
  if (order.whole) program.desired = Desired::Run;
  for (const std::uint32_t number : order.slots) {
    Slot& slot = program.slots.at(number);
    if (slot.desired == Desired::Run) continue;
    slot.desired = Desired::Run;
    slot.want_start = true;
    m.touch(slot);
  }
  if (!program.released) {
    Wait wait;
    for (const std::uint32_t number : order.slots)
      wait.items.push_back(until_ready(program.slots.at(number)));
    const std::string name = text_of(order, program);
    wait.success = fmt::format("{} is started", name);
    answer_later(m, program, order, std::move(wait),
                 fmt::format("{} will start once its dependencies are ready", name));
    return;
  }
  start_roll(m, program, {order.slots.begin(), order.slots.end()}, order.request);
}

void rescale(Machine& m, const Order& order, Program& program) {
  const std::string& name = program.config.name;
  const auto refuse = [&](std::string why) { m.reply(order.request, false, std::move(why)); };
  if (!order.whole) return refuse("scale takes a program, not a slot: " + name);
  if (program.config.type == config::ProgramType::Oneshot) {
    return refuse(name + " is a oneshot: it cannot be scaled");
  }
  if (order.count > kMaxReplicas) {
    return refuse(
        fmt::format("{} replicas are too many; the maximum is {}", order.count, kMaxReplicas));
  }
  if (program.config.port != 0 && order.count > 1 &&
      program.config.port + order.count - 1 > config::kMaxPort) {
    return refuse(fmt::format("{} workers of {} need ports above {}: its port is {}", order.count,
                              name, config::kMaxPort, program.config.port));
  }
  // The last word counts: neither a reload under way, whose turn has not come here, nor one that
  // waits for it undoes this.
  if (std::exchange(program.rescale, false)) m.touch(program);
  program.scaled_since = m.next_reload.has_value();
  const std::uint32_t before = program.wanted;
  if (before == order.count) {
    m.reply(
        order.request, true,
        fmt::format("{} already has {} {}", name, before, before == 1 ? "replica" : "replicas"));
    return;
  }
  std::string text = fmt::format("{} scaled from {} to {}", name, before, order.count);
  m.report(EventKind::Scaled, program, text);
  scale(m, program, order.count);
  Wait wait;
  for (const auto& [number, slot] : program.slots) {
    if (slot.removing) {
      wait.items.push_back(until_gone(slot));
    } else if (number >= before && slot.desired == Desired::Run) {
      wait.items.push_back(until_ready(slot));
    }
  }
  if (program.desired == Desired::Stop && order.count > 0)
    text += fmt::format("; it is stopped, and 'holdfast start {}' starts it", name);
  wait.success = std::move(text);
  answer_later(m, program, order, std::move(wait),
               fmt::format("scaling {} from {} to {}", name, before, order.count));
}

}  // namespace

void carry_out(Machine& m, const Order& order) {
  Program& program = m.programs.at(order.program);
  Order now = order;  // with the slots that there are by now: a batch may give it late
  now.slots.clear();
  for (const auto& [number, slot] : program.slots) {
    const bool meant =
        order.whole || std::binary_search(order.slots.begin(), order.slots.end(), number);
    if (meant && !slot.removing) now.slots.push_back(number);
  }
  if (now.slots.empty() && !order.whole) {
    m.reply(order.request, false, text_of(order, program) + " has been removed");
    return;
  }
  const bool nothing_left =
      now.slots.empty() && !(now.kind == CommandKind::Stop && any_removed(program));
  if (nothing_left && now.kind != CommandKind::Scale) {
    if (now.kind == CommandKind::Start || now.kind == CommandKind::Restart)
      program.desired = Desired::Run;
    if (now.kind == CommandKind::Stop) program.desired = Desired::Stop;
    m.touch(program);
    m.touch();  // nobody misses it while it waits for a command
    m.reply(order.request, true, without_workers(program.config.name));
    return;
  }
  switch (now.kind) {
    case CommandKind::Start: start(m, now, program); break;
    case CommandKind::Stop: stop(m, now, program); break;
    case CommandKind::Restart: restart(m, now, program); break;
    case CommandKind::Scale: rescale(m, now, program); break;
    case CommandKind::Signal: send_signal(m, now, program); break;
  }
}

void on_command(Machine& m, const Command& command) {
  const auto refuse = [&](std::string why) { m.reply(command.request, false, std::move(why)); };
  if (m.shutdown) return refuse("refused: shutting down");
  std::vector<Nameable> fleet;
  for (const std::uint32_t id : m.order) {
    const Program& program = m.programs.at(id);
    Nameable one{program.config.name, &program.config.groups, {}};
    for (const auto& [number, slot] : program.slots) {
      if (!slot.removing) one.slots.push_back(number);
    }
    fleet.push_back(std::move(one));
  }
  Selection selection = select(command.targets, fleet);
  if (!selection.error.empty()) return refuse(std::move(selection.error));
  std::vector<Order> orders;
  for (Chosen& one : selection.chosen) {
    orders.push_back({command.request, command.kind, command.count, command.signal,
                      m.order[one.program], one.whole, one.named, std::move(one.slots)});
  }
  for (const Order& order : orders) {
    if (order.kind != CommandKind::Signal) supersede(m, order.program);
  }
  if (orders.size() == 1) return carry_out(m, orders.front());
  begin_batch(m, command.request, std::move(orders));
}

}  // namespace holdfast::supervisor::core
