// SPDX-License-Identifier: Apache-2.0
#pragma once

// Turns one line of a worker's output into one line of the stack's log. A JSON object gets `worker`
// and `pid` inserted before its closing brace, without being parsed; anything else is wrapped.
//
// Threads: any; pure.

#include <sys/types.h>

#include <string>
#include <string_view>

namespace holdfast::supervisor::logs {

enum class StreamKind { Stdout, Stderr };
enum class LineFormat { Json, Pretty };

// The parts that all lines of one stream share, made once.
struct LineLabel {
  LineLabel(std::string_view worker, pid_t pid, StreamKind stream, LineFormat format, bool colour);

  LineFormat format;
  std::string object_end;  // ,"worker":"api-worker.0","pid":123}\n
  std::string text_end;    // ","worker":"api-worker.0","pid":123,"stream":"stdout"}\n
  std::string pretty;      // "api-worker.0 | ", coloured by name
};

struct LinePart {
  std::string_view text;   // without its newline
  bool piece = false;      // part of a longer line: wrapped, whatever it looks like
  bool continues = false;  // another part follows; adds "continues":true
  bool first = true;       // nothing of its line was passed on before
};
// `time`: RFC 3339, for lines that carry none.
void append_line(std::string& out, const LinePart& part, const LineLabel& label,
                 std::string_view time);

bool is_json_object(std::string_view line);  // judged by its first and last characters

}  // namespace holdfast::supervisor::logs
