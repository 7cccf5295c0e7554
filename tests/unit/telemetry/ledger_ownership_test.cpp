// SPDX-License-Identifier: Apache-2.0
// Whose a name is: Holdfast's own workers', then that of the program that comes first in the file.
#include "supervisor/telemetry/conflict_reports.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/telemetry/support.hpp"

#include <algorithm>

using namespace holdfast::supervisor::telemetry;
using namespace holdfast::supervisor::telemetry::test;
using Values = std::map<std::string, double>;

namespace {

const std::string kRequests = "# TYPE http_requests_total counter\n";
const std::string kOrders = "# TYPE orders_total counter\n";
const std::string kTook =
    "# TYPE took histogram\ntook_bucket{le=\"1\"} 2\ntook_bucket{le=\"+Inf\"} 2\ntook_sum 1\n"
    "took_count 2\n";

// The program at this place of the file, beside Holdfast's own workers or without them.
SourceRules foreign(std::uint32_t rank, bool beside_own = true) {
  return {true, {}, {rank, beside_own}};
}

void tell(Ledger& ledger, const std::string& worker, const SourceRules& rules,
          const std::string& text, double when = 0) {
  REQUIRE(ledger.apply(source(worker), text, at(when), rules) == Applied::Accepted);
}

std::vector<std::string> reports(const Ledger& ledger) {
  return ConflictReports().news(ledger.conflicts(), ledger.left_out());
}

}  // namespace

TEST_CASE("nobody adds to what Holdfast's own workers count") {
  Ledger ledger;
  SECTION("the stranger is later") {
    tell(ledger, "api-worker.0", {}, kRequests + "http_requests_total{status=\"200\"} 7\n");
    tell(ledger, "shop.0", foreign(1), kRequests + "http_requests_total{status=\"200\"} 1000\n");
  }
  SECTION("the stranger is first") {
    tell(ledger, "shop.0", foreign(1), kRequests + "http_requests_total{status=\"200\"} 1000\n");
    CHECK(values(ledger).empty());
    tell(ledger, "api-worker.0", {}, kRequests + "http_requests_total{status=\"200\"} 7\n");
  }
  CHECK(values(ledger) == Values{{"http_requests_total{status=\"200\"}", 7}});
  CHECK(ledger.statistics().conflicting_families.at("owned") == 1);
  CHECK(dropped(ledger, Drop::Reserved) == 1);
  const auto lines = reports(ledger);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] ==
        "metrics: http_requests_total of shop is not exposed, because the name belongs to "
        "Holdfast's own workers");
}

TEST_CASE("a family of Holdfast's own cannot be taken with another type or by a sample's name") {
  Ledger ledger;
  for (const char* text : {"# TYPE http_requests_total gauge\nhttp_requests_total 9\n",
                           "queue_size 3\n", "# TYPE store_up gauge\nstore_up 0\n",
                           "# TYPE store_commit_seconds_count counter\n"
                           "store_commit_seconds_count 3\n",
                           "# TYPE store_commit summary\nstore_commit_sum 1\nstore_commit_count 3\n"
                           "store_commit_seconds_sum 3\n",
                           "# TYPE holdfast_worker_up gauge\nholdfast_worker_up 1\n",
                           "# TYPE holdfast_made_up gauge\nholdfast_made_up 1\n"}) {
    tell(ledger, "shop.0", foreign(1), text);
  }
  for (const auto& [series, value] : values(ledger))
    CHECK(series.starts_with("store_commit_"));
  CHECK(values(ledger).count("store_commit_seconds_sum") == 0);
  tell(ledger, "api-worker.0", {}, "# TYPE store_up gauge\nstore_up 1\n");
  CHECK(values(ledger).at("store_up") == 1);
}

