// SPDX-License-Identifier: Apache-2.0
#include "tests/support/catch.hpp"
#include "tests/unit/telemetry/support.hpp"

#include <algorithm>

using namespace holdfast::supervisor::telemetry;
using namespace holdfast::supervisor::telemetry::test;
using Values = std::map<std::string, double>;

namespace {

std::string counters(int from, int to, int value) {
  std::string out = "# TYPE c_total counter\n";
  for (int i = from; i < to; ++i) {
    out += "c_total{i=\"" + std::to_string(i) + "\"} " + std::to_string(value) + "\n";
  }
  return out;
}

std::string gauges(int from, int to) {
  std::string out = "# TYPE g gauge\n";
  for (int i = from; i < to; ++i)
    out += "g{i=\"" + std::to_string(i) + "\"} 1\n";
  return out;
}

LedgerSettings with(std::size_t per_source, std::size_t total) {
  LedgerSettings settings;
  settings.limits.series_per_source = per_source;
  settings.limits.series_total = total;
  return settings;
}

}  // namespace

TEST_CASE(
    "over a worker's limit, known series keep updating and new ones are dropped and counted") {
  Ledger ledger(with(10, 1000));
  ledger.apply(source("a.0"), counters(0, 10, 1), at(0));
  CHECK(dropped(ledger, Drop::Limit) == 0);
  // The new ones come first in the text: still the known ones win.
  ledger.apply(source("a.0"), counters(100, 105, 1) + counters(0, 10, 2).substr(23), at(1));
  const Values now = values(ledger);
  CHECK(now.size() == 10);
  CHECK(now.at("c_total{i=\"9\"}") == 2);
  CHECK(dropped(ledger, Drop::Limit) == 5);
}

TEST_CASE("the total limit holds over all workers") {
  Ledger ledger(with(100, 15));
  ledger.apply(source("a.0"), counters(0, 10, 1), at(0));
  ledger.apply(source("b.0"), counters(0, 20, 1), at(0));
  const Values now = values(ledger);
  CHECK(now.size() == 15);
  CHECK(now.at("c_total{i=\"0\"}") == 2);
  CHECK(dropped(ledger, Drop::Limit) == 5);
}

TEST_CASE("what was refused is accepted as soon as there is room") {
  Ledger ledger(with(10, 10));
  ledger.apply(source("a.0"), gauges(0, 8), at(0));
  const std::string wanted = gauges(100, 105);
  ledger.apply(source("b.0"), wanted, at(0));
  CHECK(values(ledger).size() == 10);
  ledger.retire(source("a.0"), at(1));
  ledger.apply(source("b.0"), wanted, at(2));
  CHECK(values(ledger).size() == 5);
}

TEST_CASE("gauges that disappear free their room for others of the same worker") {
  Ledger ledger(with(10, 1000));
  ledger.apply(source("a.0"), gauges(0, 10), at(0));
  const std::string next = gauges(5, 15);
  ledger.apply(source("a.0"), next, at(1));
  ledger.apply(source("a.0"), next, at(2));
  CHECK(values(ledger).size() == 10);
  CHECK(values(ledger).count("g{i=\"14\"}") == 1);
}

TEST_CASE("a histogram is accepted whole or not at all") {
  const std::string histogram =
      "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 1\nh_bucket{le=\"+Inf\"} 1\n"
      "h_sum 1\nh_count 1\n";
  Ledger exactly(with(5, 5));
  exactly.apply(source("a.0"), histogram, at(0));
  CHECK(values(exactly).size() == 5);
  Ledger less(with(4, 5));
  less.apply(source("a.0"), histogram, at(0));
  CHECK(values(less).empty());
  CHECK(dropped(less, Drop::Limit) == 5);
}

TEST_CASE("a histogram that grows over the limit keeps its last state") {
  Ledger ledger(with(5, 100));
  ledger.apply(
      source("a.0"),
      "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
      at(0));
  const Values before = values(ledger);
  ledger.apply(
      source("a.0"),
      "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 1\nh_bucket{le=\"3\"} 1\n"
      "h_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n",
      at(1));
  CHECK(values(ledger) == before);
  ledger.retire(source("a.0"), at(2));
  CHECK(values(ledger) == before);
}

TEST_CASE("too many labels, or a value that is too long, drop the series") {
  LedgerSettings settings;
  settings.limits.labels = 2;
  settings.limits.label_value_bytes = 4;
  Ledger ledger(settings);
  ledger.apply(source("a.0"),
               "# TYPE g gauge\ng{a=\"1\",b=\"2\",c=\"3\"} 1\ng{a=\"12345\"} 1\ng{a=\"1234\"} 1\n",
               at(0));
  CHECK(values(ledger) == Values{{"g{a=\"1234\"}", 1}});
  CHECK(dropped(ledger, Drop::InvalidLabel) == 2);
}

TEST_CASE("an oversized answer is refused without being parsed") {
  LedgerSettings settings;
  settings.limits.snapshot_bytes = 64;
  Ledger ledger(settings);
  CHECK(ledger.apply(source("a.0"), counters(0, 10, 1), at(0)) == Applied::Oversized);
  CHECK(values(ledger).empty());
  CHECK(ledger.statistics().programs.at("a").parse_errors.at("oversized") == 1);
}

