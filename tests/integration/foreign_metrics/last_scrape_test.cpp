// SPDX-License-Identifier: Apache-2.0
// What a foreign program counted since the last collection, when it is stopped as planned.
#include "tests/integration/foreign_metrics/foreign.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <sys/stat.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Exporter {
  TempDir dir;
  std::string port = free_port();

  void count(int value) const {
    std::ofstream(dir / "next") << value << '\n';
    std::filesystem::rename(dir / "next", dir / "count");
  }
  std::string config() const {
    return "[program.site]\n" + command_of({"python3", here("file_exporter.py")}) +
           "ready_log = \"serving\"\nmetrics = \"http://127.0.0.1:" + port +
           "/\"\nenvironment = { METRICS_PORT = \"" + port + "\", COUNT_FILE = \"" +
           (dir / "count").string() + "\" }\n";
  }
};

}  // namespace

TEST_CASE("figures that lie: a planned stop counts what came since the last collection") {
  Exporter exporter;
  exporter.count(7);
  Stack stack(exporter.config(), kNoPort);
  stack.wait_ready();
  REQUIRE(Stack::sum_of(stack.fresh_metrics(), "served_total") == 7);
  exporter.count(5415);
  REQUIRE(stack.command({"stop", "site"}).exit_code == 0);
  CHECK(Stack::sum_of(stack.metrics(), "served_total") == 5415);
}

TEST_CASE("figures that lie: an exporter that never answers does not hold up its stop signal") {
  Exporter exporter;
  REQUIRE(::mkfifo((exporter.dir / "count").c_str(), 0600) == 0);  // blocks whoever reads it
  Stack stack(exporter.config() + "stop_timeout = \"20s\"\n", kNoPort);
  stack.wait_ready();
  REQUIRE(stack.command({"stop", "site"}).exit_code == 0);
  CHECK(stack.status()["programs"][0]["workers"][0]["last_exit"]["text"] == "signal 15 (SIGTERM)");
}
