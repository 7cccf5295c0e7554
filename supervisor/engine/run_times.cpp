// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/run_times.hpp"

#include <algorithm>

namespace holdfast::supervisor {

namespace {

using namespace std::chrono_literals;

constexpr Duration kStillInTime = 1min;
constexpr Duration kPutBack = 3h;  // more is a clock that was wrong, not one that is corrected
constexpr std::uint64_t kMostCounted = 10'000;

schedule::TimeZone zone_of(const config::Program& program, const schedule::TimeZone& local) {
  if (program.timezone == "local") return local;
  auto named = schedule::TimeZone::named(program.timezone);
  return named ? *named : local;  // validation has looked it up
}

std::optional<schedule::Cron> cron_of(const config::Program& program) {
  if (program.schedule.empty()) return std::nullopt;
  auto cron = schedule::Cron::parse(program.schedule);
  return cron ? std::optional(*cron) : std::nullopt;
}

template <class To>
To later_by(To time, Duration by) {
  return time + std::chrono::duration_cast<typename To::duration>(by);
}

}  // namespace

RunTimes::RunTimes(const config::Program& program, const schedule::TimeZone& local,
                   std::optional<WallTime> last)
    : zone_(zone_of(program, local)),
      cron_(cron_of(program)),
      every_(std::max<Duration>(program.every, 1s)),
      catch_up_(program.catch_up),
      last_(last) {}

std::optional<RunTimes::Plan> RunTimes::plan(MonoTime at, std::optional<WallTime> due) {
  planned_.reset();
  if (due) planned_ = Plan{at, *due, 0, {}};
  return planned_;
}

std::optional<RunTimes::Plan> RunTimes::next_on_wall(Instant now) {
  WallTime after = now.wall;
  if (last_ && *last_ > after && *last_ - after <= kPutBack) after = *last_;
  const auto due = cron_->next_after(after, zone_);
  return plan(due ? now.mono + (*due - now.wall) : MonoTime{}, due);
}

void RunTimes::count_missed(Plan& plan, WallTime from, WallTime until) const {
  for (std::optional<WallTime> due = from; due && *due <= until && plan.missed < kMostCounted;
       due = cron_->next_after(*due, zone_)) {
    ++plan.missed;
    plan.last_missed = *due;
  }
}

std::optional<RunTimes::Plan> RunTimes::begin(Instant now) {
  const bool remembers = catch_up_ && last_ && *last_ <= now.wall;
  if (cron_) {
    const auto since = remembers ? cron_->next_after(*last_, zone_) : std::nullopt;
    return since && *since <= now.wall ? plan(now.mono, since) : next_on_wall(now);
  }
  const WallTime due = later_by(remembers ? *last_ : now.wall, every_);
  return plan(now.mono + std::max<Duration>(due - now.wall, 0s), due);
}

std::optional<RunTimes::Plan> RunTimes::taken(Instant now) {
  if (!planned_) return begin(now);
  const Plan done = *planned_;
  last_ = done.due;
  if (cron_) {
    auto next = next_on_wall(now);
    // Was the supervisor itself held up for long?
    const auto missed = cron_->next_after(done.due, zone_);
    if (next && missed && !catch_up_) count_missed(*next, *missed, now.wall);
    return next;
  }
  const auto rounds = std::max<Duration::rep>((now.mono - done.at) / every_, 0);
  const MonoTime at = done.at + every_ * (rounds + 1);
  auto next = plan(at, later_by(now.wall, at - now.mono));
  if (next && rounds > 0) {
    next->missed = static_cast<std::uint64_t>(rounds);
    next->last_missed = later_by(next->due, -every_);
  }
  return next;
}

std::optional<RunTimes::Plan> RunTimes::clock_set(Instant now) {
  if (!planned_) return begin(now);
  const Plan before = *planned_;
  if (!cron_) {
    const bool slept_through = catch_up_ && before.due <= now.wall;
    return slept_through ? plan(now.mono, before.due)
                         : plan(before.at, later_by(now.wall, before.at - now.mono));
  }
  if (before.due > now.wall) return next_on_wall(now);
  if (catch_up_ || now.wall - before.due <= kStillInTime) return plan(now.mono, before.due);
  auto next = next_on_wall(now);
  if (next) count_missed(*next, before.due, now.wall);
  return next;
}

}  // namespace holdfast::supervisor
