// SPDX-License-Identifier: Apache-2.0
#include "common/auth/token.hpp"

#include "common/base/id.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace holdfast::auth {

namespace {

constexpr std::string_view kPrefix = "hf_";
constexpr std::size_t kIdDigits = 12;
constexpr std::size_t kSecretDigits = 64;

template <std::size_t Digits>
std::string random_hex() {
  constexpr char kHex[] = "0123456789abcdef";
  std::array<unsigned char, Digits / 2> bytes;
  fill_random(bytes);
  std::string out;
  out.reserve(Digits);
  for (const unsigned char byte : bytes) {
    out += kHex[byte >> 4];
    out += kHex[byte & 0x0f];
  }
  return out;
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

std::string sha256(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  ::SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

bool same_digest(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Token make_token() {
  Token token;
  token.id = random_hex<kIdDigits>();
  token.text = std::string(kPrefix) + token.id + "_" + random_hex<kSecretDigits>();
  token.digest = sha256(token.text);
  return token;
}

std::optional<Token> parse_token(std::string_view text) {
  constexpr std::size_t kLength = kPrefix.size() + kIdDigits + 1 + kSecretDigits;
  if (text.size() != kLength || !text.starts_with(kPrefix)) return {};
  const std::string_view id = text.substr(kPrefix.size(), kIdDigits);
  const std::string_view rest = text.substr(kPrefix.size() + kIdDigits);
  if (rest.front() != '_' || !is_hex(id) || !is_hex(rest.substr(1))) return {};
  return Token{std::string(text), std::string(id), sha256(text)};
}

}  // namespace holdfast::auth
