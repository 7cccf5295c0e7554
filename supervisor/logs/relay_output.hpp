// SPDX-License-Identifier: Apache-2.0
#pragma once

// RelayOutput: the log thread's bounded buffer before the sink; what to do when the sink takes
// nothing; and the count of what is dropped, by the program that wrote it. Threads: the log
// thread's; the counters may be read from any.

#include "supervisor/logs/log_sink.hpp"
#include "supervisor/logs/recent_lines.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

namespace holdfast::supervisor::logs {

struct ProgramLog {
  std::atomic<std::uint64_t> lines{0};
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<std::uint64_t> dropped{0};
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

  // Lines appended to text() between begin() and end() are the program's, written by this worker,
  // whose name lives until then.
  void begin(ProgramLog& program, std::string_view worker) {
    owner_ = &program;
    worker_ = worker;
  }
  std::string& text() { return text_; }
  void end();

  // Asked before each line: may it be appended? Writes out what has gathered, where that is due.
  // May wait for a slow reader, for as long as the stall limit says.
  bool has_room() { return text_.size() - start_ < write_at_ ? !dropping_ : make_room(); }

  void flush();
  void drop_all();
  void reopen();

  bool empty() const { return start_ == text_.size(); }
  bool blocked() const { return blocked_; }
  void wait_until_writable(Duration at_most);
  LogSink& sink() { return *sink_; }

 private:
  // Large enough for the cost of a write(2) to vanish, small enough to stay in the cache.
  static constexpr std::size_t kWriteAt = 256 * 1024;

  struct Segment {
    ProgramLog* owner;
    std::size_t bytes;
  };
  bool make_room();
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
  std::string text_;  // whole lines; up to start_ it is written
  std::size_t start_ = 0;
  std::size_t attributed_ = 0;  // up to here text_ is covered by segments_
  std::deque<Segment> segments_;
  ProgramLog* owner_ = nullptr;
  std::string_view worker_;
  bool blocked_ = false;
  bool dropping_ = false;  // until half of the buffer is free
};

}  // namespace holdfast::supervisor::logs
