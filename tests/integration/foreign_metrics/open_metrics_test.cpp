// SPDX-License-Identifier: Apache-2.0
// Programs that speak OpenMetrics: prom-client with exemplars, and Python's client library with
// *_created times.
#include "tests/integration/foreign_metrics/foreign.hpp"
#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::test;

TEST_CASE("prom-client's OpenMetrics comes through as it was, in both formats") {
  std::map<std::string, std::string> environment = kNoPort;
  environment["NODE_PATH"] = node_path();
  Stack stack("[program.shop]\n" + command_of({"node", here("prom_client.js")}) +
                  "ready_log = \"open for business\"\nmetrics = \"socket\"\n"
                  "environment = { OPENMETRICS = \"1\" }\n",
              environment);
  stack.wait_ready();
  const http::Response open = scrape(stack, "application/openmetrics-text;version=1.0.0");
  INFO(open.body);
  CHECK(open.headers.find("Content-Type")->starts_with("application/openmetrics-text"));
  CHECK(open.headers.find("Vary")->starts_with("Accept"));
  CHECK(open.body.ends_with("\n# EOF\n"));
  const auto has = [&](const std::string& text) {
    return open.body.find(text) != std::string::npos;
  };
  CHECK(
      has("# TYPE shop_orders counter\n"
          "shop_orders_total{shop=\"north \\\"1\\\"\\\\\\n\"} 7\n"));
  CHECK(has("# TYPE shop_baskets_open gauge\nshop_baskets_open{program=\"shop\"} 5\n"));
  CHECK(
      has("# TYPE shop_payment_seconds histogram\n"
          "shop_payment_seconds_bucket{way=\"card\",le=\"0.25\"} 1\n"
          "shop_payment_seconds_bucket{way=\"card\",le=\"1.0\"} 3\n"
          "shop_payment_seconds_bucket{way=\"card\",le=\"5.0\"} 3\n"
          "shop_payment_seconds_bucket{way=\"card\",le=\"+Inf\"} 4\n"
          "shop_payment_seconds_sum{way=\"card\"} 9.125\n"
          "shop_payment_seconds_count{way=\"card\"} 4\n"));
  CHECK(
      has("# TYPE shop_parcel_grams summary\nshop_parcel_grams_sum 600\n"
          "shop_parcel_grams_count 3\n"));
  CHECK_FALSE(has("trace_id"));
  const std::string text = stack.fresh_metrics();
  CHECK(text.find("# TYPE shop_orders_total counter\nshop_orders_total{") != std::string::npos);
  CHECK(Stack::sum_of(text, "holdfast_metrics_parse_errors_total") == 0);
  check_valid(stack, {"nodejs_"});
}

TEST_CASE("Python's client library: *_created times are left out and counted") {
  const std::string port = free_port();
  Stack stack("[program.farm]\n" + command_of({"/usr/bin/python3", here("python_client.py")}) +
                  "ready_log = \"the farm is open\"\nmetrics = \"http://127.0.0.1:" + port +
                  "/metrics\"\nenvironment = { METRICS_PORT = \"" + port + "\" }\n",
              kNoPort);
  stack.wait_ready();
  REQUIRE(wait_until([&] { return is_up(stack, "farm.0"); }));
  const std::string metrics = stack.fresh_metrics();
  INFO(metrics);
  CHECK(metrics.find("# TYPE farm_eggs_total counter\nfarm_eggs_total{size=\"L\"} 3\n") !=
        std::string::npos);
  CHECK(Stack::sum_of(metrics, "farm_walk_seconds_bucket", "le=\"2\"") == 1);
  CHECK(Stack::sum_of(metrics, "farm_build_info", "version=\"1.2\"") == 1);
  CHECK(Stack::sum_of(metrics, "farm_gate", "farm_gate=\"shut\"") == 1);
  CHECK(metrics.find("_created") == std::string::npos);
  CHECK(Stack::sum_of(metrics, "holdfast_metrics_dropped_samples_total", "\"created\"") >= 2);
  check_valid(stack, {});
}
