// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/core/scenario.hpp"

#include <algorithm>
#include <csignal>
#include <random>
#include <string>

namespace holdfast::supervisor::core::simulation {

namespace {

using namespace std::chrono_literals;
using Dice = std::mt19937_64;

std::uint32_t roll(Dice& dice, std::uint32_t sides) {
  return static_cast<std::uint32_t>(dice() % sides);
}

template <class T, std::size_t N>
T one_of(Dice& dice, const T (&values)[N]) {
  return values[dice() % N];
}

void set_health(Dice& dice, config::Program& program) {
  program.health.kind = config::Probe::Kind::Tcp;
  program.health.address = "127.0.0.1:1";
  program.health_interval = one_of<Duration>(dice, {1s, 5s});
  program.health_failures = one_of(dice, {1U, 2U, 3U});
}

config::Program random_program(Dice& dice, std::uint32_t index) {
  config::Program program;
  program.name = "p" + std::to_string(index);
  program.command = {"v0"};
  program.replicas = roll(dice, 4);
  program.min_ready = roll(dice, 2);
  program.type = roll(dice, 6) == 0 ? config::ProgramType::Oneshot : config::ProgramType::Service;
  program.required = roll(dice, 3) != 0;
  program.autostart = roll(dice, 8) != 0;
  program.max_restarts_per_hour = one_of(dice, {0U, 0U, 1U, 4U});
  if (roll(dice, 4) == 0) program.success_exit_codes = {1};
  program.ready = one_of(dice, {config::ReadyKind::Notify, config::ReadyKind::Notify,
                                config::ReadyKind::Started, config::ReadyKind::Probe});
  program.restart = one_of(dice, {config::RestartPolicy::Always, config::RestartPolicy::Always,
                                  config::RestartPolicy::OnFailure, config::RestartPolicy::Never});
  program.ready_timeout = one_of<Duration>(dice, {1s, 5s, 60s});
  program.stop_timeout = one_of<Duration>(dice, {1s, 3s, 10s, 60s});
  program.stop_scope = one_of(dice, {config::StopScope::Group, config::StopScope::Main});
  program.settled_after = one_of<Duration>(dice, {0s, 1s, 10s});
  program.backoff_base = one_of<Duration>(dice, {0s, 250ms, 2s});
  program.crash_loop_exits = one_of(dice, {1U, 2U, 5U});
  program.crash_loop_window = one_of<Duration>(dice, {1ms, 10s, 60s});
  program.watchdog = one_of<Duration>(dice, {0s, 5s, 30s});
  program.watchdog_required = roll(dice, 2) == 0;
  program.watchdog_source =
      one_of(dice, {config::WatchdogSource::Notify, config::WatchdogSource::Notify,
                    config::WatchdogSource::Metrics, config::WatchdogSource::Health});
  if (program.type == config::ProgramType::Service && roll(dice, 3) == 0) set_health(dice, program);
  program.replace = one_of(dice, {config::Replace::Auto, config::Replace::Auto,
                                  config::Replace::Overlap, config::Replace::StopFirst});
  program.min_ready_time = one_of<Duration>(dice, {0s, 0s, 1s, 3s});
  program.memory_high = one_of(dice, {0U, 0U, 100U});
  program.memory_max = one_of(dice, {0U, 0U, 200U});
  program.backoff_reset = one_of<Duration>(dice, {0s, 20s, 60s});
  program.watchdog_grace = one_of<Duration>(dice, {1s, 5s});
  if (program.type == config::ProgramType::Oneshot && roll(dice, 2) == 0) {
    program.schedule = "* * * * *";
    program.required = false;
    program.replicas = program.min_ready = 1;
    program.overlap =
        one_of(dice, {config::Overlap::Skip, config::Overlap::Queue, config::Overlap::Replace});
    program.run_at_start = roll(dice, 3) == 0;
    program.jitter = one_of<Duration>(dice, {0s, 5s});
  }
  if (index % 2 == 0) program.groups = {"even"};
  if (roll(dice, 3) == 0) program.reload_signal = SIGUSR2;
  if (roll(dice, 2) == 0) {
    program.watch = {"**"};
    program.watch_delay = one_of<Duration>(dice, {100ms, 300ms, 5s});
    program.watch_dependants = roll(dice, 2) == 0;
  }
  return program;
}

std::uint32_t index_of(const config::Program& program) {
  return static_cast<std::uint32_t>(std::stoul(program.name.substr(1)));
}

// A program may only come after ones of a lower number: no circle is possible.
void link(Dice& dice, std::vector<config::Program>& programs, config::Program& program) {
  program.after.clear();
  for (const config::Program& other : programs) {
    if (config::is_scheduled(other)) continue;
    if (index_of(other) < index_of(program) && roll(dice, 3) == 0) {
      program.after.push_back(other.name);
    }
  }
}

struct Weight {
  OpKind kind;
  std::uint32_t weight;
};

constexpr Weight kWeights[] = {
    {OpKind::Advance, 220}, {OpKind::AnswerSpawn, 200}, {OpKind::FailSpawn, 15},
    {OpKind::Ready, 170},   {OpKind::Ping, 60},         {OpKind::SaysStopping, 6},
    {OpKind::SaysHung, 4},  {OpKind::Status, 5},        {OpKind::Exit, 50},
    {OpKind::Obey, 90},     {OpKind::Die, 40},          {OpKind::Clear, 60},
    {OpKind::Stale, 15},    {OpKind::Late, 4},          {OpKind::EarlyTick, 10},
    {OpKind::Start, 12},    {OpKind::Stop, 8},          {OpKind::Restart, 14},
    {OpKind::Scale, 12},    {OpKind::Signal, 6},        {OpKind::ClockSet, 4},
    {OpKind::Nonsense, 2},  {OpKind::Reload, 10},       {OpKind::Shutdown, 1},
    {OpKind::Extend, 25},   {OpKind::NotReady, 10},     {OpKind::Check, 40},
    {OpKind::Beat, 20},     {OpKind::Memory, 25},       {OpKind::FilesChange, 25},
};

OpKind random_kind(Dice& dice) {
  std::uint32_t total = 0;
  for (const Weight& weight : kWeights)
    total += weight.weight;
  std::uint32_t left = roll(dice, total);
  for (const Weight& weight : kWeights) {
    if (left < weight.weight) return weight.kind;
    left -= weight.weight;
  }
  return OpKind::Advance;
}

}  // namespace

Scenario make_scenario(std::uint64_t seed) {
  Dice dice(seed);
  Scenario scenario;
  scenario.seed = seed;
  scenario.supervisor.max_starting = 1 + roll(dice, 4);
  scenario.supervisor.on_hopeless = one_of<const char*>(dice, {"keep", "keep", "auto", "exit"});
  scenario.supervisor.hopeless_after = one_of<Duration>(dice, {20s, 120s});
  scenario.supervisor.shutdown_deadline = one_of<Duration>(dice, {0s, 3s, 30s, 30s});
  scenario.is_pid1 = roll(dice, 2) == 0;
  const std::uint32_t count = roll(dice, 6);
  for (std::uint32_t index = 0; index < count; ++index) {
    config::Program program = random_program(dice, index);
    link(dice, scenario.programs, program);
    scenario.programs.push_back(std::move(program));
  }
  if (roll(dice, 2) == 0) std::shuffle(scenario.programs.begin(), scenario.programs.end(), dice);
  const std::uint32_t length = 50 + roll(dice, 500);
  for (std::uint32_t i = 0; i < length; ++i) {
    scenario.ops.push_back({random_kind(dice), static_cast<std::uint32_t>(dice()),
                            static_cast<std::uint32_t>(dice())});
  }
  return scenario;
}

std::vector<config::Program> mutate(std::vector<config::Program> programs, std::uint32_t a,
                                    std::uint32_t b) {
  Dice dice((std::uint64_t{a} << 32) | b);
  const std::uint32_t changes = roll(dice, 3);
  for (std::uint32_t change = 0; change < changes; ++change) {
    const std::uint32_t what = roll(dice, 8);
    if (what == 0 || programs.empty()) {
      config::Program added = random_program(dice, roll(dice, 8));
      const bool there = std::any_of(programs.begin(), programs.end(),
                                     [&](const auto& p) { return p.name == added.name; });
      if (there) continue;
      link(dice, programs, added);
      programs.push_back(std::move(added));
      continue;
    }
    const std::size_t which = dice() % programs.size();
    config::Program& program = programs[which];
    switch (what) {
      case 1: {
        const std::string name = program.name;
        programs.erase(programs.begin() + static_cast<std::ptrdiff_t>(which));
        for (config::Program& other : programs)
          std::erase(other.after, name);
        break;
      }
      case 2: program.command = {"v" + std::to_string(dice())}; break;
      case 3:
        if (!config::is_scheduled(program)) program.replicas = roll(dice, 4);
        break;
      case 4: program.stop_timeout = one_of<Duration>(dice, {1s, 5s, 20s}); break;
      case 5:
        program.watchdog = one_of<Duration>(dice, {0s, 5s, 30s});
        program.ready_timeout = one_of<Duration>(dice, {1s, 5s, 60s});
        break;
      case 6:
        if (roll(dice, 2) == 0) {
          program.health = {};
        } else if (program.type == config::ProgramType::Service) {
          set_health(dice, program);
        }
        break;
      case 7: program.autostart = !program.autostart; break;
      default: link(dice, programs, program); break;
    }
    if (what == 2 && roll(dice, 5) == 0) {
      program.type = program.type == config::ProgramType::Oneshot ? config::ProgramType::Service
                                                                  : config::ProgramType::Oneshot;
      program.schedule.clear();
    }
  }
  return programs;
}

}  // namespace holdfast::supervisor::core::simulation
