// SPDX-License-Identifier: Apache-2.0
// The shipped rules, checked by Prometheus' own tool.
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"

using namespace holdfast::test;

namespace {

const std::string kFolder = HOLDFAST_SOURCE_DIR "/docker/prometheus/";

void require_promtool(const std::vector<std::string>& arguments) {
  std::vector<std::string> argv{find_program("promtool")};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const Finished promtool = run_program(argv);
  INFO(promtool.output);
  REQUIRE(promtool.ended.shell_status() == 0);
}

}  // namespace

TEST_CASE("Prometheus accepts the scrape configuration and the rules") {
  require_promtool({"check", "config", kFolder + "prometheus.yml"});
}

TEST_CASE("every alert fires when it should and is silent when it should be") {
  require_promtool({"test", "rules", kFolder + "tests/alerts_test.yml"});
}
