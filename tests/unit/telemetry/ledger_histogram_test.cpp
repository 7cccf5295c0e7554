// SPDX-License-Identifier: Apache-2.0
#include "tests/support/catch.hpp"
#include "tests/unit/telemetry/support.hpp"

#include <cmath>

using namespace holdfast::supervisor::telemetry;
using namespace holdfast::supervisor::telemetry::test;

namespace {

using Values = std::map<std::string, double>;

// `buckets` are cumulative: {{bound, count}, …}.
std::string histogram(std::vector<std::pair<std::string, int>> buckets, int count, double sum) {
  std::string out = "# TYPE h histogram\n";
  for (const auto& [bound, n] : buckets) {
    out += "h_bucket{le=\"" + bound + "\"} " + std::to_string(n) + "\n";
  }
  out += "h_bucket{le=\"+Inf\"} " + std::to_string(count) + "\n";
  return out + "h_sum " + std::to_string(sum) + "\nh_count " + std::to_string(count) + "\n";
}

Values exposed(std::vector<std::pair<std::string, double>> buckets, double count, double sum) {
  Values out{{"h_bucket{le=\"+Inf\"}", count}, {"h_sum", sum}, {"h_count", count}};
  for (const auto& [bound, n] : buckets)
    out["h_bucket{le=\"" + bound + "\"}"] = n;
  return out;
}

}  // namespace

TEST_CASE("histograms with the same bounds add up bucket by bucket") {
  Ledger ledger;
  ledger.apply(source("api.0"), histogram({{"1", 2}, {"5", 3}}, 4, 10), at(0));
  ledger.apply(source("api.1"), histogram({{"1", 1}, {"5", 5}}, 5, 20), at(0));
  CHECK(values(ledger) == exposed({{"1", 3}, {"5", 8}}, 9, 30));
  ledger.retire(source("api.0"), at(1));
  CHECK(values(ledger) == exposed({{"1", 3}, {"5", 8}}, 9, 30));
}

TEST_CASE("bounds are compared as numbers, not as text") {
  Ledger ledger;
  ledger.apply(source("api.0"), histogram({{"1", 2}}, 2, 1), at(0));
  ledger.apply(source("node.0"), histogram({{"1.0", 3}}, 3, 1), at(0));
  CHECK(values(ledger) == exposed({{"1", 5}}, 5, 2));
  CHECK(ledger.statistics().conflicting_families.at("buckets") == 0);
  CHECK(expose(ledger, holdfast::metrics::Format::OpenMetrics100).find("le=\"1.0\"") !=
        std::string::npos);
}

TEST_CASE("mismatched bounds: the newest worker's are exposed, others count as a lower bound") {
  Ledger ledger;
  ledger.apply(source("a.0"), histogram({{"1", 20}}, 20, 5), at(0));
  ledger.apply(source("b.0"), histogram({{"2", 10}}, 10, 5), at(0));
  // The 20 observations up to 1 are also up to 2; promtool and every peer would take less care.
  CHECK(values(ledger) == exposed({{"2", 30}}, 30, 10));
  CHECK(ledger.statistics().conflicting_families.at("buckets") == 1);
  ledger.apply(source("c.0"), histogram({{"0.5", 1}, {"1", 1}, {"2", 1}}, 1, 1), at(0));
  CHECK(values(ledger) == exposed({{"0.5", 1}, {"1", 21}, {"2", 31}}, 31, 11));
}

TEST_CASE("after a rollback the former buckets are exact again") {
  Ledger ledger;
  ledger.apply(source("a.0", 1), histogram({{"1", 5}, {"2", 7}}, 8, 1), at(0));
  ledger.retire(source("a.0", 1), at(1));
  ledger.apply(source("a.0", 2), histogram({{"2", 1}}, 1, 1), at(2));
  CHECK(values(ledger) == exposed({{"2", 8}}, 9, 2));
  ledger.retire(source("a.0", 2), at(3));
  ledger.apply(source("a.0", 3), histogram({{"1", 0}, {"2", 0}}, 0, 0), at(4));
  CHECK(values(ledger) == exposed({{"1", 5}, {"2", 8}}, 9, 2));
}

