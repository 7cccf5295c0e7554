// SPDX-License-Identifier: Apache-2.0
#pragma once

// One line of a worker's output made into one line of the stack's log. A line that is a JSON object
// gets `worker` and `pid` put in before its closing brace, unread; anything else is wrapped. Pure.
//
// Threads: any; values.

#include <sys/types.h>

#include <string>
#include <string_view>

namespace holdfast::supervisor::process {

enum class StreamKind { Stdout, Stderr };
enum class LineFormat { Json, Pretty };
enum class LineLevel { Usual, Error, Fatal };  // Usual: below error, or unknown

// What is the same for every line of one stream, made once.
struct LineLabel {
  LineLabel(std::string_view worker, pid_t pid, StreamKind stream, LineFormat format, bool colour);

  LineFormat format;
  std::string object_end;  // ,"worker":"api-worker.0","pid":123}\n
  std::string text_end;    // ","worker":"api-worker.0","pid":123,"stream":"stdout"}\n
  std::string pretty;      // "api-worker.0 | ", coloured by name
};

// `time`: RFC 3339, for lines that have none. `piece`: the line is a part of a longer one, so it is
// wrapped whatever it looks like; `continues`: another part follows ("continues":true is added).
struct LinePart {
  std::string_view text;  // without its newline
  bool piece = false;
  bool continues = false;
};
void append_line(std::string& out, const LinePart& part, const LineLabel& label,
                 std::string_view time);

bool is_json_object(std::string_view line);  // by its two ends

// Of a JSON line: "level":"error", "critical", "fatal"…, or Pino's and Bunyan's numbers.
LineLevel level_of(std::string_view json_line);

}  // namespace holdfast::supervisor::process
