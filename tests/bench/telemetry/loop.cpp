// SPDX-License-Identifier: Apache-2.0
// How much scrapes delay the supervision loop. Two supervisors run at the same time, and one of
// them is scraped continuously. Workers of both are killed in turn; the restarts of the other
// supervisor show the effect of the machine's load alone.
#include "tests/bench/common/measure.hpp"
#include "tests/bench/common/table.hpp"
#include "tests/bench/telemetry/client.hpp"
#include "tests/bench/telemetry/parts.hpp"
#include "tests/bench/telemetry/systems.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <atomic>
#include <deque>
#include <thread>

namespace holdfast::bench {

namespace {

using namespace std::chrono_literals;

constexpr Workload kWorkload{16, 10'000, 0};
constexpr int kRounds = 4;
constexpr int kKills = 60;  // of each in each round
constexpr int kPauseMs = 15;
constexpr int kScrapePauseMs = 105;  // so that each scrape asks all workers
constexpr double kSettledMs = 1'200;

// A program of many workers that report when they started. They are killed in turn, each after
// having been ready for a second, so that it is replaced at once.
class Victims {
 public:
  explicit Victims(const test::TempDir& directory) : fifo_(directory / "stamps"), stamps_(fifo_) {}

  std::string table() const {
    return fmt::format(
        "[program.victim]\ncommand = [\"{}\"]\nreplicas = {}\nready = \"started\"\n"
        "settled_after = \"1s\"\ncrash_loop_exits = 30\nenvironment = {{ BENCH_STAMPS = \"{}\" "
        "}}\n",
        (test::bin_dir() / "bench_child").native(), kKills, fifo_.native());
  }
  void wait() {
    for (const Stamp& stamp : stamps_.take(kKills, 60s))
      add(stamp);
  }
  double kill_to_start() {
    const auto [pid, started_ns] = running_.front();
    running_.pop_front();
    while (ms_between(started_ns, now_ns()) < kSettledMs)
      pause_for_ms(10);
    const std::int64_t began = now_ns();
    ::kill(pid, SIGKILL);
    const Stamp stamp = stamps_.take(1, 30s).front();
    add(stamp);
    return ms_between(began, stamp.at_ns);
  }

 private:
  void add(const Stamp& stamp) { running_.emplace_back(stamp.pid, stamp.at_ns); }

  std::filesystem::path fifo_;
  Stamps stamps_;
  std::deque<std::pair<pid_t, std::int64_t>> running_;
};

class Scraper {
 public:
  explicit Scraper(std::uint16_t port)
      : thread_([this, port] {
          while (!stop_) {
            scrape(port);
            ++count_;
            pause_for_ms(kScrapePauseMs);
          }
        }) {}
  ~Scraper() {
    stop_ = true;
    thread_.join();
  }
  int count() const { return count_; }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<int> count_{0};
  std::thread thread_;
};

struct Lag {
  double sum = 0;
  double count = 0;
};

Lag lag_of(std::uint16_t port) {
  const std::string text = scrape(port).body;
  return {test::Stack::sum_of(text, "holdfast_loop_lag_seconds_sum"),
          test::Stack::sum_of(text, "holdfast_loop_lag_seconds_count")};
}

double mean_ms(const Lag& from, const Lag& to) {
  return to.count > from.count ? 1e3 * (to.sum - from.sum) / (to.count - from.count) : -1;
}

}  // namespace

void bench_loop(const Options& options) {
  if (!options.wants("holdfast")) return;
  struct Side {
    explicit Side(const Workload& workload)
        : victim(directory), system(workload, Child::Plain, victim.table()) {
      victim.wait();
    }
    test::TempDir directory;
    Victims victim;
    HoldfastSystem system;
    std::vector<double> ms[2];   // quiet, scraped
    std::vector<double> lag[2];  // mean of each round
  };
  Side scraped(kWorkload);
  Side other({1, 1, 0});
  int scrapes = 0;
  for (int round = 0; round < kRounds; ++round) {
    for (const int load : {0, 1}) {
      const Lag before[2] = {lag_of(scraped.system.port()), lag_of(other.system.port())};
      {
        std::unique_ptr<Scraper> scraper;
        if (load == 1) scraper = std::make_unique<Scraper>(scraped.system.port());
        for (int i = 0; i < kKills; ++i) {
          for (Side* side : {&scraped, &other}) {
            pause_for_ms(kPauseMs);
            side->ms[load].push_back(side->victim.kill_to_start());
          }
        }
        if (scraper) scrapes += scraper->count();
      }
      scraped.lag[load].push_back(mean_ms(before[0], lag_of(scraped.system.port())));
      other.lag[load].push_back(mean_ms(before[1], lag_of(other.system.port())));
    }
  }
  Table table(
      fmt::format("kill -9 to restart beside {} scrapes of 16 workers x 10,000 series", scrapes),
      {"supervisor", "p50 ms", "p90", "max", "loop lag, mean ms", "kills"});
  const auto row = [&](const std::string& name, const Side& side, int load) {
    table.add({name, number(percentile(side.ms[load], 0.5), 2),
               number(percentile(side.ms[load], 0.9), 2), number(percentile(side.ms[load], 1), 2),
               number(percentile(side.lag[load], 0.5), 2), std::to_string(side.ms[load].size())});
  };
  row("this one, nobody scrapes", scraped, 0);
  row("another, nobody scrapes", other, 0);
  row("this one, while it is scraped", scraped, 1);
  row("another, while the first is scraped", other, 1);
  table.print();
}

}  // namespace holdfast::bench
