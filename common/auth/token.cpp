// SPDX-License-Identifier: Apache-2.0
#include "common/auth/token.hpp"

#include "common/auth/digest.hpp"
#include "common/base/id.hpp"
#include "common/text/hex.hpp"

#include <array>

namespace holdfast::auth {

namespace {

constexpr std::size_t kIdDigits = 12;
constexpr std::size_t kSecretDigits = 64;

template <std::size_t Digits>
std::string random_hex() {
  std::array<unsigned char, Digits / 2> bytes;
  fill_random(bytes);
  return text::to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

Token make_token() {
  Token token;
  token.id = random_hex<kIdDigits>();
  token.text = std::string(kTokenPrefix) + token.id + "_" + random_hex<kSecretDigits>();
  token.digest = sha256(token.text);
  return token;
}

std::optional<Token> parse_token(std::string_view text) {
  constexpr std::size_t kLength = kTokenPrefix.size() + kIdDigits + 1 + kSecretDigits;
  if (text.size() != kLength || !text.starts_with(kTokenPrefix)) return {};
  const std::string_view id = text.substr(kTokenPrefix.size(), kIdDigits);
  const std::string_view rest = text.substr(kTokenPrefix.size() + kIdDigits);
  if (rest.front() != '_' || !text::is_lower_hex(id) || !text::is_lower_hex(rest.substr(1)))
    return {};
  return Token{std::string(text), std::string(id), sha256(text)};
}

}  // namespace holdfast::auth
