// SPDX-License-Identifier: Apache-2.0
#pragma once

// RelayOutput: the bounded buffer in front of the sink. Decides what happens when the sink takes
// nothing, and counts dropped lines for the program that wrote them. A program that floods takes no
// room from the others: each has a share of its own besides what all have in common. What the sink
// has lost is still among the RecentLines.
//
// Threads: the log thread. The counters may be read from any.

#include "common/base/clock.hpp"
#include "common/log/level.hpp"
#include "common/log/redact_paths.hpp"
#include "supervisor/logs/error_budget.hpp"
#include "supervisor/logs/log_sink.hpp"
#include "supervisor/logs/recent_lines.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace holdfast::supervisor::logs {

// The counters of one program.
struct ProgramLog {
  std::atomic<std::uint64_t> lines{0};
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<std::uint64_t> dropped{0};
  std::atomic<std::uint64_t> errors{0};  // lines of level error or above
  std::size_t waiting = 0;               // bytes in the RelayOutput; the log thread's
  ErrorBudget error_budget;              // the log thread's
};

struct SinkErrors {
  std::atomic<std::uint64_t> count{0};
  std::atomic<int> last{0};
  std::atomic<std::uint64_t> rotations{0};
};

class RelayOutput {
 public:
  RelayOutput(std::unique_ptr<LogSink> sink, std::size_t limit, Duration stall_limit,
              SinkErrors& errors, RecentLines& recent, const Clock& clock);

  // Lines appended to text() between begin() and end() are attributed to `program` and `worker`;
  // both must live until end().
  void begin(ProgramLog& program, std::string_view worker) {
    owner_ = &program;
    worker_ = worker;
  }
  std::string& text() { return text_; }
  // Where lines go that there is no room for: nobody writes them, but people may still see them.
  std::string& lost() { return lost_; }
  void end();

  // Whether the next line may be appended; ask before each. Writes out the buffer when it is due,
  // and may wait for a slow reader up to the stall limit.
  bool has_room() {
    if (text_.size() - start_ < write_at_ && !dropping_) return true;
    return make_room() || has_own_room();
  }

  void flush();
  void drop_all();
  void reopen();

  bool empty() const { return start_ == text_.size(); }
  bool blocked() const { return blocked_; }
  void wait_until_writable(Duration at_most);
  LogSink& sink() { return *sink_; }
  // Foreign lines below it are not to be written.
  void set_level(log::Level level) { level_ = level; }
  log::Level level() const { return level_; }
  // What is masked in foreign lines, besides what always is.
  void set_redact(std::shared_ptr<const log::RedactPaths> redact) { redact_ = std::move(redact); }
  const log::RedactPaths* redact() const { return redact_.get(); }

 private:
  // Large enough to make the cost of write(2) negligible, small enough to stay in the cache.
  static constexpr std::size_t kWriteAt = 256 * 1024;

  struct Segment {
    ProgramLog* owner;
    std::size_t bytes;
  };
  bool make_room();
  // Whether the program has used less than its share, and all shares less than another buffer.
  bool has_own_room() const;
  void hold_back();
  bool half_full() const { return text_.size() - start_ >= limit_ / 2; }
  void taken(std::size_t bytes);

  std::unique_ptr<LogSink> sink_;
  std::size_t limit_;
  std::size_t write_at_;
  Duration stall_limit_;
  SinkErrors& errors_;
  RecentLines& recent_;
  const Clock& clock_;
  log::Level level_ = log::Level::Trace;
  std::shared_ptr<const log::RedactPaths> redact_;
  std::string text_;  // whole lines; those before start_ have been written
  std::string lost_;
  std::size_t start_ = 0;
  std::size_t attributed_ = 0;  // segments_ cover text_ up to here
  std::deque<Segment> segments_;
  ProgramLog* owner_ = nullptr;
  std::string_view worker_;
  bool blocked_ = false;
  bool dropping_ = false;  // drop lines until half of the buffer is free
};

}  // namespace holdfast::supervisor::logs