TEST_CASE("through any number of different bounds the totals stay exact and valid") {
  Ledger ledger;
  int total = 0;
  for (int i = 1; i <= 40; ++i) {
    const auto incarnation = static_cast<std::uint64_t>(i);
    ledger.apply(source("a.0", incarnation), histogram({{std::to_string(i), 3}}, 4, 1), at(i));
    total += 4;
    const Values now = values(ledger);
    CHECK(now.at("h_count") == total);
    CHECK(now.at("h_bucket{le=\"" + std::to_string(i) + "\"}") <= total);
    ledger.retire(source("a.0", incarnation), at(i));
  }
}

TEST_CASE("a decreasing count or bucket resets the whole histogram") {
  Ledger ledger;
  ledger.apply(source("a.0"), histogram({{"1", 5}}, 10, 50), at(0));
  SECTION("the count fell") {
    ledger.apply(source("a.0"), histogram({{"1", 1}}, 2, 3), at(1));
    CHECK(values(ledger) == exposed({{"1", 6}}, 12, 53));
  }
  SECTION("only a bucket fell") {
    ledger.apply(source("a.0"), histogram({{"1", 1}}, 11, 3), at(1));
    CHECK(values(ledger) == exposed({{"1", 6}}, 21, 53));
  }
  SECTION("it fell while bounds came") {
    ledger.apply(source("a.0"), histogram({{"1", 1}, {"2", 1}}, 11, 3), at(1));
    CHECK(values(ledger) == exposed({{"1", 6}, {"2", 6}}, 21, 53));
  }
  CHECK(ledger.statistics().programs.at("a").resets == 1);
}

// nginx-lua-prometheus, of Kong and APISIX, writes a bucket when it is first hit.
TEST_CASE("buckets that come and go while a process runs are no reset") {
  Ledger ledger;
  ledger.apply(source("a.0"), "# TYPE h histogram\nh_sum 1\nh_count 999\n", at(0));
  ledger.apply(source("a.0"), histogram({{"0.5", 1000}}, 1000, 2), at(1));
  CHECK(values(ledger) == exposed({{"0.5", 1000}}, 1000, 2));
  ledger.apply(source("a.0"), histogram({{"0.1", 1}, {"0.5", 1001}}, 1001, 3), at(2));
  CHECK(values(ledger) == exposed({{"0.1", 1}, {"0.5", 1001}}, 1001, 3));
  ledger.apply(source("a.0"), histogram({{"0.2", 2}, {"0.5", 1002}}, 1002, 4), at(3));
  CHECK(values(ledger) == exposed({{"0.2", 2}, {"0.5", 1002}}, 1002, 4));
  ledger.apply(source("a.0"), histogram({{"0.5", 1003}}, 1003, 5), at(4));
  CHECK(values(ledger) == exposed({{"0.5", 1003}}, 1003, 5));
  SECTION("not even across an answer that contradicts itself") {
    ledger.apply(source("a.0"), histogram({{"0.1", 9}, {"0.5", 8}}, 1004, 6), at(5));
    CHECK(values(ledger) == exposed({{"0.5", 1003}}, 1003, 5));
  }
  SECTION("nor while it was away") {
    ledger.apply(source("a.0"), "# TYPE g gauge\ng 1\n", at(5));
  }
  CHECK(ledger.statistics().programs.at("a").resets == 0);
  ledger.apply(source("a.0"), histogram({{"0.1", 3}, {"0.5", 1004}}, 1005, 7), at(6));
  CHECK(values(ledger).at("h_count") == 1005);
  CHECK(ledger.statistics().programs.at("a").resets == 0);
  // A bucket is below what was counted up to a lower bound before: this one has begun anew.
  ledger.apply(source("a.0"), histogram({{"0.2", 2}, {"0.5", 1005}}, 1006, 8), at(7));
  CHECK(values(ledger).at("h_count") == 2011);
  CHECK(ledger.statistics().programs.at("a").resets == 1);
}

