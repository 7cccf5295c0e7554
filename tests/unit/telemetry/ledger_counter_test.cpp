// SPDX-License-Identifier: Apache-2.0
#include "common/metrics/text.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/telemetry/support.hpp"

using namespace holdfast::supervisor::telemetry;
using namespace holdfast::supervisor::telemetry::test;

namespace {

std::string counter(double value, std::string_view labels = "") {
  std::string out = "# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total";
  out.append(labels).append(" ");
  holdfast::metrics::append_number(out, value);
  return out + "\n";
}

}  // namespace

TEST_CASE("counters of the live workers add up") {
  Ledger ledger;
  ledger.apply(source("api.0"), counter(100), at(0));
  ledger.apply(source("api.1"), counter(100), at(0));
  CHECK(values(ledger) == std::map<std::string, double>{{"jobs_total", 200}});
}

TEST_CASE("a worker's death removes nothing, and its successor adds from zero") {
  Ledger ledger;
  ledger.apply(source("api.0", 1), counter(100), at(0));
  ledger.apply(source("api.1", 1), counter(100), at(0));
  CHECK(ledger.retire(source("api.0", 1), at(3)) ==
        std::optional(holdfast::Duration(std::chrono::seconds(3))));
  CHECK(values(ledger)["jobs_total"] == 200);
  ledger.apply(source("api.0", 2), counter(7), at(4));
  CHECK(values(ledger)["jobs_total"] == 207);
  ledger.retire(source("api.0", 2), at(5));
  ledger.retire(source("api.1", 1), at(5));
  CHECK(values(ledger)["jobs_total"] == 207);
  CHECK(ledger.statistics().retired_incarnations == 3);
}

TEST_CASE("retiring twice counts once; retiring an unknown worker counts nothing") {
  Ledger ledger;
  ledger.apply(source("api.0", 1), counter(5), at(0));
  ledger.retire(source("api.0", 1), at(1));
  CHECK_FALSE(ledger.retire(source("api.0", 1), at(2)).has_value());
  CHECK_FALSE(ledger.retire(source("api.9", 1), at(2)).has_value());
  CHECK(values(ledger)["jobs_total"] == 5);
}

TEST_CASE("a late answer of a dead incarnation is refused and counted") {
  Ledger ledger;
  ledger.apply(source("api.0", 2), counter(5), at(0));
  ledger.retire(source("api.0", 2), at(1));
  CHECK(ledger.apply(source("api.0", 2), counter(6), at(2)) == Applied::StaleSource);
  CHECK(ledger.apply(source("api.0", 1), counter(9), at(2)) == Applied::StaleSource);
  CHECK(values(ledger)["jobs_total"] == 5);
  CHECK(ledger.statistics().programs.at("api").parse_errors.at("stale_incarnation") == 2);
  // An old incarnation that is still alive beside its successor keeps counting.
  ledger.apply(source("api.1", 1), counter(1), at(3));
  ledger.retire(source("api.1", 2), at(3));
  CHECK(ledger.apply(source("api.1", 1), counter(2), at(4)) == Applied::Accepted);
}

TEST_CASE("a counter that decreases within an incarnation was reset: nothing is lost") {
  Ledger ledger;
  ledger.apply(source("api.0"), counter(100), at(0));
  ledger.apply(source("api.0"), counter(3), at(2));
  CHECK(values(ledger)["jobs_total"] == 103);
  ledger.apply(source("api.0"), counter(4), at(4));
  CHECK(values(ledger)["jobs_total"] == 104);
  CHECK(ledger.statistics().programs.at("api").resets == 1);
}

TEST_CASE("a series that disappears keeps its value and continues if it reappears") {
  Ledger ledger;
  const std::string both = counter(10) + "jobs_total{q=\"b\"} 5\n";
  ledger.apply(source("api.0"), both, at(0));
  ledger.apply(source("api.0"), counter(11), at(2));
  CHECK(values(ledger)["jobs_total{q=\"b\"}"] == 5);
  ledger.apply(source("api.0"), counter(12) + "jobs_total{q=\"b\"} 6\n", at(4));
  CHECK(values(ledger)["jobs_total{q=\"b\"}"] == 6);
  SECTION("it comes back lower: a new life") {
    ledger.apply(source("api.0"), counter(12), at(6));
    ledger.apply(source("api.0"), counter(12) + "jobs_total{q=\"b\"} 1\n", at(8));
    CHECK(values(ledger)["jobs_total{q=\"b\"}"] == 7);
  }
  SECTION("the worker dies while it is away: counted once") {
    ledger.apply(source("api.0"), counter(12), at(6));
    ledger.retire(source("api.0"), at(7));
    CHECK(values(ledger)["jobs_total{q=\"b\"}"] == 6);
  }
}