TEST_CASE("a program cannot report what Prometheus itself makes, and is named once") {
  const SourceRules rules = GENERATE(SourceRules{}, foreign(1), foreign(1, false));
  const std::string counted = GENERATE("", "# TYPE up counter\n# TYPE ALERTS gauge\n");
  Ledger ledger;
  tell(ledger, "evil.0", rules,
       counted +
           "up{job=\"x\"} 0\nALERTS{alertname=\"x\",alertstate=\"firing\"} 1\n"
           "ALERTS_FOR_STATE{alertname=\"x\"} 1.7e9\nscrape_duration_seconds 9\n"
           "scrape_samples_scraped 0\njob:http_requests_errors:ratio_rate5m 1\n"
           "# TYPE scrape summary\nscrape_sum 1\nscrape_count 1\n"
           "# TYPE ups gauge\nups 3\n# TYPE db_up gauge\ndb_up 1\n"
           "# TYPE my_scrape_errors_total counter\nmy_scrape_errors_total 1\n");
  const Values now = values(ledger);
  CHECK(now.size() == 3);
  for (const auto& [series, value] : now) {
    CHECK((series.starts_with("ups") || series.starts_with("db_up") ||
           series.starts_with("my_scrape_errors_total")));
  }
  CHECK(dropped(ledger, Drop::Reserved) == 8);
  const auto lines = reports(ledger);
  REQUIRE(lines.size() == 7);  // one for each name
  CHECK(std::find(lines.begin(), lines.end(),
                  "metrics: up of evil is not exposed, because Prometheus itself makes series of "
                  "that name") != lines.end());
}

TEST_CASE(
    "what describes the target of a scrape is not taken from a program, nor held against it") {
  Ledger ledger;
  tell(ledger, "shop.0", foreign(1),
       "# TYPE target info\ntarget_info{service_name=\"shop\"} 1\n"
       "# TYPE app info\napp_info{version=\"1\"} 1\n# EOF\n");
  CHECK(values(ledger) == Values{{"app_info{program=\"shop\",version=\"1\"}", 1}});
  CHECK(dropped(ledger, Drop::Reserved) == 1);
  CHECK(reports(ledger).empty());
}

// In OpenMetrics the family of http_requests_total is called http_requests.
TEST_CASE("a counter's name without _total is its own, of whoever comes first in the file") {
  const std::string stranger =
      GENERATE("# TYPE http_requests gauge\nhttp_requests 5\n",
               "# TYPE http_requests summary\nhttp_requests_sum 1\nhttp_requests_count 5\n",
               "# TYPE http_requests_created gauge\nhttp_requests_created 5\n");
  const bool beside_own = GENERATE(true, false);
  const bool in_order = GENERATE(true, false);
  CAPTURE(stranger, beside_own, in_order);
  Ledger ledger;
  const auto counter = [&](double when) {
    tell(ledger, "first.0", beside_own ? SourceRules{} : foreign(1, false),
         kRequests + "http_requests_total 7\n", when);
  };
  const auto other = [&](double when) {
    tell(ledger, "second.0", foreign(2, beside_own), stranger, when);
  };
  if (in_order) {
    counter(0);
    other(0);
  } else {
    other(0);
    counter(0);
    other(2);
  }
  CHECK(values(ledger) == Values{{"http_requests_total", 7}});
  CHECK(expose(ledger, holdfast::metrics::Format::OpenMetrics100)
            .find("# TYPE http_requests counter\n") != std::string::npos);
}

TEST_CASE("a program may have a counter's short names beside it, as Python's client does") {
  Ledger ledger;
  tell(ledger, "first.0", foreign(1),
       kOrders + "orders_total 7\n# TYPE orders_created gauge\norders_created 5\n");
  CHECK(values(ledger) == Values{{"orders_total", 7}});  // such a time cannot be merged
  CHECK(reports(ledger).empty());
}

TEST_CASE("without workers of Holdfast's own their names are free") {
  Ledger ledger;
  tell(ledger, "shop.0", foreign(1, false), kRequests + "http_requests_total 1000\n");
  CHECK(values(ledger) == Values{{"http_requests_total", 1000}});
  CHECK(reports(ledger).empty());
}

TEST_CASE("the program that comes first in the file keeps its type, however late it is") {
  Ledger ledger;
  tell(ledger, "second.0", foreign(2), "# TYPE orders_total gauge\norders_total 4\n");
  CHECK(values(ledger) == Values{{"orders_total{program=\"second\"}", 4}});
  tell(ledger, "first.0", foreign(1), kOrders + "orders_total 5\n");
  CHECK(values(ledger) == Values{{"orders_total", 5}});
  tell(ledger, "second.0", foreign(2), "# TYPE orders_total gauge\norders_total 6\n", 2);
  CHECK(values(ledger) == Values{{"orders_total", 5}});
  CHECK(reports(ledger) ==
        std::vector<std::string>{"metrics: orders_total of second is not exposed, because another "
                                 "program exposes it with another type"});
  // Nor does it get the name while the first one is away for a moment.
  ledger.retire(source("first.0"), at(3));
  tell(ledger, "second.0", foreign(2), "# TYPE orders_total gauge\norders_total 6\n", 4);
  CHECK(values(ledger) == Values{{"orders_total", 5}});
  REQUIRE(ledger.apply(source("first.0", 2), kOrders + "orders_total 2\n", at(5), foreign(1)) ==
          Applied::Accepted);
  CHECK(values(ledger) == Values{{"orders_total", 7}});
}

