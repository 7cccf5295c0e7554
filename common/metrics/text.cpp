// SPDX-License-Identifier: Apache-2.0
#include "common/metrics/text.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

namespace holdfast::metrics {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr double kExactWhole = 1e15;                       // below it a double counts every integer

bool alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool digit(char c) {
  return c >= '0' && c <= '9';
}

bool continuation(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

// Bytes of the well-formed UTF-8 sequence at `at`; 0 if there is none (or a NUL).
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead == 0) return 0;
  if (lead < 0x80) return 1;
  if (!continuation(text, at + 1)) return 0;
  const auto second = static_cast<unsigned char>(text[at + 1]);
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool overlong = lead == 0xE0 && second < 0xA0;
    const bool surrogate = lead == 0xED && second > 0x9F;
    return !overlong && !surrogate && continuation(text, at + 2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool overlong = lead == 0xF0 && second < 0x90;
    const bool beyond = lead == 0xF4 && second > 0x8F;
    return !overlong && !beyond && continuation(text, at + 2) && continuation(text, at + 3) ? 4 : 0;
  }
  return 0;
}

void append_escaped(std::string& out, std::string_view text, bool escape_quote) {
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '\\') {
      out += "\\\\";
      ++at;
    } else if (c == '\n') {
      out += "\\n";
      ++at;
    } else if (c == '"' && escape_quote) {
      out += "\\\"";
      ++at;
    } else if (const std::size_t length = utf8_length(text, at); length > 0) {
      out.append(text, at, length);
      at += length;
    } else {
      out += kReplacement;
      ++at;
    }
  }
}

void append_integer(std::string& out, double value) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, static_cast<std::int64_t>(value));
  out.append(buffer, end.ptr);
}

std::string_view type_name(Type type, Format format) {
  switch (type) {
    case Type::Counter: return "counter";
    case Type::Gauge: return "gauge";
    case Type::Histogram: return "histogram";
    case Type::Summary: return "summary";
    case Type::Untyped: break;
  }
  return format == Format::Text004 ? "untyped" : "unknown";
}

}  // namespace

bool valid_metric_name(std::string_view name) {
  if (name.empty() || digit(name[0])) return false;
  for (const char c : name) {
    if (!alpha(c) && !digit(c) && c != ':') return false;
  }
  return true;
}

bool valid_label_name(std::string_view name) {
  if (name.empty() || digit(name[0]) || name.starts_with("__")) return false;
  for (const char c : name) {
    if (!alpha(c) && !digit(c)) return false;
  }
  return true;
}

bool valid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else if (std::abs(value) < kExactWhole && value == std::trunc(value)) {
    append_integer(out, value);
  } else {
    char buffer[32];
    out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
  }
}

void append_bound(std::string& out, double value, Format format) {
  const std::size_t at = out.size();
  append_number(out, value);
  const bool digits_only = out.find_first_not_of("-0123456789", at) == std::string::npos;
  if (format == Format::OpenMetrics100 && digits_only) out += ".0";
}

void append_label_value(std::string& out, std::string_view value) {
  append_escaped(out, value, true);
}

void append_help(std::string& out, std::string_view help, Format format) {
  append_escaped(out, help, format == Format::OpenMetrics100);
}

void append_header(std::string& out, std::string_view name, std::string_view help, Type type,
                   Format format) {
  out += "# HELP ";
  out += name;
  out += ' ';
  append_help(out, help.empty() ? "No help text was given." : help, format);
  out += "\n# TYPE ";
  out += name;
  out += ' ';
  out += type_name(type, format);
  out += '\n';
}

std::vector<std::string> sample_names(std::string_view name, Type type) {
  std::vector<std::string> names{std::string(name)};
  const auto add = [&](std::string_view suffix) {
    names.push_back(names[0] + std::string(suffix));
  };
  if (type == Type::Histogram) add("_bucket");
  if (type == Type::Histogram || type == Type::Summary) {
    add("_sum");
    add("_count");
    add("_created");
  }
  return names;
}

Heading heading_of(std::string_view name, Type type, Format format,
                   const std::function<bool(const std::string&)>& taken) {
  constexpr std::string_view kTotal = "_total";
  constexpr std::string_view kCreated = "_created";
  if (format != Format::OpenMetrics100 || type != Type::Counter) return {name, type};
  if (!name.ends_with(kTotal) || name == kTotal) return {name, Type::Untyped};
  const std::string_view base = name.substr(0, name.size() - kTotal.size());
  if (taken(std::string(base)) || taken(std::string(base).append(kCreated))) {
    return {name, Type::Untyped};
  }
  // The short name may be what another counter keeps for itself.
  if (base.ends_with(kCreated)) {
    const std::string_view other = base.substr(0, base.size() - kCreated.size());
    if (taken(std::string(other).append(kTotal))) return {name, Type::Untyped};
  }
  return {base, type};
}

}  // namespace holdfast::metrics
