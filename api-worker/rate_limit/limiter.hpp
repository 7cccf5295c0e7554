// SPDX-License-Identifier: Apache-2.0
#pragma once

// Limiter: decides whether a client may make another request. Two stores:
//
// - local: the table that all API workers of this host share (common/rate_limit/table.hpp). It
//   decides at once, in well under a microsecond.
// - Redis, if rate_limit.redis_url is set: one count for all hosts. Decisions arrive later; while
//   Redis is slow or unavailable, the local table decides instead.
//
// Threads: the event loop's.

#include "api-worker/rate_limit/redis_store.hpp"
#include "common/base/clock.hpp"
#include "common/rate_limit/memory.hpp"
#include "common/rate_limit/table.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::api {

class Limiter {
 public:
  using Decisions = std::vector<rate_limit::RateDecision>;  // in the order of the policies
  using Done = std::function<void(const Decisions&)>;

  Limiter(const Clock& clock, rate_limit::Memory memory, rate_limit::Table table)
      : clock_(clock), memory_(std::move(memory)), table_(table) {}

  // `redis` outlives this.
  void use(RedisStore& redis) { redis_ = &redis; }

  // False: call decide_now(). True: call decide().
  bool is_remote() const { return redis_ != nullptr && redis_->up(); }

  // This host's decision, regardless of Redis.
  rate_limit::RateDecision decide_here(const rate_limit::Policy& policy, std::string_view key,
                                       rate_limit::Count count = rate_limit::Count::Take) const;

  // One request under several policies: counted under all of them or, if one refuses it, under
  // none. This host's decision, counted as a fallback if Redis is configured.
  Decisions decide_now(const rate_limit::Policies& policies, std::string_view key) const;

  // The decision for all hosts, or this host's if Redis does not answer in time. `done` may be
  // called before this returns.
  void decide(const rate_limit::Policies& policies, std::string key, Done done);

 private:
  const Clock& clock_;
  rate_limit::Memory memory_;
  rate_limit::Table table_;
  RedisStore* redis_ = nullptr;
};

// Uses the supervisor's shared memory if it is given and usable. Otherwise private memory: this
// worker then applies the limit on its own, and logs a warning if shared memory was given.
Result<Limiter> make_limiter(const Clock& clock, std::optional<Fd> shared, const log::Logger& log);

}  // namespace holdfast::api
