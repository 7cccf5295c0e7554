// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/restart_policy.hpp"

#include "common/os/exit_codes.hpp"

#include <algorithm>
#include <cmath>

namespace holdfast::supervisor::core {

namespace {

using namespace std::chrono_literals;

bool clean(const config::Program& program, const UnplannedExit& exit) {
  return exit.status && !exit.by_us && is_success(program, *exit.status);
}

// The outcomes that do not depend on earlier failures.
std::optional<RestartAction> uncounted_action(const config::Program& program,
                                              const UnplannedExit& exit) {
  const bool success = clean(program, exit);
  if (success && program.type == config::ProgramType::Oneshot) return RestartAction::Done;
  if (!success && exit.status && !exit.status->signaled && !exit.by_us &&
      exit.status->value == exit_code::kConfig) {
    return RestartAction::Fail;
  }
  switch (program.restart) {
    case config::RestartPolicy::Always: return std::nullopt;
    case config::RestartPolicy::OnFailure:
      if (success) return RestartAction::Leave;
      return std::nullopt;
    case config::RestartPolicy::Never: return success ? RestartAction::Leave : RestartAction::Fail;
  }
  return std::nullopt;
}

void count(const config::Program& program, RestartMemory& memory, bool settled, MonoTime now) {
  if (settled) memory.in_a_row = 0;
  ++memory.in_a_row;
  const std::size_t limit = std::max<std::uint32_t>(1, program.crash_loop_exits);
  memory.recent.push_back(now);
  while (memory.recent.size() > limit || memory.recent.front() + program.crash_loop_window < now) {
    memory.recent.pop_front();
  }
}

// Whether one more restart within an hour is too many; counts it if not.
bool exceeds_hourly_limit(const config::Program& program, RestartMemory& memory, MonoTime now) {
  if (program.max_restarts_per_hour == 0) {
    memory.restarts.clear();
    return false;
  }
  while (!memory.restarts.empty() && memory.restarts.front() + 1h <= now)
    memory.restarts.pop_front();
  if (memory.restarts.size() >= program.max_restarts_per_hour) return true;
  memory.restarts.push_back(now);
  return false;
}

}  // namespace

bool is_success(const config::Program& program, const ExitStatus& status) {
  // What a shell reports of a process that was ended by a signal.
  constexpr int kSignalBase = 128;
  if (!status.signaled && status.value == 0) return true;
  const int code = status.signaled ? kSignalBase + status.value : status.value;
  const auto& codes = program.success_exit_codes;
  return std::find(codes.begin(), codes.end(), static_cast<std::uint32_t>(code)) != codes.end();
}

Duration settled_time(const config::Program& program) {
  return std::max<Duration>(program.settled_after, 1s);
}

Duration crash_loop_pause(const config::Program& program) {
  return std::max<Duration>(program.crash_loop_retry, 1s);
}

// min(cap, base * factor^attempt) * (1 +- jitter): the jitter applies to the cap too, or all the
// slots that reached it would start in step.
Duration backoff_delay(const config::Program& program, std::uint32_t attempt, Random& random) {
  const auto cap = static_cast<double>(program.backoff_cap.count());
  const double factor = std::max(1.0, program.backoff_factor);
  const double grown = static_cast<double>(program.backoff_base.count()) *
                       std::pow(factor, static_cast<double>(std::min(attempt, 1000U)));
  const double jitter = std::clamp(program.backoff_jitter, 0.0, 1.0);
  const double spread = 1.0 + jitter * (2.0 * random.unit() - 1.0);
  const auto delay = Duration(static_cast<std::int64_t>(std::min(grown, cap) * spread));
  return std::max<Duration>(delay, 10ms);
}

RestartDecision decide_restart(const config::Program& program, RestartMemory& memory,
                               const UnplannedExit& exit, MonoTime now, Random& random) {
  if (const auto action = uncounted_action(program, exit)) return {*action, {}, false, false};
  if (exceeds_hourly_limit(program, memory, now)) return {RestartAction::Fail, {}, false, true};
  const bool settled = exit.ready_for >= settled_time(program);
  if (exit.ready_for > Duration::zero() && exit.ready_for >= program.backoff_reset) {
    memory.attempt = 0;
  }
  count(program, memory, settled, now);
  const std::uint32_t limit = std::max<std::uint32_t>(1, program.crash_loop_exits);
  const bool entered =
      !memory.crash_loop && (memory.recent.size() >= limit || memory.in_a_row >= limit);
  if (entered) {
    memory.crash_loop = true;
    memory.announced_at = now;
  }
  if (memory.crash_loop)
    return {RestartAction::CrashLoop, crash_loop_pause(program), entered, false};
  if (settled) return {RestartAction::Now, {}, false, false};
  return {RestartAction::Backoff, backoff_delay(program, memory.attempt++, random), false, false};
}

}  // namespace holdfast::supervisor::core
