// SPDX-License-Identifier: Apache-2.0
#include "common/http/syntax.hpp"

#include "common/text/ascii.hpp"

#include <array>

namespace holdfast::http {
namespace {

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c < 0x80; ++c)
    table[c] = text::is_alphanumeric(static_cast<char>(c));
  for (const unsigned char c : std::string_view("!#$%&'*+-.^_`|~"))
    table[c] = true;
  return table;
}

constexpr auto kToken = make_token_table();

}  // namespace

bool is_token_char(char c) {
  return kToken[static_cast<unsigned char>(c)];
}

bool is_token(std::string_view text) {
  return !text.empty() && text::all_of(text, is_token_char);
}

bool is_field_value(std::string_view text) {
  return text::all_of(text, [](char c) { return c == '\t' || !text::is_control(c); });
}

}  // namespace holdfast::http