TEST_CASE("what a later program counts under the same name is told apart, not added") {
  Ledger ledger;
  const auto first = [&](double when) {
    tell(ledger, "first.0", foreign(1), kOrders + "orders_total 5\n" + kTook, when);
  };
  const auto second = [&](double when) {
    tell(ledger, "second.0", foreign(2),
         kOrders + "orders_total{program=\"first\"} 1000\n" + kTook +
             "# TYPE plain_total counter\nplain_total 3\n",
         when);
  };
  const bool in_order = GENERATE(true, false);
  if (in_order) {
    first(0);
    second(0);
  } else {
    second(0);
    first(0);
    second(2);  // its next answer
  }
  INFO(expose(ledger));
  const Values now = values(ledger);
  CHECK(now.at("orders_total") == 5);
  CHECK(now.at("orders_total{exported_program=\"first\",program=\"second\"}") == 1000);
  CHECK(now.at("took_count") == 2);
  CHECK(now.at("took_count{program=\"second\"}") == 2);
  CHECK(now.at("took_bucket{program=\"second\",le=\"1\"}") == 2);
  CHECK(now.at("plain_total") == 3);  // nobody else has it
  CHECK(ledger.statistics().conflicting_families.at("shared") == 2);
  CHECK(reports(ledger).size() == 2);
  CHECK(expose(ledger).find("orders_total 1005") == std::string::npos);
}

TEST_CASE("workers of one program are added up, whatever their program's place") {
  Ledger ledger;
  for (const char* worker : {"second.0", "second.1"})
    tell(ledger, worker, foreign(2), kOrders + "orders_total 5\n");
  CHECK(values(ledger) == Values{{"orders_total", 10}});
  tell(ledger, "first.0", foreign(1), kOrders + "orders_total 1\n");
  for (const char* worker : {"second.0", "second.1"})
    tell(ledger, worker, foreign(2), kOrders + "orders_total 6\n", 2);
  CHECK(values(ledger) == Values{{"orders_total", 1}, {"orders_total{program=\"second\"}", 12}});
  ledger.retire(source("second.0"), at(3));
  CHECK(values(ledger).at("orders_total{program=\"second\"}") == 12);
}

TEST_CASE("names that change hands leave nothing behind") {
  Ledger ledger;
  for (int round = 0; round < 50; ++round) {
    const auto incarnation = static_cast<std::uint64_t>(round + 1);
    const std::string name = "x" + std::to_string(round) + "_total";
    const std::string text = "# TYPE " + name + " counter\n" + name + " 1\n";
    REQUIRE(ledger.apply(source("b.0", incarnation), text, at(round), foreign(2)) ==
            Applied::Accepted);
    REQUIRE(ledger.apply(source("a.0", incarnation), text, at(round), foreign(1)) ==
            Applied::Accepted);
    CHECK(values(ledger, at(round)).at(name) == 1);
    ledger.retire(source("a.0", incarnation), at(round));
    ledger.retire(source("b.0", incarnation), at(round));
  }
  CHECK(values(ledger, at(50)).size() == 50);
}

// After a reload its workers may stand elsewhere in the file than those of before.
TEST_CASE("a program shares no name with itself") {
  const std::uint32_t before = GENERATE(1, 2);
  const std::uint32_t after = 3 - before;
  Ledger ledger;
  tell(ledger, "shop.0", foreign(before), kOrders + "orders_total 5\n" + kTook);
  tell(ledger, "shop.1", foreign(after), kOrders + "orders_total 2\n" + kTook);
  CHECK(values(ledger).at("orders_total") == 7);
  CHECK(values(ledger).at("took_count") == 4);
  CHECK(reports(ledger).empty());
  // Nor is it in its own way when a family of it has another type from then on.
  REQUIRE(ledger.retire(source("shop.0"), at(1)));
  REQUIRE(ledger.retire(source("shop.1"), at(1)));
  REQUIRE(ledger.apply(source("shop.0", 2), "# TYPE orders_total gauge\norders_total 9\n", at(2),
                       foreign(after)) == Applied::Accepted);
  CHECK(values(ledger).at("orders_total{program=\"shop\"}") == 9);
}

