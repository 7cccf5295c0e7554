// SPDX-License-Identifier: Apache-2.0
#include "common/text/percent.hpp"

#include "common/text/hex.hpp"

namespace holdfast::text {

bool percent_decode(std::string_view text, std::string& out, Plus plus) {
  out.clear();
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (text.size() - i < 3) return false;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus == Plus::Space) {
      c = ' ';
    }
    if (c == '\0') return false;
    out.push_back(c);
  }
  return true;
}

void append_percent_encoded(std::string& out, std::string_view text) {
  constexpr std::string_view kUpperHex = "0123456789ABCDEF";  // RFC 3986, 2.1: upper case
  for (const char c : text) {
    if (is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kUpperHex[byte >> 4]);
    out.push_back(kUpperHex[byte & 0x0f]);
  }
}

}  // namespace holdfast::text
