// SPDX-License-Identifier: Apache-2.0
#include "api-worker/rate_limit/headers.hpp"

#include "common/auth/digest.hpp"
#include "common/text/hex.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace holdfast::api {

namespace {

std::int64_t seconds(Duration duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration).count();
}

// Anybody can be a client, so the cache is bounded.
constexpr std::size_t kMaxKnown = 1024;

std::string partition_key(std::string_view key) {
  const std::string digits = text::to_hex(auth::sha256(key).substr(0, 6));
  std::array<unsigned char, 17> out{};
  ::EVP_EncodeBlock(out.data(), reinterpret_cast<const unsigned char*>(digits.data()),
                    static_cast<int>(digits.size()));
  return {reinterpret_cast<const char*>(out.data()), 16};
}

// Not fmt::format: these are written on every response.
void append_name(std::string& list, const std::string& name) {
  list.append(list.empty() ? "\"" : ", \"").append(name).append("\"");
}

template <class Number>
void append_number(std::string& list, std::string_view label, Number number) {
  const fmt::format_int text(number);
  list.append(label).append(text.data(), text.size());
}

void write_draft_8(const std::vector<Quota>& quotas, PartitionKeys& keys, http::Headers& headers) {
  std::string policies;
  std::string states;
  for (const Quota& quota : quotas) {
    append_name(policies, quota.policy.name);
    append_number(policies, ";q=", quota.policy.limit);
    append_number(policies, ";w=", seconds(quota.policy.window));
    policies.append(";pk=:").append(keys.of(quota.key)).append(":");
    append_name(states, quota.policy.name);
    append_number(states, ";r=", quota.decision.remaining);
    append_number(states, ";t=", seconds(quota.decision.relief));
  }
  headers.set("RateLimit-Policy", policies);
  headers.set("RateLimit", states);
}

}  // namespace

const std::string& PartitionKeys::of(const std::string& key) {
  const auto known = known_.find(key);
  if (known != known_.end()) return known->second;
  if (known_.size() >= kMaxKnown) known_.clear();
  return known_.emplace(key, partition_key(key)).first->second;
}

const Quota& governing(const std::vector<Quota>& quotas) {
  return *std::min_element(quotas.begin(), quotas.end(), [](const Quota& a, const Quota& b) {
    if (a.decision.allowed != b.decision.allowed) return b.decision.allowed;
    if (a.decision.remaining != b.decision.remaining) {
      return a.decision.remaining < b.decision.remaining;
    }
    return a.decision.relief > b.decision.relief;
  });
}

std::int64_t seconds_to_wait(const rate_limit::RateDecision& decision) {
  return std::max<std::int64_t>(seconds(decision.relief), 1);
}

RateLimitHeaders RateLimitHeaders::from(const config::RateLimit& config) {
  RateLimitHeaders headers;
  headers.legacy = config.legacy_headers;
  if (config.standard_headers == "off") headers.standard = StandardHeaders::Off;
  if (config.standard_headers == "draft-6") headers.standard = StandardHeaders::Draft6;
  if (config.standard_headers == "draft-7") headers.standard = StandardHeaders::Draft7;
  return headers;
}

void RateLimitHeaders::write(const std::vector<Quota>& quotas, WallTime now,
                             http::Response& response) {
  if (quotas.empty()) return;
  http::Headers& headers = response.headers;
  const Quota& quota = governing(quotas);
  const std::int64_t wait = seconds(quota.decision.relief);
  const std::string limit = std::to_string(quota.policy.limit);
  const std::string remaining = std::to_string(quota.decision.remaining);
  if (legacy) {
    const auto reset = now.time_since_epoch() + quota.decision.relief;
    headers.set("X-RateLimit-Limit", limit);
    headers.set("X-RateLimit-Remaining", remaining);
    headers.set("X-RateLimit-Reset",
                std::to_string(std::chrono::ceil<std::chrono::seconds>(reset).count()));
  }
  if (standard == StandardHeaders::Draft6 || standard == StandardHeaders::Draft7) {
    headers.set("RateLimit-Policy", fmt::format("{};w={}", limit, seconds(quota.policy.window)));
  }
  if (standard == StandardHeaders::Draft6) {
    headers.set("RateLimit-Limit", limit);
    headers.set("RateLimit-Remaining", remaining);
    headers.set("RateLimit-Reset", std::to_string(wait));
  }
  if (standard == StandardHeaders::Draft7) {
    headers.set("RateLimit",
                fmt::format("limit={}, remaining={}, reset={}", limit, remaining, wait));
  }
  if (standard == StandardHeaders::Draft8) write_draft_8(quotas, partition_keys, headers);
  if (!quota.decision.allowed) {
    headers.set("Retry-After", std::to_string(seconds_to_wait(quota.decision)));
  }
}

}  // namespace holdfast::api
