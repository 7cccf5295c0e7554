// SPDX-License-Identifier: Apache-2.0
#include "common/metrics/text.hpp"

#include "common/text/ascii.hpp"
#include "common/text/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>

namespace holdfast::metrics {
namespace {

constexpr std::string_view kTotal = "_total";
constexpr std::string_view kCreated = "_created";
constexpr double kExactWhole = 1e15;  // below it a double counts every integer
// Where values change to an exponent.
constexpr double kSmallestPlain = 1e-4;
constexpr double kLargestPlain = 1e21;
// Where bounds do: Go's strconv.FormatFloat(x, 'g', -1, 64), which client_golang uses, and which
// client_python follows.
constexpr int kLeastExponent = -4;
constexpr int kExponentFrom = 6;

bool is_name_start(char c) {
  return text::is_alpha(c) || c == '_';
}
bool is_name_character(char c) {
  return text::is_alphanumeric(c) || c == '_';
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
    } else if (const std::size_t length = text::utf8_sequence(text.substr(at));
               length > 0 && c != '\0') {
      out.append(text, at, length);
      at += length;
    } else {
      out += text::kReplacementUtf8;
      ++at;
    }
  }
}

void append_integer(std::string& out, double value) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, static_cast<std::int64_t>(value));
  out.append(buffer, end.ptr);
}

void append_as(std::string& out, double value, std::chars_format format) {
  char buffer[64];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value, format).ptr);
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
  const auto is_colon = [](char c) { return c == ':'; };
  return !name.empty() && (is_name_start(name[0]) || is_colon(name[0])) &&
         text::all_of(name, [&](char c) { return is_name_character(c) || is_colon(c); });
}

bool valid_label_name(std::string_view name) {
  return !name.empty() && is_name_start(name[0]) && !name.starts_with("__") &&
         text::all_of(name, is_name_character);
}

bool valid_utf8(std::string_view text) {
  return text.find('\0') == std::string_view::npos && text::is_utf8(text);
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else if (std::abs(value) < kExactWhole && value == std::trunc(value)) {
    append_integer(out, value);
  } else {
    const double magnitude = std::abs(value);
    const bool plain = magnitude >= kSmallestPlain && magnitude < kLargestPlain;
    append_as(out, value, plain ? std::chars_format::fixed : std::chars_format::scientific);
  }
}

void append_bound(std::string& out, double value, Format format) {
  const std::size_t at = out.size();
  if (!std::isfinite(value)) {
    append_number(out, value);
  } else {
    append_as(out, value, std::chars_format::scientific);
    const int exponent = std::atoi(out.c_str() + out.rfind('e') + 1);
    if (exponent >= kLeastExponent && exponent < kExponentFrom) {
      out.resize(at);
      append_as(out, value, std::chars_format::fixed);
    }
  }
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

std::vector<std::string> short_names(std::string_view name, Type type) {
  if (type != Type::Counter || !name.ends_with(kTotal) || name == kTotal) return {};
  std::string base(name.substr(0, name.size() - kTotal.size()));
  return {base, base + std::string(kCreated)};
}

Heading heading_of(std::string_view name, Type type, Format format,
                   const std::function<bool(const std::string&)>& taken) {
  if (format != Format::OpenMetrics100 || type != Type::Counter) return {name, type};
  const std::vector<std::string> own = short_names(name, type);
  if (own.empty() || std::any_of(own.begin(), own.end(), taken)) return {name, Type::Untyped};
  const std::string_view base = name.substr(0, name.size() - kTotal.size());
  // The short name may be what another counter keeps for itself.
  if (base.ends_with(kCreated)) {
    const std::string_view other = base.substr(0, base.size() - kCreated.size());
    if (taken(std::string(other).append(kTotal))) return {name, Type::Untyped};
  }
  return {base, type};
}

}  // namespace holdfast::metrics