TEST_CASE("buckets that are not written until they are hit are exact over several processes") {
  Ledger ledger;
  ledger.apply(source("a.0"), histogram({{"0.1", 3}, {"0.5", 5}}, 6, 1), at(0));
  // The newest has fewer, which does not take those of the other from the page.
  ledger.apply(source("a.1"), histogram({{"0.5", 2}}, 2, 1), at(0));
  CHECK(values(ledger) == exposed({{"0.1", 3}, {"0.5", 7}}, 8, 2));
  ledger.apply(source("a.1"), histogram({{"0.05", 1}, {"0.1", 1}, {"0.5", 3}}, 3, 2), at(1));
  CHECK(values(ledger) == exposed({{"0.05", 1}, {"0.1", 4}, {"0.5", 8}}, 9, 3));
  // A process that loses a bucket takes nothing from it, whichever bounds are shown next.
  ledger.apply(source("a.0"), histogram({{"0.5", 6}}, 7, 2), at(2));
  CHECK(values(ledger) == exposed({{"0.05", 1}, {"0.1", 4}, {"0.5", 9}}, 10, 4));
  ledger.apply(source("a.1"), histogram({{"0.01", 1}, {"0.1", 1}, {"0.2", 1}, {"0.5", 4}}, 4, 3),
               at(3));
  CHECK(values(ledger) == exposed({{"0.01", 1}, {"0.1", 4}, {"0.2", 4}, {"0.5", 10}}, 11, 5));
  CHECK(ledger.statistics().programs.at("a").resets == 0);
  // What the dead have counted stays, by the bounds of the living.
  for (const char* worker : {"a.0", "a.1"})
    ledger.retire(source(worker), at(4));
  ledger.apply(source("a.0", 2), histogram({{"0.1", 4}, {"0.5", 4}}, 4, 1), at(5));
  CHECK(values(ledger) == exposed({{"0.1", 5}, {"0.5", 14}}, 15, 6));
}

TEST_CASE("a decreasing sum is not a reset: observations may be negative") {
  Ledger ledger;
  ledger.apply(source("a.0"), histogram({{"1", 5}}, 5, 50), at(0));
  ledger.apply(source("a.0"), histogram({{"1", 6}}, 6, -10), at(1));
  CHECK(values(ledger) == exposed({{"1", 6}}, 6, -10));
  CHECK(ledger.statistics().programs.at("a").resets == 0);
}

TEST_CASE("a histogram that contradicts itself is rejected and keeps its last good state") {
  Ledger ledger;
  ledger.apply(source("a.0"), histogram({{"1", 5}, {"2", 6}}, 7, 50), at(0));
  const Values before = values(ledger);
  const std::string head = "# TYPE h histogram\n";
  for (const std::string& bad : std::vector<std::string>{
           histogram({{"1", 9}, {"2", 8}}, 9, 1), histogram({{"1", 9}, {"2", 9}}, 8, 1),
           head + "h_bucket{le=\"1\"} 9\nh_bucket{le=\"2\"} 9\nh_bucket{le=\"+Inf\"} 9\nh_sum "
                  "1\nh_count 10\n",
           head + "h_bucket{le=\"1\"} -1\nh_bucket{le=\"2\"} 10\nh_bucket{le=\"+Inf\"} 10\nh_sum "
                  "1\nh_count 10\n",
           head + "h_bucket{le=\"1\"} NaN\nh_bucket{le=\"2\"} 10\nh_bucket{le=\"+Inf\"} 10\nh_sum "
                  "1\nh_count 10\n",
           head + "h_sum 1\n"}) {
    INFO(bad);
    ledger.apply(source("a.0"), bad, at(1));
    CHECK(values(ledger) == before);
  }
  CHECK(dropped(ledger, Drop::InvalidValue) == 6);
}

TEST_CASE("parts that may be missing: +Inf, the count, the sum") {
  Ledger ledger;
  ledger.apply(source("a.0"), "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 3\nh_count 2\n",
               at(0));
  CHECK(values(ledger) == exposed({{"1", 1}}, 2, 3));
  ledger.apply(source("b.0"), "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\n",
               at(0));
  Values without_sum = exposed({{"1", 2}}, 4, 0);
  without_sum.erase("h_sum");  // a sum of some would be a lie
  CHECK(values(ledger) == without_sum);
}

