// SPDX-License-Identifier: Apache-2.0
// Checker: promises about the fleet as a whole.
#include "tests/simulation/core/checker.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::supervisor::core::simulation {

namespace {

bool is_oneshot(const Fleet& fleet, std::uint32_t program) {
  const config::Program* config = fleet.program(program);
  return config != nullptr && config->type == config::ProgramType::Oneshot;
}

}  // namespace

// In an ordered shutdown no process is asked to stop while one that depends on it, directly or
// indirectly, is alive. Exempt: processes spawned after the shutdown began, and the fast path.
void Checker::check_stage(const ProcessId& process) {
  if (!truth_.shutdown || truth_.fast || now_ >= truth_.kill_at()) return;
  if (truth_.live.at(process).after_shutdown) return;
  // A removed program may still stop beside its successor: a name means the newest of them.
  std::map<std::string, std::uint32_t> newest;
  for (const auto& [id, known] : known_) {
    if (fleet_.program(id) != nullptr) newest[known.name] = id;
  }
  std::set<std::uint32_t> dependants{process.slot.program};
  for (bool more = true; more;) {
    more = false;
    for (const auto& [id, known] : known_) {
      if (fleet_.program(id) == nullptr) continue;  // removed, and gone
      for (const std::string& name : known.after) {
        const auto on = newest.find(name);
        if (on != newest.end() && dependants.contains(on->second)) {
          more |= dependants.insert(id).second;
        }
      }
    }
  }
  dependants.erase(process.slot.program);
  for (const auto& [id, worker] : truth_.live) {
    if (dependants.contains(id.slot.program)) {
      wrong(fmt::format("{} is asked to stop while {} lives", known_[process.slot.program].name,
                        known_[id.slot.program].name));
    }
  }
}

bool Checker::is_starting(const ProcessId& id, const Worker& worker) const {
  const bool runs_up = worker.spawned && !worker.ready && !worker.stop_requested;
  return !worker.spawned || (runs_up && !is_oneshot(fleet_, id.slot.program));
}

std::uint32_t Checker::starting() const {
  std::uint32_t starting = 0;
  for (const auto& [id, worker] : truth_.live)
    starting += is_starting(id, worker) ? 1U : 0U;
  return starting;
}

// Slots whose last process never became ready do not get the last place; those of restarts are all
// to be had.
bool Checker::places_are_taken(const SlotId& slot) const {
  const std::uint32_t places = truth_.max_starting;
  const bool restart = truth_.last_served.contains(slot);
  return truth_.shutdown || starting() >= (restart ? places : std::max(1U, places - 1));
}

void Checker::note_files(const Event& event) {
  restarts_for_files_ = false;
  stopped_by_hand_.clear();
  if (const auto* changed = std::get_if<FilesChanged>(&event)) {
    const auto known = files_changed_.try_emplace(changed->program, now_, now_).first;
    known->second.second = now_;
  }
  if (files_changed_.empty() || std::holds_alternative<Reload>(event)) return;
  for (const ProgramView& program : fleet_.view().programs) {
    for (const SlotView& slot : program.slots) {
      if (slot.stopped_by_hand) stopped_by_hand_.insert(slot.id);
    }
  }
}

// Files have settled before anybody is restarted for them, or they never do.
void Checker::check_files(const Report& report) {
  restarts_for_files_ = true;
  starts_alone_.clear();
  const auto changed = files_changed_.extract(report.program);
  const config::Program* program = fleet_.program(report.process.slot.program);
  if (!changed || program == nullptr || program->watch.empty())
    return wrong("a restart for files that have not changed");
  const auto [first, last] = changed.mapped();
  const Duration delay = program->watch_delay;
  if (now_ < last + delay && now_ < first + 10 * delay)
    wrong("a restart before files have settled");
}

// A process that is spawned after the shutdown began is asked to stop at once.
void Checker::check_newcomer(const Event& event) {
  const auto* spawned = std::get_if<Spawned>(&event);
  if (spawned == nullptr || !truth_.shutdown || truth_.finish) return;
  const auto worker = truth_.live.find(spawned->process);
  if (worker != truth_.live.end() && !worker->second.stop_requested)
    wrong("a newcomer is not asked to stop");
}

