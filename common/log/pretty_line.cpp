// SPDX-License-Identifier: Apache-2.0
#include "common/log/pretty_line.hpp"

#include "common/log/escape.hpp"
#include "common/log/redact.hpp"
#include "common/log/redact_paths.hpp"
#include "common/log/timestamp.hpp"

#include <algorithm>

namespace holdfast::log {

namespace {

constexpr std::size_t kRoom = 64;  // per field: separators, quotes, a number

void put(Buffer& out, std::string_view text) {
  out.append(text.begin(), text.end());
}

std::string_view padded(Level level) {
  switch (level) {
    case Level::Trace: return "TRACE";
    case Level::Debug: return "DEBUG";
    case Level::Info: return "INFO ";
    case Level::Warn: return "WARN ";
    case Level::Error: return "ERROR";
  }
  return "?    ";
}

std::string_view colour(Level level) {
  switch (level) {
    case Level::Trace:
    case Level::Debug: return "\x1b[2m";
    case Level::Info: return "\x1b[32m";
    case Level::Warn: return "\x1b[33m";
    case Level::Error: return "\x1b[31m";
  }
  return "";
}

// Without quotes if its end is obvious.
bool put_text(Buffer& out, std::string_view text, std::size_t limit) {
  if (text.find("://") != std::string_view::npos) {
    if (const std::string masked = redact_url(text); masked != text)
      return put_text(out, masked, limit);
  }
  const bool bare = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c > 0x20 && c != '"' && c != '=' && c != '\\' && c != 0x7f;
  });
  if (!bare) out.push_back('"');
  const bool whole = append_escaped(out, text, limit);
  if (!bare) out.push_back('"');
  return whole;
}

struct ValueWriter {
  Buffer& out;
  std::size_t limit;
  std::string_view key;
  const RedactPaths* redact;

  // What of an error is shown.
  std::string_view shown(std::string_view member, std::string_view text) const {
    return redact != nullptr && redact->hides(key, member) ? kRedacted : text;
  }

  bool operator()(std::string_view text) const { return put_text(out, text, limit); }
  bool operator()(const Err& error) const {
    bool whole = put_text(out, shown("type", error.type), limit);
    put(out, ": ");
    whole &= put_text(out, shown("message", error.message), limit);
    if (!error.stack.empty()) {
      put(out, " stack=");
      whole &= put_text(out, shown("stack", error.stack), limit);
    }
    return whole;
  }
  template <class Scalar>
  bool operator()(Scalar value) const {
    fmt::format_to(fmt::appender(out), "{}", value);
    return true;
  }
};

}  // namespace

bool append_pretty_fields(Buffer& out, std::span<const Field> fields, std::size_t limit,
                          const RedactPaths* redact) {
  bool whole = true;
  for (const Field& field : fields) {
    if (out.size() + field.key.size() + kRoom > limit) {
      whole = false;
      continue;
    }
    out.push_back(' ');
    whole &= append_escaped(out, field.key, limit - kRoom / 2);
    out.push_back('=');
    if (is_sensitive(field.key) || (redact != nullptr && redact->hides(field.key))) {
      put(out, kRedacted);
    } else {
      whole &= std::visit(ValueWriter{out, limit, field.key, redact}, field.value.data());
    }
  }
  return whole;
}

void append_pretty_line(Buffer& out, WallTime time, Level level, std::string_view msg,
                        std::string_view bound, std::span<const Field> fields, bool colours,
                        const RedactPaths* redact) {
  append_time_of_day(out, time);
  out.push_back(' ');
  if (colours) put(out, colour(level));
  put(out, padded(level));
  if (colours) put(out, "\x1b[0m");
  out.push_back(' ');
  const bool url = msg.find("://") != std::string_view::npos;
  bool whole = append_escaped(out, url ? redact_url(msg) : std::string(msg), kMaxMessage);
  if (!bound.empty() || !fields.empty()) out.push_back(' ');
  put(out, bound);
  whole &= append_pretty_fields(out, fields, kMaxLine - kLineTail, redact);
  if (!whole) put(out, " truncated=true");
  out.push_back('\n');
}

}  // namespace holdfast::log
