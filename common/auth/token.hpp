// SPDX-License-Identifier: Apache-2.0
#pragma once

// API keys as clients hold them: "hf_" + id (12 hex digits) + "_" + secret (64 hex digits, 256
// random bits). The id finds the stored record; the SHA-256 of the whole key, compared in constant
// time, proves it. The prefix lets secret scanners find keys that were committed by mistake.
//
// Threads: any. make_token() asks the kernel for random bytes.

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::auth {

inline constexpr std::string_view kTokenPrefix = "hf_";

struct Token {
  std::string text;  // shown once, stored nowhere
  std::string id;
  std::string digest;  // 32 bytes
};

Token make_token();

// Nothing if `text` does not have the form of a key.
std::optional<Token> parse_token(std::string_view text);

}  // namespace holdfast::auth