TEST_CASE("while the lines stay the same, only their numbers are read") {
  Ledger ledger;
  const auto answer = [](double value) {
    return counter(value) + "jobs_total{q=\"b\"} 5\n# EOF\n";
  };
  for (const double value : {9.0, 10.0, 12345.0, 12345.5, 1e17}) {
    ledger.apply(source("api.0"), answer(value), at(0));
    CHECK(values(ledger) ==
          std::map<std::string, double>{{"jobs_total", value}, {"jobs_total{q=\"b\"}", 5}});
  }
  CHECK(ledger.statistics().full_parses == 1);
  ledger.apply(source("api.0"), counter(2e17) + "jobs_total{q=\"c\"} 1\n# EOF\n", at(0));
  CHECK(ledger.statistics().full_parses == 2);
  CHECK(values(ledger).size() == 3);
}

TEST_CASE("a truncated answer changes nothing, wherever it is cut") {
  Ledger ledger;
  const std::string whole = counter(12345) + "jobs_total{q=\"b\"} 777\n# EOF\n";
  ledger.apply(source("api.0"), whole, at(0));
  const auto before = values(ledger);
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    CHECK(ledger.apply(source("api.0"), whole.substr(0, cut), at(1)) == Applied::Truncated);
  }
  CHECK(values(ledger) == before);
  CHECK(ledger.statistics().programs.at("api").parse_errors.at("truncated") == whole.size());
  CHECK(ledger.last_good(source("api.0")) == at(0));
}

TEST_CASE("an answer that HTTP shows to be whole needs no marker, whatever came before") {
  Ledger ledger;
  const auto tell = [&](const std::string& text, Ending ending) {
    return ledger.apply(source("api.0"), text, at(0), {}, ending);
  };
  CHECK(tell(counter(1) + "# EOF\n", Ending::ByFraming) == Applied::Accepted);
  CHECK(tell(counter(2), Ending::ByMarker) == Applied::Truncated);
  CHECK(tell(counter(3), Ending::ByFraming) == Applied::Accepted);
  CHECK(values(ledger)["jobs_total"] == 3);
}

TEST_CASE("a counter that is negative, NaN or infinite is rejected and keeps its value") {
  Ledger ledger;
  ledger.apply(source("api.0"), counter(10), at(0));
  for (const char* bad : {"NaN", "-1", "+Inf"}) {
    ledger.apply(source("api.0"),
                 "# TYPE jobs_total counter\njobs_total " + std::string(bad) + "\n", at(1));
    CHECK(values(ledger)["jobs_total"] == 10);
  }
  CHECK(dropped(ledger, Drop::InvalidValue) == 3);
  Ledger fresh;
  fresh.apply(source("api.0"), "# TYPE jobs_total counter\njobs_total NaN\n", at(0));
  CHECK(values(fresh).empty());  // no value was ever good: no invented zero
}

TEST_CASE("rounding in the last bit never looks like a reset") {
  // 0.1 + 0.2 + 0.3 depends on the order of additions, and folding a dead worker changes it.
  Ledger ledger;
  double last = 0;
  const auto check = [&] {
    const double now = values(ledger)["jobs_total"];
    CHECK(now >= last);
    last = now;
  };
  for (int round = 1; round <= 50; ++round) {
    const auto incarnation = static_cast<std::uint64_t>(round);
    for (int slot = 0; slot < 3; ++slot) {
      ledger.apply(source("api." + std::to_string(slot), incarnation), counter(0.1 * (slot + 1)),
                   at(round));
      check();
    }
    for (int slot = 2; slot >= 0; --slot) {
      ledger.retire(source("api." + std::to_string(slot), incarnation), at(round));
      check();
    }
  }
  CHECK(last == Approx(30.0));
}

TEST_CASE("workers of both formats add up in one family") {
  Ledger ledger;
  ledger.apply(source("api.0"), counter(1), at(0));
  ledger.apply(source("node.0"),
               "# HELP jobs Jobs.\n# TYPE jobs counter\njobs_total 2 # {a=\"b\"} 1\njobs_created "
               "1.7e9\n# EOF\n",
               at(0));
  CHECK(values(ledger) == std::map<std::string, double>{{"jobs_total", 3}});
  CHECK(dropped(ledger, Drop::Created) == 1);
  const std::string om = expose(ledger, holdfast::metrics::Format::OpenMetrics100);
  CHECK(om == "# HELP jobs Jobs.\n# TYPE jobs counter\njobs_total 3\n# EOF\n");
}

TEST_CASE("a family that no worker exposes is dropped after its time to live") {
  LedgerSettings settings;
  settings.retired_family_ttl = std::chrono::hours(1);
  Ledger ledger(settings);
  ledger.apply(source("api.0"), counter(9), at(0));
  ledger.retire(source("api.0"), at(10));
  ledger.expire(at(3600));
  CHECK(values(ledger)["jobs_total"] == 9);
  ledger.expire(at(3611));
  CHECK(values(ledger).empty());
}
