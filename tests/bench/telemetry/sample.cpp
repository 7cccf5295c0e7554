// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/telemetry/sample.hpp"

#include "tests/bench/common/measure.hpp"
#include "tests/bench/telemetry/client.hpp"
#include "tests/bench/telemetry/tree.hpp"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>

namespace holdfast::bench {

namespace {

constexpr int kPauseMs = 115;
constexpr int kWarmUps = 2;
constexpr int kLeast = 3;
constexpr int kMostReused = 50;

}  // namespace

void Sample::add(const Sample& other) {
  ms.insert(ms.end(), other.ms.begin(), other.ms.end());
  bytes = other.bytes;
  cpu_ms += other.cpu_ms;
  measured += other.measured;
}

double Sample::p(double share) const {
  return percentile(ms, share);
}

double Sample::cpu_each() const {
  return measured == 0 ? -1 : cpu_ms / static_cast<double>(measured);
}

Sample take_sample(System& system, const Workload& workload, std::size_t moving, int count,
                   int seconds) {
  const std::vector<pid_t> processes = tree_of(system.pid());
  Sample result;
  double before = 0;
  double cpu_before = 0;
  int reused = 0;
  std::chrono::steady_clock::time_point end;
  for (int i = 0; i < kWarmUps + count; ++i) {
    if (i == kWarmUps) {
      cpu_before = cpu_ms_of(processes);
      end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    }
    if (i >= kWarmUps + kLeast && std::chrono::steady_clock::now() > end) break;
    pause_for_ms(kPauseMs);
    const Scrape one = scrape(system.port());
    if (one.status != 200 || one.lines() != workload.lines()) {
      throw std::runtime_error(fmt::format("{}: status {}, {} of {} series", system.name(),
                                           one.status, one.lines(), workload.lines()));
    }
    const double now = one.first_counter();
    const double least = before + static_cast<double>(moving * kStep);
    before = now;
    if (i > 0 && system.moves() && now < least) {
      // The supervisor's own round, which it makes each two seconds, had just ended.
      if (++reused > kMostReused) throw std::runtime_error(system.name() + " shows old values");
      --i;
      continue;
    }
    if (i < kWarmUps) continue;
    result.ms.push_back(one.ms);
    result.bytes = one.body.size();
  }
  result.cpu_ms = cpu_ms_of(processes) - cpu_before;
  result.measured = result.ms.size();
  return result;
}

}  // namespace holdfast::bench
