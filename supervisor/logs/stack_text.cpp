// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/stack_text.hpp"

#include "common/text/ascii.hpp"
#include "supervisor/logs/text_level.hpp"

#include <algorithm>

namespace holdfast::supervisor::logs {

namespace {

constexpr std::string_view kTraceback = "Traceback (most recent call last):";

bool is_indented(std::string_view line) {
  return line.starts_with(' ') || line.starts_with('\t');
}

bool starts_with_any(std::string_view line, std::initializer_list<std::string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [line](std::string_view beginning) { return line.starts_with(beginning); });
}

bool ends_with_any(std::string_view line, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(),
                     [line](std::string_view end) { return line.ends_with(end); });
}

std::size_t digits_at(std::string_view line, std::size_t from) {
  std::size_t end = from;
  while (end < line.size() && text::is_digit(line[end]))
    ++end;
  return end - from;
}

// "goroutine 17 [running]:"
bool is_goroutine(std::string_view line) {
  constexpr std::string_view kWord = "goroutine ";
  if (!line.starts_with(kWord)) return false;
  const std::size_t digits = digits_at(line, kWord.size());
  return digits > 0 && line.substr(kWord.size() + digits).starts_with(" [");
}

// "/app/server.js:10", "file:///app/a.mjs:3", "node:internal/errors:540"
bool is_node_place(std::string_view line) {
  if (line.find(' ') != std::string_view::npos) return false;
  const auto colon = line.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::size_t digits = digits_at(line, colon + 1);
  if (digits == 0 || colon + 1 + digits != line.size()) return false;
  const std::string_view file = line.substr(0, colon);
  return file.starts_with("node:") || ends_with_any(file, {".js", ".mjs", ".cjs", ".ts", ".jsx"});
}

// "app.rb:3:in `run'"
bool is_ruby_place(std::string_view line) {
  for (auto at = line.find(':'); at != std::string_view::npos; at = line.find(':', at + 1)) {
    const std::size_t digits = digits_at(line, at + 1);
    const std::string_view rest = line.substr(std::min(at + 1 + digits, line.size()));
    if (digits > 0 && (rest.starts_with(":in `") || rest.starts_with(":in '"))) return true;
  }
  return false;
}

// What follows "at ": a call, or a place with its line and column. "http://localhost:3000" is none.
bool is_call(std::string_view text) {
  if (text.find('(') != std::string_view::npos && text.find(')') != std::string_view::npos)
    return true;
  if (text == "<anonymous>" || text.find(":line ") != std::string_view::npos) return true;
  const auto column = text.rfind(':');
  if (column == std::string_view::npos || column == 0) return false;
  const auto line = text.rfind(':', column - 1);
  return line != std::string_view::npos && digits_at(text, column + 1) > 0 &&
         digits_at(text, line + 1) == column - line - 1 && column > line + 1;
}

std::string_view without_return(std::string_view line) {
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

bool continues_class_name(char c) {
  return text::is_alphanumeric(c) || c == '_' || c == '.' || c == '$' || c == ':' || c == '\\';
}

// What stands before the name of an exception's class.
std::string_view without_introduction(std::string_view line) {
  constexpr std::string_view kThread = "Exception in thread \"";
  if (line.starts_with(kThread)) {
    const auto quote = line.find("\" ", kThread.size());
    return quote == std::string_view::npos ? line : line.substr(quote + 2);
  }
  for (const std::string_view word :
       {"Unhandled exception. ", "Unhandled exception: ", "Uncaught exception: ", "Uncaught ",
        "PHP Fatal error:  Uncaught ", "Fatal error: Uncaught ", "Caused by: "}) {
    if (line.starts_with(word)) return line.substr(word.size());
  }
  return line;
}

// The class at the front of "java.lang.IllegalStateException: no route"; empty if there is none.
std::string_view class_at_front(std::string_view line) {
  std::size_t end = 0;
  while (end < line.size() && continues_class_name(line[end]) &&
         !(line[end] == ':' && !line.substr(end + 1).starts_with(':') &&
           (end == 0 || line[end - 1] != ':')))
    ++end;
  const std::string_view name = line.substr(0, end);
  const std::string_view rest = line.substr(end);
  // Node: "TypeError [ERR_INVALID_ARG_TYPE]: x"
  const bool followed = rest.empty() || rest.starts_with(": ") || rest == ":" ||
                        rest.starts_with(" [") || rest.starts_with(" (");
  if (name.empty() || !text::is_alpha(name.front()) || !followed) return {};
  const auto last = name.find_last_of(".:\\$");
  const std::string_view simple = last == std::string_view::npos ? name : name.substr(last + 1);
  if (simple.empty() || !text::is_upper(simple.front())) return {};
  const bool named_so = ends_with_any(simple, {"Error", "Exception", "Throwable", "Failure",
                                               "Fault", "Interrupt", "Exit", "Warning", "Panic"}) ||
                        simple.find("Error") != std::string_view::npos ||
                        simple.find("Exception") != std::string_view::npos;
  // "com.shop.OutOfStock: x" is one as well; "Listening: 8080" is not.
  const bool qualified =
      name.find('.') != std::string_view::npos && name.size() > simple.size() + 2;
  return named_so || qualified ? name : std::string_view{};
}

template <class Use>
void for_each_line(std::string_view text, Use&& use) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

StackSummary summary_of_exception(std::string_view line, std::string_view name) {
  const auto colon = line.find(": ", name.size());
  return {name, colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 2)};
}

