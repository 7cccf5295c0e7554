// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/reload_diff.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace holdfast::supervisor::core {

namespace {

using config::Program;

// One place names every field, so that a new one is forgotten in no list (a test compares the
// whole struct). `visit(name, member)`.
template <class Visit>
void each_launch_field(Visit visit) {
  visit("command", &Program::command);
  visit("type", &Program::type);
  visit("sockets", &Program::sockets);
  visit("directory", &Program::directory);
  visit("environment", &Program::environment);
  visit("env_file", &Program::env_file);
  visit("user", &Program::user);
  visit("group", &Program::group);
  visit("umask", &Program::umask);
  visit("rlimits", &Program::rlimits);
  visit("ready", &Program::ready);
  visit("ready_target", &Program::ready_target);
  visit("metrics", &Program::metrics);
}

template <class Visit>
void each_hot_field(Visit visit) {
  visit("min_ready", &Program::min_ready);
  visit("required", &Program::required);
  visit("after", &Program::after);
  visit("ready_timeout", &Program::ready_timeout);
  visit("ready_interval", &Program::ready_interval);
  visit("restart", &Program::restart);
  visit("settled_after", &Program::settled_after);
  visit("backoff_base", &Program::backoff_base);
  visit("backoff_factor", &Program::backoff_factor);
  visit("backoff_cap", &Program::backoff_cap);
  visit("backoff_jitter", &Program::backoff_jitter);
  visit("backoff_reset", &Program::backoff_reset);
  visit("crash_loop_exits", &Program::crash_loop_exits);
  visit("crash_loop_window", &Program::crash_loop_window);
  visit("crash_loop_retry", &Program::crash_loop_retry);
  visit("watchdog", &Program::watchdog);
  visit("watchdog_interval", &Program::watchdog_interval);
  visit("watchdog_grace", &Program::watchdog_grace);
  visit("stop_signal", &Program::stop_signal);
  visit("stop_timeout", &Program::stop_timeout);
}

// Of a section that is new to the program, or was, its `sockets` or `command` tell.
std::vector<std::string> changed_sections(const std::map<std::string, std::size_t>& before,
                                          const std::map<std::string, std::size_t>& after) {
  std::vector<std::string> names;
  for (const auto& [name, digest] : before) {
    const auto it = after.find(name);
    if (it != after.end() && it->second != digest) names.push_back(name);
  }
  return names;
}

}  // namespace

ProgramDiff diff_program(const Program& before, const Program& after) {
  ProgramDiff diff;
  diff.name = after.name;
  const auto into = [&](std::vector<std::string>& list) {
    return [&](const char* name, auto member) {
      if (before.*member != after.*member) list.emplace_back(name);
    };
  };
  each_launch_field(into(diff.launch));
  each_hot_field(into(diff.hot));
  for (const std::string& section : changed_sections(before.uses, after.uses))
    diff.launch.push_back("[" + section + "]");
  diff.replicas = before.replicas != after.replicas;
  return diff;
}

void copy_launch_fields(const Program& from, Program& to) {
  each_launch_field([&](const char*, auto member) { to.*member = from.*member; });
  to.uses = from.uses;
}

std::vector<std::string> diff_supervisor(const config::Supervisor& before,
                                         const config::Supervisor& after) {
  std::vector<std::string> changed;
  const auto compare = [&](const char* name, auto member) {
    if (before.*member != after.*member) changed.emplace_back(name);
  };
  compare("shutdown_deadline", &config::Supervisor::shutdown_deadline);
  compare("stop_grace", &config::Supervisor::stop_grace);
  compare("max_starting", &config::Supervisor::max_starting);
  compare("on_hopeless", &config::Supervisor::on_hopeless);
  compare("hopeless_after", &config::Supervisor::hopeless_after);
  // What these name is open already: only a new supervisor can use another.
  compare("state_dir (at the next start)", &config::Supervisor::state_dir);
  compare("runtime_dir (at the next start)", &config::Supervisor::runtime_dir);
  compare("status_listen (at the next start)", &config::Supervisor::status_listen);
  return changed;
}

std::string describe(const ProgramDiff& diff, const Program& before, const Program& after) {
  std::vector<std::string> parts = diff.launch;
  parts.insert(parts.end(), diff.hot.begin(), diff.hot.end());
  if (diff.replicas) {
    parts.push_back(fmt::format("replicas {} -> {}", before.replicas, after.replicas));
  }
  return fmt::format("~ {}: {}{}", diff.name, fmt::join(parts, ", "),
                     diff.launch.empty() ? "" : " (rolling restart)");
}

}  // namespace holdfast::supervisor::core
