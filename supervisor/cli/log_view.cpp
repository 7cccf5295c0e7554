// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/log_view.hpp"

#include "common/text/ascii.hpp"
#include "common/text/json_object.hpp"
#include "common/text/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::supervisor::cli {

namespace {

std::string_view colour_of_level(std::string_view level) {
  if (level == "error") return "\033[31m";
  if (level == "warn") return "\033[33m";
  if (level == "info") return "\033[32m";
  return "\033[2m";
}

// A string without its quotes where that is clear, anything else as it is written.
std::string value_for_people(std::string_view value) {
  const auto text = text::json_string_value(value);
  if (!text) return text::for_terminal_line(value);
  const bool bare = !text->empty() && text->find_first_of(" \"=\t\n") == std::string::npos;
  return text::for_terminal_line(bare ? std::string_view(*text) : value);
}

void append_lines(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    out += "    " + text::for_terminal_line(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

struct ShownError {
  std::string title;  // "TypeError: x"
  std::string stack;
};

ShownError error_of(std::string_view value) {
  ShownError shown;
  text::JsonMembers members;
  if (!text::scan_json_object(value, members)) return shown;
  std::string type;
  std::string message;
  for (const text::JsonMember& member : members) {
    auto text = text::json_string_value(member.value);
    if (!text) continue;
    if (member.key == "type")
      type = std::move(*text);
    else if (member.key == "message")
      message = std::move(*text);
    else if (member.key == "stack")
      shown.stack = std::move(*text);
  }
  shown.title = type + (type.empty() || message.empty() ? "" : ": ") + message;
  return shown;
}

}  // namespace

std::string readable_line(std::string_view line, bool colours) {
  text::JsonMembers members;
  if (!line.starts_with('{') || !text::scan_json_object(line, members))
    return text::for_terminal_line(line) + "\n";
  std::string time;
  std::string level;
  std::string worker;
  std::string message;
  std::string fields;
  ShownError error;
  for (const text::JsonMember& member : members) {
    if (member.key == "time") {
      time = text::json_string_value(member.value).value_or("");
    } else if (member.key == "level") {
      level = text::json_string_value(member.value).value_or("");
    } else if (member.key == "worker") {
      worker = text::json_string_value(member.value).value_or("");
    } else if (member.key == "msg") {
      message = value_for_people(member.value);
      if (const auto text = text::json_string_value(member.value))
        message = text::for_terminal_line(*text);
    } else if (member.key == "err" && member.value.starts_with('{')) {
      error = error_of(member.value);
    } else if (member.key != "pid" && member.key != "stream") {
      fields += fmt::format(" {}={}", text::for_terminal_line(member.key),
                            value_for_people(member.value));
    }
  }
  std::replace(time.begin(), time.end(), 'T', ' ');
  if (time.ends_with('Z')) time.pop_back();
  std::string shown_level = level;
  for (char& c : shown_level)
    c = text::is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
  const bool coloured = colours && !level.empty();
  std::string out =
      fmt::format("{} {}{:<5}{} {}  {}{}{}\n", text::for_terminal_line(time),
                  coloured ? colour_of_level(level) : "", text::for_terminal_line(shown_level),
                  coloured ? "\033[0m" : "", text::for_terminal_line(worker), message,
                  fields.empty() ? "" : " ", fields);
  if (!error.title.empty() && error.stack.find(error.title) == std::string::npos)
    append_lines(out, error.title);
  append_lines(out, error.stack);
  return out;
}

}  // namespace holdfast::supervisor::cli
