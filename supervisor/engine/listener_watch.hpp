// SPDX-License-Identifier: Apache-2.0
#pragma once

// ListenerWatch: notices that a program that shares a listener has shut it down or made it deaf, so
// that nobody can connect any more, and opens it anew or undoes it. That is an event, a count, and
// an alert for a while: the program will do it again.
//
// Threads: the main loop.

#include "common/base/clock.hpp"
#include "supervisor/engine/reporter.hpp"
#include "supervisor/sockets/listeners.hpp"
#include "supervisor/state/loop_metrics.hpp"
#include "supervisor/state/snapshot.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace holdfast::supervisor {

class ListenerWatch {
 public:
  // `replaced`: programs that have the former socket need a restart. The references outlive it.
  ListenerWatch(sockets::ListenerSet& listeners, Reporter& reporter, LoopMetrics& metrics,
                std::function<void(const std::string& listener)> replaced);

  // To be called each second. Returns whether troubles() has changed.
  bool check(MonoTime now);

  std::vector<ListenerTrouble> troubles() const;

 private:
  void note(const sockets::ListenerSet::Repair& repair, MonoTime now);
  bool forget(MonoTime now);

  sockets::ListenerSet& listeners_;
  Reporter& reporter_;
  LoopMetrics& metrics_;
  std::function<void(const std::string&)> replaced_;
  std::map<std::string, ListenerTrouble> troubles_;  // by listener
  struct Pause {
    MonoTime until{};
    Duration length{};
  };
  std::map<std::string, Pause> pauses_;  // by listener: when it may be made anew again
};

}  // namespace holdfast::supervisor
