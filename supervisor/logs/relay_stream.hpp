// SPDX-License-Identifier: Apache-2.0
#pragma once

// RelayStream: one pipe of one worker, from bytes to labelled lines, and what is noticed on the
// way. Threads: the log thread's.

#include "supervisor/logs/line_splitter.hpp"
#include "supervisor/logs/line_tail.hpp"
#include "supervisor/logs/log_relay.hpp"
#include "supervisor/logs/relay_output.hpp"

#include <memory>
#include <optional>
#include <regex>
#include <span>
#include <string_view>

namespace holdfast::supervisor::logs {

// What one read brought, published after it.
struct Noticed {
  std::string tail;    // for the LineTail
  bool ready = false;  // a line matched `ready_pattern`
};

class RelayStream {
 public:
  RelayStream(LogStream stream, LineLabel label, ProgramLog& program,
              std::optional<std::regex> ready);

  enum class Read { Some, Nothing, End };
  // One read(2) into `buffer`; the bytes are `chunk` then. A busy pipe is made larger.
  Read read(std::span<char> buffer, std::string_view& chunk);

  // `time` is for lines without one. May wait as RelayOutput::has_room() does.
  void relay(std::string_view chunk, std::string_view time, RelayOutput& output, Noticed& noticed);
  // The unfinished line, at the end of the stream or because it has been waiting for long.
  void flush_partial(bool at_end, std::string_view time, RelayOutput& output, Noticed& noticed);
  bool has_partial() const { return splitter_.has_partial(); }

  const core::ProcessId& process() const { return stream_.process; }
  StreamKind kind() const { return stream_.kind; }
  int fd() const { return stream_.pipe.get(); }
  void close() { stream_.pipe.reset(); }
  bool closed() const { return !stream_.pipe; }

  MonoTime partial_since{};

 private:
  bool pass_on(const LinePart& part, std::string_view time, RelayOutput& output, Noticed& noticed);
  void match_ready(std::string_view line, Noticed& noticed);

  LogStream stream_;
  LineLabel label_;
  ProgramLog& program_;
  std::optional<std::regex> ready_;
  LineSplitter splitter_;
  std::size_t capacity_;  // of the pipe; 0: not to be made larger
};

}  // namespace holdfast::supervisor::logs
