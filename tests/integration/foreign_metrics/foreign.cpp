// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/foreign_metrics/foreign.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/promtool.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace holdfast::test {

std::string here(const std::string& name) {
  return std::string(FOREIGN_METRICS) + "/" + name;
}

std::string node_path() {
  static const TempDir directory;
  static const Finished installed = [] {
    for (const char* name : {"package.json", "package-lock.json"})
      std::filesystem::copy(here(name), directory / name);
    return run_program({"/usr/bin/env", "npm", "ci", "--prefix", directory.path().string(),
                        "--ignore-scripts", "--no-audit", "--no-fund"});
  }();
  INFO(installed.output);
  REQUIRE(installed.ended.shell_status() == 0);
  return (directory / "node_modules").string();
}

http::Response scrape(Stack& stack, const std::string& accept) {
  http::Headers headers;
  headers.set("Accept", accept);
  const std::string url = "unix:" + (stack.runtime_dir() / "status.sock").string() + ":/metrics";
  http::FetchOptions options;
  options.max_response_bytes = 64u << 20;
  const auto answer = http::fetch("GET", url, headers, "", options);
  REQUIRE(answer);
  CHECK(answer->status == 200);
  return *answer;
}

void check_valid(Stack& stack, const std::vector<std::string>& foreign) {
  const TempDir dir;
  const Finished promtool = promtool_check(scrape(stack, "text/plain").body);
  INFO(promtool.output);
  const int code = promtool.ended.shell_status();
  CHECK((code == 0 || code == 3));  // 3: valid, but against the naming conventions
  std::istringstream lines(promtool.output);
  for (std::string line; std::getline(lines, line);) {
    const bool known = std::any_of(foreign.begin(), foreign.end(), [&](const std::string& prefix) {
      return line.starts_with(prefix);
    });
    CHECK(known);
  }

  std::ofstream(dir / "open") << scrape(stack, "application/openmetrics-text").body;
  const Finished python = run_program({"/usr/bin/python3", "-c",
                                       "import sys\n"
                                       "from prometheus_client.openmetrics import parser\n"
                                       "text = open(sys.argv[1]).read()\n"
                                       "list(parser.text_string_to_metric_families(text))\n",
                                       (dir / "open").string()});
  INFO(python.output);
  CHECK(python.ended.shell_status() == 0);
}

bool is_up(Stack& stack, const std::string& worker) {
  return Stack::sum_of(stack.metrics(), "holdfast_metrics_up", "worker=\"" + worker + "\"") == 1;
}

}  // namespace holdfast::test
