// SPDX-License-Identifier: Apache-2.0
// Rates and quantiles between totals, and their history.
#include "supervisor/telemetry/history.hpp"

#include "supervisor/telemetry/labels.hpp"
#include "supervisor/telemetry/totals.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/telemetry/support.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::telemetry;
using namespace holdfast::supervisor::telemetry::test;

namespace {

Totals counted(double seconds, double requests, double errors = 0) {
  Totals totals;
  totals.at = at(seconds);
  totals.unix_ms = static_cast<std::int64_t>(seconds * 1000);
  totals.requests = requests;
  totals.errors = errors;
  return totals;
}

LatencyTotals latency(std::vector<double> buckets, double count) {
  return {{0.01, 0.1, 1}, std::move(buckets), count};
}

constexpr const char* kExposition =
    "# TYPE http_requests_total counter\n"
    "http_requests_total{method=\"GET\",route=\"/a\",status=\"200\"} 90\n"
    "http_requests_total{method=\"GET\",route=\"/a\",status=\"503\"} 10\n"
    "# TYPE http_request_duration_seconds histogram\n"
    "http_request_duration_seconds_bucket{route=\"/a\",le=\"0.1\"} 99\n"
    "http_request_duration_seconds_bucket{route=\"/a\",le=\"+Inf\"} 100\n"
    "http_request_duration_seconds_sum{route=\"/a\"} 1\n"
    "http_request_duration_seconds_count{route=\"/a\"} 100\n"
    "# TYPE queue_size gauge\n"
    "queue_size{queue=\"documents\",state=\"ready\"} 5\n"
    "queue_size{queue=\"documents\",state=\"dead\"} 2\n";

}  // namespace

