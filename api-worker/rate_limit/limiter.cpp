// SPDX-License-Identifier: Apache-2.0
#include "api-worker/rate_limit/limiter.hpp"

namespace holdfast::api {

using rate_limit::Policy;
using rate_limit::RateDecision;

namespace {

Result<std::pair<rate_limit::Memory, rate_limit::Table>> shared_table(const Fd& fd) {
  HOLDFAST_TRY_ASSIGN(auto memory, rate_limit::Memory::map(fd));
  HOLDFAST_TRY_ASSIGN(const auto table, rate_limit::Table::attach(memory.bytes()));
  return std::pair(std::move(memory), table);
}

}  // namespace

RateDecision Limiter::decide_here(const Policy& policy, std::string_view key,
                                  rate_limit::Count count) const {
  return table_.decide(policy, key, clock_.mono().time_since_epoch(), count);
}

RateDecision Limiter::decide_now(const Policy& policy, std::string_view key) const {
  if (redis_ != nullptr) redis_->count_fallback();
  return decide_here(policy, key);
}

void Limiter::decide(const Policy& policy, std::string key, Done done) {
  if (!is_remote()) return done(decide_now(policy, key));
  redis_->decide(policy, key,
                 [this, policy, key, done = std::move(done)](std::optional<RateDecision> decision) {
                   done(decision ? *decision : decide_now(policy, key));
                 });
}

Result<Limiter> make_limiter(const Clock& clock, std::optional<Fd> shared, const log::Logger& log) {
  if (shared) {
    auto table = shared_table(*shared);
    if (table) return Limiter(clock, std::move(table->first), table->second);
    log.warn("the rate limit is not shared with the other workers: the shared memory is unusable",
             {{"err", log::err_of(table.error())}});
  }
  HOLDFAST_TRY_ASSIGN(auto memory, rate_limit::Memory::anonymous(rate_limit::kTableBytes));
  HOLDFAST_TRY_ASSIGN(const auto table, rate_limit::Table::attach(memory.bytes()));
  return Limiter(clock, std::move(memory), table);
}

}  // namespace holdfast::api
