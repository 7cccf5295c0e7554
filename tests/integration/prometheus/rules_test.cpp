// SPDX-License-Identifier: Apache-2.0
// The shipped rules, by Prometheus' own tool.
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

using namespace holdfast::test;

namespace {

std::string promtool(const std::vector<std::string>& arguments, int expected) {
  const TempDir dir;
  std::vector<std::string> argv{"/usr/bin/promtool"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  Process process(argv, {}, dir / "output");
  const int code = process.wait().value;
  const std::string output = process.output();
  INFO(output);
  CHECK(code == expected);
  return output;
}

const std::string kFolder = HOLDFAST_SOURCE_DIR "/docker/prometheus/";

}  // namespace

TEST_CASE("Prometheus takes the scrape configuration and the rules") {
  promtool({"check", "config", kFolder + "prometheus.yml"}, 0);
}

TEST_CASE("every alert fires when it should and is silent when it should be") {
  promtool({"test", "rules", kFolder + "tests/alerts_test.yml"}, 0);
}
