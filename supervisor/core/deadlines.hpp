// SPDX-License-Identifier: Apache-2.0
#pragma once

// Deadlines: a set of points in time, at most one per purpose and owner. Setting, cancelling and
// taking the earliest are O(log n). Threads: one owner. Reads no clock.

#include "supervisor/core/types.hpp"

#include <compare>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace holdfast::supervisor::core {

// Deadlines of the same instant fire in this order.
enum class DeadlineKind {
  ShutdownKill,    // fleet: SIGKILL to every process left
  ShutdownFinish,  // fleet: exit, even if processes are left
  Ready,           // process: ready_timeout has passed
  Watchdog,        // process: no heartbeat within the watchdog interval
  Kill,            // process: its time to stop has passed
  Unkillable,      // process: still running a while after SIGKILL
  Health,          // process: its next health check is due
  Proven,          // process: has been ready for min_ready_time, and a roll waits for that
  Settle,          // process: has stayed ready long enough to end a crash loop
  Retry,           // slot: the back-off or the crash loop's pause has passed
  Hopeless,        // program: without a ready slot for too long
  Run,             // program: its next scheduled run is due
  Changed,         // program: its files have changed, and none has for a while
};

struct DeadlineKey {
  DeadlineKind kind = DeadlineKind::Ready;
  ProcessId owner;  // incarnation 0: a slot or a program; program 0: the fleet
  auto operator<=>(const DeadlineKey&) const = default;
};

class Deadlines {
 public:
  void set(const DeadlineKey& key, MonoTime at);  // replaces an earlier one
  void cancel(const DeadlineKey& key);
  std::optional<MonoTime> at(const DeadlineKey& key) const;
  std::optional<MonoTime> earliest() const;
  std::optional<DeadlineKey> take_due(MonoTime now);  // the earliest one, if it is due
  // Moves all deadlines of these kinds. O(n log n): for the rare case that the loop was late.
  void postpone(std::initializer_list<DeadlineKind> kinds, Duration by);
  std::size_t size() const { return by_key_.size(); }

 private:
  std::set<std::pair<MonoTime, DeadlineKey>> ordered_;
  std::map<DeadlineKey, MonoTime> by_key_;
};

}  // namespace holdfast::supervisor::core