void Checker::check_shutdown() {
  if (!truth_.shutdown) return;
  if (truth_.live.empty() && !truth_.finish) wrong("everything is gone and there is no Finish");
  if (now_ >= truth_.finish_at() && !truth_.finish) wrong("no Finish at the deadline");
  if (truth_.finish || now_ < truth_.kill_at()) return;
  for (const auto& [id, worker] : truth_.live) {
    if (worker.spawned && worker.kills == 0) wrong("somebody lives on after the kill point");
  }
}

std::string Checker::check_view(MonoTime now) {
  now_ = now;
  problem_.clear();
  if (truth_.finish) return {};  // nothing is promised after it
  const FleetView view = fleet_.view();
  const std::string print = fingerprint(view);
  if (fleet_.revision() == seen_revision_ && print != seen_view_) {
    wrong("the view changed and the revision did not");
  }
  seen_revision_ = fleet_.revision();
  seen_view_ = print;
  std::size_t shown = 0;
  std::set<std::string> names;
  for (const ProgramView& program : view.programs) {
    check_schedule(program);
    std::uint32_t ready = 0;
    for (const SlotView& slot : program.slots) {
      check_slot(program, slot);
      bool serves = false;
      for (const auto& [id, worker] : truth_.live) {
        if (id.slot != slot.id) continue;
        ++shown;
        serves |= worker.ready;
        if (id.incarnation != slot.incarnation && id.incarnation != slot.retiring_incarnation) {
          wrong("a living process is not in the view");
        }
      }
      ready += serves ? 1 : 0;
    }
    if (ready != program.ready) wrong("the count of ready slots is wrong");
    // A removed program stays in the view until its processes are gone, after the others.
    const auto wanted = truth_.wanted.find(program.config->name);
    const bool listed = wanted != truth_.wanted.end() && names.insert(program.config->name).second;
    // A new number of replicas takes effect when the reload comes to the program.
    const bool pending = view.reloading || !program.differs.empty();
    if (listed && !pending && program.wanted != wanted->second) {
      wrong(fmt::format("{} wants {} slots where {} were asked for", program.config->name,
                        program.wanted, wanted->second));
    }
    if (listed && program.slots.size() < program.wanted) wrong("slots are missing");
  }
  if (names.size() != truth_.wanted.size()) wrong("a program is missing from the view");
  if (shown != truth_.live.size()) wrong("a living process belongs to no slot");
  if (view.draining != truth_.shutdown.has_value()) wrong("draining is wrong");
  if (view.draining && view.ready) wrong("ready while draining");
  return problem_;
}

// A program that runs at times always has a next one, for which the timer is armed; nothing waits
// for a run to end that is not there; and it never counts.
void Checker::check_schedule(const ProgramView& program) {
  if (program.schedule.has_value() != config::is_scheduled(*program.config))
    return wrong(program.config->name + ": a schedule without times, or times without a schedule");
  if (!program.schedule || program.slots.empty() || program.dormant) return;
  const SlotView& slot = program.slots.front();
  const auto wanted = truth_.wanted.find(program.config->name);
  const bool removed = wanted == truth_.wanted.end() || fleet_.program(program.id) == nullptr;
  if (removed || truth_.shutdown || slot.stopped_by_hand) return;
  if (known_by_name(program.config->name) != program.id) return;  // its successor has the name
  if (!program.schedule->next_at) return wrong(program.config->name + " has no next run");
  if (!truth_.armed || *truth_.armed > *program.schedule->next_at)
    wrong(program.config->name + ": no timer for its next run");
  const bool runs = truth_.live.contains({slot.id, slot.incarnation});
  if (program.schedule->queued && !runs) wrong(program.config->name + ": a run waits for nothing");
}

// The newest program of the name.
std::uint32_t Checker::known_by_name(const std::string& name) const {
  std::uint32_t newest = 0;
  for (const auto& [id, known] : known_) {
    if (known.name == name) newest = std::max(newest, id);
  }
  return newest;
}

