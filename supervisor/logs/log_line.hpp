// SPDX-License-Identifier: Apache-2.0
#pragma once

// Turns one line of a worker's output into one line of the stack's log, which is one JSON object
// with the keys `time`, `level`, `worker` and `pid`, none of them twice. What Holdfast's own
// workers write is such a line already: it gets `worker` and `pid` before its closing brace, unless
// it is no JSON object or has one of these keys itself. A JSON object of another program is
// validated and brought into that form (foreign_object.hpp); anything else is wrapped. What is
// hidden, or would move a terminal's cursor, is escaped (common/text/terminal.hpp).
//
// Threads: any; pure.

#include "common/log/level.hpp"
#include "common/log/redact_paths.hpp"

#include <sys/types.h>

#include <string>
#include <string_view>

namespace holdfast::supervisor::logs {

enum class StreamKind { Stdout, Stderr };
enum class LineFormat { Json, Pretty };
enum class LineSource {
  Own,      // Holdfast's workers: trusted to write their own lines, and to obey the log's level
  Foreign,  // any other program
};

// The parts that all lines of one stream share, made once.
struct LineLabel {
  LineLabel(std::string_view worker, pid_t pid, StreamKind stream, LineFormat format, bool colour,
            LineSource source = LineSource::Foreign, log::Level level = log::Level::Info);

  LineFormat format;
  LineSource source;
  log::Level level;    // of lines that state none
  std::string worker;  // as the inside of a JSON string
  std::string pid;
  std::string text_begin;  // ","level":"info",
  std::string object_end;  // ,"worker":"api-worker.0","pid":123}\n
  std::string text_end;    // ","worker":"api-worker.0","pid":123,"stream":"stdout"}\n
  std::string pretty;      // "api-worker.0 | ", coloured by name
};

struct LinePart {
  std::string_view text;   // without its newline
  bool piece = false;      // part of a longer line: wrapped, whatever it looks like
  bool continues = false;  // another part follows; adds "continues":true
  bool first = true;       // nothing of its line was passed on before
  bool cut = false;        // no newline ended it: even our own workers' may be torn
  std::size_t lines = 1;   // in it: more than one of a stack trace (stack_joiner.hpp)
  bool stack = false;      // it is a stack trace
};

// `time`: RFC 3339, for lines that carry none. Nothing is appended for a line of a foreign program
// whose level is below `minimum`. What `redact` and common/log/redact.hpp hide is masked; our own
// workers have done so themselves. Returns the level of the line.
log::Level append_line(std::string& out, const LinePart& part, const LineLabel& label,
                       std::string_view time, log::Level minimum = log::Level::Trace,
                       const log::RedactPaths* redact = nullptr);

// The level that a line of our own logger states: Error or not, which is all that is asked of it.
// Costs a comparison.
bool is_own_error(std::string_view line);

}  // namespace holdfast::supervisor::logs
