// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/log_line.hpp"

#include "common/log/redact.hpp"
#include "common/text/byte_block.hpp"
#include "common/text/json_escape.hpp"
#include "common/text/json_object.hpp"
#include "common/text/terminal.hpp"
#include "supervisor/logs/foreign_object.hpp"
#include "supervisor/logs/stack_text.hpp"
#include "supervisor/logs/text_level.hpp"

#include <fmt/format.h>

#include <algorithm>
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

// One JSON object that leaves our keys to us.
bool is_own_object(std::string_view line) {
  if (line.empty() || line.front() != '{' || line.back() != '}') return false;
  static thread_local text::JsonMembers members;
  if (!text::scan_json_object(line, members)) return false;
  return std::none_of(members.begin(), members.end(), [](const text::JsonMember& member) {
    return member.escaped_key || member.key == "worker" || member.key == "pid";
  });
}

enum class OwnLine { Unsure, Ascii, Text };

// The same at a fraction of the cost for what our own logger writes in all but a few lines: no
// escapes, no objects inside, and a key after each comma. Of these none is the name of another
// worker. One pass: every line of every worker comes through here.
OwnLine scan_own_line(std::string_view line) {
  constexpr std::string_view kBegin = R"({"time":")";
  constexpr unsigned char kDelete = 0x7f;  // and all above is not ASCII
  if (!line.starts_with(kBegin) || line.back() != '}') return OwnLine::Unsure;
  text::ByteMarks unsure{};
  text::ByteMarks ours{};  // keys that begin as "worker" or "pid" do: "path" is in most lines
  text::ByteMarks above{};
  text::for_each_block(line, kBegin.size(), [&](const char* block, std::size_t) {
    const text::ByteBlock bytes = text::load_block(block);
    const text::ByteBlock next = text::load_block(block + 1);
    const text::ByteBlock first = text::load_block(block + 2);
    const text::ByteBlock second = text::load_block(block + 3);
    const text::ByteMarks commas = bytes == ',';
    unsure |= (bytes == '\\') | (bytes == '{') | (commas & (next != '"'));
    ours |= commas & (((first == 'w') & (second == 'o')) | ((first == 'p') & (second == 'i')));
    above |= bytes >= kDelete;
    return true;
  });
  if (text::any(unsure)) return OwnLine::Unsure;
  if (text::any(ours) && (line.find(R"(,"worker")") != std::string_view::npos ||
                          line.find(R"(,"pid")") != std::string_view::npos))
    return OwnLine::Unsure;
  return text::any(above) ? OwnLine::Text : OwnLine::Ascii;
}

void append_own_object(std::string& out, std::string_view text, const LineLabel& label) {
  text.remove_suffix(1);
  out.append(text);
  const bool empty = text.find_first_not_of(" \t", 1) == std::string_view::npos;
  out.append(label.object_end, empty ? 1 : 0);  // no comma after an opening brace
}

void append_string_member(std::string& out, std::string_view key, std::string_view text) {
  if (text.empty()) return;
  out.append(out.back() == '{' ? "\"" : ",\"").append(key).append("\":");
  text::append_json_string(out, text);
}

