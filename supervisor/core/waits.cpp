// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/waits.hpp"

#include "supervisor/core/programs.hpp"
#include "supervisor/core/reload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace holdfast::supervisor::core {

namespace {

struct Progress {
  bool over = false;
  std::string failure;
};

Progress failed(std::string why) {
  return {true, std::move(why)};
}

bool reached(const Program& program, const Slot& slot, const Wait::Item& item) {
  if (program.config.type == config::ProgramType::Oneshot) return slot.done_incarnation > item.base;
  const auto serves = [&](const std::optional<Process>& process) {
    return process && process->incarnation > item.base && process->phase == Phase::Ready;
  };
  // The second one is being replaced, and stays if its successor fails.
  return serves(slot.current) || serves(slot.retiring);
}

Progress progress_to_ready(const Machine& m, const Program& program, const Wait::Item& item) {
  const std::string name = name_of(program, item.slot);
  const auto found = program.slots.find(item.slot);
  if (found == program.slots.end() || found->second.removing)
    return failed(name + " was removed before it was ready");
  const Slot& slot = found->second;
  if (slot.desired == Desired::Stop) return failed(name + " was stopped before it was ready");
  if (reached(program, slot, item)) return {true, {}};
  if (slot.current || slot.retiring || slot.want_start) {
    if (program.released || slot.current) return {};
    const std::string why = blocked_by(m, program);
    return why.empty() ? Progress{} : failed(fmt::format("{} waits for {}", name, why));
  }
  return failed(slot.last_failure.empty() ? name + " does not run" : slot.last_failure);
}

Progress progress_to_gone(const Program& program, const Wait::Item& item) {
  const auto found = program.slots.find(item.slot);
  if (found == program.slots.end()) return {true, {}};
  for (const auto* process : {&found->second.current, &found->second.retiring}) {
    if (*process && (*process)->incarnation <= item.base) return {};
  }
  return {true, {}};
}

void end_wait(Machine& m, const Program& program, const Wait& wait) {
  --m.waits;
  const bool ok = wait.failure.empty();
  if (wait.request) {
    m.reply(*wait.request, ok, ok ? wait.success : wait.failure);
  } else {
    end_reload_part(m, program.id, wait.failure);
  }
}

void note_failure(Wait& wait, const std::string& why) {
  if (wait.failure.empty()) wait.failure = why;
}

}  // namespace

Wait::Item until_ready(const Slot& slot) {
  std::uint64_t base = slot.last_incarnation;
  for (const auto* process : {&slot.current, &slot.retiring}) {
    if (*process && (*process)->reason == StopReason::None)
      base = std::min(base, (*process)->incarnation - 1);
  }
  return {slot.id.slot, Wait::Until::Ready, base};
}

Wait::Item until_gone(const Slot& slot) {
  return {slot.id.slot, Wait::Until::Gone, slot.last_incarnation};
}

void add_wait(Machine& m, Program& program, Wait wait) {
  ++m.waits;
  program.waits.push_back(std::move(wait));
  m.touch(program);
}

void advance_waits(Machine& m, Program& program) {
  std::vector<Wait> over;
  for (Wait& wait : program.waits) {
    while (!wait.items.empty()) {
      const Wait::Item& item = wait.items.front();
      const Progress progress = item.until == Wait::Until::Gone
                                    ? progress_to_gone(program, item)
                                    : progress_to_ready(m, program, item);
      if (!progress.over) break;
      if (!progress.failure.empty()) note_failure(wait, progress.failure);
      wait.items.pop_front();
    }
    if (wait.items.empty()) over.push_back(wait);
  }
  if (over.empty()) return;
  std::erase_if(program.waits, [](const Wait& wait) { return wait.items.empty(); });
  for (const Wait& wait : over)
    end_wait(m, program, wait);
}

void fail_waits(Machine& m, Program& program, const std::string& why) {
  for (Wait& wait : std::exchange(program.waits, {})) {
    note_failure(wait, why);
    end_wait(m, program, wait);
  }
}

void stall_waits(Machine& m, Program& program, const Slot& slot, const std::string& why) {
  for (Wait& wait : program.waits) {
    const auto removed = std::erase_if(wait.items, [&](const Wait::Item& item) {
      return item.slot == slot.id.slot && item.until == Wait::Until::Gone;
    });
    if (removed > 0) note_failure(wait, why);
  }
  m.touch(program);
}

}  // namespace holdfast::supervisor::core
