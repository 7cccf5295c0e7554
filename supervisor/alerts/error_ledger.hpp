// SPDX-License-Identifier: Apache-2.0
#pragma once

// ErrorLedger: how many errors of one program are new. An error shows up to three times: in log
// lines, as an answer of 5xx and as a dead job. Lines of one request or job count once a minute;
// and since the metrics say only how many there were, each error that one source has counted pays
// for one that another source reports a moment later.
//
// Threads: one owner; pure. O(1) for each call.

#include "common/base/clock.hpp"
#include "supervisor/logs/error_line.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_set>
#include <utility>

namespace holdfast::supervisor::alerts {

// A number of errors that is forgotten by and by.
class Credit {
 public:
  void add(MonoTime now, std::uint64_t number);
  // At most `number` of them; returns how many there were.
  std::uint64_t take(MonoTime now, std::uint64_t number);

 private:
  void expire(MonoTime now);

  std::deque<std::pair<MonoTime, std::uint64_t>> parts_;  // one a second
};

class ErrorLedger {
 public:
  // Each returns how many errors that adds.
  std::uint64_t add_line(const logs::ErrorLine& line, MonoTime now);
  std::uint64_t add_responses(std::uint64_t number, MonoTime now);  // of 5xx
  std::uint64_t add_dead_jobs(std::uint64_t number, MonoTime now);

 private:
  // Both ways: by a line, and waiting for one.
  struct Source {
    Credit by_lines;
    Credit by_metrics;
  };
  static std::uint64_t add_metric(Source& source, std::uint64_t number, MonoTime now);
  bool is_known(std::string key, MonoTime now);

  Source responses_;
  Source jobs_;
  std::unordered_set<std::string> known_;
  std::deque<std::pair<MonoTime, std::string>> order_;  // of known_, the newest last
};

}  // namespace holdfast::supervisor::alerts
