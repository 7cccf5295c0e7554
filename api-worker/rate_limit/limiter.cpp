// SPDX-License-Identifier: Apache-2.0
#include "api-worker/rate_limit/limiter.hpp"

namespace holdfast::api {

using rate_limit::Policies;
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

Limiter::Decisions Limiter::decide_now(const Policies& policies, std::string_view key) const {
  if (redis_ != nullptr) redis_->count_fallback();
  if (policies.size() == 1) return {decide_here(policies.front(), key)};
  Decisions decisions;
  bool allowed = true;
  for (const Policy& policy : policies) {
    decisions.push_back(decide_here(policy, key, rate_limit::Count::Peek));
    allowed = allowed && decisions.back().allowed;
  }
  // The general policy is the first. It is taken last: if another worker takes the last admission
  // of a narrower one in between, the request must not have counted in general.
  for (std::size_t i = policies.size(); allowed && i > 0; --i) {
    decisions[i - 1] = decide_here(policies[i - 1], key);
    allowed = decisions[i - 1].allowed;
  }
  return decisions;
}

void Limiter::decide(const Policies& policies, std::string key, Done done) {
  if (!is_remote()) return done(decide_now(policies, key));
  redis_->decide(policies, key,
                 [this, policies, key, done = std::move(done)](std::optional<Decisions> decisions) {
                   done(decisions ? *decisions : decide_now(policies, key));
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
