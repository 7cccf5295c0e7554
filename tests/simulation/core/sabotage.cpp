// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/core/sabotage.hpp"

#include <algorithm>
#include <csignal>

namespace holdfast::supervisor::core::simulation {

namespace {

template <class T>
void lose(Actions& actions) {
  std::erase_if(actions, [](const Action& action) { return std::holds_alternative<T>(action); });
}

bool is_kill(const Action& action) {
  const auto* signal = std::get_if<Signal>(&action);
  return signal != nullptr && signal->signal == SIGKILL;
}

template <class T, class Make>
void after_each(Actions& actions, Make make) {
  Actions more;
  for (const Action& action : actions) {
    more.push_back(action);
    if (const auto* found = std::get_if<T>(&action)) more.push_back(make(*found));
  }
  actions = std::move(more);
}

void stop_everybody(Actions& actions, const Truth& truth) {
  for (const auto& [id, worker] : truth.live) {
    if (worker.spawned && !worker.stop_requested) actions.push_back(Signal{id, SIGTERM, true});
  }
}

Spawn next_in(const SlotId& slot, const Truth& truth) {
  const auto last = truth.incarnation.find(slot);
  return Spawn{{slot, last == truth.incarnation.end() ? 1000 : last->second + 1000}, {}, {}};
}

}  // namespace

void spoil(Actions& actions, Sabotage sabotage, const Truth& truth) {
  const auto begins = [](const Action& action) {
    return std::holds_alternative<BeginDrain>(action);
  };
  const bool draining = std::any_of(actions.begin(), actions.end(), begins);
  switch (sabotage) {
    case Sabotage::None: break;
    case Sabotage::LoseReplies: lose<Reply>(actions); break;
    case Sabotage::RepeatReplies:
      after_each<Reply>(actions, [](const Reply& reply) { return Action(reply); });
      break;
    case Sabotage::LoseTimers: lose<ArmTimer>(actions); break;
    case Sabotage::LoseSpawns: lose<Spawn>(actions); break;
    case Sabotage::LoseKills: std::erase_if(actions, is_kill); break;
    case Sabotage::LoseFinish: lose<Finish>(actions); break;
    case Sabotage::SignalTheEnded:
      if (!truth.ended.empty() && !actions.empty()) {
        actions.push_back(Signal{truth.ended.back(), SIGTERM, true});
      }
      break;
    case Sabotage::SpawnBeside:
      after_each<Spawn>(
          actions, [&](const Spawn& spawn) { return Action(next_in(spawn.process.slot, truth)); });
      break;
    case Sabotage::SpawnWhileStopping:
      if (draining && !truth.live.empty()) {
        actions.push_back(next_in(truth.live.begin()->first.slot, truth));
      }
      break;
    case Sabotage::StopEverybodyAtOnce:
      if (draining) stop_everybody(actions, truth);
      break;
    case Sabotage::WrongExitCode:
      for (Action& action : actions) {
        if (auto* finish = std::get_if<Finish>(&action)) finish->exit_code ^= 1;
      }
      break;
  }
}

}  // namespace holdfast::supervisor::core::simulation
