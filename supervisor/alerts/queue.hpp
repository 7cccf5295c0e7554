// SPDX-License-Identifier: Apache-2.0
#pragma once

// Queue: decides what one receiver is sent, and when. No clock, no I/O, no threads: its owner asks
// for the next attempt, carries it out, and says what has come of it. MessageQueue is for people's
// receivers, StateQueue for those that want to know what is firing at any time.
//
// Threads: one owner.

#include "common/base/clock.hpp"
#include "supervisor/alerts/alert.hpp"
#include "supervisor/alerts/gate.hpp"
#include "supervisor/alerts/verdict.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::supervisor::alerts {

// Both clocks at one moment: the monotonic one for waiting, the other for what is kept over
// restarts.
struct Now {
  MonoTime mono;
  WallTime wall;
};

// One row of the outbox.
struct StoredEntry {
  std::int64_t number = 0;  // rises
  Notification notification;
  std::vector<std::string> ids;  // of the notifications whose outcome is that of this entry
  WallTime since{};              // when the first of them was accepted
  std::uint64_t given_up = 0;    // of a summary: how many notifications it stands for; else 0
};

// What has to be written to the outbox.
struct QueueChanges {
  std::vector<StoredEntry> put;
  std::vector<std::int64_t> erased;
  bool empty() const { return put.empty() && erased.empty(); }
};

struct QueueOutcome {
  enum class Kind { Delivered, GaveUp, Dropped };
  std::string notification;
  Kind kind = Kind::Delivered;
  std::string reason;
  WallTime made_at{};  // of the delivered one
};

struct QueueAttempt {
  Notification notification;
  bool minimal = false;  // in the plainest form: the receiver refused the other
};

class Queue {
 public:
  virtual ~Queue() = default;
  // After a start: what the outbox held, in the order of its numbers.
  virtual void restore(std::vector<StoredEntry> entries, const Now& now) = 0;
  virtual void push(Notification notification, const Now& now) = 0;
  // Begins the next attempt, if one is due. There is one at a time.
  virtual std::optional<QueueAttempt> next(const Now& now) = 0;
  // How the attempt went. `random`: from 0 to 1, for the back-off.
  virtual void finished(const Verdict& verdict, const Now& now, double random) = 0;
  // It was broken off: it counts neither for nor against the receiver.
  virtual void abandoned() = 0;
  // When next() may have something; nothing if only a push() or a finished() can change that.
  virtual std::optional<MonoTime> wake_at(const Now& now) const = 0;
  virtual void retain(const std::vector<AlertKey>& firing) = 0;
  virtual std::size_t length() const = 0;
  // Whether the notification still waits for its outcome.
  virtual bool holds(const std::string& notification) const = 0;

  // The configuration was read again: a suspension is over.
  void reloaded() { gate_.reset(); }
  std::vector<QueueOutcome> take_outcomes() { return std::exchange(outcomes_, {}); }
  QueueChanges take_changes() { return std::exchange(changes_, {}); }

 protected:
  void put(const StoredEntry& entry);
  void erase(std::int64_t number);

  Gate gate_;
  std::vector<QueueOutcome> outcomes_;
  QueueChanges changes_;
};

inline constexpr std::size_t kMostQueued = 100;
inline constexpr Duration kGiveUpAfter = std::chrono::minutes(15);

// Tells `gate` what a verdict means for the receiver as a whole.
void tell_gate(Gate& gate, const Verdict& verdict, const Now& now, double random);

}  // namespace holdfast::supervisor::alerts
