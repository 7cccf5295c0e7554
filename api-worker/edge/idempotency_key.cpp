// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/idempotency_key.hpp"

#include "common/auth/digest.hpp"
#include "common/text/ascii.hpp"
#include "common/text/hex.hpp"

#include <algorithm>

namespace holdfast::api {

namespace {

constexpr std::size_t kMaxKey = 255;

// Takes an sf-string (RFC 8941, 3.3.3) off the front of `text`, without its quotes and the escapes
// of quote and backslash.
std::optional<std::string> take_string(std::string_view& text) {
  std::string out;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return out;
    }
    if (text[i] == '\\') {
      if (++i == text.size() || (text[i] != '"' && text[i] != '\\')) return {};
    }
    out += text[i];
  }
  return {};
}

// Takes what is of the kind of characters that `is_one` names off the front of `text`.
template <class Predicate>
std::string_view take_while(std::string_view& text, Predicate is_one) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_one);
  const std::string_view taken = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(taken.size());
  return taken;
}

// The parameters of an item (RFC 8941, 3.1.2): ";p=1; q". None is defined for a key, so they say
// nothing; of their values only the extent is looked at.
bool are_parameters(std::string_view text) {
  while (!text.empty()) {
    if (text.front() != ';') return false;
    text.remove_prefix(1);
    take_while(text, [](char c) { return c == ' '; });
    const std::string_view name = take_while(text, [](char c) {
      return text::is_lower(c) || text::is_digit(c) ||
             std::string_view("_-.*").find(c) != std::string_view::npos;
    });
    if (name.empty() || (!text::is_lower(name.front()) && name.front() != '*')) return false;
    if (!text.starts_with('=')) continue;
    text.remove_prefix(1);
    if (text.starts_with('"')) {
      if (!take_string(text)) return false;
      continue;
    }
    const auto is_bare = [](char c) {
      return c > ' ' && c < 0x7f && std::string_view(";,\"").find(c) == std::string_view::npos;
    };
    if (take_while(text, is_bare).empty()) return false;
  }
  return true;
}

// An item that is a string.
std::optional<std::string> read_item(std::string_view text) {
  auto key = take_string(text);
  return are_parameters(text) ? key : std::nullopt;
}

bool is_key(std::string_view key) {
  if (key.empty() || key.size() > kMaxKey) return false;
  for (const char c : key) {
    if (c < 0x21 || c > 0x7e) return false;
  }
  return true;
}

// Prefixed with its length, so that the boundaries between texts count as well.
void add(auth::Sha256& digest, std::string_view text) {
  const std::uint64_t size = text.size();
  digest.add({reinterpret_cast<const char*>(&size), sizeof size});
  digest.add(text);
}

bool has_job_options(const store::NewDocument& document) {
  const store::NewDocument plain;
  return document.priority != plain.priority || document.delay_ms > 0 || document.timeout_ms > 0 ||
         !document.unique_key.empty();
}

}  // namespace

tl::expected<std::optional<std::string>, ProblemDetails> read_idempotency_key(
    const http::Headers& headers) {
  const std::string* value = headers.find("Idempotency-Key");
  if (value == nullptr) return std::optional<std::string>{};
  std::optional<std::string> key = *value;
  if (value->starts_with('"')) key = read_item(*value);
  if (!key || !is_key(*key) || headers.count("Idempotency-Key") != 1) {
    return tl::unexpected(ProblemDetails{
        400,
        fmt::format("Idempotency-Key must be a single string of 1 to {} visible ASCII characters.",
                    kMaxKey)});
  }
  return key;
}

std::string fingerprint(const store::NewDocument& document, std::string_view operation) {
  auth::Sha256 digest;
  if (!operation.empty()) add(digest, operation);
  add(digest, document.title);
  add(digest, document.content);
  add(digest, document.metadata);
  if (has_job_options(document)) {
    add(digest, fmt::format("{} {} {} {}", document.priority, document.delay_ms,
                            document.timeout_ms, document.unique_key));
  }
  return text::to_hex(digest.finish());
}

std::string fingerprint(std::string_view operation) {
  return text::to_hex(auth::sha256(operation));
}

}  // namespace holdfast::api
