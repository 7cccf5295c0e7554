// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/idempotency_key.hpp"

#include "common/auth/digest.hpp"
#include "common/text/hex.hpp"

namespace holdfast::api {

namespace {

constexpr std::size_t kMaxKey = 255;

// sf-string (RFC 8941, 3.3.3): removes the quotes and undoes the escapes of quote and backslash.
std::optional<std::string> unquoted(std::string_view text) {
  if (text.size() < 2 || text.back() != '"') return {};
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') return {};
    if (text[i] == '\\') {
      if (++i == text.size() || (text[i] != '"' && text[i] != '\\')) return {};
    }
    out += text[i];
  }
  return out;
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
  if (value->starts_with('"')) key = unquoted(*value);
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
