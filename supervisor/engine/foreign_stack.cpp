// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/foreign_stack.hpp"

#include "common/text/ascii.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace holdfast::supervisor {

namespace {

using Lines = std::vector<std::string>;

constexpr std::size_t kMostForeignFrames = 64;
constexpr std::size_t kMessageLines = 8;  // of an error, before its frames

struct FoundAt {
  std::size_t line = 0;  // where it begins
  ForeignStack stack;
};
using Found = std::optional<FoundAt>;

std::string_view trimmed(std::string_view text) {
  return text::trim(text, text::kWhitespace);
}

bool is_indented(std::string_view line) {
  return line.starts_with(' ') || line.starts_with('\t');
}

bool takes_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// The last line for which `begins` holds.
template <class Begins>
std::optional<std::size_t> last_line(const Lines& lines, Begins begins) {
  for (std::size_t i = lines.size(); i > 0; --i) {
    if (begins(std::string_view(lines[i - 1]))) return i - 1;
  }
  return std::nullopt;
}

// "java.lang.IllegalStateException", "ValueError", "my_app.errors.NotFound"
bool is_type_name(std::string_view text) {
  return !text.empty() && (text::is_alpha(text.front()) || text.front() == '_') &&
         text::all_of(text, [](char c) {
           return text::is_alphanumeric(c) || c == '.' || c == '_' || c == '$';
         });
}

// "TYPE: MESSAGE" or "TYPE"; node adds the code: "TypeError [ERR_X]: MESSAGE".
bool split_error(std::string_view line, ForeignStack& stack) {
  const auto colon = line.find(": ");
  std::string_view type = line.substr(0, colon);
  if (type.ends_with(']')) type = type.substr(0, type.find(" ["));
  if (type.ends_with(':')) type.remove_suffix(1);
  if (!is_type_name(type)) return false;
  stack.type = type;
  stack.message = colon == std::string_view::npos ? "" : line.substr(colon + 2);
  return true;
}

// ---- Python ------------------------------------------------------------------------------------

// `File "app.py", line 3, in f` and faulthandler's `File "app.py", line 3 in f`.
std::optional<std::string> python_frame(std::string_view line) {
  line = trimmed(line);
  if (!takes_prefix(line, "File \"")) return std::nullopt;
  const auto quote = line.find("\", line ");
  if (quote == std::string_view::npos) return std::nullopt;
  const std::string_view file = line.substr(0, quote);
  line.remove_prefix(quote + 8);
  const auto digits = line.find_first_not_of("0123456789");
  const std::string_view number = line.substr(0, digits);
  line.remove_prefix(number.size());
  takes_prefix(line, ",");
  return takes_prefix(line, " in ") ? fmt::format("{} ({}:{})", line, file, number)
                                    : fmt::format("{}:{}", file, number);
}

Found python_traceback(const Lines& lines) {
  const auto begin = last_line(lines, [](std::string_view line) {
    return trimmed(line) == "Traceback (most recent call last):";
  });
  if (!begin) return std::nullopt;
  FoundAt found{*begin, {}};
  // An exception group indents all of it.
  const std::size_t margin = lines[*begin].find_first_not_of(' ');
  for (std::size_t i = *begin + 1; i < lines.size(); ++i) {
    std::string_view line = lines[i];
    if (auto frame = python_frame(line)) {
      found.stack.frames.push_back(std::move(*frame));
      continue;
    }
    if (line.size() <= margin) break;
    line.remove_prefix(margin);
    if (is_indented(line)) continue;  // the source text of a frame
    if (!split_error(line, found.stack)) found.stack.message = line;
    break;
  }
  std::reverse(found.stack.frames.begin(), found.stack.frames.end());
  return found;
}

// "Thread 0x00007f (most recent call first):", with the thread's name since 3.14
std::optional<std::string> faulthandler_thread(std::string_view line) {
  if (!line.ends_with(" (most recent call first):")) return std::nullopt;
  line.remove_suffix(26);
  if (!line.starts_with("Thread ") && !line.starts_with("Current thread ")) return std::nullopt;
  return std::string(line);
}

Found python_fault(const Lines& lines) {
  constexpr std::string_view kFatal = "Fatal Python error: ";
  const auto begin =
      last_line(lines, [&](std::string_view line) { return line.starts_with(kFatal); });
  if (!begin) return std::nullopt;
  FoundAt found{*begin, {}};
  found.stack.type = "Fatal Python error";
  found.stack.message = lines[*begin].substr(kFatal.size());
  for (std::size_t i = *begin + 1; i < lines.size(); ++i) {
    if (auto thread = faulthandler_thread(lines[i])) {
      found.stack.threads.push_back({std::move(*thread), {}});
    } else if (auto frame = python_frame(lines[i]); frame && !found.stack.threads.empty()) {
      found.stack.threads.back().frames.push_back(std::move(*frame));
    }
  }
  auto& threads = found.stack.threads;
  const auto current = std::find_if(threads.begin(), threads.end(), [](const ThreadStack& thread) {
    return thread.thread.starts_with("Current");
  });
  if (current != threads.end()) {
    std::rotate(threads.begin(), current, current + 1);
    found.stack.frames = threads.front().frames;
  }
  if (threads.size() < 2) threads.clear();
  return found;
}

// ---- Node.js and Java --------------------------------------------------------------------------

// "    at Object.<anonymous> (/app/x.js:5:1)", "\tat com.example.Main.run(Main.java:3)"
std::optional<std::string> at_frame(std::string_view line) {
  if (!is_indented(line)) return std::nullopt;
  line = trimmed(line);
  if (!takes_prefix(line, "at ")) return std::nullopt;
  if (line.ends_with(" {")) line.remove_suffix(2);  // node: properties of the error follow
  const bool spaced = line.find(" (") != std::string_view::npos;
  const auto open = line.find('(');
  if (spaced || open == std::string_view::npos || open == 0) return std::string(line);
  return fmt::format("{} {}", line.substr(0, open), line.substr(open));
}

// The line that names the error, at most a few above the first frame: a message may have several.
std::optional<std::size_t> error_above(const Lines& lines, std::size_t first_frame) {
  for (std::size_t i = first_frame; i > 0 && first_frame - i < kMessageLines; --i) {
    std::string_view line = lines[i - 1];
    ForeignStack ignored;
    if (line.starts_with("Caused by: ") || line.starts_with("Exception in thread ")) return i - 1;
    takes_prefix(line, "Uncaught ");
    if (split_error(line, ignored) &&
        (line.find(':') != std::string_view::npos || i == first_frame)) {
      return i - 1;
    }
    if (is_indented(line)) break;
  }
  if (first_frame == 0) return std::nullopt;
  return first_frame - 1;
}

void name_error(std::string_view line, ForeignStack& stack) {
  if (takes_prefix(line, "Exception in thread ")) {
    const auto end = line.find("\" ", 1);  // of the thread's name
    if (end != std::string_view::npos) line.remove_prefix(end + 2);
  }
  takes_prefix(line, "Uncaught ");
  if (!split_error(line, stack)) stack.message = line;
}

Found at_lines(const Lines& lines) {
  Found found;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto frame = at_frame(lines[i]);
    if (!frame) continue;
    if (i > 0 && at_frame(lines[i - 1]) && found) {
      found->stack.frames.push_back(std::move(*frame));
      continue;
    }
    const auto heading = error_above(lines, i);
    if (!heading) continue;
    const std::string& error = lines[*heading];
    if (found && error.starts_with("Caused by: ")) {
      found->stack.message += "; c" + error.substr(1);
      while (i + 1 < lines.size() && at_frame(lines[i + 1]))
        ++i;  // the frames of the error itself say where
      continue;
    }
    found = FoundAt{*heading, {}};
    name_error(error, found->stack);
    found->stack.frames.push_back(std::move(*frame));
  }
  return found;
}