TEST_CASE("History: rates are computed over the time between two totals") {
  const HistoryPoint point = point_between(counted(10, 100, 2), counted(14, 180, 6));
  CHECK(point.requests_per_second == 20);
  CHECK(point.errors_per_second == 1);
  CHECK(point.unix_ms == 14'000);
}

TEST_CASE("History: what nobody has reported is unknown, not zero") {
  Totals before;
  before.at = at(0);
  Totals now;
  now.at = at(2);
  const HistoryPoint point = point_between(before, now);
  CHECK_FALSE(point.requests_per_second);
  CHECK_FALSE(point.errors_per_second);
  CHECK_FALSE(point.p99_seconds);
  CHECK_FALSE(point.queue_depth);
  CHECK_FALSE(point.memory_bytes);
}

TEST_CASE("History: a total that appears or decreases counts from zero") {
  Totals nothing;
  nothing.at = at(0);
  CHECK(point_between(nothing, counted(2, 8)).requests_per_second == 4);
  CHECK(point_between(counted(0, 100), counted(2, 8)).requests_per_second == 4);
  // Two looks at one moment say nothing of a rate.
  CHECK_FALSE(point_between(counted(2, 1), counted(2, 8)).requests_per_second);
}

TEST_CASE("History: a quantile is interpolated within its bucket") {
  struct Row {
    double quantile;
    LatencyTotals latency;
    std::optional<double> expected;
  };
  const std::vector<Row> table{
      {0.5, latency({100, 100, 100}, 100), 0.005},     // in the middle of the first bucket
      {0.99, latency({0, 100, 100}, 100), 0.0991},     // near the end of the second
      {0.99, latency({98, 98, 100}, 100), 0.55},       // beyond an empty bucket
      {0.99, latency({10, 10, 10}, 100), 1.0},         // beyond every bound: the highest
      {1.0, latency({100, 100, 100}, 100), 0.01},      // the last observation
      {0.99, latency({0, 0, 0}, 0), std::nullopt},     // no observation
      {0.99, LatencyTotals{{}, {}, 5}, std::nullopt},  // no bounds
  };
  for (const Row& row : table) {
    const auto got = quantile_of(row.quantile, row.latency);
    CAPTURE(row.quantile, row.latency.buckets);
    REQUIRE(got.has_value() == row.expected.has_value());
    if (got) CHECK(*got == Approx(*row.expected));
  }
}

TEST_CASE("History: the p99 covers only the requests since the previous totals") {
  Totals before = counted(0, 1000);
  before.latency = latency({0, 0, 1000}, 1000);  // slow once
  Totals now = counted(2, 1100);
  now.latency = latency({100, 100, 1100}, 1100);  // fast now
  CHECK(*point_between(before, now).p99_seconds == Approx(0.0099));
  SECTION("no request since: unknown") {
    now.latency = before.latency;
    CHECK_FALSE(point_between(before, now).p99_seconds);
  }
  SECTION("other bounds: all that the new ones hold") {
    before.latency->bounds = {0.02, 0.2, 2};
    CHECK(*point_between(before, now).p99_seconds > 0.1);
  }
}

TEST_CASE("History: the queue depth counts waiting and running jobs, not finished ones") {
  Totals now = counted(2, 0);
  now.queues = Queues{
      {"documents", {{"ready", 3}, {"running", 2}, {"waiting", 1}, {"dead", 50}, {"done", 99}}},
      {"mail", {{"ready", 4}}}};
  CHECK(point_between(counted(0, 0), now).queue_depth == 10);
}

TEST_CASE("History: the latest points are kept, and the first totals are only the baseline") {
  StackHistory history(3);
  history.add(counted(0, 1000));
  CHECK(history.points().empty());
  for (int i = 1; i <= 5; ++i)
    history.add(counted(2 * i, 1000 + 10 * i));
  REQUIRE(history.points().size() == 3);
  CHECK(history.points().front().unix_ms == 6'000);
  CHECK(history.points().back().unix_ms == 10'000);
  CHECK(history.points().back().requests_per_second == 5);
}

TEST_CASE("Totals: read from the ledger, over all workers, live and dead") {
  Ledger ledger;
  REQUIRE(ledger.apply(source("api-worker.0"), kExposition, at(0)) == Applied::Accepted);
  REQUIRE(ledger.apply(source("api-worker.1"), kExposition, at(0)) == Applied::Accepted);
  ledger.retire(source("api-worker.1"), at(1));
  const Totals totals = totals_of(ledger, at(2), WallTime{});
  CHECK(totals.requests == 200);
  CHECK(totals.errors == 20);
  REQUIRE(totals.latency);
  CHECK(totals.latency->bounds == std::vector<double>{0.1});
  CHECK(totals.latency->buckets == std::vector<double>{198});
  CHECK(totals.latency->count == 200);
  REQUIRE(totals.queues);
  CHECK(totals.queues->at("documents").at("ready") == 5);
  CHECK(totals.queues->at("documents").at("dead") == 2);
}

TEST_CASE("Totals: an empty ledger knows nothing") {
  Ledger ledger;
  const Totals totals = totals_of(ledger, at(0), WallTime{});
  CHECK_FALSE(totals.requests);
  CHECK_FALSE(totals.latency);
  CHECK_FALSE(totals.queues);
}

TEST_CASE("Totals: text inside a value is not mistaken for a label") {
  CHECK(label_value("a=\"1\",status=\"500\"", "status") == "500");
  CHECK(label_value("a=\",status=\\\"500\\\"\",status=\"200\"", "status") == "200");
  CHECK(label_value("xstatus=\"500\"", "status").empty());
  CHECK(label_value("", "status").empty());
  CHECK(label_value("status=\"5", "status").empty());
}

TEST_CASE("Totals: who can reach the store and Redis is counted worker by worker") {
  struct Row {
    const char* what;
    std::vector<std::pair<const char*, std::pair<int, int>>> workers;  // store_up, …redis_up
    Reach store;
    Reach redis;
  };
  const std::vector<Row> table{
      {"all", {{"api.0", {1, 1}}, {"api.1", {1, 1}}, {"queue.0", {1, 1}}}, {3, 3}, {3, 3}},
      {"one of three cannot",
       {{"api.0", {1, 0}}, {"api.1", {0, 1}}, {"queue.0", {1, 1}}},
       {2, 3},
       {2, 3}},
      {"none of one program",
       {{"api.0", {1, 1}}, {"api.1", {1, 1}}, {"queue.0", {0, 1}}},
       {2, 3, {"queue"}},
       {3, 3}},
      {"none", {{"api.0", {0, 0}}, {"queue.0", {0, 0}}}, {0, 2, {"api", "queue"}}, {0, 2}},
  };
  for (const Row& row : table) {
    CAPTURE(row.what);
    Ledger ledger;
    for (const auto& [worker, up] : row.workers) {
      ledger.apply(source(worker),
                   "# TYPE store_up gauge\nstore_up " + std::to_string(up.first) +
                       "\n# TYPE rate_limit_redis_up gauge\nrate_limit_redis_up " +
                       std::to_string(up.second) + "\n",
                   at(0));
    }
    const Totals totals = totals_of(ledger, at(1), WallTime{});
    REQUIRE(totals.database);
    CHECK(totals.database->reached == row.store.reached);
    CHECK(totals.database->workers == row.store.workers);
    CHECK(totals.database->cut_off == row.store.cut_off);
    REQUIRE(totals.redis);
    CHECK(totals.redis->reached == row.redis.reached);
    CHECK(totals.redis->workers == row.redis.workers);
    // A worker that is silent is not counted any more.
    CHECK_FALSE(totals_of(ledger, at(60), WallTime{}).database);
  }
  Ledger silent;
  silent.apply(source("api.0"), "# TYPE a gauge\na 1\n", at(0));
  CHECK_FALSE(totals_of(silent, at(1), WallTime{}).database);
  CHECK_FALSE(totals_of(silent, at(1), WallTime{}).redis);
}
