// SPDX-License-Identifier: Apache-2.0
#pragma once

// SHA-256, and the HMAC that is made of it. Threads: any; one Sha256, one thread.

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace holdfast::auth {

inline constexpr std::size_t kDigestBytes = 32;

std::string sha256(std::string_view bytes);  // kDigestBytes

// RFC 2104, of kDigestBytes. Throws std::runtime_error if OpenSSL cannot.
std::string hmac_sha256(std::string_view key, std::string_view bytes);

// The digest of what comes in parts.
class Sha256 {
 public:
  Sha256();  // throws std::runtime_error if OpenSSL has no SHA-256
  void add(std::string_view bytes);
  std::string finish();  // kDigestBytes; call it once, at the end

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

// Compares in constant time, so that the time does not tell how much of a guess was right.
bool same_digest(std::string_view a, std::string_view b);

}  // namespace holdfast::auth
