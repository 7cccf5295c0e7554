// SPDX-License-Identifier: Apache-2.0
#include "common/config/value.hpp"

#include "common/text/ascii.hpp"
#include "common/text/terminal.hpp"
#include "common/text/utf8.hpp"

#include <fmt/format.h>

#include <array>

namespace holdfast::config {

namespace {

bool is_bare_key(std::string_view key) {
  return !key.empty() &&
         text::all_of(key, [](char c) { return text::is_alphanumeric(c) || c == '-' || c == '_'; });
}

std::string number_to_toml(double number) {
  std::string text = fmt::format("{}", number);
  // TOML tells a float from an integer by its point or exponent.
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

struct Writer {
  std::string operator()(const std::string& text) const { return quote_toml(text); }
  std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
  std::string operator()(double number) const { return number_to_toml(number); }
  std::string operator()(bool flag) const { return flag ? "true" : "false"; }
  std::string operator()(const Array& array) const {
    std::string out = "[";
    for (const Value& item : array) {
      if (out.size() > 1) out += ", ";
      out += to_toml(item);
    }
    return out + "]";
  }
  std::string operator()(const Table& table) const {
    if (table.empty()) return "{}";
    std::string out = "{ ";
    for (const Member& member : table) {
      if (out.size() > 2) out += ", ";
      out += is_bare_key(member.key) ? member.key : quote_toml(member.key);
      out += " = " + to_toml(member.value);
    }
    return out + " }";
  }
  std::string operator()(const Foreign& foreign) const { return quote_toml(foreign.kind); }
};

}  // namespace

std::string_view type_name(const Value& value) {
  static constexpr std::array<std::string_view, 6> kNames{
      "a string", "an integer", "a number with a fraction", "a boolean", "an array", "a table"};
  if (const auto* foreign = std::get_if<Foreign>(&value.data)) return foreign->kind;
  return kNames[value.data.index()];
}

std::string quote_toml(std::string_view text) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (const std::size_t size = text::hidden_sequence(text.substr(at)); size > 0) {
      const auto code_point = static_cast<unsigned>(text::decode_utf8(text.substr(at)).value);
      out += fmt::format("\\U{:08X}", code_point);
      at += size - 1;
      continue;
    }
    switch (const char c = text[at]) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      case '\r': out += "\\r"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          out += fmt::format("\\u{:04X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        } else {
          out += c;
        }
    }
  }
  return out + "\"";
}

std::string to_toml(const Value& value) {
  return std::visit(Writer{}, value.data);
}

}  // namespace holdfast::config
