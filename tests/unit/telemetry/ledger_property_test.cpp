// SPDX-License-Identifier: Apache-2.0
// Random histories of random workers, compared with a model that counts every increment.
#include "tests/support/catch.hpp"
#include "tests/unit/telemetry/support.hpp"

#include <algorithm>
#include <array>
#include <random>

using namespace holdfast::supervisor::telemetry;
using namespace holdfast::supervisor::telemetry::test;

namespace {

constexpr int kSeries = 5;
constexpr int kBounds = 4;

// What one incarnation would answer.
struct Process {
  std::uint64_t incarnation = 0;
  std::array<std::uint64_t, kSeries> counters{};
  std::array<std::uint64_t, kBounds + 1> buckets{};  // not cumulative; the last is +Inf
  int bounds = kBounds;                              // how many of them this build has
  bool alive = false;

  std::string answer(std::mt19937& random) const {
    std::vector<std::string> lines;
    for (int i = 0; i < kSeries; ++i) {
      lines.push_back("c_total{i=\"" + std::to_string(i) + "\"} " +
                      std::to_string(counters[static_cast<std::size_t>(i)]) + "\n");
    }
    if (random() % 4 == 0) std::shuffle(lines.begin(), lines.end(), random);
    std::string out = "# TYPE c_total counter\n";
    for (const auto& line : lines)
      out += line;
    out += "# TYPE h histogram\n";
    std::uint64_t below = 0;
    std::uint64_t sum = 0;
    for (int i = 0; i <= kBounds; ++i) {
      below += buckets[static_cast<std::size_t>(i)];
      sum += buckets[static_cast<std::size_t>(i)] * static_cast<std::uint64_t>(i + 1);
      const bool infinity = i == kBounds;
      if (!infinity && i >= bounds) continue;
      out += "h_bucket{le=\"" + (infinity ? "+Inf" : std::to_string(i + 1)) + "\"} " +
             std::to_string(below) + "\n";
    }
    out += "h_sum " + std::to_string(sum) + "\nh_count " + std::to_string(below) + "\n";
    return out + "# TYPE busy gauge\nbusy 1\n# EOF\n";
  }

  void work(std::mt19937& random) {
    for (auto& value : counters)
      value += random() % 3;
    for (auto& value : buckets)
      value += random() % 3;
  }
};

struct Model {
  std::array<std::uint64_t, kSeries> counters{};
  std::uint64_t observations = 0;
  std::array<std::uint64_t, 2> shared{};  // up to the bounds 1 and 2, which every build has

  void take(const Process& process) {
    for (std::size_t i = 0; i < kSeries; ++i)
      counters[i] += process.counters[i];
    for (const std::uint64_t n : process.buckets)
      observations += n;
    shared[0] += process.buckets[0];
    shared[1] += process.buckets[0] + process.buckets[1];
  }
};

void never_down(const std::map<std::string, double>& before,
                const std::map<std::string, double>& now) {
  for (const auto& [name, value] : before) {
    if (name == "busy") continue;
    const auto found = now.find(name);
    if (found == now.end()) {
      CHECK(name.starts_with("h_bucket"));  // a bound that the newest build does not have
      continue;
    }
    INFO(name << " " << value << " -> " << found->second);
    CHECK(found->second >= value);
  }
}

}  // namespace

TEST_CASE("random histories: nothing ever decreases, and what was reported is counted exactly") {
  for (unsigned seed = 1; seed <= 25; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    LedgerSettings settings;
    settings.stale_after = std::chrono::hours(1);
    Ledger ledger(settings);
    std::array<Process, 6> slots;
    std::array<Process, 6> reported;  // as last applied
    Model dead;
    std::map<std::string, double> before;
    std::map<std::string, double> highest;  // also of bounds that come and go
    for (int step = 0; step < 150; ++step) {
      const std::size_t i = random() % slots.size();
      const std::string name = "api." + std::to_string(i);
      Process& process = slots[i];
      const unsigned choice = random() % 10;
      if (!process.alive) {
        const std::uint64_t incarnation = process.incarnation + 1;
        process = Process{};
        process.incarnation = incarnation;
        process.alive = true;
        process.bounds = random() % 3 == 0 ? 2 : kBounds;
        reported[i] = Process{};
      } else if (choice == 0) {  // crashes: what was not reported is lost, nothing else
        ledger.retire(source(name, process.incarnation), at(step));
        dead.take(reported[i]);
        process.alive = false;
      } else if (choice == 1) {  // a cut answer
        const std::string whole = process.answer(random);
        const auto result = ledger.apply(source(name, process.incarnation),
                                         whole.substr(0, random() % whole.size()), at(step));
        // Cut at the end of a line, a first answer cannot be told from a whole one.
        if (result == Applied::Accepted) {
          ledger.apply(source(name, process.incarnation), whole, at(step));
          reported[i] = process;
        }
      } else {
        if (random() % 8 == 0) process.bounds = kBounds;  // a bucket that is written late
        process.work(random);
        REQUIRE(ledger.apply(source(name, process.incarnation), process.answer(random), at(step)) ==
                Applied::Accepted);
        reported[i] = process;
      }

      const auto now = values(ledger, at(step));
      never_down(before, now);
      never_down(highest, now);
      for (const auto& [series, value] : now)
        highest[series] = std::max(highest[series], value);
      before = now;

      Model truth = dead;
      std::size_t busy = 0;
      for (std::size_t s = 0; s < slots.size(); ++s) {
        if (!slots[s].alive) continue;
        truth.take(reported[s]);
        busy += ledger.last_good(source("api." + std::to_string(s), slots[s].incarnation)) ? 1 : 0;
      }
      if (now.empty()) continue;
      for (std::size_t s = 0; s < kSeries; ++s) {
        REQUIRE(now.at("c_total{i=\"" + std::to_string(s) + "\"}") ==
                static_cast<double>(truth.counters[s]));
      }
      REQUIRE(now.at("h_count") == static_cast<double>(truth.observations));
      REQUIRE(now.at("h_bucket{le=\"1\"}") == static_cast<double>(truth.shared[0]));
      REQUIRE(now.at("h_bucket{le=\"2\"}") == static_cast<double>(truth.shared[1]));
      REQUIRE(now.count("busy") == (busy > 0 ? 1 : 0));
    }
  }
}