TEST_CASE("a sum that is not a number is left out while it is, and none is made up") {
  const std::string bad = GENERATE("h_sum NaN\n", "h_sum +Inf\n", "h_sum -Inf\n");
  const auto spoiled = [&](int count) {
    const std::string n = std::to_string(count);
    return "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} " + n + "\n" + bad +
           "h_count " + n + "\n";
  };
  const auto sumless = [](int below, int count) {
    Values out = exposed({{"1", below}}, count, 0);
    out.erase("h_sum");
    return out;
  };
  CAPTURE(bad);
  Ledger ledger;
  SECTION("from the first answer on") {
    ledger.apply(source("a.0"), spoiled(4), at(0));
    CHECK(values(ledger) == sumless(1, 4));
    CHECK(dropped(ledger, Drop::InvalidValue) == 1);
    ledger.apply(source("a.0"), histogram({{"1", 1}}, 5, 7), at(1));
    CHECK(values(ledger) == exposed({{"1", 1}}, 5, 7));
  }
  SECTION("after a good one, and good again") {
    ledger.apply(source("a.0"), histogram({{"1", 1}}, 1, 5), at(0));
    ledger.apply(source("a.0"), spoiled(2), at(1));
    CHECK(values(ledger) == sumless(1, 2));
    ledger.apply(source("a.0"), histogram({{"1", 1}}, 3, 6), at(2));
    CHECK(values(ledger) == exposed({{"1", 1}}, 3, 6));
  }
  SECTION("of one worker of several: a sum of some would be a lie") {
    ledger.apply(source("a.0"), histogram({{"1", 1}}, 1, 5), at(0));
    ledger.apply(source("a.1"), histogram({{"1", 1}}, 1, 3), at(0));
    CHECK(values(ledger) == exposed({{"1", 2}}, 2, 8));
    ledger.apply(source("a.0"), spoiled(2), at(1));
    CHECK(values(ledger) == sumless(2, 3));
    // What was known of it stays when it has gone: the sum continues, and has not gone down.
    ledger.retire(source("a.0"), at(2));
    CHECK(values(ledger) == exposed({{"1", 2}}, 3, 8));
    ledger.apply(source("a.0", 2), histogram({{"1", 1}}, 1, 2), at(3));
    CHECK(values(ledger) == exposed({{"1", 3}}, 4, 10));
  }
  SECTION("of a worker that has gone, and never had a sum") {
    ledger.apply(source("a.0"), spoiled(4), at(0));
    ledger.retire(source("a.0"), at(1));
    ledger.apply(source("a.0", 2), histogram({{"1", 1}}, 1, 2), at(2));
    CHECK(values(ledger) == sumless(2, 5));
  }
  SECTION("with a reset") {
    ledger.apply(source("a.0"), histogram({{"1", 5}}, 9, 5), at(0));
    ledger.apply(source("a.0"), spoiled(2), at(1));
    CHECK(values(ledger) == sumless(6, 11));
    ledger.apply(source("a.0"), histogram({{"1", 1}}, 3, 6), at(2));
    CHECK(values(ledger) == exposed({{"1", 6}}, 12, 11));
  }
  const std::string open = expose(ledger, holdfast::metrics::Format::OpenMetrics100);
  CHECK(check_exposition(open, true) == std::nullopt);
}

TEST_CASE("a summary whose sum is not a number keeps its count") {
  Ledger ledger;
  ledger.apply(source("a.0"), "# TYPE s summary\ns_sum NaN\ns_count 4\n", at(0));
  CHECK(values(ledger) == Values{{"s_count", 4}});
  ledger.apply(source("a.0"), "# TYPE s summary\ns_sum 3\ns_count 5\n", at(1));
  CHECK(values(ledger) == Values{{"s_sum", 3}, {"s_count", 5}});
}

TEST_CASE("bad bounds, le on a sum and repeated bounds drop only that line") {
  Ledger ledger;
  ledger.apply(
      source("a.0"),
      "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 9\nh_bucket{le=\"x\"} 1\n"
      "h_bucket{le=\"NaN\"} 1\nh_bucket 1\nh_bucket{le=\"+Inf\"} 2\nh_sum{le=\"1\"} 4\nh_sum "
      "3\nh_count 2\n",
      at(0));
  CHECK(values(ledger) == exposed({{"1", 1}}, 2, 3));
  CHECK(dropped(ledger, Drop::Duplicate) == 1);
  CHECK(dropped(ledger, Drop::InvalidLabel) == 4);
}

TEST_CASE("a summary keeps its sum and count; its quantiles cannot be merged") {
  Ledger ledger;
  const std::string text = "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 10\ns_count 4\n";
  ledger.apply(source("a.0"), text, at(0));
  ledger.apply(source("a.1"), text, at(0));
  ledger.retire(source("a.0"), at(1));
  CHECK(values(ledger) == Values{{"s_sum", 20}, {"s_count", 8}});
  CHECK(dropped(ledger, Drop::Quantile) == 2);
  CHECK(expose(ledger).find("# TYPE s summary\n") != std::string::npos);
}

