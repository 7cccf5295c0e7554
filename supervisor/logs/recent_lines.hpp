// SPDX-License-Identifier: Apache-2.0
#pragma once

// RecentLines: the last lines of the stack's log, for `holdfast logs`. Memory and cost are bounded:
// only the end of a large append is kept, and what must go is the oldest of the program that takes
// the most room, so that one that floods evicts its own lines and nobody else's. Positions count
// all bytes ever appended, so that a reader that was away too long knows how much it missed.
//
// Threads: any, for every method. The listener is called on the appending thread with the lock
// held, so it must be quick and must not call back. It is never called after it has been replaced.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::logs {

// "api-worker" and "api-worker.0" both name the worker "api-worker.0", and so do globs of either;
// "all" names every worker.
bool names_worker(std::string_view name, std::string_view worker);
// Whether one of the names does; none at all name every worker.
bool name_worker(const std::vector<std::string>& names, std::string_view worker);

class RecentLines {
 public:
  static constexpr std::size_t kMaxAppend = 64 * 1024;  // bytes kept of one append

  explicit RecentLines(std::size_t capacity = 1 << 20) : capacity_(capacity) {}

  // `lines`: whole lines of one worker, newlines included.
  void append(std::string_view worker, std::string_view lines);

  struct Page {
    std::string text;          // whole lines
    std::uint64_t next = 0;    // the position to continue from
    std::uint64_t missed = 0;  // bytes, of all workers, that were dropped before they were read
  };
  // The lines after `position`; about `limit` bytes at most.
  Page since(std::uint64_t position, const std::vector<std::string>& names,
             std::size_t limit) const;
  // The last `count` lines.
  Page last(std::size_t count, const std::vector<std::string>& names) const;

  // `listener` is called once, at the first append() after each arm().
  void listen(std::function<void()> listener);
  void arm();

 private:
  struct Block {
    std::uint64_t end = 0;  // the position after it
    std::string worker;
    std::string text;
  };
  using Blocks = std::deque<Block>;  // by position
  struct Share {
    Blocks blocks;
    std::size_t held = 0;
  };
  void make_room(std::size_t bytes);
  // All blocks by position, from the first one that ends after it.
  std::vector<const Block*> blocks_after(std::uint64_t position) const;

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::map<std::string, Share, std::less<>> shares_;  // by program
  std::size_t held_ = 0;
  std::string last_worker_;  // whose lines came last
  std::uint64_t position_ = 0;
  bool armed_ = false;
  std::function<void()> listener_;
};

}  // namespace holdfast::supervisor::logs
