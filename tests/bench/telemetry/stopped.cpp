// SPDX-License-Identifier: Apache-2.0
// One worker does not answer: it is stopped by SIGSTOP.
#include "tests/bench/common/table.hpp"
#include "tests/bench/telemetry/client.hpp"
#include "tests/bench/telemetry/parts.hpp"
#include "tests/bench/telemetry/sample.hpp"
#include "tests/bench/telemetry/tree.hpp"

#include <fmt/format.h>
#include <signal.h>

namespace holdfast::bench {

namespace {

constexpr Workload kWorkload{16, 1'000, 0};
constexpr int kScrapes = 10;
constexpr int kPauseMs = 115;

struct Stopped {
  Sample good;
  std::size_t failed = 0;
  std::string error;
};

Stopped scrape_all(System& system, std::size_t moving) {
  Stopped result;
  double before = scrape(system.port()).first_counter();
  for (int i = 0; i < kScrapes; ++i) {
    pause_for_ms(kPauseMs);
    const Scrape one = scrape(system.port());
    result.good.ms.push_back(one.ms);
    const double now = one.first_counter();
    const bool fresh = !system.moves() || now >= before + static_cast<double>(moving * kStep);
    before = std::max(before, now);
    if (one.status == 200 && one.lines() == kWorkload.lines() && fresh) continue;
    ++result.failed;
    result.error = one.status == 200 ? "incomplete" : one.body.substr(0, 40);
    if (one.ms > 2'000 && i >= 1) break;  // it will not get better
  }
  return result;
}

}  // namespace

void bench_stopped(const Options& options) {
  Table table("16 workers x 1,000 series, one of them stopped",
              {"system", "all run, p50 ms", "one stopped, p50", "max", "complete for the others",
               "answer otherwise"});
  for (const std::string name : {"holdfast", "prom-client", "client_python"}) {
    if (!options.wants(name)) continue;
    const auto system = start(name, kWorkload);
    if (system == nullptr) continue;
    const Sample fresh = take_sample(*system, kWorkload, kWorkload.workers, kScrapes, 5);
    auto* const holdfast = dynamic_cast<HoldfastSystem*>(system.get());
    const pid_t victim =
        holdfast != nullptr ? holdfast->workers().front() : tree_of(system->pid()).back();
    ::kill(victim, SIGSTOP);
    const Stopped stopped = scrape_all(*system, kWorkload.workers - 1);
    ::kill(victim, SIGCONT);
    const std::size_t count = stopped.good.ms.size();
    table.add({system->name(), number(fresh.p(0.5)), number(stopped.good.p(0.5)),
               number(stopped.good.p(1)), fmt::format("{} of {}", count - stopped.failed, count),
               stopped.error.empty() ? "-" : stopped.error});
  }
  table.print();
}

}  // namespace holdfast::bench
