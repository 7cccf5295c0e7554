// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/error_reader.hpp"

#include "common/log/redact.hpp"
#include "common/text/ascii.hpp"
#include "common/text/json_object.hpp"
#include "common/text/terminal.hpp"
#include "common/text/utf8.hpp"
#include "supervisor/logs/foreign_object.hpp"
#include "supervisor/logs/stack_text.hpp"

#include <array>
#include <initializer_list>

namespace holdfast::supervisor::logs {

namespace {

constexpr std::size_t kMostMessage = 1024;
constexpr std::size_t kMostStack = 4096;
constexpr std::size_t kMostId = 128;
constexpr std::size_t kMostType = 256;

constexpr std::array<std::string_view, 7> kRequestKeys{
    "request_id", "request-id", "requestid", "req_id", "reqid", "x-request-id", "x_request_id"};
constexpr std::array<std::string_view, 3> kJobKeys{"job_id", "jobid", "job-id"};
constexpr std::array<std::string_view, 4> kProcessKeys{"pid", "process_id", "processid", "process"};
// Objects that a request may be described by, and whether their "id" is that of the request: a
// context has one of anything.
struct RequestObject {
  std::string_view name;
  bool has_id = true;
};
constexpr std::array<RequestObject, 8> kRequestObjects{{{"req"},
                                                        {"request"},
                                                        {"http"},
                                                        {"context", false},
                                                        {"extra", false},
                                                        {"properties", false},
                                                        {"attributes", false},
                                                        {"fields", false}}};
constexpr std::array<std::string_view, 4> kErrorObjects{"err", "error", "exception", "exc"};

std::string bounded(std::string text, std::size_t most) {
  if (text.size() > most) text.resize(text::truncate_utf8(text, most).size());
  return text;
}

// A text, or a number as written.
std::string scalar_text(std::string_view value) {
  if (auto text = text::json_string_value(value)) return std::move(*text);
  const bool number = !value.empty() && (text::is_digit(value.front()) || value.front() == '-');
  return number ? std::string(value) : std::string();
}

// What is written where there is no id: nothing but zeros and punctuation, or a word for nothing.
bool is_id(std::string_view text) {
  const auto is_mark = [](char c) { return !text::is_alphanumeric(c); };
  while (!text.empty() && is_mark(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_mark(text.back()))
    text.remove_suffix(1);
  if (text.find_first_not_of("0-:._") == std::string_view::npos) return false;
  for (const std::string_view word : {"none", "null", "nil", "unknown", "undefined", "n/a", "na",
                                      "nan", "empty", "missing", "false"}) {
    if (text::equals_ignoring_case(text, word)) return false;
  }
  return true;
}

// An object's members by key, in any case.
class Members {
 public:
  explicit Members(std::string_view object) { valid_ = text::scan_json_object(object, members_); }

  std::string_view raw(std::string_view key) const {
    if (!valid_) return {};
    for (const text::JsonMember& member : members_) {
      const bool same = member.escaped_key
                            ? text::equals_ignoring_case(text::unescape_json(member.key), key)
                            : text::equals_ignoring_case(member.key, key);
      if (same) return member.value;
    }
    return {};
  }

  template <class Keys>
  std::string text(const Keys& keys) const {
    for (const std::string_view key : keys) {
      if (std::string found = scalar_text(raw(key)); !found.empty()) return found;
    }
    return {};
  }
  std::string text(std::initializer_list<std::string_view> keys) const {
    return text<std::initializer_list<std::string_view>>(keys);
  }

  template <class Keys>
  std::string id(const Keys& keys) const {
    for (const std::string_view key : keys) {
      if (std::string found = scalar_text(raw(key)); is_id(found)) return found;
    }
    return {};
  }
  std::string id(std::initializer_list<std::string_view> keys) const {
    return id<std::initializer_list<std::string_view>>(keys);
  }

 private:
  text::JsonMembers members_;
  bool valid_ = false;
};

std::string request_id_of(const Members& line) {
  if (std::string id = line.id(kRequestKeys); !id.empty()) return id;
  for (const auto& [name, has_id] : kRequestObjects) {
    const Members object(line.raw(name));
    if (std::string id = object.id({"id"}); has_id && !id.empty()) return id;
    if (std::string id = object.id(kRequestKeys); !id.empty()) return id;
    if (std::string id = Members(object.raw("headers")).id(kRequestKeys); !id.empty()) return id;
    if (std::string id = Members(object.raw("request")).id({"id"}); !id.empty()) return id;
  }
  return line.id({"req.id", "request.id", "http.request.id", "correlation_id", "correlationid",
                  "x-correlation-id"});
}

std::string job_id_of(const Members& line) {
  if (std::string id = line.id(kJobKeys); !id.empty()) return id;
  return Members(line.raw("job")).id({"id"});
}

void read_error_object(const Members& object, ErrorLine& result, std::string& message) {
  result.type = object.text({"type", "name", "class", "kind", "exc_type"});
  message = object.text({"message", "msg", "exc_value", "value"});
  result.stack = object.text({"stack", "stack_trace", "stacktrace", "backtrace"});
}

// The whole of it, or what of its text is a trace.
void use_stack_text(ErrorLine& result, std::string& message) {
  const StackSummary summary = summary_of_stack(result.stack);
  if (result.type.empty()) result.type = summary.type;
  if (message.empty()) message = summary.message;
}

void read_object(const Members& line, ErrorLine& result) {
  result.request_id = request_id_of(line);
  result.job_id = job_id_of(line);
  result.process = bounded(line.text(kProcessKeys), kMostId);
  std::string message;  // the error's own
  for (const std::string_view name : kErrorObjects) {
    const std::string_view value = line.raw(name);
    if (value.starts_with('{')) {
      read_error_object(Members(value), result, message);
      break;
    }
    const std::string text = scalar_text(value);
    if (text.empty()) continue;
    // structlog's "exception" is a trace, zap's "error" the message.
    if (text.find('\n') != std::string::npos) {
      result.stack = text;
    } else {
      message = text;
    }
    break;
  }
  if (result.type.empty())
    result.type = line.text({"error.type", "exception.type", "exc_type", "err_type", "error_type"});
  if (message.empty()) message = line.text({"error.message", "exception.message"});
  if (result.stack.empty()) {
    result.stack =
        line.text({"stack", "error.stack_trace", "exception.stacktrace", "stack_trace",
                   "stacktrace", "exc_info", "errorverbose", "backtrace", "@x", "traceback"});
  }
  if (!result.stack.empty()) use_stack_text(result, message);
  result.message = line.text({"msg", "message", "event", "@m", "@mt", "@message", "renderedmessage",
                              "messagetemplate", "text", "short_message", "body"});
  if (result.message.empty()) result.message = Members(line.raw("fields")).text({"message"});
  // "request failed" alone does not say what went wrong.
  if (result.message.empty()) {
    result.message = message;
  } else if (!message.empty() && result.message.find(message) == std::string::npos) {
    result.message += ": " + message;
  }
}

// The value after "request_id=" or "request_id: " in a text.
std::string value_after(std::string_view text, std::string_view key) {
  for (std::size_t at = 0; at + key.size() < text.size(); ++at) {
    if (!text::equals_ignoring_case(text.substr(at, key.size()), key)) continue;
    if (at > 0 && (text::is_alphanumeric(text[at - 1]) || text[at - 1] == '_')) continue;
    std::string_view rest = text.substr(at + key.size());
    if (rest.starts_with('"') || rest.starts_with('\'')) rest.remove_prefix(1);
    if (!rest.starts_with('=') && !rest.starts_with(':')) continue;
    // After "request_id=" and a space comes the next key.
    const bool may_be_apart = rest.front() == ':';
    rest.remove_prefix(1);
    while (may_be_apart && rest.starts_with(' '))
      rest.remove_prefix(1);
    if (rest.starts_with('"') || rest.starts_with('\'')) rest.remove_prefix(1);
    const std::string_view id = rest.substr(0, rest.find_first_of(" \t\r\n,;\"')]}"));
    if (is_id(id)) return std::string(id);
  }
  return {};
}

template <class Keys>
std::string value_after_any(std::string_view text, const Keys& keys) {
  for (const std::string_view key : keys) {
    if (std::string found = value_after(text, key); !found.empty()) return found;
  }
  return {};
}

void read_text(const LinePart& part, std::string_view text, ErrorLine& result) {
  const std::string_view head = text.substr(0, kMostStack);
  result.request_id = value_after_any(head, kRequestKeys);
  result.job_id = value_after_any(head, kJobKeys);
  const std::string_view first = text.substr(0, text.find('\n'));
  const StackSummary summary = summary_of_stack(text);
  result.type = summary.type;
  result.message = first;
  if (part.lines == 1) return;
  result.stack = text;
  const bool bare = first.starts_with("Traceback ") || first.starts_with("goroutine ");
  if (bare && !summary.type.empty()) {
    result.message = std::string(summary.type);
    if (!summary.message.empty()) result.message += ": " + std::string(summary.message);
  } else if (!summary.message.empty() && first.find(summary.message) == std::string_view::npos) {
    result.message += ": " + std::string(summary.message);
  }
}

std::string shown(const std::string& text, std::size_t most) {
  // Twice the room first: what is masked becomes shorter, and what is cut off needs no masking.
  return bounded(text::for_terminal(log::redact_text(bounded(text, 2 * most))), most);
}

}  // namespace

ErrorLine read_error_line(const LinePart& part, const log::RedactPaths* redact) {
  ErrorLine result;
  std::string_view text = part.text;
  if (text.ends_with('\r')) text.remove_suffix(1);
  ForeignObject object;
  if (part.lines == 1 && object.read(text)) {
    const std::string masked = object.masked(redact);
    const Members line(masked);
    const std::string_view record = line.raw("record");  // loguru's
    if (Members(record).raw("level").starts_with('{')) {
      read_object(Members(record), result);
    } else {
      read_object(line, result);
    }
  } else {
    read_text(part, text, result);
  }
  result.message = shown(result.message, kMostMessage);
  result.stack = shown(result.stack, kMostStack);
  result.type = shown(result.type, kMostType);
  result.request_id = shown(result.request_id, kMostId);
  result.job_id = shown(result.job_id, kMostId);
  return result;
}

std::string request_id_of_line(std::string_view line) {
  if (!line.starts_with('{')) return value_after_any(line, kRequestKeys);
  const Members members(line);
  if (std::string id = request_id_of(members); !id.empty()) return id;
  return value_after_any(members.text({"msg", "message"}), kRequestKeys);
}

}  // namespace holdfast::supervisor::logs
