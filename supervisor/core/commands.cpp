// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/commands.hpp"

#include "common/text/number.hpp"
#include "supervisor/core/process_stop.hpp"
#include "supervisor/core/programs.hpp"
#include "supervisor/core/reload.hpp"
#include "supervisor/core/rolling.hpp"
#include "supervisor/core/waits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace holdfast::supervisor::core {

namespace {

struct Target {
  Program* program = nullptr;
  std::vector<std::uint32_t> slots;
  bool whole = false;  // the program was named, not one slot
  std::string error;
};

std::string known_programs(const Machine& m) {
  constexpr std::size_t kShown = 20;
  std::string text;
  std::size_t count = 0;
  for (const std::uint32_t id : m.order) {
    if (count++ >= kShown) continue;
    const auto found = m.programs.find(id);
    if (found == m.programs.end()) continue;
    text += (text.empty() ? "" : ", ") + found->second.config.name;
  }
  if (count > kShown) text += fmt::format(" and {} more", count - kShown);
  return text.empty() ? "none" : text;
}

std::string without_workers(const std::string& name) {
  return fmt::format("{} has no workers: it has 0 replicas, and 'holdfast scale {} 1' starts one",
                     name, name);
}

std::string known_slots(const Program& program) {
  if (program.wanted == 0) return without_workers(program.config.name);
  if (program.wanted == 1) return fmt::format("the only slot is {}.0", program.config.name);
  return fmt::format("the slots are {}.0 to {}.{}", program.config.name, program.config.name,
                     program.wanted - 1);
}

Program* find_named(Machine& m, std::string_view name) {
  const auto found = m.by_name.find(name);
  return found == m.by_name.end() ? nullptr : m.find(found->second);
}

// A program's name may contain dots, so the whole text is tried first.
Target resolve(Machine& m, const std::string& text) {
  Target target;
  target.program = find_named(m, text);
  if (target.program != nullptr) {
    target.whole = true;
    for (const auto& [number, slot] : target.program->slots) {
      if (!slot.removing) target.slots.push_back(number);
    }
    return target;
  }
  const std::size_t dot = text.rfind('.');
  if (dot != std::string::npos) target.program = find_named(m, text.substr(0, dot));
  if (target.program == nullptr) {
    target.error = fmt::format("no program '{}'; known programs: {}", text, known_programs(m));
    return target;
  }
  const auto number = text::parse_number<std::uint32_t>(std::string_view(text).substr(dot + 1));
  const auto slot = target.program->slots.find(number.value_or(0));
  if (!number || slot == target.program->slots.end() || slot->second.removing) {
    target.error = fmt::format("no slot '{}'; {}", text, known_slots(*target.program));
    return target;
  }
  target.slots.push_back(*number);
  return target;
}

// The request gets its Reply when all items are over.
void answer_later(Machine& m, Program& program, const Command& command, Wait wait,
                  std::string accepted) {
  wait.request = command.request;
  m.accept(command.request, std::move(accepted));
  add_wait(m, program, std::move(wait));
}

bool needs_start(const Slot& slot) {
  if (slot.state == SlotState::Done && slot.desired == Desired::Run) return false;
  const bool runs =
      slot.current && slot.current->reason == StopReason::None && !slot.current->exit;
  return !runs || slot.desired == Desired::Stop;
}

void start(Machine& m, const Command& command, Target& target) {
  Program& program = *target.program;
  if (target.whole) program.desired = Desired::Run;
  std::size_t started = 0;
  Wait wait;
  for (const std::uint32_t number : target.slots) {
    Slot& slot = program.slots.at(number);
    const bool begins = needs_start(slot);
    const bool reached = slot.state == SlotState::Done || slot.state == SlotState::Ready;
    if (begins || !reached) wait.items.push_back(until_ready(slot));
    if (!begins) continue;
    ++started;
    slot.desired = Desired::Run;
    slot.memory.forget();
    slot.restore.reset();
    slot.suspect = slot.unplanned = false;
    slot.want_start = true;
    m.deadlines.cancel({DeadlineKind::Retry, {slot.id, 0}});
    slot.retry_at.reset();
    const bool waits = slot.state == SlotState::Backoff || slot.state == SlotState::CrashLoop ||
                       slot.state == SlotState::Failed;
    if (waits) m.set_state(slot, slot.retiring ? SlotState::Stopping : SlotState::Stopped);
    m.touch(slot);
  }
  if (wait.items.empty()) {
    m.reply(command.request, true, fmt::format("{} is already started", command.target));
    return;
  }
  wait.success = fmt::format("{} is started", command.target);
  answer_later(m, program, command, std::move(wait),
               !program.released
                   ? fmt::format("{} will start once its dependencies are ready", command.target)
                   : fmt::format("starting {}", command.target));
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

void stop(Machine& m, const Command& command, Target& target) {
  Program& program = *target.program;
  if (target.whole) {
    program.desired = Desired::Stop;
    cancel_roll(m, program, "the program was stopped");
  }
  Wait wait;
  for (const std::uint32_t number : target.slots) {
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
    } else if (slot.state != SlotState::Done) {
      m.set_state(slot, SlotState::Stopped);
    }
    m.touch(slot);
  }
  if (target.whole) wait_for_removed(program, wait);
  wait.success = fmt::format("stopped {}", command.target);
  if (wait.items.empty()) {
    m.reply(command.request, true, wait.success);
    return;
  }
  answer_later(m, program, command, std::move(wait), fmt::format("stopping {}", command.target));
}

void restart(Machine& m, const Command& command, Target& target) {
  Program& program = *target.program;
  if (program.roll || waits_in_reload(m, program)) {
    m.reply(command.request, false,
            fmt::format("{} is already being restarted", program.config.name));
    return;
  }
  if (target.whole) program.desired = Desired::Run;
  for (const std::uint32_t number : target.slots) {
    Slot& slot = program.slots.at(number);
    if (slot.desired == Desired::Run) continue;
    slot.desired = Desired::Run;
    slot.want_start = true;
    m.touch(slot);
  }
  if (!program.released) {
    Wait wait;
    for (const std::uint32_t number : target.slots)
      wait.items.push_back(until_ready(program.slots.at(number)));
    wait.success = fmt::format("{} is started", command.target);
    answer_later(m, program, command, std::move(wait),
                 fmt::format("{} will start once its dependencies are ready", command.target));
    return;
  }
  start_roll(m, program, {target.slots.begin(), target.slots.end()}, command.request);
}

void rescale(Machine& m, const Command& command, Target& target) {
  Program& program = *target.program;
  const std::string& name = program.config.name;
  const auto refuse = [&](std::string why) { m.reply(command.request, false, std::move(why)); };
  if (!target.whole) return refuse("scale takes a program, not a slot: " + name);
  if (program.config.type == config::ProgramType::Oneshot) {
    return refuse(name + " is a oneshot: it cannot be scaled");
  }
  if (command.count > kMaxReplicas) {
    return refuse(
        fmt::format("{} replicas are too many; the maximum is {}", command.count, kMaxReplicas));
  }
  // The last word counts: a reload under way, whose turn has not come here, does not undo it.
  if (std::exchange(program.rescale, false)) m.touch(program);
  const std::uint32_t before = program.wanted;
  if (before == command.count) {
    m.reply(
        command.request, true,
        fmt::format("{} already has {} {}", name, before, before == 1 ? "replica" : "replicas"));
    return;
  }
  std::string text = fmt::format("{} scaled from {} to {}", name, before, command.count);
  m.report(EventKind::Scaled, program, text);
  scale(m, program, command.count);
  Wait wait;
  for (const auto& [number, slot] : program.slots) {
    if (slot.removing) {
      wait.items.push_back(until_gone(slot));
    } else if (number >= before && slot.desired == Desired::Run) {
      wait.items.push_back(until_ready(slot));
    }
  }
  if (program.desired == Desired::Stop && command.count > 0)
    text += fmt::format("; it is stopped, and 'holdfast start {}' starts it", name);
  wait.success = std::move(text);
  answer_later(m, program, command, std::move(wait),
               fmt::format("scaling {} from {} to {}", name, before, command.count));
}

}  // namespace

void on_command(Machine& m, const Command& command) {
  if (m.shutdown) {
    m.reply(command.request, false, "refused: shutting down");
    return;
  }
  Target target = resolve(m, command.target);
  if (!target.error.empty()) {
    m.reply(command.request, false, target.error);
    return;
  }
  const bool nothing_left = target.whole && target.slots.empty() &&
                            !(command.kind == CommandKind::Stop && any_removed(*target.program));
  if (nothing_left && command.kind != CommandKind::Scale) {
    target.program->desired = command.kind == CommandKind::Stop ? Desired::Stop : Desired::Run;
    m.reply(command.request, true, without_workers(target.program->config.name));
    return;
  }
  switch (command.kind) {
    case CommandKind::Start: start(m, command, target); break;
    case CommandKind::Stop: stop(m, command, target); break;
    case CommandKind::Restart: restart(m, command, target); break;
    case CommandKind::Scale: rescale(m, command, target); break;
  }
}

}  // namespace holdfast::supervisor::core
