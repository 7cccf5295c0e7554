// SPDX-License-Identifier: Apache-2.0
// How long one aggregation takes: apply the answers of all workers, render the total. Prints one
// JSON object. "steady": the same lines every time with new numbers. "cold": every line is new.
// "after churn": steady again after workers have died and been replaced `cycles` times. "cpu" is
// processor time, which a busy machine does not inflate.
//
//   bench_ledger [workers] [series] [rounds] [cycles]      default: 16 10000 30 10000

#include "supervisor/telemetry/ledger.hpp"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

using namespace holdfast::supervisor::telemetry;
using Clock = std::chrono::steady_clock;

namespace {

std::string answer(std::size_t series, std::uint64_t value) {
  std::string out = "# HELP bench_requests_total Requests.\n# TYPE bench_requests_total counter\n";
  for (std::size_t i = 0; i < series; ++i) {
    out += "bench_requests_total{method=\"GET\",route=\"/api/documents/" + std::to_string(i) +
           "\",status=\"200\"} " + std::to_string(value * 997 + i) + "\n";
  }
  return out + "# EOF\n";
}

SourceId worker(std::size_t slot, std::uint64_t incarnation) {
  return {"api-worker." + std::to_string(slot), "api-worker", incarnation};
}

double milliseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

std::size_t resident_kib() {
  std::ifstream in("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  in >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

double cpu_milliseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

struct Time {
  double wall = 0;
  double cpu = 0;
};

struct Percentiles {
  double p50 = 0;
  double p99 = 0;
  double cpu_p50 = 0;
};

double percentile(std::vector<double> values, std::size_t percent) {
  std::sort(values.begin(), values.end());
  return values[values.size() * percent / 100];
}

class Bench {
 public:
  Bench(std::size_t workers, std::size_t series) : workers_(workers), series_(series) {}

  Time aggregate() {
    ++value_;
    const std::string text = answer(series_, value_);
    std::vector<std::string> answers(workers_, text);  // made before the clock starts
    const auto start = Clock::now();
    const double cpu_start = cpu_milliseconds();
    for (std::size_t slot = 0; slot < workers_; ++slot) {
      ledger_.apply(worker(slot, incarnation_), std::move(answers[slot]), Clock::now());
    }
    out_.clear();
    ledger_.render({}, holdfast::metrics::Format::Text004, Clock::now(), out_);
    return {milliseconds(Clock::now() - start), cpu_milliseconds() - cpu_start};
  }

  Percentiles rounds(int count) {
    std::vector<double> wall;
    std::vector<double> cpu;
    for (int i = 0; i < count; ++i) {
      const Time time = aggregate();
      wall.push_back(time.wall);
      cpu.push_back(time.cpu);
    }
    return {percentile(wall, 50), percentile(wall, 99), percentile(cpu, 50)};
  }

  // One worker after the other dies and is replaced, with a small and then a whole answer.
  void churn(std::size_t cycles) {
    const std::string small = answer(std::min<std::size_t>(series_, 100), 1);
    for (std::size_t i = 0; i < cycles; ++i) {
      if (i % workers_ == 0) ++incarnation_;
      const std::size_t slot = i % workers_;
      ledger_.retire(worker(slot, incarnation_ - 1), Clock::now());
      ledger_.apply(worker(slot, incarnation_), small, Clock::now());
    }
    for (std::size_t slot = cycles % workers_; slot != 0 && slot < workers_; ++slot) {
      ledger_.retire(worker(slot, incarnation_ - 1), Clock::now());
    }
    aggregate();
  }

  std::size_t exposed_bytes() const { return out_.size(); }

 private:
  std::size_t workers_;
  std::size_t series_;
  Ledger ledger_;
  std::uint64_t value_ = 0;
  std::uint64_t incarnation_ = 1;
  std::string out_;
};

std::size_t argument(int argc, char** argv, int index, std::size_t fallback) {
  return argc > index ? std::strtoull(argv[index], nullptr, 10) : fallback;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t workers = argument(argc, argv, 1, 16);
  const std::size_t series = argument(argc, argv, 2, 10'000);
  const int rounds = static_cast<int>(argument(argc, argv, 3, 30));
  const std::size_t cycles = argument(argc, argv, 4, 10'000);
  if (workers == 0 || series == 0 || rounds <= 0) {
    std::fprintf(stderr, "usage: bench_ledger [workers] [series] [rounds] [cycles]\n");
    return 2;
  }
  Bench bench(workers, series);
  const Time cold = bench.aggregate();
  bench.rounds(3);
  const Percentiles steady = bench.rounds(rounds);
  const std::size_t before = resident_kib();
  bench.churn(cycles);
  bench.rounds(3);
  const Percentiles after = bench.rounds(rounds);
  const std::size_t later = resident_kib();
  std::printf(
      "{\"workers\":%zu,\"series\":%zu,\"rounds\":%d,\"cycles\":%zu,\"cold_ms\":%.2f,"
      "\"cold_cpu_ms\":%.2f,\"steady_p50_ms\":%.2f,\"steady_p99_ms\":%.2f,"
      "\"steady_cpu_p50_ms\":%.2f,\"after_churn_p50_ms\":%.2f,\"after_churn_p99_ms\":%.2f,"
      "\"after_churn_cpu_p50_ms\":%.2f,\"rss_kib\":%zu,\"rss_after_churn_kib\":%zu,"
      "\"bytes\":%zu}\n",
      workers, series, rounds, cycles, cold.wall, cold.cpu, steady.p50, steady.p99, steady.cpu_p50,
      after.p50, after.p99, after.cpu_p50, before, later, bench.exposed_bytes());
  return 0;
}
