// SPDX-License-Identifier: Apache-2.0
#pragma once

// RelayStream: one pipe of one worker. Turns its bytes into labelled lines, keeps the last ones for
// a crash report, and looks for the line that means "ready".
//
// Threads: the log thread.

#include "supervisor/logs/line_splitter.hpp"
#include "supervisor/logs/line_tail.hpp"
#include "supervisor/logs/log_relay.hpp"
#include "supervisor/logs/ready_line.hpp"
#include "supervisor/logs/relay_output.hpp"
#include "supervisor/logs/stack_joiner.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::logs {

// What one read yielded besides the lines in the output; the RelayLoop publishes it.
struct Noticed {
  std::string tail;               // for the LineTail
  bool ready = false;             // a line matched `ready_pattern`
  bool wants_errors = false;      // somebody listens
  std::vector<ErrorLine> errors;  // bounded by the ErrorBudget
};

class RelayStream {
 public:
  // `program` and `clock` outlive the stream. `file` may be null.
  RelayStream(LogStream stream, LineLabel label, ProgramLog& program, std::shared_ptr<LogFile> file,
              std::optional<ReadyLine> ready, const Clock& clock);

  enum class Read { Some, Nothing, End };
  // One read(2) into `buffer`; sets `chunk` to the bytes. Enlarges a pipe that was full.
  Read read(std::span<char> buffer, std::string_view& chunk);

  // `time`: for lines that carry none. May wait, as RelayOutput::has_room() does.
  void relay(std::string_view chunk, std::string_view time, RelayOutput& output, Noticed& noticed);
  // Passes on the unfinished line, at the end of the stream or because it has waited too long.
  void flush_partial(bool at_end, std::string_view time, RelayOutput& output, Noticed& noticed);
  // Whether an unfinished line is waiting, and since when.
  bool has_partial() const { return splitter_.has_partial(); }
  MonoTime partial_since() const { return partial_since_; }
  // Passes on the record that waits for the rest of a stack trace.
  void flush_record(RelayOutput& output, Noticed& noticed);
  bool holds_record() const { return joiner_ && joiner_->holds(); }
  MonoTime record_since() const { return record_since_; }  // of its latest line

  const core::ProcessId& process() const { return stream_.process; }
  StreamKind kind() const { return stream_.kind; }
  LineSource source() const { return stream_.source; }
  int fd() const { return stream_.pipe.get(); }
  void close() { stream_.pipe.reset(); }
  bool closed() const { return !stream_.pipe; }

 private:
  // What follows from a line as the program wrote it.
  void take_line(const LinePart& part, std::string_view time, RelayOutput& output,
                 Noticed& noticed);
  // One line of the log.
  void pass_on(const LinePart& part, std::string_view time, RelayOutput& output, Noticed& noticed);
  void notice_error(const LinePart& part, const RelayOutput& output, Noticed& noticed);
  void end_batch();
  void match_ready(const LinePart& part, Noticed& noticed);
  void hide_private_key(LinePart& part);

  LogStream stream_;
  LineLabel label_;
  ProgramLog& program_;
  std::shared_ptr<LogFile> file_;
  std::optional<LineLabel> file_label_;  // if the other one is for a terminal
  std::string for_file_;                 // until end_batch()
  std::optional<ReadyLine> ready_;       // until a line has matched
  const Clock& clock_;
  LineSplitter splitter_;
  bool in_private_key_ = false;  // the lines of one in PEM follow
  std::optional<StackJoiner> joiner_;
  MonoTime record_since_{};
  MonoTime partial_since_{};
  std::size_t capacity_;  // of the pipe; 0: do not enlarge
};

}  // namespace holdfast::supervisor::logs
