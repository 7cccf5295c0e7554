// SPDX-License-Identifier: Apache-2.0
#pragma once

// Secrets that no name announces with a sign behind it: tokens that are known by their form, what
// SQL and other commands have for a password, and words in a sentence.
//
// Threads: any; pure.

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace holdfast::log {

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Whether a word of letters, digits, '_', '-' and '.' has the form of a token that some service
// gives out: a JWT, "ghp_…", "xoxb-…", "sk_live_…", "AKIA…".
bool is_token(std::string_view word);

// Letters and digits mixed, as in no word of a sentence.
bool looks_random(std::string_view word, std::size_t shortest);

// Where the secret is that follows the word from `begin` to `end` of `text`: "PASSWORD 'x'",
// "IDENTIFIED BY 'x'" (SQL), "requirepass x" (Redis), "token abc12345", "password is hunter2".
std::optional<Span> secret_behind(std::string_view text, std::size_t begin, std::size_t end);

// What in a command, given by its words from the program's name on, is a secret by its place:
// "htpasswd -b FILE USER SECRET", "rabbitmqctl add_user USER SECRET", "redis-cli AUTH SECRET".
// Indices into `words`, in their order.
std::vector<std::size_t> secrets_by_place(const std::vector<std::string_view>& words);

// Whether it is worth the while to look for such.
bool takes_secrets_by_place(std::string_view program);

// Whether the word after this one is a secret, whatever it looks like: "requirepass".
bool is_followed_by_secret(std::string_view word);

// "-----BEGIN RSA PRIVATE KEY-----" without its end: the lines that follow are the key.
bool opens_private_key(std::string_view line);

// Whether `line` may be one of those, its end excluded.
bool is_private_key_line(std::string_view line);

}  // namespace holdfast::log
