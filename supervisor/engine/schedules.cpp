// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/schedules.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::supervisor {

namespace {

using namespace std::chrono_literals;

constexpr Duration kClockSet = 500ms;  // NTP's slewing adds up to this in a quarter of an hour

Duration offset_of(Instant now) {
  return now.wall.time_since_epoch() - now.mono.time_since_epoch();
}

}  // namespace

Schedules::Schedules(const Clock& clock, log::Logger& log, const std::filesystem::path& state_dir,
                     const std::string& tz, std::function<void(core::Event)> feed)
    : clock_(clock),
      log_(log),
      local_(schedule::TimeZone::local(tz)),
      feed_(std::move(feed)),
      memory_(state_dir),
      offset_(offset_of(now())) {}

void Schedules::plan(const core::PlanRun& request, const config::Config& config) {
  const auto program =
      std::find_if(config.programs.begin(), config.programs.end(),
                   [&](const config::Program& one) { return one.name == request.program; });
  if (program == config.programs.end() || !config::is_scheduled(*program)) {
    entries_.erase(request.program);
    return;
  }
  const auto known = entries_.find(request.program);
  if (request.due && known != entries_.end()) {
    const auto next = known->second.times.taken(now());
    remember(request.program, known->second);
    return answer(request.program, known->second.times, next);
  }
  const auto last = known != entries_.end() && known->second.times.last()
                        ? known->second.times.last()
                        : memory_.last(request.program);
  Entry entry{RunTimes(*program, local_, last), program->catch_up};
  const auto next = entry.times.begin(now());
  const auto& kept = entries_.insert_or_assign(request.program, std::move(entry)).first->second;
  // What has never run catches up from here on.
  if (kept.remember && !last) {
    if (const auto saved = memory_.remember(request.program, clock_.wall()); !saved)
      log_.warn("what has to be caught up is not remembered: " + saved.error().message);
  }
  answer(request.program, kept.times, next);
}

void Schedules::check_clock() {
  const Instant at = now();
  const Duration offset = offset_of(at);
  if (std::chrono::abs(offset - std::exchange(offset_, offset)) < kClockSet) {
    return;
  }
  std::map<std::string, std::optional<RunTimes::Plan>> plans;
  for (auto& [program, entry] : entries_)
    plans[program] = entry.times.clock_set(at);
  for (const auto& [program, plan] : plans) {
    const auto entry = entries_.find(program);
    if (entry != entries_.end()) answer(program, entry->second.times, plan);
  }
}

void Schedules::answer(const std::string& program, const RunTimes& times,
                       const std::optional<RunTimes::Plan>& plan) {
  if (!plan) return;
  const schedule::TimeZone zone = times.zone();
  if (plan->missed > 0)
    feed_(core::RunsMissed{program, plan->missed, zone.format(plan->last_missed)});
  feed_(core::RunPlanned{program, plan->at, zone.format(plan->due)});
}

void Schedules::remember(const std::string& program, const Entry& entry) {
  if (!entry.remember || !entry.times.last()) return;
  if (const auto saved = memory_.remember(program, *entry.times.last()); !saved)
    log_.warn("what has to be caught up is not remembered: " + saved.error().message);
}

}  // namespace holdfast::supervisor