TEST_CASE("thousands of dead workers leave no more than the series themselves") {
  Ledger ledger(with(100, 120));
  for (std::uint64_t life = 1; life <= 3000; ++life) {
    ledger.apply(source("a.0", life), counters(0, 50, 1) + gauges(0, 50),
                 at(static_cast<double>(life)));
    ledger.retire(source("a.0", life), at(static_cast<double>(life)));
  }
  const Values now = values(ledger);
  CHECK(now.size() == 50);
  CHECK(now.at("c_total{i=\"49\"}") == 3000);
  CHECK(dropped(ledger, Drop::Limit) == 0);
}

TEST_CASE("an answer of a million families costs what the limit allows, and what is first counts") {
  std::string flood = counters(0, 10, 1);
  while (flood.size() < (15u << 20))
    flood += "f" + std::to_string(flood.size()) + " 1\n";
  const auto lines = static_cast<std::size_t>(std::count(flood.begin(), flood.end(), '\n'));
  Ledger ledger(with(1000, 5000));
  CHECK(ledger.apply(source("a.0"), flood, at(0)) == Applied::Accepted);
  const Values now = values(ledger);
  CHECK(now.size() == 1000);
  CHECK(now.at("c_total{i=\"9\"}") == 1);
  CHECK(dropped(ledger, Drop::Limit) == lines - 1 - 1000);
  REQUIRE(ledger.left_out().size() == 1);
  CHECK(ledger.left_out().front().program == "a");
  // Another one has its own room.
  ledger.apply(source("b.0"), gauges(0, 100), at(0));
  CHECK(values(ledger).size() == 1100);
}

TEST_CASE("long labels count by their bytes, for one worker and for all") {
  LedgerSettings settings = with(1000, 2000);
  settings.limits.bytes_per_series = 100;
  const auto long_ones = [](const std::string& name, int round) {
    std::string out = "# TYPE " + name + " counter\n";
    for (int i = 0; i < 90; ++i) {
      out += name + "{x=\"" + std::to_string(round) + std::string(1000, 'x') + std::to_string(i) +
             "\"} 1\n";
    }
    return out;
  };
  Ledger ledger(settings);
  // Label values that rotate: each answer has new ones, and counters stay.
  for (int round = 0; round < 20; ++round)
    ledger.apply(source("a.0"), long_ones("a_total", round), at(round));
  CHECK(values(ledger).size() < 100);
  ledger.apply(source("b.0"), long_ones("b_total", 0), at(20));
  CHECK(values(ledger).size() > 150);
  ledger.apply(source("c.0"), long_ones("c_total", 0), at(20));
  CHECK(values(ledger).size() < 200);
}

TEST_CASE("what dead workers have counted leaves half of the room to the living") {
  Ledger ledger(with(100, 100));
  ledger.apply(source("b.0"), counters(0, 10, 1), at(0));
  for (std::uint64_t life = 1; life <= 50; ++life) {
    // Such as a label with the pid.
    const int first = 1000 * static_cast<int>(life);
    ledger.apply(source("a.0", life), counters(first, first + 20, 1), at(1));
    ledger.retire(source("a.0", life), at(1));
  }
  CHECK(values(ledger).size() == 60);
  CHECK(values(ledger).at("c_total{i=\"9\"}") == 1);
  CHECK(dropped(ledger, Drop::Limit) == 50 * 20 - 50);
  REQUIRE(ledger.left_out().size() == 1);
  CHECK(ledger.left_out().front().program == "a");
  ledger.apply(source("b.0"), counters(0, 50, 2), at(2));
  CHECK(values(ledger).size() == 100);
}

TEST_CASE("a total of the dead that a living one counts on takes no room of theirs") {
  Ledger ledger(with(100, 100));
  for (std::uint64_t life = 1; life <= 10; ++life) {
    ledger.apply(source("a.0", life), counters(0, 40, 1), at(1));
    ledger.retire(source("a.0", life), at(1));
  }
  CHECK(values(ledger).at("c_total{i=\"39\"}") == 10);
  CHECK(dropped(ledger, Drop::Limit) == 0);
}

TEST_CASE("many long answers are read again in full, and count the same") {
  LedgerSettings settings = with(2000, 2000);
  settings.limits.bytes_per_series = 100;
  Ledger ledger(settings);
  for (int round = 1; round <= 3; ++round) {
    for (int worker = 0; worker < 10; ++worker) {
      ledger.apply(source("a." + std::to_string(worker)),
                   "# HELP c_total " + std::string(40'000, 'x') + "\n" + counters(0, 10, round),
                   at(round));
    }
  }
  CHECK(values(ledger).at("c_total{i=\"9\"}") == 30);
  // Nothing of this can be read. It is not taken for the answer before, of which no text is kept.
  ledger.apply(source("a.9"), std::string(300'000, 'x') + "\n", at(4));
  CHECK(values(ledger).at("c_total{i=\"9\"}") == 30);
  CHECK(expose(ledger).size() < 1000);  // a help text of that length is none
}
