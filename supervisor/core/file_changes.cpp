// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/file_changes.hpp"

#include "supervisor/core/batch.hpp"
#include "supervisor/core/commands.hpp"
#include "supervisor/core/reload.hpp"
#include "supervisor/core/rolling.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace holdfast::supervisor::core {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostFiles = 1000;  // that are told apart
constexpr int kLongest = 10;              // times watch_delay, if files never settle
// A file that is changed this often, within this time, is probably written by the program itself.
constexpr std::size_t kLoop = 5;
constexpr Duration kLoopWindow = 1min;

DeadlineKey changed_key(const Program& program) {
  return {DeadlineKind::Changed, {{program.id, 0}, 0}};
}

bool watches(const Program& program) {
  return !program.config.watch.empty() && !config::is_scheduled(program.config);
}

// Those of its slots that run, or should.
std::vector<std::uint32_t> wanted_slots(const Program& program) {
  std::vector<std::uint32_t> wanted;
  if (program.removing || !program.released || config::is_scheduled(program.config)) return wanted;
  for (const auto& [number, slot] : program.slots) {
    if (slot.desired == Desired::Run && !slot.removing) wanted.push_back(number);
  }
  return wanted;
}

// The program, and those after it if it says so. In the order of the configuration.
std::vector<std::uint32_t> affected_by(const Machine& m, const Program& changed) {
  std::set<std::uint32_t> all;
  std::vector<std::uint32_t> open{changed.id};
  while (!open.empty()) {
    const auto program = m.programs.find(open.back());
    open.pop_back();
    if (program == m.programs.end() || !all.insert(program->first).second) continue;
    if (!changed.config.watch_dependants) break;
    open.insert(open.end(), program->second.dependants.begin(), program->second.dependants.end());
  }
  std::vector<std::uint32_t> affected;
  for (const std::uint32_t id : m.order) {
    if (all.contains(id) && !wanted_slots(m.programs.at(id)).empty()) affected.push_back(id);
  }
  return affected;
}

bool must_wait(const Machine& m, const std::vector<std::uint32_t>& affected) {
  return std::any_of(affected.begin(), affected.end(), [&](std::uint32_t id) {
    const Program& program = m.programs.at(id);
    return waits_in_reload(m, program) || (program.roll && !can_supersede_roll(program));
  });
}

// "src/a.js", "src/a.js and 2 more files"
std::string describe(const Changes& changes) {
  const std::size_t more = changes.files.size() - 1;
  if (more == 0) return changes.first + " has changed";
  const bool many = changes.files.size() >= kMostFiles;
  return fmt::format("{} and {}{} more {} have changed", changes.first, many ? "at least " : "",
                     more, more == 1 ? "file" : "files");
}

// What to say if the program seems to restart itself.
std::string advice(const Machine& m, Program& program, const std::string& file) {
  auto& before = program.changed_before;
  if (program.changed && program.changed->file != file) before.clear();
  before.push_back(m.now);
  while (before.size() > kLoop)
    before.pop_front();
  if (before.size() < kLoop || m.now - before.front() > kLoopWindow) return {};
  return "; if the program writes this file itself, add it to watch_ignore";
}

void restart(Machine& m, Program& program, const std::vector<std::uint32_t>& affected) {
  const Changes changes = std::move(*program.changes);
  forget_changes(m, program);
  std::vector<std::string> names;
  std::vector<Order> orders;
  for (const std::uint32_t id : affected) {
    Program& one = m.programs.at(id);
    Order order;
    order.kind = CommandKind::Restart;
    order.program = id;
    order.slots = wanted_slots(one);
    order.whole = order.slots.size() == one.slots.size() && one.desired == Desired::Run;
    order.named = true;
    orders.push_back(std::move(order));
    names.push_back(one.config.name);
  }
  m.report(EventKind::FilesChanged, program,
           fmt::format("{}: {}: restarting {}{}", program.config.name, describe(changes),
                       fmt::join(names, ", then "), advice(m, program, changes.first)));
  program.changed =
      ChangeRestarts{program.changed ? program.changed->count + 1 : 1, changes.first, m.now};
  for (const std::uint32_t id : affected) {
    Program& one = m.programs.at(id);
    supersede(m, id);
    if (one.roll) supersede_roll(m, one, "its files have changed, and it is restarted for that");
  }
  const std::uint64_t request = m.next_order++;
  m.own_requests.insert(request);
  if (orders.size() == 1) {
    orders.front().request = request;
    carry_out(m, orders.front());
  } else {
    begin_batch(m, request, std::move(orders));
  }
  m.touch(program);
}

}  // namespace

void on_files_changed(Machine& m, const FilesChanged& event) {
  if (m.shutdown) return;
  const auto found = m.by_name.find(event.program);
  Program* program = found == m.by_name.end() ? nullptr : m.find(found->second);
  if (program == nullptr || !watches(*program)) return;
  if (!program->changes) program->changes = Changes{event.file, {}, m.now, false};
  Changes& changes = *program->changes;
  if (changes.files.size() < kMostFiles) changes.files.insert(event.file);
  // One that waits for a roll to be over goes on waiting, but not before the files have settled.
  changes.due = false;
  m.changed.erase(program->id);
  const Duration delay = program->config.watch_delay;
  m.deadlines.set(changed_key(*program), std::min(m.now + delay, changes.began + kLongest * delay));
}

void on_changes_due(Machine& m, const DeadlineKey& key) {
  Program* program = m.find(key.owner.slot.program);
  if (program == nullptr || !program->changes) return;
  program->changes->due = true;
  m.changed.insert(program->id);
}

void advance_changes(Machine& m) {
  if (m.changed.empty()) return;
  for (const std::uint32_t id : std::set<std::uint32_t>(m.changed)) {
    Program* program = m.find(id);
    if (m.shutdown || program == nullptr || !program->changes || !program->changes->due) {
      m.changed.erase(id);
      continue;
    }
    const std::vector<std::uint32_t> affected = affected_by(m, *program);
    if (!watches(*program) || wanted_slots(*program).empty()) {
      forget_changes(m, *program);
    } else if (!must_wait(m, affected)) {
      restart(m, *program, affected);
    }
  }
}

void forget_changes(Machine& m, Program& program) {
  program.changes.reset();
  m.changed.erase(program.id);
  m.deadlines.cancel(changed_key(program));
}

}  // namespace holdfast::supervisor::core