// "app.rb:1:in `f': no route (RuntimeError)"
StackSummary summary_of_ruby(std::string_view line) {
  const auto open = line.rfind(" (");
  const auto quote = line.find("': ");
  if (open == std::string_view::npos || quote == std::string_view::npos || !line.ends_with(')') ||
      open < quote + 3)
    return {};
  return {line.substr(open + 2, line.size() - open - 3), line.substr(quote + 3, open - quote - 3)};
}

}  // namespace

bool is_frame(std::string_view line) {
  if (!is_indented(line)) return false;
  const std::string_view inner = without_return(text::trim(line));
  if (inner.empty()) return false;
  if (inner.starts_with("at ")) return is_call(inner.substr(3));
  if (inner.starts_with("File \"")) return inner.find("\", line ") != std::string_view::npos;
  if (starts_with_any(inner, {"--- End of ", "---> "})) return true;
  if (inner.starts_with("... ") && digits_at(inner, 4) > 0)
    return ends_with_any(inner, {" more", " levels...", " common frames omitted"});
  return is_ruby_place(inner);
}

bool may_be_frame(std::string_view line) {
  const std::string_view inner = text::trim(line);
  if (!inner.starts_with('#')) return is_ruby_place(inner) && summary_of_ruby(inner).type.empty();
  const std::size_t digits = digits_at(inner, 1);
  return digits > 0 && inner.substr(1 + digits).starts_with(' ');
}

bool is_link(std::string_view line) {
  return starts_with_any(line,
                         {"Caused by: ", "Suppressed: ", "During handling of the above exception, ",
                          "The above exception was the direct cause ", kTraceback, "created by ",
                          "Stack trace:", "stack backtrace:", "note: run with `RUST_BACKTRACE",
                          "note: Some details are omitted", "[stacktrace]", "[previous exception] ",
                          "\"}", "[signal ", "exit status ", "Node.js v", "[cause]: "}) ||
         is_goroutine(line);
}

bool is_exception(std::string_view line) {
  if (is_indented(line)) return false;
  if (!class_at_front(without_introduction(line)).empty()) return true;
  return is_ruby_place(line) && !summary_of_ruby(line).type.empty();
}

bool is_go_function(std::string_view line) {
  if (is_indented(line) || !line.ends_with(')')) return false;
  const auto open = line.find_last_of('(');
  const std::string_view name = line.substr(0, open);
  return !name.empty() && name.find(' ') == std::string_view::npos &&
         name.find('.') != std::string_view::npos;
}

StackKind stack_begins(std::string_view line) {
  if (line.starts_with(kTraceback)) return StackKind::Python;
  if (starts_with_any(line, {"panic: ", "fatal error: "}) || is_goroutine(line))
    return StackKind::Go;
  if (line.starts_with("thread '") && line.find("panicked at") != std::string_view::npos)
    return StackKind::Rust;
  if (is_node_place(line)) return StackKind::Node;
  // AddressSanitizer and its relatives, "==7==ERROR: AddressSanitizer: heap-use-after-free on …".
  const bool sanitizer = line.starts_with("==") && line.find("==ERROR: ") != std::string_view::npos;
  const bool introduced =
      sanitizer ||
      starts_with_any(
          line, {"Exception in thread ", "Unhandled exception", "Uncaught ", "Unhandled ", "** (",
                 "terminate called after throwing ", "  + Exception Group Traceback"});
  if (introduced || is_exception(line)) return StackKind::Error;
  const auto level = text_level(line);
  return level && *level >= log::Level::Error ? StackKind::Error : StackKind::None;
}

StackSummary summary_of_stack(std::string_view text) {
  StackSummary first;
  StackSummary last;
  bool python = false;
  bool first_line = true;
  for_each_line(text, [&](std::string_view given) {
    const std::string_view line = without_return(given);
    python = python || line.starts_with(kTraceback);
    StackSummary found;
    if (line.starts_with("panic: ") || line.starts_with("fatal error: ")) {
      const auto colon = line.find(": ");
      found = {line.substr(0, colon), line.substr(colon + 2)};
    } else if (first_line && line.starts_with("thread '")) {
      found = {"panic", line};
    } else if (!is_indented(line) && !line.starts_with("Caused by: ")) {
      const std::string_view rest = without_introduction(line);
      if (const std::string_view name = class_at_front(rest); !name.empty()) {
        found = summary_of_exception(rest, name);
      } else if (is_ruby_place(line)) {
        found = summary_of_ruby(line);
      }
    }
    first_line = false;
    if (found.type.empty()) return;
    if (first.type.empty()) first = found;
    last = found;
  });
  // Python tells the last exception last, and it is what the others led to.
  return python ? last : first;
}

}  // namespace holdfast::supervisor::logs
