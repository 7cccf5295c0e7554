// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/core/describe.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace holdfast::supervisor::core::simulation {

namespace {

std::string show(const ProcessId& id) {
  return fmt::format("{}.{}#{}", id.slot.program, id.slot.slot, id.incarnation);
}

struct EventText {
  std::string operator()(const Spawned& e) const { return "spawned " + show(e.process); }
  std::string operator()(const SpawnFailed& e) const { return "spawn failed " + show(e.process); }
  std::string operator()(const Notified& e) const {
    constexpr const char* kNames[] = {"ready", "ping", "hung", "stopping", "scraped", "probed"};
    return fmt::format("{} says {}", show(e.process), kNames[static_cast<int>(e.notice)]);
  }
  std::string operator()(const StatusText& e) const { return "status of " + show(e.process); }
  std::string operator()(const TimeoutExtended& e) const {
    return fmt::format("{} asks for {} s more", show(e.process),
                       std::chrono::duration<double>(e.by).count());
  }
  std::string operator()(const NotReadyBecause& e) const {
    return fmt::format("{} is not ready: {}", show(e.process), e.reason);
  }
  std::string operator()(const HealthChecked& e) const {
    constexpr const char* kNames[] = {"well", "unwell", "not known"};
    return fmt::format("the health of {} is {}", show(e.process),
                       kNames[static_cast<int>(e.outcome)]);
  }
  std::string operator()(const MemoryUsed& e) const {
    return fmt::format("{} uses {} bytes", show(e.process), e.bytes);
  }
  std::string operator()(const Exited& e) const {
    return fmt::format("{} ended: {}, leaving {}", show(e.process), core::describe(e.status),
                       e.left);
  }
  std::string operator()(const LeftoversGone& e) const {
    return "all left by " + show(e.process) + " is gone";
  }
  std::string operator()(const RunPlanned& e) const {
    return fmt::format("{} is planned at {:.3f}", e.program,
                       std::chrono::duration<double>(e.at.time_since_epoch()).count());
  }
  std::string operator()(const RunsMissed& e) const {
    return fmt::format("{} has missed {}", e.program, e.count);
  }
  std::string operator()(const FilesChanged& e) const {
    return fmt::format("file {} of {} changes", e.file, e.program);
  }
  std::string operator()(const Tick&) const { return "tick"; }
  std::string operator()(const ShutdownRequested&) const { return "shutdown requested"; }
  std::string operator()(const Command& e) const {
    constexpr const char* kNames[] = {"start", "stop", "restart", "scale", "signal"};
    return fmt::format("request {}: {} {} {}", e.request, kNames[static_cast<int>(e.kind)],
                       fmt::join(e.targets, " "), e.count + static_cast<std::uint32_t>(e.signal));
  }
  std::string operator()(const Reload& e) const {
    std::string text = fmt::format("request {}: reload", e.request);
    for (const config::Program& p : e.programs) {
      text += fmt::format(" [{} x{} {} after {}]", p.name, p.replicas, p.command[0],
                          fmt::join(p.after, ","));
    }
    return text;
  }
};

struct ActionText {
  std::string operator()(const PlanRun& a) const {
    return fmt::format("plan {}{}", a.program, a.due ? ", which is due" : "");
  }
  std::string operator()(const Spawn& a) const { return "spawn " + show(a.process); }
  std::string operator()(const Signal& a) const {
    return fmt::format("signal {} to {}", a.signal, show(a.process));
  }
  std::string operator()(const CheckHealth& a) const {
    return "check the health of " + show(a.process);
  }
  std::string operator()(const ArmTimer& a) const {
    return fmt::format("timer at {:.3f}",
                       std::chrono::duration<double>(a.at.time_since_epoch()).count());
  }
  std::string operator()(const Report& a) const {
    return fmt::format("report {} {}: {}", to_string(a.kind), show(a.process), a.message);
  }
  std::string operator()(const Accepted& a) const {
    return fmt::format("accepted {}: {}", a.request, a.message);
  }
  std::string operator()(const Reply& a) const {
    return fmt::format("reply {} {}: {}", a.request, a.ok ? "ok" : "no", a.message);
  }
  std::string operator()(const BeginDrain&) const { return "begin drain"; }
  std::string operator()(const Finish& a) const { return fmt::format("finish {}", a.exit_code); }
};

}  // namespace

std::string describe(const Event& event) {
  return std::visit(EventText{}, event);
}

std::string describe(const Action& action) {
  return std::visit(ActionText{}, action);
}

}  // namespace holdfast::supervisor::core::simulation