TEST_CASE("a program that has got another name goes on with what it counted") {
  Ledger ledger;
  ledger.set_programs({"b"});
  const std::string others = "# TYPE widgets counter\nwidgets 3\n";
  tell(ledger, "b.0", foreign(1, false), kOrders + "orders_total 5\n" + kTook + others);
  ledger.set_programs({"c"});
  const bool overlapping = GENERATE(true, false);
  if (!overlapping) ledger.retire(source("b.0"), at(1));
  tell(ledger, "c.0", foreign(1, false),
       kOrders + "orders_total 1\n" + kTook + "# TYPE widgets gauge\nwidgets 9\n", 2);
  if (overlapping) {
    tell(ledger, "b.0", foreign(1, false),
         kOrders + "orders_total 5\norders_total{a=\"x\"} 1\n" + kTook + others, 3);
    ledger.retire(source("b.0"), at(4));
  }
  Values now = values(ledger);
  CHECK(now.erase("orders_total{a=\"x\"}") == (overlapping ? 1 : 0));
  CHECK(now == Values{{"orders_total", 6},
                      {"took_bucket{le=\"1\"}", 4},
                      {"took_bucket{le=\"+Inf\"}", 4},
                      {"took_sum", 2},
                      {"took_count", 4},
                      {"widgets{program=\"c\"}", 9}});
  CHECK(reports(ledger).empty());
}

TEST_CASE("what was kept out by a program that has gone is let in, while its process runs") {
  Ledger ledger;
  ledger.set_programs({"first", "second"});
  const std::string gauge = "# TYPE widgets gauge\nwidgets 9\n";
  tell(ledger, "first.0", foreign(1), "# TYPE widgets counter\nwidgets 3\n");
  tell(ledger, "second.0", foreign(2), gauge);
  CHECK(values(ledger) == Values{{"widgets", 3}});
  ledger.set_programs({"second"});
  ledger.retire(source("first.0"), at(1));
  tell(ledger, "second.0", foreign(2), gauge, 2);
  CHECK(values(ledger) == Values{{"widgets{program=\"second\"}", 9}});
  CHECK(reports(ledger).empty());
}

TEST_CASE("the names of a program that has gone belong to the next in the file, without a jump") {
  Ledger ledger;
  ledger.set_programs({"first", "second", "third"});
  const auto orders = [](int count) {
    return kOrders + "orders_total " + std::to_string(count) + "\n";
  };
  tell(ledger, "first.0", foreign(1), orders(5));
  tell(ledger, "third.0", foreign(3), orders(70));
  tell(ledger, "second.0", foreign(2), orders(7));
  ledger.set_programs({"second", "third"});
  ledger.retire(source("first.0"), at(1));
  Values then{{"orders_total", 5},
              {"orders_total{program=\"second\"}", 7},
              {"orders_total{program=\"third\"}", 70}};
  // Processes that run keep their series, whatever their answers look like.
  tell(ledger, "third.0", foreign(3), orders(70) + "# TYPE g gauge\ng 1\n", 2);
  tell(ledger, "second.0", foreign(2), orders(7) + "# TYPE g gauge\ng 1\n", 2);
  Values now = values(ledger);
  std::erase_if(now, [](const auto& entry) { return entry.first.starts_with("g{"); });
  CHECK(now == then);
  // The next ones have those that they have after a start of the stack.
  ledger.retire(source("third.0"), at(3));
  ledger.retire(source("second.0"), at(3));
  REQUIRE(ledger.apply(source("third.0", 2), orders(1), at(4), foreign(2)) == Applied::Accepted);
  REQUIRE(ledger.apply(source("second.0", 2), orders(1), at(4), foreign(1)) == Applied::Accepted);
  then["orders_total"] += 1;
  then["orders_total{program=\"third\"}"] += 1;
  CHECK(values(ledger) == then);
}

TEST_CASE("programs that have had the same place in the file are told apart") {
  Ledger ledger;
  tell(ledger, "shop.0", foreign(1), kOrders + "orders_total 5\n");
  tell(ledger, "mail.0", foreign(1), kOrders + "orders_total 2\n");
  CHECK(values(ledger) == Values{{"orders_total", 5}, {"orders_total{program=\"mail\"}", 2}});
}
