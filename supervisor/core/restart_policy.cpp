// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/restart_policy.hpp"

#include <algorithm>
#include <cmath>

namespace holdfast::supervisor::core {

namespace {

using namespace std::chrono_literals;

bool clean(const Ending& ending) {
  return ending.status && !ending.by_us && !ending.status->signaled && ending.status->value == 0;
}

// The verdicts that need no counting.
std::optional<Verdict> final_verdict(const config::Program& program, const Ending& ending) {
  const bool success = clean(ending);
  if (success && program.type == config::ProgramType::Oneshot) return Verdict::Done;
  if (ending.status && !ending.status->signaled && !ending.by_us &&
      ending.status->value == kExitConfiguration) {
    return Verdict::Fail;
  }
  switch (program.restart) {
    case config::RestartPolicy::Always: return std::nullopt;
    case config::RestartPolicy::OnFailure:
      if (success) return Verdict::Leave;
      return std::nullopt;
    case config::RestartPolicy::Never: return success ? Verdict::Leave : Verdict::Fail;
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

}  // namespace

Duration settled_time(const config::Program& program) {
  return std::max<Duration>(program.settled_after, 1s);
}

Duration crash_loop_pause(const config::Program& program) {
  return std::max<Duration>(program.crash_loop_retry, 1s);
}

// min(cap, base * factor^attempt) * (1 +- jitter): the spread is around the cap too, or all the
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

Decision decide(const config::Program& program, RestartMemory& memory, const Ending& ending,
                MonoTime now, Random& random) {
  if (const auto verdict = final_verdict(program, ending)) return {*verdict, {}, false};
  const bool settled = ending.ready_for >= settled_time(program);
  if (ending.ready_for > Duration::zero() && ending.ready_for >= program.backoff_reset) {
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
  if (memory.crash_loop) return {Verdict::CrashLoop, crash_loop_pause(program), entered};
  if (settled) return {Verdict::Restart, {}, false};
  return {Verdict::Backoff, backoff_delay(program, memory.attempt++, random), false};
}

}  // namespace holdfast::supervisor::core
