// SPDX-License-Identifier: Apache-2.0
// What a foreign program counted since the last collection, when it is stopped as planned, and
// whose what an address counts is.
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

TEST_CASE("an address of several workers counts on when the one that was asked is killed") {
  const Exporter exporter;
  exporter.count(1000);
  std::string programs = exporter.config();
  const std::string metrics = "metrics = \"http://127.0.0.1:" + exporter.port + "/\"\n";
  programs.replace(programs.find(metrics), metrics.size(), "metrics = \"off\"\n");
  Stack stack(programs + "\n[program.shop]\n" + command_of({"sleep", "600"}) + metrics +
                  "replicas = 2\nready = \"started\"\nafter = [\"site\"]\nbackoff_base = \"1ms\"\n",
              kNoPort);
  stack.wait_ready();
  REQUIRE(Stack::sum_of(stack.fresh_metrics(), "served_total") == 1000);
  for (int killed = 1; killed <= 2; ++killed) {
    const std::string worker = "shop." + std::to_string(killed - 1);
    CHECK(Stack::sum_of(stack.metrics(), "holdfast_metrics_up", "\"" + worker + "\"") == 1);
    const pid_t before = stack.pid_of(worker);
    exporter.count(1000 + killed);
    stack.signal(worker, SIGKILL);
    REQUIRE(wait_until([&] {
      const pid_t now = stack.pid_of(worker);
      return now != 0 && now != before;
    }));
    CHECK(Stack::sum_of(stack.fresh_metrics(), "served_total") == 1000 + killed);
  }
}

TEST_CASE("figures that lie: an exporter that never answers does not hold up its stop signal") {
  Exporter exporter;
  REQUIRE(::mkfifo((exporter.dir / "count").c_str(), 0600) == 0);  // blocks whoever reads it
  Stack stack(exporter.config() + "stop_timeout = \"20s\"\n", kNoPort);
  stack.wait_ready();
  REQUIRE(stack.command({"stop", "site"}).exit_code == 0);
  CHECK(stack.status()["programs"][0]["workers"][0]["last_exit"]["text"] == "signal 15 (SIGTERM)");
}
