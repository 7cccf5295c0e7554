// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/telemetry/sample.hpp"

#include "tests/bench/common/measure.hpp"
#include "tests/bench/telemetry/client.hpp"
#include "tests/bench/telemetry/tree.hpp"

#include <chrono>
#include <optional>
#include <utility>

namespace holdfast::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPauseMs = 115;
constexpr int kWarmUps = 2;
constexpr std::size_t kLeast = 3;
constexpr std::chrono::seconds kPatience{30};

}  // namespace

void Sample::add(const Sample& other) {
  ms.insert(ms.end(), other.ms.begin(), other.ms.end());
  bytes = other.bytes;
  cpu_ms += other.cpu_ms;
  left_out += other.left_out;
}

double Sample::p(double share) const {
  return ms.empty() ? -1 : percentile(ms, share);
}

double Sample::cpu_each() const {
  return ms.empty() ? -1 : cpu_ms / static_cast<double>(ms.size());
}

Sample take_sample(System& system, const Workload& workload, std::size_t moving, int count,
                   int seconds) {
  const std::vector<pid_t> processes = tree_of(system.pid());
  Sample result;
  // The value of the first counter at the last scrape: old values show up as too small a step. Old
  // values are those of a worker that was late, or of the supervisor's own round, which it makes
  // each two seconds, if that had just ended.
  double before = 0;
  const auto scrape_once = [&]() -> std::optional<Scrape> {
    pause_for_ms(kPauseMs);
    Scrape one = scrape(system.port());
    const double now = one.first_counter();
    const double least = std::exchange(before, now) + static_cast<double>(moving * kStep);
    const bool whole = one.status == 200 && one.lines() == workload.lines();
    if (!whole || (system.moves() && now < least)) return std::nullopt;
    return one;
  };
  const auto begin = Clock::now();
  for (int warm = 0; warm < kWarmUps && Clock::now() < begin + kPatience;) {
    if (scrape_once()) ++warm;
  }
  const double cpu_before = cpu_ms_of(processes);
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  while (result.ms.size() < static_cast<std::size_t>(count) && Clock::now() < end + kPatience &&
         (result.ms.size() < kLeast || Clock::now() < end)) {
    if (const auto one = scrape_once()) {
      result.ms.push_back(one->ms);
      result.bytes = one->body.size();
    } else {
      ++result.left_out;
    }
  }
  result.cpu_ms = cpu_ms_of(processes) - cpu_before;
  return result;
}

}  // namespace holdfast::bench
