// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/crash_recorder.hpp"

#include "common/base/duration.hpp"
#include "common/base/id.hpp"
#include "common/base/version.hpp"
#include "common/log/redact.hpp"
#include "common/os/host_name.hpp"
#include "common/protocol/in_flight.hpp"
#include "supervisor/engine/core_dump.hpp"
#include "supervisor/engine/crash_facts.hpp"
#include "supervisor/state/crash_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <utility>

namespace holdfast::supervisor {

namespace {

using namespace std::chrono_literals;
using core::EventKind;

constexpr std::size_t kMostInHour = 10'000;  // of one worker; more are not told apart

bool is_about_a_crash(EventKind kind) {
  switch (kind) {
    case EventKind::Crashed:
    case EventKind::ExitedUnexpectedly:
    case EventKind::Failed:
    case EventKind::SpawnFailed:
    case EventKind::ReadyTimeout:
    case EventKind::Hung:
    case EventKind::Unhealthy:
    case EventKind::MemoryMax: return true;
    default: return false;
  }
}

// What had been wrong before it was ended for that.
std::string_view trouble_of(EventKind kind) {
  switch (kind) {
    case EventKind::ReadyTimeout: return "did not become ready: ";
    case EventKind::Hung: return "hung: ";
    case EventKind::Unhealthy: return "was unhealthy: ";
    case EventKind::MemoryMax: return "used more than memory_max: ";
    default: return "";
  }
}

// A signal of the process's own making.
bool is_fault(const core::ExitStatus& exit) {
  return exit.signaled && (exit.value == SIGSEGV || exit.value == SIGBUS || exit.value == SIGFPE ||
                           exit.value == SIGILL || exit.value == SIGABRT);
}

// "1.2s", "3h12m5s"
std::string rounded(Duration uptime) {
  if (uptime < 10s) return fmt::format("{:.1f}s", std::chrono::duration<double>(uptime).count());
  return format_duration(std::chrono::floor<std::chrono::seconds>(uptime));
}

std::vector<InFlight> in_flight_of(const protocol::InFlightContents& contents, MonoTime ended_at) {
  std::vector<InFlight> result;
  for (const protocol::InFlightEntry& entry : contents.entries) {
    const bool job = entry.kind == protocol::InFlightKind::Job;
    // A worker may have written any time.
    const bool sane = entry.started.time_since_epoch() > 0s && entry.started <= ended_at;
    result.push_back({job ? "job" : "request", entry.id, entry.what,
                      sane ? ended_at - entry.started : Duration::zero()});
  }
  return result;
}

}  // namespace

CrashRecorder::CrashRecorder(const Clock& clock, Observers observers)
    : clock_(clock), observers_(std::move(observers)), host_(host_name()) {}

// In order, and different from those of an earlier life of the supervisor that was in the same
// millisecond.
std::string CrashRecorder::next_id(WallTime now) {
  const std::int64_t ms = to_unix_ms(now);
  if (std::exchange(last_ms_, ms) == ms) {
    ++number_;
  } else {
    std::array<unsigned char, 2> random{};
    fill_random(random);
    number_ = static_cast<std::uint16_t>((random[0] << 8 | random[1]) & 0x7fff);
  }
  return make_crash_id(now, number_);
}

std::string CrashRecorder::reported(const core::Report& report) {
  if (report.process.incarnation == 0) return {};
  const bool is_crash = is_about_a_crash(report.kind);
  // That it starts is reported after its launch has failed.
  if (report.kind != EventKind::Starting && never_started_.erase(report.process) > 0)
    return is_crash ? report_spawn_failure(report) : std::string();
  if (!is_crash) {
    // The end of one that was not ready in time is reported as a back-off.
    const auto known = pending_.find(report.process);
    if (known != pending_.end() && !report.next_try.empty())
      known->second.next_try = report.next_try;
    return {};
  }
  Pending& pending = pending_[report.process];
  if (pending.id.empty()) {
    pending.time = clock_.wall();
    pending.id = next_id(pending.time);
    pending.kind = report.kind;
    pending.why = report.message;
  }
  if (!report.next_try.empty()) pending.next_try = report.next_try;
  return pending.id;
}

void CrashRecorder::ended(const core::ProcessId& process, ProcessEnd end) {
  Pending& pending = pending_[process];
  pending.end = std::move(end);
  pending.ended_at = clock_.mono();
}

CrashReportPtr CrashRecorder::drained(const core::ProcessId& process,
                                      const std::vector<std::string>& lines) {
  const auto found = pending_.find(process);
  if (found == pending_.end() || !found->second.end) return nullptr;
  const Pending pending = std::move(pending_.extract(found).mapped());
  if (pending.id.empty() && !is_fault(pending.end->exit)) return nullptr;
  CrashReport report = facts_of(pending, process);
  add_facts_of_lines(report, lines, pending.end->own);
  if (pending.id.empty()) return std::make_shared<const CrashReport>(std::move(report));
  return publish(std::move(report));
}

CrashReport CrashRecorder::facts_of(const Pending& pending, const core::ProcessId& process) const {
  const ProcessEnd& end = *pending.end;
  CrashReport report;
  report.id = pending.id;
  report.time = pending.time;
  report.program = end.program;
  report.worker = end.worker;
  report.incarnation = process.incarnation;
  report.pid = end.pid;
  report.kind = core::to_string(pending.kind);
  report.exit = end.exit;
  report.uptime = std::max(Duration::zero(), pending.ended_at - end.started_at);
  report.summary = fmt::format("{}{} after {}", trouble_of(pending.kind), core::describe(end.exit),
                               rounded(report.uptime));
  if (end.exit.out_of_memory) {
    report.oom = "the kernel has killed it for lack of memory, as its cgroup counts";
  } else if (pending.kind == EventKind::MemoryMax) {
    report.oom = log::redact_text(pending.why);
  }
  if (end.in_flight) {
    if (const auto contents = protocol::read_in_flight(end.in_flight.get())) {
      report.in_flight = in_flight_of(*contents, pending.ended_at);
      report.in_flight_unlisted = contents->unlisted;
    }
  }
  if (end.exit.core_dumped) {
    std::error_code ignored;
    const std::string directory =
        end.directory.empty() ? std::filesystem::current_path(ignored).native() : end.directory;
    report.core_dump = core_dump_place(kernel_core_pattern(),
                                       {end.pid, end.exit.value, end.executable, directory, host_});
  }
  report.next_try = pending.next_try;
  return report;
}

std::string CrashRecorder::report_spawn_failure(const core::Report& report) {
  CrashReport failure;
  failure.time = clock_.wall();
  failure.id = next_id(failure.time);
  failure.program = report.program;
  failure.worker = fmt::format("{}.{}", report.program, report.process.slot.slot);
  failure.incarnation = report.process.incarnation;
  failure.kind = core::to_string(report.kind);
  failure.summary = log::redact_text(report.message);
  failure.next_try = report.next_try;
  return publish(std::move(failure))->id;
}

std::uint32_t CrashRecorder::count_in_hour(const std::string& worker) {
  const MonoTime now = clock_.mono();
  std::deque<MonoTime>& times = recent_[worker];
  times.push_back(now);
  while (times.front() + 1h <= now || times.size() > kMostInHour)
    times.pop_front();
  return static_cast<std::uint32_t>(times.size());
}

CrashReportPtr CrashRecorder::publish(CrashReport report) {
  report.host = host_;
  report.version = kVersion;
  report.restarts_in_hour = count_in_hour(report.worker);
  const auto shared = std::make_shared<const CrashReport>(std::move(report));
  for (CrashObserver* observer : observers_)
    observer->on_crash(shared);
  return shared;
}

std::vector<core::ProcessId> CrashRecorder::waiting() const {
  std::vector<core::ProcessId> result;
  for (const auto& [process, pending] : pending_) {
    if (pending.end && !pending.id.empty()) result.push_back(process);
  }
  return result;
}

}  // namespace holdfast::supervisor