TEST_CASE("a damaged bucket line costs its bucket only: nothing is counted twice") {
  Ledger ledger;
  const auto answer = [](const std::string& second, int count) {
    const std::string n = std::to_string(count);
    return "# TYPE h histogram\nh_bucket{le=\"1\"} 5\nh_bucket{le=\"2\"} " + second +
           "\nh_bucket{le=\"+Inf\"} " + n + "\nh_sum 1\nh_count " + n +
           "\n# TYPE g gauge\ng 1\ng{a=\"1\"} 1\n";
  };
  ledger.apply(source("a.0"), answer("6", 10), at(0));
  CHECK(ledger.apply(source("a.0"), answer("undefined", 11), at(1)) == Applied::Accepted);
  CHECK(values(ledger) == Values{{"h_bucket{le=\"1\"}", 5},
                                 {"h_bucket{le=\"+Inf\"}", 11},
                                 {"h_sum", 1},
                                 {"h_count", 11},
                                 {"g", 1},
                                 {"g{a=\"1\"}", 1}});
  ledger.apply(source("a.0"), answer("7", 12), at(2));
  CHECK(values(ledger).at("h_count") == 12);
  CHECK(values(ledger).at("h_bucket{le=\"2\"}") == 7);
  CHECK(ledger.statistics().programs.at("a").resets == 0);
}

TEST_CASE("rounding in the last bit of counts with fractions never looks like a reset") {
  // 0.1 + 0.2 + 0.3 depends on the order of additions, and folding a dead worker changes it.
  Ledger ledger;
  Values last;
  const auto check = [&] {
    const Values now = values(ledger);
    for (const auto& [series, value] : last) {
      CAPTURE(series);
      CHECK(now.at(series) >= value);
    }
    last = now;
  };
  for (int round = 1; round <= 20; ++round) {
    const auto incarnation = static_cast<std::uint64_t>(round);
    for (const int slot : {0, 1, 2}) {
      const std::string n = "0." + std::to_string(slot + 1);
      ledger.apply(source("a." + std::to_string(slot), incarnation),
                   "# TYPE h histogram\nh_bucket{le=\"1\"} " + n + "\nh_bucket{le=\"+Inf\"} " + n +
                       "\nh_sum " + n + "\nh_count " + n + "\n# TYPE s summary\ns_sum " + n +
                       "\ns_count " + n + "\n",
                   at(round));
      check();
    }
    for (const int slot : {1, 2, 0}) {
      ledger.retire(source("a." + std::to_string(slot), incarnation), at(round));
      check();
    }
  }
  CHECK(last.at("h_count") == Approx(12.0));
  CHECK(last.at("h_bucket{le=\"1\"}") == last.at("h_count"));
}

TEST_CASE("a count saturates instead of overflowing") {
  Ledger ledger;
  double before = 0;
  // 2^11 lives of nearly 2^53 fill 64 bits.
  for (int i = 1; i <= 2100; ++i) {
    const auto incarnation = static_cast<std::uint64_t>(i);
    ledger.apply(source("a.0", incarnation),
                 "# TYPE h histogram\nh_bucket{le=\"1\"} 9007199254740991\n"
                 "h_bucket{le=\"+Inf\"} 9007199254740991\nh_count 9007199254740991\n",
                 at(i));
    ledger.retire(source("a.0", incarnation), at(i));
    if (i < 2040) continue;
    const double now = values(ledger).at("h_count");
    CHECK(now >= before);
    before = now;
  }
}

TEST_CASE(
    "a negative sum is shown in the text format and left out of OpenMetrics, with its count") {
  Ledger ledger;
  ledger.apply(source("a.0"), histogram({{"1", 2}}, 2, -3), at(0));
  CHECK(values(ledger) == exposed({{"1", 2}}, 2, -3));
  const std::string open = expose(ledger, holdfast::metrics::Format::OpenMetrics100);
  CHECK(check_exposition(open, true) == std::nullopt);
  CHECK(open.find("h_sum") == std::string::npos);
  CHECK(open.find("h_count") == std::string::npos);
  CHECK(open.find("h_bucket{le=\"+Inf\"} 2\n") != std::string::npos);
}
