// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/forwarded.hpp"

#include "common/text/ascii.hpp"

#include <string>

namespace holdfast::api {

namespace {

// Whether the quote at `at` is escaped: an odd number of backslashes stands before it.
bool is_escaped(std::string_view text, std::size_t at) {
  std::size_t backslashes = 0;
  while (backslashes < at && text[at - backslashes - 1] == '\\')
    ++backslashes;
  return backslashes % 2 == 1;
}

// Takes what follows the last `separator` outside quotes off `text`, and the separator with it.
std::string_view take_last(std::string_view& text, char separator) {
  bool in_quotes = false;
  for (std::size_t at = text.size(); at-- > 0;) {
    if (text[at] == '"' && !is_escaped(text, at)) in_quotes = !in_quotes;
    if (text[at] != separator || in_quotes) continue;
    const std::string_view last = text.substr(at + 1);
    text = text.substr(0, at);
    return text::trim(last);
  }
  const std::string_view last = text;
  text = {};
  return text::trim(last);
}

// A quoted-string without its quotes and escapes; a token as it is.
std::string without_quotes(std::string_view text) {
  if (text.size() < 2 || !text.starts_with('"') || !text.ends_with('"')) return std::string(text);
  std::string out;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && i + 2 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

// A port may be hidden (RFC 7239, 6.2) while the address is not.
std::string_view without_hidden_port(std::string_view node) {
  const std::size_t colon = node.rfind(":_");
  return colon == std::string_view::npos ? node : node.substr(0, colon);
}

}  // namespace

std::string_view take_last_element(std::string_view& list) {
  return take_last(list, ',');
}

std::optional<net::IpAddress> forwarded_for(std::string_view element) {
  std::optional<std::string> node;
  while (!element.empty()) {
    const std::string_view pair = take_last(element, ';');
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
      if (pair.empty()) continue;
      return {};
    }
    if (!text::equals_ignoring_case(pair.substr(0, equals), "for")) continue;
    if (node) return {};
    node = without_quotes(pair.substr(equals + 1));
  }
  if (!node) return {};
  return net::IpAddress::parse_forwarded(without_hidden_port(*node));
}

}  // namespace holdfast::api