// What a stack trace says, in the form that pino, bunyan and our own logger write an error in.
void append_stack(std::string& out, std::string_view text) {
  const StackSummary summary = summary_of_stack(text);
  out.append(R"(","err":{)");
  append_string_member(out, "type", summary.type);
  append_string_member(out, "message", summary.message);
  append_string_member(out, "stack", text);
  out.push_back('}');
}

// The line of a trace that says the most: "Traceback (most recent call last):" says nothing.
std::string title_of(const LinePart& part, std::string_view text) {
  const std::string_view first = text.substr(0, text.find('\n'));
  if (!part.stack || !first.starts_with("Traceback (most recent")) return std::string(first);
  const StackSummary summary = summary_of_stack(text);
  if (summary.type.empty()) return std::string(first);
  return fmt::format("{}{}{}", summary.type, summary.message.empty() ? "" : ": ", summary.message);
}

void append_wrapped(std::string& out, std::string_view text, const LinePart& part,
                    const LineLabel& label, std::string_view time, log::Level level) {
  out.append(R"({"time":")").append(time);
  if (level == label.level) {
    out.append(label.text_begin);
  } else {
    out.append(R"(","level":")").append(log::to_string(level)).append("\",");
  }
  if (part.continues) out.append(R"("continues":true,)");
  out.append(R"("msg":")");
  if (part.lines == 1) {
    text::append_json_escaped(out, text);
    out.append(label.text_end);
    return;
  }
  text::append_json_escaped(out, title_of(part, text));
  append_stack(out, text);
  out.append(label.text_end, 1);  // it begins with a quote
}

void append_pretty(std::string& out, std::string_view text, const LineLabel& label) {
  for (;;) {
    const auto end = std::min(text.find('\n'), text.size());
    out.append(label.pretty).append(text::for_terminal_line(text.substr(0, end))).push_back('\n');
    if (end == text.size()) return;
    text.remove_prefix(end + 1);
  }
}

log::Level level_of_text(const LinePart& part, std::string_view text, const LineLabel& label) {
  if (const auto stated = text_level(text)) return *stated;
  return part.stack ? log::Level::Error : label.level;
}

bool begins_object(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  return first != std::string_view::npos && text[first] == '{';
}

// Any but a line of our own workers. Apart from append_line(), whose frame is small without it.
[[gnu::noinline]] log::Level append_other_line(std::string& out, const LinePart& part,
                                               std::string_view text, const LineLabel& label,
                                               std::string_view time, log::Level minimum,
                                               const log::RedactPaths* redact) {
  const std::size_t start = out.size();
  const bool pretty = label.format == LineFormat::Pretty;
  const bool own = label.source == LineSource::Own;
  ForeignObject object;
  const bool is_object = !part.piece && part.lines == 1 && !(own && pretty) &&
                         begins_object(text) && object.read(text);
  const log::Level level =
      is_object ? object.level().value_or(label.level) : level_of_text(part, text, label);
  if (!own && level < minimum) return level;
  if (!own && !is_object && has_priority(text)) text.remove_prefix(kPriorityPrefix);
  std::string masked;
  if (!is_object && !own && log::may_need_redaction(text)) {
    masked = log::redact_line(text);
    text = masked;
  }
  if (pretty) {
    if (is_object && !own) {
      masked = object.masked(redact);
      text = masked;
    }
    append_pretty(out, text, label);
  } else if (is_object) {
    object.append(out, {time, label.level, label.worker, label.pid, redact});
    out.append(label.object_end);
    text::escape_hidden(out, start);
  } else {
    append_wrapped(out, text, part, label, time, level);
  }
  return level;
}

}  // namespace

LineLabel::LineLabel(std::string_view worker_name, pid_t process, StreamKind stream,
                     LineFormat line_format, bool colour, LineSource line_source,
                     log::Level plain_level)
    : format(line_format), source(line_source), level(plain_level), pid(std::to_string(process)) {
  text::append_json_escaped(worker, worker_name);
  object_end = fmt::format(R"(,"worker":"{}","pid":{}}})"
                           "\n",
                           worker, pid);
  text_begin = fmt::format(R"(","level":"{}",)", log::to_string(level));
  text_end = fmt::format(R"(","worker":"{}","pid":{},"stream":"{}"}})"
                         "\n",
                         worker, pid, stream == StreamKind::Stderr ? "stderr" : "stdout");
  pretty = colour ? fmt::format("{}{}\x1b[0m | ", colour_of(worker_name), worker_name)
                  : fmt::format("{} | ", worker_name);
}

bool is_own_error(std::string_view line) {
  // {"time":"2026-11-23T11:42:43.482Z","level":"error"
  constexpr std::size_t kLevel = 33;
  constexpr std::string_view kError = R"(","level":"error")";
  constexpr std::size_t kName = 44;
  return line.size() > kName && line[kName] == 'e' && line.substr(kLevel).starts_with(kError);
}

log::Level append_line(std::string& out, const LinePart& part, const LineLabel& label,
                       std::string_view time, log::Level minimum, const log::RedactPaths* redact) {
  std::string_view text = part.text;
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (label.source == LineSource::Own && label.format == LineFormat::Json && !part.piece &&
      !part.cut) {
    const OwnLine line = scan_own_line(text);
    if (line != OwnLine::Unsure || is_own_object(text)) {
      const std::size_t start = out.size();
      append_own_object(out, text, label);
      if (line != OwnLine::Ascii) text::escape_hidden(out, start);
      return is_own_error(text) ? log::Level::Error : log::Level::Info;
    }
  }
  return append_other_line(out, part, text, label, time, minimum, redact);
}

}  // namespace holdfast::supervisor::logs
