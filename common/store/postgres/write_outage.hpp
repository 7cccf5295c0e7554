// SPDX-License-Identifier: Apache-2.0
#pragma once

// WriteOutage: what writes have found out about a server that reads do not show: it is full, the
// role may not write, a table is locked. Some refusals say by themselves that no write is possible
// (the disk is full); one that ran out of time says so only if a write that is tried finds the
// tables locked, too. Nobody may write any more then (a stack that is not ready gets no traffic),
// so that one is tried now and then, and only that one ends the outage: it looks at every table,
// where a write that succeeds may have used another. It is tried less and less often if writes fail
// again soon after it has succeeded.
//
// Which statements it consists of: write_probe.hpp. Threads: any.

#include "common/base/clock.hpp"
#include "common/store/postgres/connection.hpp"

#include <atomic>
#include <mutex>
#include <optional>

namespace holdfast::store::postgres {

// What the failure of a write says about the next ones.
enum class Refusal {
  OfThisOne,  // nothing: it was wrong, lost against another, or with a connection, as reads are
  Perhaps,    // it waited for too long: for a row, or for a table
  OfAll,
};

Refusal judge(const ExchangeError& failure);

class WriteOutage {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void failed(const ExchangeError& failure, Time now);

  // Why nothing can be written; nothing: as far as is known it can.
  std::optional<Error> present() const;
  // Whether a write should be tried: the first one of a process, after a failure, and during an
  // outage. Only one at a time: probed() ends it.
  bool begin_probe(Time now);
  void probed(const std::optional<ExchangeError>& failure, Time now);

 private:
  void begin(const Error& error, Time now);

  std::atomic<bool> doubtful_{true};  // nothing was tried yet, a write has failed, or an outage
  mutable std::mutex mutex_;
  // The rest is guarded by mutex_.
  std::optional<Error> error_;
  std::optional<Error> suspicion_;  // what would be the outage's error
  bool probing_ = false;
  Time next_probe_{};
  std::chrono::steady_clock::duration wait_{};  // before the next probe
  std::optional<Time> ended_;                   // the latest outage
};

}  // namespace holdfast::store::postgres