void Checker::check_slot(const ProgramView& program, const SlotView& slot) {
  const auto alive = [&](std::uint64_t incarnation) {
    return truth_.live.contains({slot.id, incarnation});
  };
  const auto say = [&](const char* what) {
    wrong(fmt::format("{}.{}: {} ({})", program.config->name, slot.id.slot, what,
                      to_string(slot.state)));
  };
  const bool current = alive(slot.incarnation) && slot.incarnation != slot.retiring_incarnation;
  const bool retiring = slot.retiring_incarnation != 0 && alive(slot.retiring_incarnation);
  if (slot.retiring_incarnation != 0 && !retiring) say("the retiring process is gone");
  // A removed program keeps its slots until those that depended on it are gone.
  const bool extra = slot.id.slot >= program.wanted && program.wanted > 0;
  if (extra && !current && !retiring) say("a removed slot stays");
  switch (slot.state) {
    case SlotState::Starting:
    case SlotState::Ready:
    case SlotState::Unhealthy:
      if (!current) say("no process");
      break;
    case SlotState::Stopping:
      if (!current && !retiring) say("no process");
      break;
    case SlotState::Backoff:
      if (current) say("a process in it");
      if (!slot.retry_at && !retiring && !places_are_taken(slot.id)) say("nothing will end it");
      break;
    case SlotState::CrashLoop:
      if (current) say("a process in it");
      if (!slot.retry_at && !retiring && !places_are_taken(slot.id)) say("nothing will end it");
      break;
    case SlotState::Stopped:
    case SlotState::Scheduled:
    case SlotState::Failed:
    case SlotState::Done:
      if (current) say("a process in it");
      break;
  }
  if (slot.retry_at && (!truth_.armed || *truth_.armed > *slot.retry_at)) {
    say("no timer will end the wait");
  }
  if (slot.state == SlotState::Ready) {
    const auto worker = truth_.live.find({slot.id, slot.incarnation});
    // Of two processes the older one may serve on.
    const bool serves = std::any_of(truth_.live.begin(), truth_.live.end(), [&](const auto& entry) {
      return entry.first.slot == slot.id && entry.second.ready;
    });
    if (worker != truth_.live.end() && !serves) say("not ready in truth");
  }
}

// Every process was started, answered and behaved: everything must be up, or done.
std::string Checker::check_quiescent() {
  problem_.clear();
  for (const auto& [request, answers] : truth_.replies) {
    if (answers != 1) wrong(fmt::format("request {} got {} replies", request, answers));
  }
  if (truth_.shutdown) {
    if (!truth_.finish) wrong("the shutdown never finished");
    return problem_;
  }
  for (const ProgramView& program : fleet_.view().programs) {
    for (const SlotView& slot : program.slots) {
      const bool oneshot = program.config->type == config::ProgramType::Oneshot;
      if (slot.state == (oneshot ? SlotState::Done : SlotState::Ready)) continue;
      if (program.schedule && slot.state == SlotState::Scheduled) continue;
      wrong(fmt::format("{}.{} is {} ({}) though nothing is pending", program.config->name,
                        slot.id.slot, to_string(slot.state), slot.status));
    }
    if (program.slots.size() != program.wanted) wrong("too many slots though nothing is pending");
    if (program.rolling) wrong("a roll never ended");
    if (!program.differs.empty()) wrong(program.config->name + " is not as configured");
  }
  return problem_;
}

std::string fingerprint(const FleetView& view) {
  std::string text = fmt::format("{}{}{}", view.draining, view.ready, view.reloading);
  for (const ProgramView& program : view.programs) {
    if (program.schedule) {
      const RunCounts& runs = program.schedule->counts;
      text += fmt::format("|{} {} {} {} {} {}", program.schedule->next_at.has_value(),
                          program.schedule->queued, runs.succeeded, runs.failed, runs.skipped,
                          runs.missed);
    }
    text += fmt::format("|{} {} {} {} {} {} {} ", program.id, program.config->command[0],
                        program.wanted, program.ready, program.satisfied, program.rolling,
                        program.differs.size());
    for (const SlotView& slot : program.slots) {
      text +=
          fmt::format("[{} {} {} {} {} {} {} {} {} {} {}]", slot.id.slot,
                      static_cast<int>(slot.state), slot.status, slot.incarnation, slot.pid,
                      slot.restarts, slot.starts, slot.last_exit ? describe(*slot.last_exit) : "",
                      slot.last_error, slot.retry_at.has_value(), slot.retiring_incarnation);
    }
  }
  return text;
}

}  // namespace holdfast::supervisor::core::simulation