// ---- Go ----------------------------------------------------------------------------------------

// "main.run(0xc000012345, 0x3)" and, below it, "\t/app/main.go:12 +0x1d".
std::string go_frame(std::string_view function, std::string_view place) {
  if (function.ends_with(')')) {
    const auto arguments = function.rfind('(');
    if (arguments != std::string_view::npos && arguments > 0)
      function = function.substr(0, arguments);
  }
  place = trimmed(place);
  place = place.substr(0, place.find(" +0x"));
  return fmt::format("{} ({})", function, place);
}

Found go_panic(const Lines& lines) {
  constexpr std::string_view kPanic = "panic: ";
  constexpr std::string_view kFatal = "fatal error: ";
  const auto is_goroutine = [](std::string_view line) {
    return line.starts_with("goroutine ") && line.ends_with("]:");
  };
  const auto begin = last_line(lines, [&](std::string_view line) {
    return line.starts_with(kPanic) || line.starts_with(kFatal);
  });
  if (!begin) return std::nullopt;
  FoundAt found{*begin, {}};
  const bool panic = lines[*begin].starts_with(kPanic);
  found.stack.type = panic ? "panic" : "fatal error";
  found.stack.message = lines[*begin].substr(panic ? kPanic.size() : kFatal.size());
  auto& threads = found.stack.threads;
  for (std::size_t i = *begin + 1; i < lines.size(); ++i) {
    const std::string_view line = lines[i];
    if (is_goroutine(line)) {
      threads.push_back({std::string(line.substr(0, line.size() - 1)), {}});
    } else if (!threads.empty() && i + 1 < lines.size() && !line.empty() && !is_indented(line) &&
               lines[i + 1].starts_with('\t')) {
      threads.back().frames.push_back(go_frame(line, lines[++i]));
    }
  }
  if (threads.empty()) return std::nullopt;  // any program may print "panic: "
  found.stack.frames = threads.front().frames;
  if (threads.size() < 2) threads.clear();
  return found;
}

}  // namespace

std::optional<ForeignStack> foreign_stack_of(const Lines& lines) {
  Found last;
  for (const auto find : {python_traceback, python_fault, at_lines, go_panic}) {
    Found found = find(lines);
    if (found && !found->stack.frames.empty() && (!last || found->line > last->line))
      last = std::move(found);
  }
  if (!last) return std::nullopt;
  auto& frames = last->stack.frames;
  if (frames.size() > kMostForeignFrames) frames.resize(kMostForeignFrames);
  return std::move(last->stack);
}

}  // namespace holdfast::supervisor
