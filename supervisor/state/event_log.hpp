// SPDX-License-Identifier: Apache-2.0
#pragma once

// EventLog: the latest events of the fleet, numbered, for `holdfast events`, the status page and
// the alert rules. Bounded: what must go is the oldest event of the program that has the most, so
// that one that restarts all the time evicts its own and nobody else's. Numbers are never reused,
// so a reader can tell from a gap that it missed some. Secrets in a message are masked.
//
// Threads: every method from any thread. Listeners are called on the appending thread, outside the
// lock; they must be quick and must not append.

#include "common/base/clock.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace holdfast::supervisor {

struct EventRecord {
  std::uint64_t seq = 0;  // from 1
  WallTime time;
  std::string kind;     // core::to_string(EventKind) or "reload_failed", …
  std::string program;  // empty: about the fleet
  std::string worker;   // "api-worker.0"; empty: about the program or the fleet
  std::uint64_t incarnation = 0;
  std::string message;
  std::vector<std::string> stack = {};  // of kind "crash_stack": the frames, innermost first
  std::string crash = {};               // the id of the crash report that it belongs to
};

class EventLog {
 public:
  explicit EventLog(std::size_t capacity = 4096) : capacity_(capacity) {}

  void append(EventRecord record);  // assigns `seq`
  void listen(std::function<void(const EventRecord&)> listener);

  // Events with seq > after, oldest first, at most `limit`.
  std::vector<EventRecord> since(std::uint64_t after, std::size_t limit) const;
  std::uint64_t last_seq() const;
  // What to read after for the last `count` events that there are.
  std::uint64_t before_last(std::size_t count) const;

 private:
  void make_room();

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::deque<EventRecord> records_;
  std::map<std::string, std::size_t> counts_;  // by program; "" has the fleet's
  std::uint64_t last_seq_ = 0;
  std::vector<std::function<void(const EventRecord&)>> listeners_;
};

}  // namespace holdfast::supervisor
