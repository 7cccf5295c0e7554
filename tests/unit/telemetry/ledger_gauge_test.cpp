// SPDX-License-Identifier: Apache-2.0
#include "tests/support/catch.hpp"
#include "tests/unit/telemetry/support.hpp"

#include <cmath>

using namespace holdfast::supervisor::telemetry;
using namespace holdfast::supervisor::telemetry::test;
using holdfast::metrics::GaugeRule;

namespace {

std::string gauge(std::string_view name, std::string_view value) {
  return "# TYPE " + std::string(name) + " gauge\n" + std::string(name) + " " + std::string(value) +
         "\n";
}

std::map<std::string, double> merged(std::string_view name, std::vector<std::string> reported) {
  Ledger ledger;
  for (std::size_t i = 0; i < reported.size(); ++i) {
    ledger.apply(source("api." + std::to_string(i)), gauge(name, reported[i]), at(0));
  }
  return values(ledger);
}

}  // namespace

TEST_CASE("a gauge is the sum of the live workers unless a rule says otherwise") {
  CHECK(merged("http_requests_in_flight", {"2", "3"})["http_requests_in_flight"] == 5);
  CHECK(merged("unheard_of", {"2", "-3"})["unheard_of"] == -1);
}

TEST_CASE("rules come from the catalogue and from naming conventions") {
  CHECK(merged("queue_oldest_ready_age_seconds",
               {"7", "9", "8"})["queue_oldest_ready_age_seconds"] == 9);
  CHECK(merged("app_info", {"1", "1"})["app_info"] == 1);
  CHECK(merged("last_success_timestamp_seconds", {"50", "40"})["last_success_timestamp_seconds"] ==
        50);
  CHECK(merged("cache_hit_ratio", {"0.5", "1"})["cache_hit_ratio"] == 0.75);
  CHECK(merged("nodejs_eventloop_lag_p99_seconds",
               {"0.25", "0.5"})["nodejs_eventloop_lag_p99_seconds"] == 0.5);
  CHECK(merged("nodejs_eventloop_lag_min_seconds",
               {"0.25", "0.5"})["nodejs_eventloop_lag_min_seconds"] == 0.25);
  CHECK(merged("go_memstats_gc_cpu_fraction", {"0.2", "0.4"})["go_memstats_gc_cpu_fraction"] ==
        Approx(0.3));
  CHECK(merged("process_virtual_pages", {"1", "2"}) ==
        std::map<std::string, double>{{"process_virtual_pages{worker=\"api.0\"}", 1},
                                      {"process_virtual_pages{worker=\"api.1\"}", 2}});
}

TEST_CASE("gauges of programs that are strangers to each other are never added up") {
  Ledger ledger;
  const auto report = [](const std::string& heap) {
    return gauge("nodejs_heap_size_used_bytes", heap) +
           "# TYPE pool_open gauge\npool_open{program=\"theirs\"} 1\n"
           "# TYPE orders_total counter\norders_total 2\n";
  };
  ledger.apply(source("api.0"), report("10"), at(0), {.label_program = true});
  ledger.apply(source("api.1"), report("20"), at(0), {.label_program = true});
  ledger.apply(source("mail.0"), report("500"), at(0), {.label_program = true});
  CHECK(values(ledger) == std::map<std::string, double>{
                              {"nodejs_heap_size_used_bytes{program=\"api\"}", 30},
                              {"nodejs_heap_size_used_bytes{program=\"mail\"}", 500},
                              {"pool_open{exported_program=\"theirs\",program=\"api\"}", 2},
                              {"pool_open{exported_program=\"theirs\",program=\"mail\"}", 1},
                              {"orders_total", 6}});
}

TEST_CASE("times and flags are never added up") {
  CHECK(merged("backup_last_run_time_seconds",
               {"1.7e9", "1.8e9"})["backup_last_run_time_seconds"] == 1.8e9);
  CHECK(merged("probe_success", {"1", "0"})["probe_success"] == 0);
  CHECK(merged("redis_up", {"1", "1"})["redis_up"] == 1);
  CHECK(merged("up", {"1", "0"})["up"] == 0);
  CHECK(merged("cert_expiry_timestamp", {"5", "9"})["cert_expiry_timestamp"] == 9);
}

TEST_CASE("gauges of a worker that is asked seldom are kept for longer") {
  Ledger ledger;
  ledger.apply(source("slow.0"), gauge("a", "1"), at(0), {.stale_after = std::chrono::seconds(60)});
  ledger.apply(source("fast.0"), gauge("b", "1"), at(0));
  const auto shown = [&](int second) {
    std::string out;
    ledger.render({}, holdfast::metrics::Format::Text004, at(second), out);
    return std::pair(out.find("\na 1") != std::string::npos,
                     out.find("\nb 1") != std::string::npos);
  };
  CHECK(shown(10) == std::pair(true, true));
  CHECK(shown(59) == std::pair(true, false));
  CHECK(shown(61) == std::pair(false, false));
}

