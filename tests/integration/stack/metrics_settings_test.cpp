// SPDX-License-Identifier: Apache-2.0
// [metrics] of the configuration in a real stack.
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"

using namespace holdfast;
using namespace holdfast::test;

TEST_CASE("metrics.gauge_rules: a gauge is shown per worker where a rule says so") {
  Stack stack("[metrics]\ngauge_rules = [\"store_?p all\", \"heap_* max\"]\n" + default_stack());
  stack.wait_ready();
  std::string metrics;
  REQUIRE(wait_until([&] {
    metrics = stack.metrics();
    return Stack::sum_of(metrics, "store_up", "worker=\"queue-worker.0\"") > 0 &&
           Stack::sum_of(metrics, "store_up", "worker=\"api-worker.1\"") > 0;
  }));
  CHECK(metrics.find("\nheap_mapped_bytes ") != std::string::npos);
  CHECK(metrics.find("\nheap_mapped_bytes{") == std::string::npos);
}

TEST_CASE("a reload leaves a changed metrics section to the next start, and says so") {
  Stack stack(default_stack());
  stack.wait_ready();
  const pid_t before = stack.pid_of("api-worker.0");
  stack.write_config("[metrics]\ngauge_rules = [\"heap_* all\"]\n" + default_stack());
  const auto answer = stack.command({"reload"});
  INFO(answer.output);
  CHECK(answer.exit_code == 0);
  CHECK(answer.output.find("at the next start: metrics.gauge_rules") != std::string::npos);
  CHECK(stack.pid_of("api-worker.0") == before);
}
