// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/write_outage.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace holdfast::store::postgres {

namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstWait = 2s;
constexpr Duration kLongestWait = 10s;
// An outage that comes back sooner than this is one that the probe does not see.
constexpr Duration kRelapse = 60s;
constexpr Duration kLongestWaitOfRelapses = 60s;

struct Judgement {
  std::string_view state;  // five characters, or a class of two
  Refusal refusal;
};

// The first that fits counts. https://www.postgresql.org/docs/15/errcodes-appendix.html
constexpr Judgement kJudgements[] = {
    {"25006", Refusal::OfAll},  // read_only_sql_transaction: a standby, a setting
    // insufficient_privilege. That a table or a column is not there is seen by reads, too.
    {"42501", Refusal::OfAll},
    {"53100", Refusal::OfAll},  // disk_full
    // out_of_memory may be about a large one only; for connections see places.hpp.
    {"53", Refusal::OfThisOne},
    {"55P03", Refusal::Perhaps},  // lock_not_available
    {"57014", Refusal::Perhaps},  // query_canceled, by statement_timeout
    {"58", Refusal::OfAll},       // the server's files cannot be written or read
    {"XX001", Refusal::OfAll},    // data_corrupted
    {"XX002", Refusal::OfAll},    // index_corrupted
};

}  // namespace

Refusal judge(const ExchangeError& failure) {
  if (failure.lost) return Refusal::OfThisOne;
  const auto* const found =
      std::find_if(std::begin(kJudgements), std::end(kJudgements),
                   [&](const Judgement& j) { return failure.state.starts_with(j.state); });
  return found == std::end(kJudgements) ? Refusal::OfThisOne : found->refusal;
}

void WriteOutage::failed(const ExchangeError& failure, Time now) {
  const Refusal refusal = judge(failure);
  if (refusal == Refusal::OfThisOne) return;
  const std::lock_guard lock(mutex_);
  doubtful_ = true;
  if (refusal == Refusal::OfAll) return begin(failure.error, now);
  if (error_) return;
  if (!suspicion_) next_probe_ = now;
  suspicion_ = failure.error;
}

void WriteOutage::begin(const Error& error, Time now) {
  if (!error_) {
    const bool relapse = ended_ && now - *ended_ < kRelapse;
    wait_ = relapse ? std::min<Time::duration>(2 * wait_, kLongestWaitOfRelapses) : kFirstWait;
    next_probe_ = now + wait_;
  }
  error_ = error;
  suspicion_.reset();
}

std::optional<Error> WriteOutage::present() const {
  if (!doubtful_.load(std::memory_order_relaxed)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  return error_;
}

bool WriteOutage::begin_probe(Time now) {
  if (!doubtful_.load(std::memory_order_relaxed)) return false;
  const std::lock_guard lock(mutex_);
  return now >= next_probe_ && !std::exchange(probing_, true);
}

void WriteOutage::probed(const std::optional<ExchangeError>& failure, Time now) {
  const std::lock_guard lock(mutex_);
  probing_ = false;
  if (!failure) {
    if (error_) ended_ = now;
    error_.reset();
    suspicion_.reset();
    doubtful_ = false;
    return;
  }
  const Refusal refusal = judge(*failure);
  if (error_) {
    if (refusal == Refusal::OfAll) error_ = failure->error;
    wait_ = std::max(wait_, std::min<Time::duration>(2 * wait_, kLongestWait));
    next_probe_ = now + wait_;
  } else if (refusal == Refusal::OfAll) {
    begin(failure->error, now);
  } else if (refusal == Refusal::Perhaps && suspicion_) {
    begin(Error(*suspicion_), now);
  } else {
    next_probe_ = now + kFirstWait;
  }
}

}  // namespace holdfast::store::postgres