TEST_CASE("the configuration's globs come first, in their order") {
  LedgerSettings settings;
  settings.gauge_rules = GaugeRules(
      {{"pool_min_*", GaugeRule::Min}, {"pool_*", GaugeRule::Max}, {"queue_size", GaugeRule::Sum}});
  Ledger ledger(settings);
  const auto report = [](int n) {
    const std::string v = std::to_string(n);
    return gauge("pool_min_free", v) + gauge("pool_used", v) + gauge("queue_size", v);
  };
  ledger.apply(source("api.0"), report(3), at(0));
  ledger.apply(source("api.1"), report(4), at(0));
  CHECK(values(ledger) ==
        std::map<std::string, double>{{"pool_min_free", 3}, {"pool_used", 4}, {"queue_size", 7}});
}

TEST_CASE("a dead worker's gauges disappear at once") {
  Ledger ledger;
  ledger.apply(source("api.0"), gauge("in_flight", "2"), at(0));
  ledger.apply(source("api.1"), gauge("in_flight", "3") + gauge("only_here", "1"), at(0));
  ledger.retire(source("api.1"), at(1));
  CHECK(values(ledger) == std::map<std::string, double>{{"in_flight", 2}});
  ledger.retire(source("api.0"), at(1));
  CHECK(expose(ledger) == "# EOF\n");
}

TEST_CASE("a silent worker's stale gauges are left out; its counters stay") {
  Ledger ledger;
  ledger.apply(source("api.0"), gauge("in_flight", "2") + "# TYPE c_total counter\nc_total 5\n",
               at(0));
  CHECK(values(ledger, at(15)).size() == 2);
  CHECK(values(ledger, at(15.1)) == std::map<std::string, double>{{"c_total", 5}});
  ledger.apply(source("api.0"), gauge("in_flight", "1") + "# TYPE c_total counter\nc_total 6\n",
               at(20));
  CHECK(values(ledger, at(20))["in_flight"] == 1);
}

TEST_CASE("NaN is ignored where another worker has a number") {
  CHECK(merged("in_flight", {"NaN", "3"})["in_flight"] == 3);
  CHECK(merged("cache_hit_ratio", {"NaN", "0.5", "1"})["cache_hit_ratio"] == 0.75);
  CHECK(merged("x_info", {"NaN", "1"})["x_info"] == 1);
  CHECK(merged("queue_size", {"NaN", "-4"})["queue_size"] == -4);
  CHECK(std::isnan(merged("in_flight", {"NaN", "NaN"})["in_flight"]));
  CHECK(merged("in_flight", {"+Inf", "1"})["in_flight"] == HUGE_VAL);
}

TEST_CASE("an untyped metric is shown per worker") {
  Ledger ledger;
  ledger.apply(source("api.0"), "what 1\n", at(0));
  ledger.apply(source("api.1"), "what{worker=\"mine\",a=\"b\"} 2\n", at(0));
  CHECK(values(ledger) == std::map<std::string, double>{
                              {"what{worker=\"api.0\"}", 1},
                              {"what{a=\"b\",exported_worker=\"mine\",worker=\"api.1\"}", 2}});
}

TEST_CASE("a configured rule applies to untyped metrics too") {
  LedgerSettings settings;
  settings.gauge_rules = GaugeRules({{"depth*", GaugeRule::Max}});
  Ledger ledger(settings);
  ledger.apply(source("a.0"), "depth 3\nother 1\n", at(0));
  ledger.apply(source("b.0"), "depth 4\n", at(0));
  CHECK(values(ledger) ==
        std::map<std::string, double>{{"depth", 4}, {"other{worker=\"a.0\"}", 1}});
}

TEST_CASE("a worker's own label of that name is renamed until the name is free") {
  Ledger ledger;
  ledger.apply(source("api.0"), "what{worker=\"a\",exported_worker=\"b\"} 1\n", at(0));
  CHECK(values(ledger).count(
            "what{exported_exported_worker=\"a\",exported_worker=\"b\",worker=\"api.0\"}") == 1);
}

TEST_CASE("of two overlapping incarnations the newer one counts") {
  Ledger ledger;
  ledger.apply(source("api.0", 1), "what 1\n", at(0));
  ledger.apply(source("api.0", 2), "what 2\n", at(0));
  ledger.apply(source("api.0", 1), "what 10\n", at(1));
  CHECK(values(ledger)["what{worker=\"api.0\"}"] == 2);
  ledger.retire(source("api.0", 2), at(2));
  CHECK(values(ledger)["what{worker=\"api.0\"}"] == 10);
}
