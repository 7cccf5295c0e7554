// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/log_line.hpp"

#include "common/text/json_escape.hpp"
#include "common/text/number.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>

namespace holdfast::supervisor::process {

namespace {

constexpr std::string_view kLevelKey = "\"level\":";
constexpr std::size_t kLevelWithin = 512;  // a level further in than this is part of the payload
// Our own loggers write `{"time":"2026-11-23T11:42:43.482Z",` first, so the level is right here.
constexpr std::size_t kUsualLevelAt = 35;

std::string_view colour_of(std::string_view worker) {
  static constexpr std::array<std::string_view, 6> kColours{"\x1b[36m", "\x1b[32m", "\x1b[33m",
                                                            "\x1b[35m", "\x1b[34m", "\x1b[96m"};
  unsigned hash = 2166136261u;  // FNV-1a: the same colour in every run
  for (const char c : worker)
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return kColours[hash % kColours.size()];
}

std::size_t find_level(std::string_view line) {
  if (line.size() > kUsualLevelAt && line.substr(kUsualLevelAt).starts_with(kLevelKey)) {
    return kUsualLevelAt;
  }
  const void* at = ::memmem(line.data(), std::min(line.size(), kLevelWithin), kLevelKey.data(),
                            kLevelKey.size());
  if (at == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(at) - line.data());
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

LineLevel level_of(std::string_view line) {
  const std::size_t at = find_level(line);
  if (at == std::string_view::npos) return LineLevel::Usual;
  std::string_view value = line.substr(at + kLevelKey.size());
  while (value.starts_with(' '))
    value.remove_prefix(1);
  if (!value.starts_with('"')) {
    const int number = text::take_number<int>(value).value_or(0);
    return number >= 60 ? LineLevel::Fatal : number >= 50 ? LineLevel::Error : LineLevel::Usual;
  }
  char head[4]{};
  for (std::size_t i = 0; i < 3 && i + 1 < value.size(); ++i) {
    head[i] = static_cast<char>(value[i + 1] | 0x20);
  }
  const std::string_view name(head, 3);
  if (name == "err") return LineLevel::Error;
  for (const std::string_view fatal : {"fat", "cri", "pan", "eme", "ale"}) {
    if (name == fatal) return LineLevel::Fatal;
  }
  return LineLevel::Usual;
}

}  // namespace holdfast::supervisor::process
