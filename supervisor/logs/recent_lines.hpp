// SPDX-License-Identifier: Apache-2.0
#pragma once

// RecentLines: the last lines of the stack's log, for `holdfast logs`. Bounded, and its cost too:
// of a flood only the end is kept. A position counts every byte that ever came in, so that a
// reader who was away too long knows how much it missed.
//
// Threads: every method from any thread. The listener is called on the thread that appends, with
// the lock held: it must be quick and not call back, and is not called once it was replaced.

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace holdfast::supervisor::logs {

// "api-worker" and "api-worker.0" both name the worker "api-worker.0"; "" names every worker.
bool names_worker(std::string_view name, std::string_view worker);

class RecentLines {
 public:
  static constexpr std::size_t kAtOnce = 64 * 1024;  // kept of one append

  explicit RecentLines(std::size_t capacity = 1 << 20) : capacity_(capacity) {}

  // Whole lines, newlines included, that one worker wrote.
  void append(std::string_view worker, std::string_view lines);

  struct Page {
    std::string text;          // whole lines
    std::uint64_t next = 0;    // to ask for what follows
    std::uint64_t missed = 0;  // bytes, of all workers, that were here and had to leave
  };
  // What came after `position`; at most about `limit` bytes.
  Page since(std::uint64_t position, std::string_view name, std::size_t limit) const;
  // The last `count` lines.
  Page last(std::size_t count, std::string_view name) const;

  // Called at the next append(), once, after arm().
  void listen(std::function<void()> listener);
  void arm();

 private:
  struct Block {
    std::uint64_t end = 0;  // the position after it
    std::string worker;
    std::string text;
  };
  void make_room(std::size_t bytes);

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::deque<Block> blocks_;
  std::size_t held_ = 0;
  std::uint64_t position_ = 0;
  bool armed_ = false;
  std::function<void()> listener_;
};

}  // namespace holdfast::supervisor::logs
