// SPDX-License-Identifier: Apache-2.0
#include "common/log/json_line.hpp"

#include "common/log/escape.hpp"
#include "common/log/redact.hpp"
#include "common/log/redact_paths.hpp"
#include "common/log/timestamp.hpp"

#include <cmath>

namespace holdfast::log {

namespace {

// The most that a number, a flag or an empty object takes.
constexpr std::size_t kScalarRoom = 40;

void put(Buffer& out, std::string_view text) {
  out.append(text.begin(), text.end());
}

bool put_string(Buffer& out, std::string_view text, std::size_t limit) {
  if (text.find("://") != std::string_view::npos) {
    if (const std::string masked = redact_url(text); masked != text)
      return put_string(out, masked, limit);
  }
  out.push_back('"');
  const bool whole = append_escaped(out, text, limit);
  out.push_back('"');
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

  bool operator()(std::string_view text) const { return put_string(out, text, limit); }
  bool operator()(std::int64_t number) const { return put_number(number); }
  bool operator()(std::uint64_t number) const { return put_number(number); }
  bool operator()(double number) const {
    if (!std::isfinite(number)) {  // JSON cannot express these
      put(out, "null");
      return true;
    }
    fmt::format_to(fmt::appender(out), "{}", number);
    return true;
  }
  bool operator()(bool flag) const {
    put(out, flag ? "true" : "false");
    return true;
  }
  bool operator()(const Err& error) const {
    put(out, "{\"type\":");
    bool whole = put_string(out, shown("type", error.type), limit);
    put(out, ",\"message\":");
    whole &= put_string(out, shown("message", error.message), limit);
    if (!error.stack.empty()) {
      put(out, ",\"stack\":");
      whole &= put_string(out, shown("stack", error.stack), limit);
    }
    out.push_back('}');
    return whole;
  }

  template <class Number>
  bool put_number(Number number) const {
    const fmt::format_int text(number);
    out.append(text.data(), text.data() + text.size());
    return true;
  }
};

}  // namespace

bool append_json_fields(Buffer& out, std::span<const Field> fields, std::size_t limit,
                        const RedactPaths* redact) {
  bool whole = true;
  for (const Field& field : fields) {
    if (out.size() + field.key.size() + kScalarRoom + 8 > limit) {
      whole = false;
      continue;
    }
    put(out, ",\"");
    whole &= append_escaped(out, field.key, limit - kScalarRoom);
    put(out, "\":");
    if (is_sensitive(field.key) || (redact != nullptr && redact->hides(field.key))) {
      put_string(out, kRedacted, limit);
    } else {
      whole &= std::visit(ValueWriter{out, limit, field.key, redact}, field.value.data());
    }
  }
  return whole;
}

void append_json_line(Buffer& out, WallTime time, Level level, std::string_view msg,
                      std::string_view bound, std::span<const Field> fields,
                      const RedactPaths* redact) {
  put(out, "{\"time\":\"");
  append_timestamp(out, time);
  put(out, "\",\"level\":\"");
  put(out, to_string(level));
  put(out, "\",\"msg\":");
  bool whole = put_string(out, msg, kMaxMessage);
  put(out, bound);
  whole &= append_json_fields(out, fields, kMaxLine - kLineTail, redact);
  if (!whole) put(out, ",\"truncated\":true");
  put(out, "}\n");
}

}  // namespace holdfast::log
