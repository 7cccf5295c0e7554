// SPDX-License-Identifier: Apache-2.0
#pragma once

// Limiter: the one place that says whether a client has had enough. Two stores:
//
// - local: the table that all API workers of this host share (common/rate_limit/table.hpp). It
//   answers at once, in well under a microsecond.
// - Redis, if rate_limit.redis_url is set: one count for all hosts. Answers come later; while Redis
//   is slow or gone, the local table decides in its place.
//
// Threads: the loop's.

#include "api-worker/rate_limit/redis_store.hpp"
#include "common/base/clock.hpp"
#include "common/rate_limit/memory.hpp"
#include "common/rate_limit/table.hpp"

#include <functional>
#include <memory>
#include <string>

namespace holdfast::api {

class Limiter {
 public:
  using Done = std::function<void(const rate_limit::RateDecision&)>;

  Limiter(const Clock& clock, rate_limit::Memory memory, rate_limit::Table table)
      : clock_(clock), memory_(std::move(memory)), table_(table) {}

  // `redis` outlives this.
  void use(RedisStore& redis) { redis_ = &redis; }

  // False: decide_now() has the answer. True: it has to be asked for with decide().
  bool is_remote() const { return redis_ != nullptr && redis_->up(); }

  // This host's answer, whatever Redis would say.
  rate_limit::RateDecision decide_here(const rate_limit::Policy& policy, std::string_view key,
                                       rate_limit::Count count = rate_limit::Count::Take) const;
  // The same, as the answer that is used because Redis has none.
  rate_limit::RateDecision decide_now(const rate_limit::Policy& policy, std::string_view key) const;

  // The answer for all hosts, or this host's if Redis has none in time. `done` may be called before
  // this returns.
  void decide(const rate_limit::Policy& policy, std::string key, Done done);

 private:
  const Clock& clock_;
  rate_limit::Memory memory_;
  rate_limit::Table table_;
  RedisStore* redis_ = nullptr;
};

// On the supervisor's memory if there is any and it can be used, else on private memory: then this
// worker limits by itself, and a warning says so.
Result<Limiter> make_limiter(const Clock& clock, std::optional<Fd> shared, const log::Logger& log);

}  // namespace holdfast::api
