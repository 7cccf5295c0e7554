// SPDX-License-Identifier: Apache-2.0
#pragma once

// Deadlines: everything that is to happen at a time, at most one per purpose and owner. Setting,
// cancelling and taking the earliest cost O(log n). Threads: one owner; no clock inside.

#include "supervisor/core/types.hpp"

#include <compare>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace holdfast::supervisor::core {

// In the order in which those of the same instant fire.
enum class DeadlineKind {
  ShutdownKill,    // fleet: SIGKILL to whatever is left
  ShutdownFinish,  // fleet: exit, whatever is left
  Ready,           // process: must be ready by now
  Watchdog,        // process: must have given a sign of life
  Kill,            // process: its stop budget is spent
  Unkillable,      // process: SIGKILL was sent a while ago and it is still there
  Settle,          // process: has stayed ready long enough to end a crash loop
  Retry,           // slot: the back-off or the crash loop's pause is over
  Hopeless,        // program: without a ready slot for too long
};

struct DeadlineKey {
  DeadlineKind kind = DeadlineKind::Ready;
  ProcessId owner;  // incarnation 0: the slot's or the program's; program 0: the fleet's
  auto operator<=>(const DeadlineKey&) const = default;
};

class Deadlines {
 public:
  void set(const DeadlineKey& key, MonoTime at);  // replaces
  void cancel(const DeadlineKey& key);
  std::optional<MonoTime> at(const DeadlineKey& key) const;
  std::optional<MonoTime> earliest() const;
  std::optional<DeadlineKey> take_due(MonoTime now);  // the earliest if it is due
  // Moves all deadlines of these kinds. O(n log n): for the rare case that the loop itself was
  // late.
  void postpone(std::initializer_list<DeadlineKind> kinds, Duration by);
  std::size_t size() const { return by_key_.size(); }

 private:
  std::set<std::pair<MonoTime, DeadlineKey>> ordered_;
  std::map<DeadlineKey, MonoTime> by_key_;
};

}  // namespace holdfast::supervisor::core
