// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/log_line.hpp"

#include "common/text/json_escape.hpp"

#include <fmt/format.h>

#include <array>

namespace holdfast::supervisor::logs {

namespace {

std::string_view colour_of(std::string_view worker) {
  static constexpr std::array<std::string_view, 6> kColours{"\x1b[36m", "\x1b[32m", "\x1b[33m",
                                                            "\x1b[35m", "\x1b[34m", "\x1b[96m"};
  unsigned hash = 2166136261u;  // FNV-1a: the same colour in every run
  for (const char c : worker)
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return kColours[hash % kColours.size()];
}

}  // namespace

LineLabel::LineLabel(std::string_view worker, pid_t pid, StreamKind stream, LineFormat line_format,
                     bool colour)
    : format(line_format) {
  std::string name;
  text::append_json_escaped(name, worker);
  object_end = fmt::format(R"(,"worker":"{}","pid":{}}})"
                           "\n",
                           name, pid);
  text_end = fmt::format(R"(","worker":"{}","pid":{},"stream":"{}"}})"
                         "\n",
                         name, pid, stream == StreamKind::Stderr ? "stderr" : "stdout");
  pretty = colour ? fmt::format("{}{}\x1b[0m | ", colour_of(worker), worker)
                  : fmt::format("{} | ", worker);
}

bool is_json_object(std::string_view line) {
  if (line.size() < 2 || line.front() != '{' || line.back() != '}') return false;
  const std::size_t next = line.find_first_not_of(" \t", 1);
  return line[next] == '"' || next + 1 == line.size();
}

void append_line(std::string& out, const LinePart& part, const LineLabel& label,
                 std::string_view time) {
  std::string_view text = part.text;
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (label.format == LineFormat::Pretty) {
    out.append(label.pretty).append(text).push_back('\n');
    return;
  }
  if (!part.piece && is_json_object(text)) {
    text.remove_suffix(1);
    out.append(text);
    const bool empty = text.find_first_not_of(" \t", 1) == std::string_view::npos;
    out.append(label.object_end, empty ? 1 : 0);  // no comma after an opening brace
    return;
  }
  out.append(R"({"time":")").append(time).append(R"(","level":"info",)");
  if (part.continues) out.append(R"("continues":true,)");
  out.append(R"("msg":")");
  text::append_json_escaped(out, text);
  out.append(label.text_end);
}

}  // namespace holdfast::supervisor::logs
