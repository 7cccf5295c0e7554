// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/error_ledger.hpp"

#include "common/text/ascii.hpp"

#include <algorithm>
#include <string_view>

namespace holdfast::supervisor::alerts {

namespace {

using namespace std::chrono_literals;

// Metrics are collected every two seconds, and a line may wait in a pipe.
constexpr Duration kRemembered = 30s;
// What goes on for longer under one id is more than one error: five minutes of it are an alert.
constexpr Duration kIdRemembered = 1min;
constexpr std::size_t kMostIds = 1024;
constexpr std::size_t kLongestId = 128;

// A word without any digit is not the id of one request or job but a name: "nightly-report".
bool is_name(std::string_view id) {
  constexpr std::size_t kShortestName = 4;
  return id.size() >= kShortestName && std::none_of(id.begin(), id.end(), text::is_digit);
}

// Whether no two processes give this id to two things, as they would "req-1".
bool is_unique(std::string_view id) {
  constexpr std::size_t kShortest = 16;
  constexpr std::ptrdiff_t kFewestDigits = 4;
  return id.size() >= kShortest &&
         std::count_if(id.begin(), id.end(), text::is_digit) >= kFewestDigits;
}

}  // namespace

void Credit::expire(MonoTime now) {
  while (!parts_.empty() && now - parts_.front().first > kRemembered)
    parts_.pop_front();
}

void Credit::add(MonoTime now, std::uint64_t number) {
  if (number == 0) return;
  expire(now);
  if (parts_.empty() || now - parts_.back().first >= 1s) {
    parts_.emplace_back(now, number);
  } else {
    parts_.back().second += number;
  }
}

std::uint64_t Credit::take(MonoTime now, std::uint64_t number) {
  expire(now);
  std::uint64_t taken = 0;
  while (taken < number && !parts_.empty()) {
    auto& part = parts_.front();
    const std::uint64_t more = std::min(number - taken, part.second);
    taken += more;
    part.second -= more;
    if (part.second == 0) parts_.pop_front();
  }
  return taken;
}

bool ErrorLedger::is_known(std::string key, MonoTime now) {
  while (!order_.empty() &&
         (order_.size() >= kMostIds || now - order_.front().first >= kIdRemembered)) {
    known_.erase(order_.front().second);
    order_.pop_front();
  }
  if (!known_.insert(key).second) return true;
  order_.emplace_back(now, std::move(key));
  return false;
}

std::uint64_t ErrorLedger::add_line(const logs::ErrorLine& line, MonoTime now) {
  // A job's lines carry the id of the request that made it, too.
  Source& source = line.job_id.empty() ? responses_ : jobs_;
  const std::string& id = line.job_id.empty() ? line.request_id : line.job_id;
  if (id.empty() || is_name(id)) return 1;
  std::string key = (line.job_id.empty() ? "r:" : "j:") + id.substr(0, kLongestId);
  if (!is_unique(id)) key += "\n" + line.worker + "\n" + line.process;
  if (is_known(std::move(key), now)) return 0;
  if (source.by_metrics.take(now, 1) == 1) return 0;
  source.by_lines.add(now, 1);
  return 1;
}

std::uint64_t ErrorLedger::add_metric(Source& source, std::uint64_t number, MonoTime now) {
  const std::uint64_t fresh = number - source.by_lines.take(now, number);
  source.by_metrics.add(now, fresh);
  return fresh;
}

std::uint64_t ErrorLedger::add_responses(std::uint64_t number, MonoTime now) {
  return add_metric(responses_, number, now);
}

std::uint64_t ErrorLedger::add_dead_jobs(std::uint64_t number, MonoTime now) {
  return add_metric(jobs_, number, now);
}

}  // namespace holdfast::supervisor::alerts
