// SPDX-License-Identifier: Apache-2.0
// A Node.js program with prom-client, over the socket that it is handed and over a port of its own.
#include "tests/integration/foreign_metrics/foreign.hpp"
#include "tests/support/catch.hpp"

#include <csignal>

using namespace holdfast;
using namespace holdfast::test;

namespace {

std::string shop(const std::string& name, const std::string& more) {
  return "[program." + name + "]\n" + command_of({"node", here("prom_client.js")}) +
         "ready_log = \"open for business\"\n" + more + "\n";
}

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> result = kNoPort;
  result["NODE_PATH"] = node_path();
  return result;
}

double orders(const std::string& metrics) {
  return Stack::sum_of(metrics, "shop_orders_total", R"({shop="north \"1\"\\\n"})");
}

}  // namespace

TEST_CASE("prom-client in two workers over \"socket\": one total, by the rules for each type") {
  Stack stack(shop("shop", "metrics = \"socket\"\nreplicas = 2\n"), environment());
  stack.wait_ready();
  const std::string metrics = stack.fresh_metrics();
  INFO(metrics);
  CHECK(orders(metrics) == 14);
  CHECK(Stack::sum_of(metrics, "shop_baskets_open") == 10);
  CHECK(metrics.find("shop_temperature_celsius{program=\"shop\"} NaN\n") != std::string::npos);
  CHECK(metrics.find("# HELP shop_orders_total Orders of \"all\" kinds,\\nby \\\\ shop.\n") !=
        std::string::npos);
  CHECK(metrics.find("shop_payment_seconds_bucket{way=\"card\",le=\"0.25\"} 2\n"
                     "shop_payment_seconds_bucket{way=\"card\",le=\"1\"} 6\n"
                     "shop_payment_seconds_bucket{way=\"card\",le=\"5\"} 6\n"
                     "shop_payment_seconds_bucket{way=\"card\",le=\"+Inf\"} 8\n"
                     "shop_payment_seconds_sum{way=\"card\"} 18.25\n"
                     "shop_payment_seconds_count{way=\"card\"} 8\n") != std::string::npos);
  // A summary's sum and count add up; its quantiles do not.
  CHECK(metrics.find("shop_parcel_grams_sum 1200\nshop_parcel_grams_count 6\n") !=
        std::string::npos);
  CHECK(metrics.find("quantile=") == std::string::npos);
  CHECK(Stack::sum_of(metrics, "holdfast_metrics_dropped_samples_total", "\"quantile\"") > 0);

  // What the supervisor reads from /proc itself is one series per worker, hung ones included; the
  // program's own word for it is left out. What only the program knows stays, per worker.
  CHECK(Stack::sum_of(metrics, "process_max_fds", "worker=\"shop.0\"") > 0);
  CHECK(metrics.find("\nprocess_max_fds ") == std::string::npos);
  CHECK(Stack::sum_of(metrics, "process_heap_bytes", "worker=\"shop.0\"") > 0);
  CHECK(Stack::sum_of(metrics, "process_heap_bytes", "worker=\"shop.1\"") > 0);
  CHECK(Stack::sum_of(metrics, "process_cpu_user_seconds_total") > 0);
  CHECK(Stack::sum_of(metrics, "holdfast_metrics_dropped_samples_total", "\"reserved\"") > 0);
  // The same everywhere is said once.
  CHECK(Stack::sum_of(metrics, "nodejs_version_info") == 1);
  CHECK(Stack::sum_of(metrics, "holdfast_metrics_parse_errors_total") == 0);
  CHECK(Stack::sum_of(metrics, "holdfast_metrics_conflicting_families") == 0);
  check_valid(stack, {"nodejs_"});
}

TEST_CASE("a killed Node.js worker's gauges disappear and its counts stay") {
  Stack stack(shop("shop", "metrics = \"socket\"\nreplicas = 2\nrestart = \"never\"\n"),
              environment());
  stack.wait_ready();
  REQUIRE(orders(stack.fresh_metrics()) == 14);
  stack.signal("shop.0", SIGKILL);
  REQUIRE(wait_until([&] { return Stack::sum_of(stack.metrics(), "shop_baskets_open") == 5; }));
  const std::string metrics = stack.metrics();
  INFO(metrics);
  CHECK(orders(metrics) == 14);
  CHECK(Stack::sum_of(metrics, "shop_payment_seconds_count") == 8);
  CHECK(Stack::sum_of(metrics, "shop_parcel_grams_sum") == 1200);
  CHECK(Stack::sum_of(metrics, "process_heap_bytes", "worker=\"shop.1\"") > 0);
  CHECK(Stack::sum_of(metrics, "process_heap_bytes", "worker=\"shop.0\"") == 0);
  check_valid(stack, {"nodejs_"});
}

TEST_CASE("a killed Node.js worker's replacement continues from the total that was reached") {
  Stack stack(shop("shop", "metrics = \"socket\"\nreplicas = 2\n"), environment());
  stack.wait_ready();
  double before = orders(stack.fresh_metrics());
  REQUIRE(before == 14);
  stack.signal("shop.1", SIGKILL);
  REQUIRE(wait_until([&] {
    const double now = orders(stack.metrics());
    CHECK(now >= before);
    before = now;
    return now == 21;
  }));
}

TEST_CASE("prom-client on a port of its own, on whichever loopback it calls localhost") {
  const std::string port = free_port();
  Stack stack(shop("shop", "metrics = \"http://localhost:" + port +
                               "\"\nenvironment = { METRICS_PORT = \"" + port + "\" }\n"),
              environment());
  stack.wait_ready();
  REQUIRE(wait_until([&] { return is_up(stack, "shop.0"); }));
  CHECK(orders(stack.fresh_metrics()) == 7);
  stack.signal("shop.0", SIGKILL);
  CHECK(wait_until([&] { return orders(stack.metrics()) == 14; }));
  check_valid(stack, {"nodejs_"});
}
