// SPDX-License-Identifier: Apache-2.0
#pragma once

// The response headers that describe rate limits. Families, as in express-rate-limit 8:
//
//   legacy   X-RateLimit-Limit, -Remaining, -Reset (seconds since the epoch)
//   draft-6  RateLimit-Policy: 100;w=60  RateLimit-Limit, -Remaining, -Reset (seconds from now)
//   draft-7  RateLimit-Policy: 100;w=60  RateLimit: limit=100, remaining=99, reset=60
//   draft-8  RateLimit-Policy: "default";q=100;w=60;pk=:…:  RateLimit: "default";r=99;t=60
//
// draft-8 stands for versions 08 to 11 of draft-ietf-httpapi-ratelimit-headers. It alone can name
// several limits, and lists all that were checked, in order. The others describe the limit that
// governs. pk is a digest of the counted key, never the address itself.
//
// Times are rounded up. They say when the window next has (more) room: a client that waits that
// long is admitted. Retry-After, on a refusal, is the same number.
//
// Threads: one at a time.

#include "api-worker/edge/context.hpp"
#include "common/config/config.hpp"

#include <string>
#include <unordered_map>

namespace holdfast::api {

enum class StandardHeaders { Off, Draft6, Draft7, Draft8 };

// The pk of a key as in express-rate-limit: the base64 of the first twelve hex digits of its
// SHA-256. Cached for recent clients: the digest costs as much as the rest of these headers.
class PartitionKeys {
 public:
  const std::string& of(const std::string& key);

 private:
  std::unordered_map<std::string, std::string> known_;
};

struct RateLimitHeaders {
  bool legacy = true;
  StandardHeaders standard = StandardHeaders::Draft8;
  PartitionKeys partition_keys{};

  static RateLimitHeaders from(const config::RateLimit& config);
  void write(const std::vector<Quota>& quotas, WallTime now, http::Response& response);
};

// The quota of several that decides when the client is admitted next: one that refused before one
// that did not, then the one closest to exhaustion; among equals the one that takes longest to have
// room, as a request needs room in all. `quotas` has at least one.
const Quota& governing(const std::vector<Quota>& quotas);

// The value of Retry-After: at least 1, since 0 would invite an immediate retry.
std::int64_t seconds_to_wait(const rate_limit::RateDecision& decision);

}  // namespace holdfast::api
