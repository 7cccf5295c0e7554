// SPDX-License-Identifier: Apache-2.0
#include "common/log/pretty_line.hpp"

#include "common/log/escape.hpp"
#include "common/log/redact.hpp"
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

  bool operator()(std::string_view text) const { return put_text(out, text, limit); }
  bool operator()(const Err& error) const {
    bool whole = put_text(out, error.type, limit);
    put(out, ": ");
    whole &= put_text(out, error.message, limit);
    if (!error.stack.empty()) {
      put(out, " stack=");
      whole &= put_text(out, error.stack, limit);
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

bool append_pretty_fields(Buffer& out, std::span<const Field> fields, std::size_t limit) {
  bool whole = true;
  for (const Field& field : fields) {
    if (out.size() + field.key.size() + kRoom > limit) {
      whole = false;
      continue;
    }
    out.push_back(' ');
    whole &= append_escaped(out, field.key, limit - kRoom / 2);
    out.push_back('=');
    if (is_sensitive(field.key)) {
      put(out, kRedacted);
    } else {
      whole &= std::visit(ValueWriter{out, limit}, field.value.data());
    }
  }
  return whole;
}

void append_pretty_line(Buffer& out, WallTime time, Level level, std::string_view msg,
                        std::string_view bound, std::span<const Field> fields, bool colours) {
  append_time_of_day(out, time);
  out.push_back(' ');
  if (colours) put(out, colour(level));
  put(out, padded(level));
  if (colours) put(out, "\x1b[0m");
  out.push_back(' ');
  bool whole = append_escaped(out, msg, kMaxMessage);
  if (!bound.empty() || !fields.empty()) out.push_back(' ');
  put(out, bound);
  whole &= append_pretty_fields(out, fields, kMaxLine - kLineTail);
  if (!whole) put(out, " truncated=true");
  out.push_back('\n');
}

}  // namespace holdfast::log
