// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/batch.hpp"

#include "supervisor/core/commands.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace holdfast::supervisor::core {

namespace {

std::string_view verb_of(CommandKind kind) {
  switch (kind) {
    case CommandKind::Start: return "starting";
    case CommandKind::Stop: return "stopping";
    case CommandKind::Restart: return "restarting";
    case CommandKind::Scale: return "scaling";
    case CommandKind::Signal: return "signalling";
  }
  return "changing";
}

// All that the program comes after, directly or through others.
std::set<std::uint32_t> dependencies_of(const Machine& m, std::uint32_t id) {
  std::set<std::uint32_t> all;
  std::vector<std::uint32_t> open{id};
  while (!open.empty()) {
    const auto program = m.programs.find(open.back());
    open.pop_back();
    if (program == m.programs.end()) continue;
    for (const std::uint32_t on : program->second.after) {
      if (all.insert(on).second) open.push_back(on);
    }
  }
  return all;
}

void find_needs(const Machine& m, Batch& batch) {
  for (auto& [id, member] : batch.members) {
    for (const std::uint32_t on : dependencies_of(m, id)) {
      const auto other = batch.members.find(on);
      if (other == batch.members.end()) continue;
      if (batch.kind == CommandKind::Stop) {
        other->second.needs.insert(id);
      } else {
        member.needs.insert(on);
      }
    }
  }
}

// Those that need nobody first; otherwise as the configuration has them. A member has more needs
// than each of those that it needs, as it needs what they need.
std::vector<std::uint32_t> sequence_of(const Batch& batch, std::vector<std::uint32_t> programs) {
  std::stable_sort(programs.begin(), programs.end(), [&](std::uint32_t a, std::uint32_t b) {
    return batch.members.at(a).needs.size() < batch.members.at(b).needs.size();
  });
  return programs;
}

bool is_over(const Batch::Member& member) {
  return member.step == Batch::Step::Done || member.step == Batch::Step::Failed;
}

bool is_over(const Batch& batch) {
  return std::all_of(batch.members.begin(), batch.members.end(),
                     [](const auto& entry) { return is_over(entry.second); });
}

bool needs_success(CommandKind kind) {
  return kind == CommandKind::Start || kind == CommandKind::Restart;
}

void give_up(Batch::Member& member, std::string why) {
  member.step = Batch::Step::Failed;
  member.message = std::move(why);
}

void begin_member(Machine& m, std::uint64_t request, Batch::Member& member) {
  const Program* program = m.find(member.order.program);
  if (program == nullptr || program->removing) return give_up(member, "it has been removed");
  member.step = Batch::Step::Working;
  member.order.request = m.next_order++;
  m.batch_orders[member.order.request] = {request, member.order.program};
  carry_out(m, member.order);
}

void consider_member(Machine& m, std::uint64_t request, Batch& batch, Batch::Member& member) {
  if (member.step != Batch::Step::Waiting) return;
  if (m.shutdown) return give_up(member, "given up: shutting down");
  for (const std::uint32_t need : member.needs) {
    const Batch::Member& needed = batch.members.at(need);
    if (!is_over(needed)) return;
    if (needed.step == Batch::Step::Failed && needs_success(batch.kind))
      return give_up(member, fmt::format("given up, because {} has failed", needed.name));
  }
  begin_member(m, request, member);
}

// In the order of the sequence, so that one pass finds all whose turn has come at once.
void advance(Machine& m, std::uint64_t request, Batch& batch) {
  for (const std::uint32_t id : batch.sequence)
    consider_member(m, request, batch, batch.members.at(id));
}

void finish(Machine& m, std::uint64_t request, const Batch& batch) {
  std::vector<std::string> failed;
  std::string failures;
  std::string successes;
  for (const std::uint32_t id : batch.sequence) {
    const Batch::Member& member = batch.members.at(id);
    if (member.step == Batch::Step::Failed) {
      failed.push_back(member.name);
      failures += fmt::format("\n! {}: {}", member.name, member.message);
    } else {
      successes += (successes.empty() ? "" : "\n") + member.message;
    }
  }
  if (failed.empty()) return m.reply(request, true, successes);
  m.reply(request, false,
          fmt::format("{} of {} programs failed: {}{}{}{}", failed.size(), batch.members.size(),
                      fmt::join(failed, ", "), failures, successes.empty() ? "" : "\n", successes));
}

}  // namespace

void begin_batch(Machine& m, std::uint64_t request, std::vector<Order> orders) {
  Batch& batch = m.batches[request];
  batch.kind = orders.front().kind;
  std::vector<std::uint32_t> programs;
  std::vector<std::string> names;
  for (Order& order : orders) {
    const std::uint32_t id = order.program;
    programs.push_back(id);
    Batch::Member& member = batch.members[id];
    member.name = m.programs.at(id).config.name;
    member.order = std::move(order);
  }
  find_needs(m, batch);
  batch.sequence = sequence_of(batch, std::move(programs));
  for (const std::uint32_t id : batch.sequence)
    names.push_back(batch.members.at(id).name);
  advance(m, request, batch);
  if (!is_over(batch)) {
    m.accept(request, fmt::format("{} {} programs: {}", verb_of(batch.kind), names.size(),
                                  fmt::join(names, ", ")));
  }
}

void supersede(Machine& m, std::uint32_t program) {
  for (auto& [request, batch] : m.batches) {
    const auto member = batch.members.find(program);
    if (member == batch.members.end() || member->second.step != Batch::Step::Waiting) continue;
    give_up(member->second, "given up for a later command");
    m.touch();
  }
}

void advance_batches(Machine& m) {
  for (auto entry = m.batches.begin(); entry != m.batches.end();) {
    auto& [request, batch] = *entry;
    advance(m, request, batch);
    if (!is_over(batch)) {
      ++entry;
      continue;
    }
    finish(m, request, batch);
    entry = m.batches.erase(entry);
  }
}

}  // namespace holdfast::supervisor::core
