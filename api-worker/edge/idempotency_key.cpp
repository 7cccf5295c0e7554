// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/idempotency_key.hpp"

#include <openssl/evp.h>

#include <array>
#include <memory>
#include <stdexcept>

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

class Sha256 {
 public:
  Sha256() : context_(::EVP_MD_CTX_new(), &::EVP_MD_CTX_free) {
    if (!context_ || ::EVP_DigestInit_ex(context_.get(), ::EVP_sha256(), nullptr) != 1) {
      throw std::runtime_error("OpenSSL has no SHA-256");
    }
  }
  // Prefixed with its length, so that different lists of texts never hash the same bytes.
  void add(std::string_view text) {
    const std::uint64_t size = text.size();
    ::EVP_DigestUpdate(context_.get(), &size, sizeof size);
    ::EVP_DigestUpdate(context_.get(), text.data(), text.size());
  }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    ::EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    std::string out;
    for (unsigned i = 0; i < size; ++i)
      out += fmt::format("{:02x}", digest[i]);
    return out;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&::EVP_MD_CTX_free)> context_;
};

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

std::string fingerprint(const store::NewDocument& document) {
  Sha256 digest;
  digest.add(document.title);
  digest.add(document.content);
  digest.add(document.metadata);
  return digest.hex();
}

}  // namespace holdfast::api
