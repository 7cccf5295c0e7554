// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a response tells its client about limits. Families, as express-rate-limit 8 has them:
//
//   legacy   X-RateLimit-Limit, -Remaining, -Reset (seconds since the epoch)
//   draft-6  RateLimit-Policy: 100;w=60  RateLimit-Limit, -Remaining, -Reset (seconds from now)
//   draft-7  RateLimit-Policy: 100;w=60  RateLimit: limit=100, remaining=99, reset=60
//   draft-8  RateLimit-Policy: "default";q=100;w=60;pk=:…:  RateLimit: "default";r=99;t=60
//
// draft-8 is draft-ietf-httpapi-ratelimit-headers from its eighth to its eleventh version, and the
// only one that names several limits: all that were asked, in that order. The others name the one
// that is nearest its end. pk is a digest of what is counted, never the address itself.
//
// Times are rounded up. They say when the window next has room (or more of it): a client that waits
// for them is admitted. Retry-After, on a refusal, is the same number.
//
// Threads: one at a time.

#include "api-worker/edge/context.hpp"
#include "common/config/config.hpp"

#include <string>
#include <unordered_map>

namespace holdfast::api {

enum class StandardHeaders { Off, Draft6, Draft7, Draft8 };

// The pk of a key: express-rate-limit's, the base64 of the first twelve hex digits of its SHA-256.
// Those of recent clients are remembered: the digest costs as much as the rest of these headers.
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

// What Retry-After says. At least a second: 0 would invite to try again at once.
std::int64_t seconds_to_wait(const rate_limit::RateDecision& decision);

}  // namespace holdfast::api
